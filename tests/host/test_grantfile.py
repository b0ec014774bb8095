"""The file of "always" answers: bound to content, private, shared by kernels, and worth nothing when it is strange."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from ssvm_kernel.capabilities.model import (
    AnyArguments,
    Asker,
    Command,
    CommandGrant,
    CommandRequest,
    Effect,
    ExactArguments,
    Grants,
    Origin,
    PrefixArguments,
    Scope,
)
from ssvm_kernel.capabilities.policy import Policy, grant_for
from ssvm_kernel.capabilities.remembered import can_be_remembered, dump, load
from ssvm_kernel.errors import GrantError
from ssvm_kernel.host.grantfile import GrantFile
from ssvm_kernel.host.resolve import resolve_program

MODULE = "a" * 64


def request_for(program: Path, *arguments: bytes, module: str = MODULE) -> CommandRequest:
    found = resolve_program(bytes(program), "").program
    assert found is not None
    return CommandRequest("r", Asker("guest", module), Command(found, (bytes(program), *arguments)))


def always(file: GrantFile, request: CommandRequest, rule=None) -> CommandGrant:
    grant = grant_for(request, rule, Scope.ALWAYS, created=1.0)
    return CommandGrant(**{**vars(grant), "program": file.hashed(request.command.program)})


def decided(file: GrantFile, request: CommandRequest):
    command = request.command
    known = structs.replace(command, program=file.identified(command.program, file.grants()))
    return Policy().decide(CommandRequest(request.id, request.asker, known), Grants(commands=file.grants()))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "tool"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def file(tmp_path: Path) -> GrantFile:
    return GrantFile(tmp_path / "config")


def test_an_answer_holds_for_another_kernel_and_only_for_what_it_was_about(tmp_path, file, program):
    asked = request_for(program, b"one")
    kept = file.add(always(file, asked))
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    other = GrantFile(tmp_path / "config")
    decision = decided(other, asked)
    assert decision is not None
    assert (decision.effect, decision.origin, decision.grant.id) == (Effect.ALLOW, Origin.FILE, kept.id)
    assert decided(other, request_for(program, b"two")) is None
    assert decided(other, request_for(program, b"one", module="b" * 64)) is None


def test_p27_a_changed_program_asks_again_even_when_it_looks_the_same(file, program):
    asked = request_for(program)
    file.add(always(file, asked))
    before = program.stat()
    program.write_text("#!/bin/ls\n")
    os.utime(program, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert decided(GrantFile(file.path.parent), request_for(program)) is None
    assert decided(file, request_for(program)) is None


def test_the_same_bytes_again_are_the_same_program(file, program):
    file.add(always(file, request_for(program)))
    text = program.read_text()
    program.unlink()
    program.write_text(text)
    program.chmod(0o755)
    assert decided(GrantFile(file.path.parent), request_for(program)) is not None


def test_what_another_kernel_wrote_is_seen_and_what_it_removed_is_gone(file, program):
    other = GrantFile(file.path.parent)
    assert file.grants() == ()
    kept = other.add(always(other, request_for(program)))
    assert [grant.id for grant in file.grants()] == [kept.id]
    assert file.add(always(file, request_for(program))).id == kept.id
    assert other.remove(kept.id).id == kept.id
    assert other.remove(kept.id) is None
    assert file.grants() == ()


def test_two_kernels_that_write_at_once_lose_nothing(file, program):
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from tests.host.test_grantfile import *
file = GrantFile(Path({str(file.path.parent)!r}))
for number in range(25):
    file.add(always(file, request_for(Path({str(program)!r}), sys.argv[1].encode(), str(number).encode())))
"""
    running = [subprocess.Popen([sys.executable, "-c", code, name]) for name in ("one", "two")]
    assert [process.wait(120) for process in running] == [0, 0]
    rules = {grant.rule for grant in file.grants()}
    assert rules == {ExactArguments((name, b"%d" % n)) for name in (b"one", b"two") for n in range(25)}


