"""A guest that broke out of the engine: the system holds its process, and the kernel believes nothing of what it says.

X01 is what it tries on the system, X02 what it says to the kernel, X03 descriptors that it sends, X04 text that would
act on a screen, X25 outputs of commands in memory that it shares with the kernel.
"""

from __future__ import annotations

import json
import time
import unicodedata
from pathlib import Path

import pytest

from ssvm_kernel.host.shelf import make_shelf
from ssvm_kernel.sandbox import workerprocess
from tests.host.approving import descriptor_count
from tests.sandbox.locked import needs_landlock, needs_seccomp

from .hostile import DEEDS
from .play import ENGINES, Played, Stage

GUEST = '(func $attack (call $say (text "honest")))'
BOOT = (
    "import sys; sys.path[:] = {{path!r}}; from tests.attacks.hostile import main; main({{fd}}, {{parent}}, {deed!r})"
)


@pytest.fixture
def taken_over(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """A function that plays a guest in a worker that it has taken over."""

    def play(deed: str, options=(), args=(), engine="jit", answers=lambda question: "deny") -> Played:
        with monkeypatch.context() as patch:
            patch.setattr(workerprocess, "_BOOT", BOOT.format(deed=deed))
            stage.session._pool.close()
            try:
                return stage.play(GUEST, options, args=args, engine=engine, answers=answers)
            finally:
                stage.session._pool.close()

    return play


@needs_landlock
@needs_seccomp
@pytest.mark.parametrize("engine", ENGINES)
def test_x01_the_system_refuses_what_the_engine_would_not(taken_over, tmp_path: Path, engine: str) -> None:
    secret, granted = tmp_path / "secret", tmp_path / "granted"
    secret.write_text("secret")
    granted.mkdir()
    played = taken_over("escape", ["--dir", f"d:{granted}"], [str(secret)], engine)
    assert played.raised == ""
    found = json.loads(played.guest[0])
    assert len(found) == 16
    assert {name: how for name, how in found.items() if how not in ("EACCES", "EPERM", "EINVAL")} == {}
    assert secret.read_text() == "secret"


@pytest.mark.parametrize("deed", sorted(DEEDS))
def test_x02_whatever_a_worker_says_grants_nothing(taken_over, stage: Stage, deed: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    played = taken_over(deed)
    assert played.raised in ("", "WorkerDied", "LoadError", "DeniedError", "GuestTrap", "LimitReached"), repr(
        played.error
    )
    assert set(played.ends) <= {"denied", "not_found"}
    assert len(played.questions) <= 3
    assert stage.session.grants.rows() == ()
    assert not (tmp_path / "pwned").exists()
    assert _controls(played.everything) == set()  # X04
    assert stage.play(GUEST).guest[:1] == ["honest"]


@pytest.mark.parametrize(
    "deed", ["flood_of_commands", "asks_again_while_asking", "never_reads", "ends_while_asking", "shows_while_showing"]
)
def test_x02_a_worker_that_speaks_out_of_turn_is_ended(taken_over, deed: str) -> None:
    played = taken_over(deed, answers=_slowly)
    assert played.raised == "WorkerDied"
    assert len(played.questions) <= 1


def test_x02_times_and_profiles_that_are_none_are_not_computed_with(taken_over) -> None:
    assert taken_over("finishes_honestly").raised == ""
    assert taken_over("figures_that_are_none").raised == "WorkerDied"
    played = taken_over("finishes_honestly", ["--profile"])
    assert played.raised == "WorkerDied"
    assert "profile that is none" in str(played.error)


def test_x02_results_are_words_of_a_stranger(taken_over) -> None:
    played = taken_over("results_with_escapes")
    assert played.raised == ""
    assert not any(line.startswith("all") for line in played.stdout.splitlines())
    assert len(played.stdout) < 10_000


def test_x02_what_holds_a_worker_is_told_before_it_runs_anything(taken_over, stage: Stage, monkeypatch) -> None:
    told = []
    deliver = workerprocess.Worker._deliver

    def listen(self, message, blob):
        deliver(self, message, blob)
        told.append(self.locks)

    monkeypatch.setattr(workerprocess.Worker, "_deliver", listen)
    taken_over("is_locked_by_its_own_word")
    assert told
    assert told[-1] is not None
    assert "a lie" not in told[-1].missing


def test_x03_descriptors_from_a_worker_are_not_kept(taken_over) -> None:
    taken_over("sends_descriptors")
    before = descriptor_count()
    for _ in range(3):
        taken_over("sends_descriptors")
    assert descriptor_count() <= before


@pytest.mark.skipif(make_shelf() is None, reason="this system has no files that can be sealed")
def test_x25_what_a_command_printed_is_not_changed_by_who_gets_it(taken_over) -> None:
    played = taken_over("changes_an_output", ["--allow-command-all"])
    assert played.raised == ""
    found, changed = json.loads(played.guest[0])
    assert len(found) == 5
    assert {name: how for name, how in found.items() if how not in ("EACCES", "EPERM")} == {}
    assert changed == 0


def test_u06_nothing_is_shown_while_a_person_is_asked(taken_over, stage: Stage) -> None:
    seen: list[str] = []

    def person(question) -> str:
        time.sleep(0.6)
        seen.append(stage.cell.streams["stdout"] + stage.cell.streams["stderr"])
        return "deny"

    played = taken_over("prints_while_asking", answers=person)
    assert seen == ["before the question\n"]
    assert "while it is asked" in played.stdout
    assert "and on stderr" in played.stderr


def _slowly(question) -> str:
    time.sleep(0.3)
    return "deny"


def _controls(text: str) -> set[str]:
    """Return the characters of a text that act on a screen instead of being drawn."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\n\t"}


def test_the_check_for_controls_can_fail() -> None:
    assert _controls("a\x1b[2J\n") == {"\x1b"}


def test_x23_machine_code_is_kept_only_from_a_process_that_ran_no_guest(stage: Stage, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    stage.session._pool.close()

    def kept() -> set[str]:
        return {
            path.name for path in (tmp_path / "cache").rglob("*") if "machine-code" in path.parts and path.is_file()
        }

    assert stage.play(GUEST, engine="jit").guest == ["honest"]
    first = kept()
    assert len(first) == 1
    assert stage.play(GUEST, engine="interpreter").guest == ["honest"]
    assert kept() == first, "the interpreter's code was made where the guest had run"
    stage.session._pool.close()
    assert stage.play(GUEST, engine="interpreter").guest == ["honest"]
    assert len(kept() - first) == 1
