"""X33: a guest that goes on with what it was granted after that was taken back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import wasmtime

from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import Access, FolderGrant, ModelGrant, Origin, Scope
from ssvm_kernel.errors import GrantRevoked
from ssvm_kernel.guest import Guest
from ssvm_kernel.lent import Lent
from ssvm_kernel.library.face import Library
from ssvm_kernel.options import RunTraits
from ssvm_kernel.session import Session

WAT = r"""(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\06\00\00\00begun\0a")
  (func $make (export "make") (result i32) (local $error i32)
    (local.set $error (call $open
      (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0)
      (i32.const 64)))
    (if (i32.eqz (local.get $error)) (then (drop (call $close (i32.load (i32.const 64))))))
    (local.get $error))
  (func $spin (export "_start")
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
    (loop (drop (call $make)) (br 0)))
  (func (export "spin") (call $spin)))"""
"""Makes the file ``begun`` in its folder, again and again."""
BAD_DESCRIPTOR = 8


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.fixture(scope="module")
def guest() -> Guest:
    return Guest("busy", bytes(wasmtime.wat2wasm(WAT)))


def taking_back(session: Session, folder: Path) -> threading.Thread:
    """Take all folders back once the guest has begun."""

    def take_back() -> None:
        deadline = time.monotonic() + 100
        while not (folder / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        for row in session.grant_rows():
            session.revoke(row.id)

    thread = threading.Thread(target=take_back)
    thread.start()
    return thread


def nothing_is_made(folder: Path) -> bool:
    (folder / "begun").unlink(missing_ok=True)
    time.sleep(0.3)
    return not (folder / "begun").exists()


@pytest.mark.parametrize("scope", ["run", "session"])
def test_x33_a_run_ends_when_its_folder_is_taken_back(
    session: Session, guest: Guest, tmp_path: Path, scope: str
) -> None:
    options = RunTraits(time_limit=120, dirs=[f"d:{tmp_path}"] if scope == "run" else [])
    if scope == "session":
        session.grants.add(FolderGrant(str(tmp_path), "d", Access.READ_WRITE, Scope.SESSION, Origin.PERSON))
    thread = taking_back(session, tmp_path)
    with pytest.raises(
        GrantRevoked, match=f"the grant of the folder {tmp_path} was taken back, and busy was ended"
    ) as end:
        session.run(guest, options)
    thread.join()
    assert end.value.result.stdout == "begun\n"
    assert nothing_is_made(tmp_path)


def test_x33_a_measurement_ends_when_its_folder_is_taken_back(session: Session, tmp_path: Path) -> None:
    once = WAT.replace("(br 0)", "")
    guest = Guest("measured", bytes(wasmtime.wat2wasm(once)))
    options = RunTraits(engine="both", seconds=60, dirs=[f"d:{tmp_path}"])
    thread = taking_back(session, tmp_path)
    with pytest.raises(GrantRevoked, match="measured was ended"):
        session.run(guest, options)
    thread.join()


def test_x33_a_call_ends_and_the_next_one_does_not_have_the_folder(
    session: Session, guest: Guest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library(session, guest).open(dirs=[f"d:{tmp_path}"], env=["A=B"], time_limit=120) as opened:
        assert opened.make() == 0
        (tmp_path / "begun").unlink()
        thread = taking_back(session, tmp_path)
        with pytest.raises(GrantRevoked, match="busy was ended"):
            opened.spin()
        thread.join()
        assert nothing_is_made(tmp_path)
        assert opened.make() == BAD_DESCRIPTOR
        assert "without the state of the one that had a folder which was taken back" in capsys.readouterr().err
        opened.close()
        assert opened.make() == BAD_DESCRIPTOR
        assert not session.grants.rows()
    with Library(session, guest).open(dirs=[f"d:{tmp_path}"]) as opened:
        assert opened.make() == 0


def test_x33_a_guest_that_is_not_being_called_is_ended_when_its_folder_is_taken_back(
    session: Session, guest: Guest, tmp_path: Path
) -> None:
    with Library(session, guest).open(dirs=[f"d:{tmp_path}"]) as opened:
        assert opened.make() == 0
        worker = opened._opened._held.caller._worker
        (row,) = session.grant_rows()
        assert session.revoke(row.id)
        deadline = time.monotonic() + 60
        while worker.alive and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not worker.alive
        assert opened.make() == BAD_DESCRIPTOR


def test_x33_models_are_watched_until_their_guest_has_ended() -> None:
    book, ended = GrantBook(), []
    kept = book.add(ModelGrant())
    lent = Lent(book, (kept,), "g")
    lent.begin(lambda: ended.append(1))
    book.revoke(kept.id)
    assert ended == [1]
    with pytest.raises(GrantRevoked, match="models was taken back"):
        lent.check()
    lent.close()
    again = book.add(ModelGrant())
    with Lent(book, (again,), "g") as lent:
        lent.begin(lambda: ended.append(2))
    book.revoke(again.id)
    late = Lent(book, (again,), "g")
    with pytest.raises(GrantRevoked), late:
        late.begin(lambda: ended.append(3))
    assert ended == [1, 3]


def test_x33_a_process_that_waits_for_its_guest_ends_with_its_folder(session: Session, tmp_path: Path) -> None:
    """One that was taken over goes on after its run."""
    quick = Guest("quick", bytes(wasmtime.wat2wasm('(module (func (export "_start")))')))
    mine, other = (tmp_path / name for name in ("mine", "other"))
    for folder in (mine, other):
        folder.mkdir()
        session.grants.add(FolderGrant(str(folder), folder.name, Access.READ, Scope.SESSION, Origin.PERSON))
    session.run(quick, RunTraits())
    waiting = session._pool._last
    assert waiting is not None
    session.grants.add(FolderGrant(str(tmp_path), "all", Access.READ, Scope.SESSION, Origin.PERSON))
    last, *rest = sorted(session.grant_rows(), key=lambda row: row.what.endswith("all"), reverse=True)
    session.revoke(next(row.id for row in (last, *rest) if str(mine) not in row.what and str(other) not in row.what))
    assert waiting.alive, "it never had that folder"
    session.revoke(next(row.id for row in session.grant_rows() if str(mine) in row.what))
    deadline = time.monotonic() + 100
    while waiting.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not waiting.alive
    assert session.run(quick, RunTraits()).exit_code == 0
    session.revoke_all()


def test_x33_processes_of_a_map_that_wait_end_with_a_folder(session: Session, guest: Guest, tmp_path: Path) -> None:
    session.grants.add(FolderGrant(str(tmp_path), "d", Access.READ_WRITE, Scope.SESSION, Origin.PERSON))
    assert Library(session, guest).map("make", [()] * 4, workers=2) == [0] * 4
    assert session._processes is not None
    idle = [lane._caller._worker for _, lane in session._processes._lanes._idle]
    assert idle
    assert all(worker.alive for worker in idle)
    session.revoke_all()
    assert not any(worker.alive for worker in idle)
    assert Library(session, guest).map("make", [()] * 4, workers=2) == [BAD_DESCRIPTOR] * 4
