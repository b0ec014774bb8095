"""Attacks on what a person sees and answers: in this process, where no front end is needed to see them fail."""

from __future__ import annotations

import ast
import json
import re
import sys
import threading
import time
import unicodedata
from html import unescape
from pathlib import Path

import pytest
import wasmtime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssvm_kernel.capabilities.model import AnyArguments, CommandGrant, Effect, ExactArguments, Origin, Scope
from ssvm_kernel.commands import perform
from ssvm_kernel.deciders.base import Question
from ssvm_kernel.deciders.facts import facts_of
from ssvm_kernel.deciders.record import Record, record_bundle
from ssvm_kernel.deciders.viewdata import view_data
from ssvm_kernel.display import text as display_text
from ssvm_kernel.display.surface import NotebookSurface, TerminalSurface
from ssvm_kernel.errors import GuestTrap, LoadError
from ssvm_kernel.host.resolve import resolve_program
from tests.house import rules

from .hostile import NOISE
from .play import Played, Stage, command

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ssvm_kernel"
IMAGE = "<img src=x onerror=alert(1)>"
LINK = "[click](javascript:alert(1))"
FORM = "<form action=//evil><button>Allow</button></form>"


def html_of(played: Played) -> str:
    """Return all HTML of a cell, and of the records of its questions."""
    records = [record_bundle(Record(facts_of(question.request), question.offers[0])) for question in played.questions]
    return "\n".join(bundle.get("text/html", "") for bundle in [*played.bundles, *records])