@pytest.mark.parametrize("rule", [ExactArguments((b"a", b"")), PrefixArguments((b"x y\n",)), AnyArguments()])
@pytest.mark.parametrize("effect", [Effect.ALLOW, Effect.DENY])
def test_written_and_read_it_is_the_same(file, program, rule, effect):
    grant = always(file, request_for(program), rule)
    kept = file.add(CommandGrant(**{**vars(grant), "effect": effect, "env_names": frozenset({b"LANG"})}))
    (found,) = load(dump([kept]))
    assert (found.rule, found.effect, found.env_names) == (rule, effect, frozenset({b"LANG"}))
    assert (found.program.path, found.program.sha256) == (kept.program.path, kept.program.sha256)


def _no_hash(text: str) -> str:
    data = json.loads(text)
    data["grants"][0]["program_sha256"] = ""
    return json.dumps(data)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: "", "not understood"),
        (lambda text: text[:-20], "not understood"),
        (lambda text: text.replace('"effect"', '"effekt"'), "not understood"),
        (_no_hash, "not understood"),
        (lambda _: "[" * 100_000, "not understood"),
    ],
)
def test_a_strange_file_gives_nothing_is_kept_and_told_once(file, program, change, says):
    file.add(always(file, request_for(program)))
    text = change(file.path.read_text())
    file.path.write_text(text)
    assert file.grants() == ()
    (problem,) = file.take_problems()
    assert says in problem
    (kept,) = file.path.parent.glob("always.json.kept-*")
    assert kept.name in problem
    assert kept.read_text() == text
    assert file.grants() == ()
    assert file.take_problems() == ()
    file.add(always(file, request_for(program)))
    assert len(file.grants()) == 1


def test_a_file_of_a_later_version_gives_nothing_and_stays_for_that_version(file, program):
    file.add(always(file, request_for(program)))
    text = file.path.read_text().replace('"version": 1', '"version": 2')
    file.path.write_text(text)
    assert file.grants() == ()
    (problem,) = file.take_problems()
    assert "later version" in problem
    with pytest.raises(GrantError, match="cannot be trusted, and was not moved away"):
        file.add(always(file, request_for(program)))
    assert file.path.read_text() == text
    assert [path.name for path in file.path.parent.glob("always.json*") if path.suffix != ".lock"] == [file.path.name]


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o666])
def test_a_file_that_others_can_read_or_change_gives_nothing(file, program, mode):
    file.add(always(file, request_for(program)))
    file.path.chmod(mode)
    assert file.grants() == ()
    assert f"{mode:04o}" in file.take_problems()[0]
    assert not file.path.exists()


def test_a_link_gives_nothing(file, program, tmp_path):
    file.add(always(file, request_for(program)))
    file.path.rename(tmp_path / "elsewhere.json")
    file.path.symlink_to(tmp_path / "elsewhere.json")
    assert file.grants() == ()
    assert file.take_problems()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_gives_nothing(file, program):
    file.add(always(file, request_for(program)))
    os.chown(file.path, 65534, 65534)
    other = GrantFile(file.path.parent)
    assert other.grants() == ()
    assert "another user" in other.take_problems()[0]


def test_a_folder_that_cannot_be_looked_into_is_told_once_and_read_when_it_can_be(file, program):
    asked = request_for(program)
    kept = file.add(always(file, asked))
    folder = file.path.parent
    for _ in range(2):
        assert [grant.id for grant in file.grants()] == [kept.id]
        folder.rename(folder.with_name("aside"))
        folder.write_text("a file")
        for _ in range(3):
            assert file.grants() == ()
        (problem,) = file.take_problems()
        assert "cannot be looked at (Not a directory)" in problem
        assert file.grants() == ()
        assert file.take_problems() == ()
        folder.unlink()
        folder.with_name("aside").rename(folder)


def test_a_folder_that_others_can_change_gives_nothing(file, program):
    file.add(always(file, request_for(program)))
    file.path.parent.chmod(0o777)
    other = GrantFile(file.path.parent)
    assert other.grants() == ()
    assert "others can change" in other.take_problems()[0]
    with pytest.raises(GrantError, match="cannot be trusted"):
        other.add(always(other, request_for(program)))


def test_what_is_no_text_is_not_offered_for_always(program):
    assert can_be_remembered(request_for(program, b"caf\xc3\xa9"))
    assert not can_be_remembered(request_for(program, b"\xff"))
    assert not can_be_remembered(request_for(program, module=""))
