"""Attacks on commands that need more than a guest: something changes meanwhile, is measured, or is no guest."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ssvm_kernel.capabilities.approved import ApprovedCommand
from ssvm_kernel.capabilities.model import (
    AnyArguments,
    Asker,
    Command,
    CommandGrant,
    CommandRequest,
    Decision,
    Effect,
    Origin,
    Scope,
)
from ssvm_kernel.capabilities.policy import grant_for
from ssvm_kernel.capabilities.resolved import Trouble
from ssvm_kernel.deciders.base import Question
from ssvm_kernel.deciders.facts import facts_of
from ssvm_kernel.errors import DeniedError
from ssvm_kernel.host.process import MODULES, ProcessState, _functions
from ssvm_kernel.host.resolve import resolve_program
from ssvm_kernel.host.spawn import spawn
from ssvm_kernel.options import CompileTraits, help_text
from tests.house import rules
from tests.house.sources import modules

from .play import Stage, command, module_of

ROOT = Path(__file__).parents[2]


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "name", ["x.bat", "x.BAT", "X.Cmd", "x.cmd.", "x.exe ", "x.exe..", "f::$DATA", "x.ps1", "x.Js"]
)
def test_p11_names_that_windows_reads_in_its_own_way(name: str, tmp_path: Path) -> None:
    program(tmp_path / name, "true")
    found = resolve_program(name.encode(), str(tmp_path), windows=True)
    assert (found.program, found.trouble) == (None, Trouble.BATCH)
    assert resolve_program(name.encode(), str(tmp_path), windows=False).program is not None


@pytest.mark.parametrize("other", ["link", "hard", "absolute", "dots"])
def test_p12_a_denial_is_about_the_file(stage: Stage, engine: str, tmp_path: Path, monkeypatch, other: str) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    real = program(tmp_path / "remove", f"echo > {tmp_path}/pwned")
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "hard").hardlink_to(real)
    names = {"link": "link", "hard": "hard", "absolute": str(real), "dots": f"{tmp_path}/../{tmp_path.name}/remove"}
    stage.session.grants.clear()
    found = resolve_program(b"remove", str(tmp_path)).program
    stage.session.grants.add(CommandGrant(Effect.DENY, b"remove", found, AnyArguments(), scope=Scope.SESSION))
    played = stage.play(command(names[other]), ["--allow-command-all"], engine=engine, keep=True)
    assert played.raised == "DeniedError"
    assert played.ends == ["denied"]
    assert not (tmp_path / "pwned").exists()
    assert stage.play(command("/bin/true"), ["--allow-command-all"], engine=engine, keep=True).ends == ["exited"]


def test_p22_a_limit_of_200_ms_is_one_of_200_ms(stage: Stage, engine: str) -> None:
    guest = command("sleep", "1000", before="(call $time_limit (i32.const 200))")
    taken = []
    for _ in range(10):  # the best of some: a busy machine is slow, whole seconds are always slow
        [line] = stage.play(guest, ["--allow-command", "sleep"], engine=engine).ledger
        assert line.outcome.kind == "timed_out"
        assert line.outcome.ms >= 200
        taken.append(line.outcome.ms)
        if min(taken) < 600:
            return
    pytest.fail(f"fired after {taken} ms")


def test_p23_output_without_end_is_cut(stage: Stage, engine: str) -> None:
    import resource

    size = 300_000_000
    guest = command("head", "-c", str(size), "/dev/zero").replace("$launch)", "$launch_silently)")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    played = stage.play(guest, ["--allow-command", "head"], engine=engine)
    assert played.guest[0] == "code=0"
    kept = int(played.guest[1].removeprefix("out="))
    assert 0 < kept < size
    [line] = played.ledger
    assert line.outcome.truncated
    assert line.outcome.stdout_bytes == size
    assert "output cut for the guest" in played.everything
    assert len(played.everything) < 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000


def test_p24_no_descriptor_is_inherited(stage: Stage, engine: str, tmp_path: Path) -> None:
    secret = os.open(program(tmp_path / "secret", "x"), os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        look = "n=0; while [ $n -lt 400 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done; true"
        guest = command("/bin/sh", "-c", look)
        played = stage.play(guest, ["--allow-command", "/bin/sh"], engine=engine)
        assert played.guest == ["code=0", "0", "1", "2"]
        assert 2 < secret < 400
    finally:
        os.close(secret)


def test_p27_the_program_changes_while_the_person_reads(stage: Stage, engine: str, tmp_path: Path) -> None:
    tool = program(tmp_path / "tool", "echo as shown")

    def person(question: Question) -> str:
        program(tool, f"echo > {tmp_path}/pwned")
        return "session"

    played = stage.play(command(str(tool)), answers=person, engine=engine)
    assert played.raised == "DeniedError"
    assert "changed after it was allowed" in str(played.error)
    assert not (tmp_path / "pwned").exists()
    again = stage.play(command(str(tool)), answers=["deny"], engine=engine, keep=True)
    assert "not the same file any more" in again.questions[0].note


def test_p27_always_is_about_this_guest_and_these_bytes(stage: Stage, engine: str, tmp_path: Path) -> None:
    tool = program(tmp_path / "tool", "echo as granted")
    guest = command(str(tool), before=f'(call $say (text "{engine}\\n"))')
    assert stage.play(guest, answers=["always"], engine=engine).ends == ["exited"]
    assert stage.play(guest, engine=engine).ends == ["exited"]  # without asking, in a session without grants
    other = command(str(tool), before='(call $say (text "another module"))')
    assert stage.play(other, answers=["deny"], engine=engine).ends == ["denied"]
    stat = tool.stat()
    program(tool, "echo as  granteD")
    os.utime(tool, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert stage.play(guest, answers=["deny"], engine=engine).ends == ["denied"]


def test_p29_no_answer_of_a_prompt_allows_everything(stage: Stage, engine: str) -> None:
    played = stage.play(command("true"), answers=["deny"], engine=engine)
    [question] = played.questions
    assert question.offers[0].id == "deny"
    for offer in question.offers:
        assert "all" not in offer.id
        if offer.allow and offer.scope is not Scope.ONCE:
            grant = grant_for(question.request, offer.rule, offer.scope)
            assert grant.program is not None
            if isinstance(grant.rule, AnyArguments):
                assert "it can then do all that you can" in offer.label
    assert "There is then no sandbox for commands" in " ".join(help_text("", CompileTraits).split())


def test_p31_only_run_reaches_the_kernel_and_only_an_approval_starts_a_process(stage: Stage, engine: str) -> None:
    memory = SimpleNamespace(read=None, view=None)
    table = _functions(ProcessState(lambda call: pytest.fail("only run asks")), memory)  # type: ignore[arg-type]
    assert set(table) == {
        *("set_prog_name", "add_arg", "add_env", "add_stdin", "set_timeout", "run", "get_exit_code"),
        *("get_stdout_len", "get_stdout", "get_stderr_len", "get_stderr"),
    }
    assert MODULES == ("ssvm_process", "wasmedge_process")
    everything_but_run = (
        '(func $attack (call $program (text "true")) (call $argument (text "x")) (call $variable (text "A") (text "1"))'
        "(call $feed (i32.const 0) (i32.const 9)) (call $time_limit (i32.const 1)) (drop (call $exit_code))"
        "(call $get_stdout (i32.const 0)) (call $get_stderr (i32.const 0)))"
    )
    assert stage.play(everything_but_run, ["--allow-command-all"], engine=engine).ends == []
    for module in MODULES:
        source = module_of(command("true")).replace("ssvm_process", module)
        assert stage.play(source, answers=["deny"], engine=engine, whole=True).ends == ["denied"]
    found = resolve_program(b"true", "/usr/bin:/bin").program
    assert found is not None
    request = CommandRequest("r", Asker("g", "0" * 64), Command(found, (b"true",)))
    with pytest.raises(TypeError):
        spawn(request)  # type: ignore[arg-type]
    assert list(rules.process_starts(ROOT)) == []


def test_p34_completion_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    shell.run_line_magic("load_ext", "ssvm_kernel")
    for text in (
        "%%ssvm rust --dir $(touch x)",
        "%ssvm run `touch x`",
        "%ssvm load $(touch x).wa",
        "%%ssvm c --env A=$(touch x;",
    ):
        with provisionalcompleter():
            list(shell.Completer.completions(text, len(text)))
    assert not (tmp_path / "x").exists()
    shell.run_line_magic("unload_ext", "ssvm_kernel")


def test_p37_much_data_is_quick_and_waiting_costs_nothing(stage: Stage, engine: str) -> None:
    chunk, times = 1 << 25, 6
    fill = f"(local $at i32) (local.set $at (call $room (i32.const {chunk})))"
    feeds = f"(call $feed (local.get $at) (i32.const {chunk}))" * times
    guest = f'(func $attack {fill} (call $program (text "cat")) {feeds} (call $launch_silently))'
    [line] = stage.play(guest, ["--allow-command", "cat"], engine=engine).ledger
    assert line.outcome.stdout_bytes == chunk * times
    assert line.outcome.ms < 25_000  # the old ceiling of 4 MB/s would take 50 s
    spent = []
    for _ in range(3):  # the best of some: there are other threads in this process
        before = time.process_time()
        stage.play(command("sleep", "1.5"), ["--allow-command", "sleep"], engine=engine)
        spent.append(time.process_time() - before)
        if spent[-1] < 0.75:
            return
    pytest.fail(f"took {spent} s of the processor's time")


def test_p40_programs_that_obey_files_are_named(stage: Stage, engine: str, tmp_path: Path) -> None:
    program(tmp_path / "bin/make", "true")
    (tmp_path / "work").mkdir()
    words = ["--dir", f"d:{tmp_path}/work", "--allow-command", f"{tmp_path}/bin/make all"]
    played = stage.play(command("true"), words, answers=["deny"], engine=engine)
    assert "fixed arguments do not limit it there" in played.stderr
    assert stage.play(command("true"), words[2:], answers=["deny"], engine=engine).stderr.count("[ssvm]") == 0


def test_p41_programs_that_read_their_program_are_named(stage: Stage, engine: str) -> None:
    played = stage.play(command("true"), ["--allow-command", "=sh"], answers=["deny"], engine=engine)
    assert "takes its program from its input" in played.stderr


@pytest.mark.parametrize("where", ["PATH", "package", "runtime", "config", "grants"])
def test_p42_folders_from_which_others_take_code_or_keys(stage: Stage, where: str, tmp_path: Path, monkeypatch) -> None:
    import platformdirs
    from jupyter_core import paths

    import ssvm_kernel

    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    program(tmp_path / "bin/x", "true")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    folder = {
        "PATH": tmp_path / "bin",
        "package": Path(ssvm_kernel.__file__).parent / "sandbox",
        "runtime": Path(paths.jupyter_runtime_dir()),
        "config": Path(paths.jupyter_config_dir()),
        "grants": Path(platformdirs.user_data_dir("ssvm-kernel")),
    }[where]
    folder.mkdir(parents=True, exist_ok=True)
    played = stage.play("(func $attack)", ["--dir", f"d:{folder}"])
    assert played.raised == "GrantError"


def test_p31_there_is_no_second_way_that_a_coroutine_could_take() -> None:
    import ast

    for module in modules(ROOT):
        if module.parts[:1] == ("kernel",):
            continue  # Jupyter's own hooks are coroutines; nothing there decides, and the layers below stay plain
        for node in ast.walk(module.tree):
            assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), module.at(node)


def test_p08_the_question_is_about_the_very_arguments(stage: Stage, engine: str) -> None:
    guest = command("find", ".", "-exec", "touch pwned", ";")
    [question] = stage.play(guest, ["--allow-command", "find . -name x"], answers=["deny"], engine=engine).questions
    facts = facts_of(question.request)
    assert facts.arguments == (".", "-exec", "touch pwned", ";")
    assert question.note == "find was granted with other arguments"
    with pytest.raises(DeniedError):
        ApprovedCommand(question.request, Decision("another request", Effect.ALLOW, Origin.PERSON))