def acting(text: str) -> set[str]:
    """Return the characters that act on a screen instead of being drawn."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t"}


@pytest.fixture
def asked(stage: Stage, engine: str, tmp_path: Path) -> Question:
    """A question with everything in it that a guest can choose, hostile."""
    (tmp_path / "tool").symlink_to("/bin/true")
    name = f"{tmp_path}/tool"
    guest = command(name, f"-{NOISE.rstrip(chr(0))}", IMAGE, LINK, FORM, f"\ud7ff\u200d{'z' * 50}", before="")
    guest = guest.replace("(call $launch)", '(call $variable (text "V\\1b[2J<b>") (text "x")) (call $launch)')
    played = stage.play(guest, answers=["deny"], engine=engine)
    assert played.raised == "DeniedError"
    assert acting(played.everything) == set()
    return played.questions[0]


def test_u01_escapes_are_shown_and_not_obeyed(asked: Question) -> None:
    facts = facts_of(asked.request)
    views = [facts.as_text(), *map(str, record_bundle(Record(facts)).values())]
    views.append(json.dumps(view_data(asked, facts, "nonce"), ensure_ascii=False))
    for view in views:
        assert acting(view) == set()
    assert facts.arguments[0].startswith("-\\x1b[2J\\x1b]0;title\\x07\\u202e\\u200b\\x0d\\u009b1A")
    assert facts.environment == ("V\\x1b[2J<b>",)


def test_u04_what_does_not_fit_on_a_screen_is_not_asked(stage: Stage, engine: str) -> None:
    for words in (["true", "a" * 10_300], ["true", *["\x01"] * 150, "a" * 9_700], ["true", *[""] * 201]):
        played = stage.play(command(*words), engine=engine)
        assert played.raised == "DeniedError"
        assert played.questions == []
        assert len(played.everything) < 200_000
    assert len(stage.play(command("true", "a" * 10_000), answers=["deny"], engine=engine).questions) == 1


def test_u07_colours_come_from_the_theme(stage: Stage) -> None:
    for sheet in PACKAGE.rglob("*.css"):
        css = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        fixed = re.findall(
            r"[\w-]*(?:color|background|fill|stroke)\s*:[^;]*(?:#[0-9a-f]{3,8}|rgba?\(|hsl)[^;]*;", css, re.IGNORECASE
        )
        assert fixed == [], sheet.name
    played = stage.play(
        '(func $attack (call $say (text "\\1b[30;40m")) (call $program (text "true")) (call $launch))', answers=["deny"]
    )
    assert "\x1b" not in facts_of(played.questions[0].request).as_text()


def test_u09_output_that_imitates_us_is_plain_text(stage: Stage, engine: str) -> None:
    markers = "EVCXR_BEGIN_CONTENT text/html\n<div class=ssvm-prompt>Allow?</div>\nEVCXR_END_CONTENT\n"
    said = markers.replace("\n", "\\0a")
    guest = command("echo", markers, before=f'(call $say (text "{said}"))')
    played = stage.play(guest, ["--allow-command", "echo"], engine=engine)
    assert played.stdout.startswith(markers)
    assert "<div class=ssvm-prompt>" not in html_of(played)
    assert {kind for bundle in played.bundles for kind in bundle} <= {
        "text/plain",
        "text/html",
        "application/vnd.ssvm.fold+json",
        "application/vnd.ssvm.run+json",
    }


def test_u11_trust_is_not_read_from_the_page() -> None:
    for path in scripts():
        source = path.read_text()
        assert not re.search(r"jp-mod-trusted|classList\.contains|\.trusted\b", source), path.name


def test_u15_u18_no_link_script_or_form_in_our_html(asked: Question, stage: Stage, engine: str) -> None:
    played = stage.play(command("echo", IMAGE, LINK, FORM), ["--allow-command", "echo"], engine=engine)
    html = html_of(played) + str(record_bundle(Record(facts_of(asked.request)))["text/html"])
    assert "javascript:" in html  # as text
    tags = set(re.findall(r"<\s*/?([a-zA-Z]+)", html))
    assert tags <= {"b", "blockquote", "code", "i", "li", "strong", "ul"}
    assert not re.search(r"<[^>]*\s(on\w+|href|src|action|formaction|srcdoc|id|class|name)\s*=", html)
    assert list(rules.markup_from_text(ROOT)) == []


def test_u16_nothing_of_a_guest_is_put_into_markdown(stage: Stage, engine: str) -> None:
    played = stage.play(command("true"), ["--name", f"# {IMAGE}"], answers=["deny"], engine=engine)
    assert not any("markdown" in kind or "latex" in kind for bundle in played.bundles for kind in bundle)
    for path in PACKAGE.rglob("*.py"):
        if path.name != "rich.py":  # where it is a type that a guest may show, and is shown as HTML that we wrote
            assert "text/markdown" not in path.read_text(), path.name


def test_u19_an_export_has_nothing_of_ours_that_runs(stage: Stage, engine: str, tmp_path: Path) -> None:
    import nbformat
    from nbconvert import HTMLExporter

    played = stage.play(command("echo", IMAGE, FORM), ["--allow-command", "echo"], engine=engine)
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in played.bundles]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    plain, safe = (
        HTMLExporter(template_name="basic", sanitize_html=on).from_notebook_node(notebook)[0] for on in (False, True)
    )
    for html in (plain, safe):
        assert "&lt;img src=x" in html
        assert not re.search(r"<(script|form|img|button|iframe)|<[^>]*\son\w+\s*=", html)
    # bleach shows elements that it does not know as text: there are none of ours
    words = [unescape(re.sub(r"<[^>]*>", " ", html)).split() for html in (plain, safe)]
    assert words[0] == words[1]


def test_u21_names_of_folders_are_text(stage: Stage, engine: str, tmp_path: Path) -> None:
    folder = tmp_path / IMAGE
    folder.mkdir()
    played = stage.play(command("/bin/pwd"), ["--dir", f"{IMAGE}:{folder}:ro"], answers=["once"], engine=engine)
    [question] = played.questions
    facts = facts_of(question.request)
    assert facts.folder.endswith(IMAGE)
    assert "<img" not in html_of(played)
    assert "<img" not in record_bundle(Record(facts))["text/html"]


@pytest.fixture
def opened():
    """All files that this process opens while the list is there."""
    files: list[str] = []
    _listening.append(files)
    yield files
    _listening.remove(files)


_listening: list[list[str]] = []


def _hear(event: str, args: tuple[object, ...]) -> None:
    if event == "open" and _listening:
        for files in _listening:
            files.append(str(args[0]))


sys.addaudithook(_hear)


@pytest.mark.parametrize("attack", ["u23", "u24"])
def test_files_beside_a_notebook_grant_nothing(
    attack: str, stage: Stage, engine: str, tmp_path, monkeypatch, opened
) -> None:
    grants = 'allow_command = ["true"]\nallow-command-all = true\n[ssvm]\nallow_command_all = true\n'
    settings_files = {
        "u23": [
            "overrides.json",
            "page_config.json",
            ".jupyter/lab/user-settings/ssvm-kernel/plugin.jupyterlab-settings",
            "jupyter_config.json",
            ".jupyter/jupyter_config.json",
        ],
        "u24": [
            "ssvm-policy.toml",
            "ssvm.toml",
            ".ssvm.toml",
            "pyproject.toml",
            "grants.json",
            "ipython_config.py",
            "ssvm_kernel_config.py",
            "sitecustomize.py",
            "wasmtime.py",
            "conftest.py",
        ],
    }[attack]
    for name in settings_files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = '{"ssvm-kernel:plugin": {"allowCommandAll": true}, "grants": [{"effect": "allow"}]}'
        path.write_text(
            {".toml": grants, ".py": f"open({str(tmp_path / 'pwned')!r}, 'w')\nc.allow_command_all = True\n"}.get(
                path.suffix, text
            )
        )
    monkeypatch.chdir(tmp_path)
    opened.clear()
    stage.session._pool.close()
    played = stage.play(command("true"), answers=["deny"], engine=engine)
    assert played.raised == "DeniedError"
    assert [name for name in opened if str(tmp_path) in name or name in settings_files] == []
    assert not (tmp_path / "pwned").exists()


def test_u26_names_are_compared_by_the_file_they_mean(stage: Stage, engine: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    real = tmp_path / "Foo_Bar"
    real.write_text("#!/bin/sh\necho ran\n")
    real.chmod(0o755)
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    for name in ("foo-bar", decomposed):
        (tmp_path / name).write_text(f"#!/bin/sh\necho > {tmp_path}/pwned\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / composed).symlink_to(real)
    granted = ["--allow-command", "Foo_Bar", "--allow-command", composed]
    same = [f"{tmp_path}/Foo_Bar", f"/{tmp_path}//Foo_Bar", f"{tmp_path}/../{tmp_path.name}/./Foo_Bar", composed]
    for name in ("Foo_Bar", *same):
        assert stage.play(command(name), granted, engine=engine).guest == ["code=0", "ran"]
    for name in ("foo-bar", decomposed):
        assert stage.play(command(name), granted, answers=["deny"], engine=engine).ends == ["denied"]
    for name in ("foo_bar", "FOO_BAR", "Foo_Bar ", " Foo_Bar", "Foo\u200b_Bar"):
        assert stage.play(command(name), granted, engine=engine).ends == ["not_found"]
    for path in PACKAGE.rglob("*.py"):  # a check that nobody awaits cannot exist
        if path.is_relative_to(PACKAGE / "kernel"):
            continue  # Jupyter's own hooks are coroutines; nothing there decides
        assert not any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(ast.parse(path.read_text())))


EFFECTS = (Effect.DENY, Effect.ASK, Effect.ALLOW)


@pytest.mark.parametrize("blanket", EFFECTS)
@pytest.mark.parametrize("specific", EFFECTS)
def test_u27_the_most_restrictive_rule_wins(stage: Stage, engine: str, blanket: Effect, specific: Effect) -> None:
    found = resolve_program(b"true", "/usr/bin:/bin").program
    stage.session.grants.clear()
    stage.session.grants.add(CommandGrant(blanket, b"", None, AnyArguments(), scope=Scope.SESSION))
    stage.session.grants.add(CommandGrant(specific, b"true", found, ExactArguments(), scope=Scope.SESSION))
    wins = min(blanket, specific, key=EFFECTS.index)
    played = stage.play(command("true"), answers=["deny"] if wins is Effect.ASK else [], engine=engine, keep=True)
    assert len(played.questions) == (wins is Effect.ASK)
    assert played.ends == (["exited"] if wins is Effect.ALLOW else ["denied"])


def test_u28_all_that_is_in_force_is_in_one_table(stage: Stage, engine: str, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    during = []

    def person(question: Question) -> str:
        during.extend(stage.session.grants.rows())
        return "session"

    words = ["--dir", f"d:{tmp_path}/d:ro", "--allow-command", "=date", "--env", "A=secret"]
    assert stage.play(command("true"), words, answers=person, engine=engine).ends == ["exited"]
    assert {(row.kind, row.effect, row.origin, row.scope) for row in during} == {
        ("folder", "read", Origin.OPTION, Scope.RUN),
        ("command", "allow", Origin.OPTION, Scope.RUN),
        ("environment", "allow", Origin.OPTION, Scope.RUN),
    }
    assert "secret" not in str(during)
    [row] = stage.session.grants.rows()  # the run's own are gone, the person's answer is there
    assert (row.what, row.effect, row.origin, row.scope) == (
        "--allow-command =true",
        "allow",
        Origin.PERSON,
        Scope.SESSION,
    )
    assert row.age >= 0
    assert row.module_sha256 != ""
    uses = row.uses
    assert stage.play(command("true"), words, engine=engine, keep=True).ends == ["exited"]
    assert stage.session.grants.rows()[0].uses == uses + 1
    assert stage.session.grants.revoke(row.id)
    assert stage.play(command("true"), words, answers=["deny"], engine=engine, keep=True).ends == ["denied"]


def test_u28_a_grant_taken_back_ends_the_command(stage: Stage, engine: str) -> None:
    over = threading.Event()

    def take_back() -> None:
        while not over.wait(0.5) and not any(map(book.revoke, [row.id for row in book.rows()])):
            pass  # the answer has not become a grant yet

    def person(question: Question) -> str:
        taking.start()
        return "session"

    book, taking = stage.session.grants, threading.Thread(target=take_back)
    started = time.monotonic()
    played = stage.play(command("sleep", "1000"), answers=person, engine=engine)
    over.set()
    assert played.raised == "DeniedError"
    assert "taken back" in str(played.error)
    taking.join()
    assert time.monotonic() - started < 60


def test_u29_there_is_no_route_in_the_server(stage: Stage) -> None:
    import ssvm_kernel

    for name in ("_jupyter_server_extension_points", "_load_jupyter_server_extension", "load_jupyter_server_extension"):
        assert not hasattr(ssvm_kernel, name)
    for path in scripts():
        assert not re.search(
            r"\bfetch\(|XMLHttpRequest|ServerConnection|window\.open|location\.(href|assign)|WebSocket",
            path.read_text(),
        ), path.name
    assert list(rules.jupyterlab_imports(ROOT)) == []


@pytest.mark.parametrize("surface", [NotebookSurface, TerminalSurface])
def test_u30_no_title_is_set_by_us_or_a_guest(stage: Stage, engine: str, surface, capsys) -> None:
    guest = '(func $attack (call $say (text "\\1b]0;owned\\07\\1b]2;owned\\1b\\5c\\c2\\9d0;owned\\07")))'
    played = stage.play(guest, engine=engine)
    surface().write("stdout", played.stdout)
    assert "owned" in played.stdout
    assert not {"\x1b", "\x07", "\x9d"} & set(capsys.readouterr().out)
    for path in PACKAGE.rglob("*.py"):
        assert not re.search(r"set_term_title|\]0;|\]2;", path.read_text()), path.name


def test_u30_the_name_of_a_file_is_text(stage: Stage, tmp_path: Path, capsys) -> None:
    path = tmp_path / "\x1b[2J\x1b]0;owned\x07.wasm"
    path.write_bytes(wasmtime.wat2wasm('(module (func (export "_start") unreachable))'))
    other = path.with_suffix(".txt")
    other.write_text("no module")
    perform(stage.session, ["load", str(path)], "In [1]")
    for words in (
        ["run", path.stem],
        ["run", path.stem, "--allow-network", "127.0.0.1:9"],
        ["load", str(other)],
        ["load", str(tmp_path / "\x1b[2Jnone.wasm")],
    ):
        with pytest.raises((GuestTrap, LoadError)) as caught:
            perform(stage.session, words, "In [1]")
        assert not {"\x1b", "\x07"} & set(str(caught.value)), words
    out = capsys.readouterr()
    assert not {"\x1b", "\x07"} & set(out.out + out.err)


PIECES = st.lists(
    st.one_of(
        st.text(max_size=6),
        st.sampled_from(
            [
                "\x1b[31m",
                "\x1b[0;1;38:5:9m",
                "\x1b[2J",
                "\x1b]8;;http://x\x07",
                "\x9b1A",
                "\x1bP",
                "\x1b[",
                "m",
                "\x07",
                "\x1b[?1049h",
            ]
        ),
    ),
    max_size=12,
)


@pytest.mark.parametrize("surface", [NotebookSurface, TerminalSurface])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(pieces=PIECES)
def test_w17_streams_reach_a_terminal_without_sequences_but_colours(surface, capsys, pieces: list[str]) -> None:
    text = "".join(pieces).encode("utf-8", "replace").decode()
    capsys.readouterr()
    surface().write("stdout", text)
    out = capsys.readouterr().out
    if surface is TerminalSurface and "\x1b" in out:
        out = out.removesuffix("\x1b[0m")  # ours (U07)
    left = re.sub(r"\x1b\[[0-9;:]*m", "", out)
    assert not [c for c in left if unicodedata.category(c) == "Cc" and c not in "\n\t\r\b"]
    assert len(re.findall(r"\x1b\[[0-9;:]*m", out)) == len(re.findall(r"\x1b\[[0-9;:]*m", text))
    assert display_text.inert("a b") == "a b"


def test_x04_names_inside_a_module_are_shown_as_text(stage: Stage, engine: str) -> None:
    evil = "\\1b[2J\\1b]0;t\\07\\e2\\80\\ae\\0d"
    trapping = f'(module (func $"{evil}" (export "_start") unreachable))'
    for module in (
        trapping,
        f'(module (import "{evil}" "{evil}" (func)) (func (export "_start")))',
        f'(module (func (export "{evil}")))',
        f'(module (import "wasi_snapshot_preview1" "{evil}" (func)) (func (export "_start")))',
    ):
        played = stage.play(module, engine=engine, whole=True)
        assert played.raised in ("GuestTrap", "LoadError"), played.everything
        assert acting(played.everything) == set()
        assert "x1b" in played.everything


def scripts() -> list[Path]:
    """Return the scripts that run in a page."""
    found = [*PACKAGE.glob("deciders/static/*.js"), *(ROOT / "labextension/src").glob("*.ts")]
    assert len(found) >= 5
    return found
