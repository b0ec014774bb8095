"""One worker process, seen from the kernel."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import TYPE_CHECKING, Final

import msgspec

from ssvm_kernel.errors import UsageError, WorkerDied
from ssvm_kernel.host.shelf import Shelf, make_shelf
from ssvm_kernel.host.spawn import kill_group, start_worker
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.attention import Attention, processors
from ssvm_kernel.sandbox.pipes import OutputPipes, SparePipes
from ssvm_kernel.sandbox.untrusted import plain
from ssvm_kernel.sandbox.wire import MAX_BLOB_FROM_WORKER, Blob, FrameReader, WireError, pack, send_frame, send_packed

if TYPE_CHECKING:
    from ssvm_kernel.host.netguard import Guard

__all__ = ["Worker"]

_GO: Final = pack(protocol.encode(protocol.Go()))
_RECEIVE: Final = 1 << 20
_RECEIVE_SMALL: Final = 1 << 14
"""Bytes of a first look: room for a megabyte costs more than most messages."""
_LAST_BREATH: Final = 0.5
_GUARD: Final = 2
"""Descriptors that a worker with a network hands over: its calls, and its memory."""
_BOOT: Final = "import sys; sys.path[:] = {path!r}; from ssvm_kernel.sandbox.worker import main; main({fd}, {parent})"


class Worker:
    """One worker process and the kernel's end of its socket.

    `domain` names what it has run so far: a worker that ran one guest may have been taken over by it, so it is used
    again for the same module with the same folders only, and never for another.
    """

    def __init__(self) -> None:
        self._sock, theirs = socket.socketpair()
        self._reader = FrameReader(MAX_BLOB_FROM_WORKER)
        self._inbox: list[tuple[protocol.FromWorker, bytes]] = []
        self.domain: str | None = None
        self.held: protocol.Lock | None = None
        """What it may touch for as long as it lives; None until it was told."""
        self.loaded: set[str] = set()
        """Keys of the modules that it holds."""
        self.ran = False  # whether guest code has run in it: what it compiles from then on may be made up (X23)
        self.pipes = SparePipes()
        """For the output of its next run."""
        self._expected: tuple[protocol.Run, OutputPipes] | None = None
        self._shelf: Shelf | None = None
        self.locks: protocol.Locked | None = None
        """What the operating system holds it with; None until it has said so."""
        self.guard: Guard | None = None
        """Answers its calls for the network; None where it has none."""
        self._handed: list[int] | None = None  # descriptors from it, while they may come
        # -I: neither the person's PYTHON* variables nor the current folder choose what the worker imports.
        code = _BOOT.format(path=_import_path(), fd=theirs.fileno(), parent=os.getpid())
        try:
            self._process: Popen[bytes] = start_worker([sys.executable, "-I", "-c", code], {}, [theirs.fileno()])
        except BaseException:
            self._sock.close()
            raise
        finally:
            theirs.close()
        self._sock.setblocking(True)
        self.attention = Attention(self._sock, processors())
        """For its guest's next command."""
        self._ready = select.poll()
        self._ready.register(self._sock, select.POLLIN)

    @property
    def pid(self) -> int:
        """The worker's process number."""
        return self._process.pid

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the worker says something or ends."""
        return self._sock.fileno()

    def send(self, message: protocol.ToWorker, blob: Blob = b"", fds: Sequence[int] = ()) -> None:
        """Send one message.

        Raises
        ------
        WorkerDied, UsageError
            When the worker has ended, or did not wait for the answer to its command; when it is too much at once.
        """
        self._expect_nothing()
        # A worker that asks ahead could fill a person's screen with prompts, and block us while we answer (X02).
        if isinstance(message, protocol.ANSWERING) and self._has_said_more():
            raise self._out_of_turn()
        if isinstance(message, protocol.Run):
            self.ran = True
        if isinstance(message, protocol.Lock) and message.network:
            self._handed = []
        shelf = self._shelf if isinstance(message, protocol.CommandReply) and message.shelved else None
        if shelf is not None and shelf.fileno >= 0:
            fds = [*fds, shelf.fileno]
        try:
            send_frame(self._sock, protocol.encode(message), blob, fds)
        except WireError as error:  # nothing was sent
            raise UsageError(f"that is too much for the guest's process at once: {error}") from None
        except OSError as error:
            raise self._died() from error
        if shelf is not None:
            shelf.given()

    def shelf(self) -> Shelf | None:
        """Return the place for what its guest's commands print, its own alone; None where the system has none."""
        if self._shelf is None:
            self._shelf = make_shelf()
        return self._shelf

    def expect(self, run: protocol.Run) -> None:
        """Tell it of the run that will probably come next, and give it the pipes for that; raises as `start`."""
        with self.pipes.lent() as pipes:
            self.send(protocol.Expect(run), fds=pipes.writing)
        self._expected = run, pipes

    def start(self, run: protocol.Run) -> OutputPipes:
        """Send a request for a run without stdin whose module it has; return our ends of the pipes that it prints to.

        Raises
        ------
        WorkerDied
            When the worker has ended.
        OSError
            When there are no descriptors left.
        """
        expected = self._expected
        if expected is None or (expected[0] is not run and expected[0] != run):
            with self.pipes.lent() as pipes:
                self.send(run, fds=pipes.writing)
            return pipes
        self.ran = True
        try:
            send_packed(self._sock, _GO)
        except OSError as error:
            raise self._died() from error
        self._expected = None
        return expected[1]

    def _expect_nothing(self) -> None:
        """Let go of the pipes that it was given for a run that does not come; any other message tells it so."""
        expected, self._expected = self._expected, None
        if expected is not None:
            expected[1].close_reading()

    def lock(self, lock: protocol.Lock) -> protocol.Locked:
        """Lock it, wait until it is, and return what holds it.

        Raises
        ------
        WorkerDied
            When it could not be locked.
        """
        self.send(lock)
        return self.locked()

    def locked(self) -> protocol.Locked:
        """Wait until it is locked, and return what holds it.

        Raises
        ------
        WorkerDied
            When it could not be locked.
        """
        while self.locks is None:
            received = self.receive()
            if received is not None:
                reason = received[0].message if isinstance(received[0], protocol.Failed) else "it spoke out of turn"
                raise WorkerDied(f"the guest's process cannot be locked: {reason}")
        return self.locks

    def receive(self) -> tuple[protocol.FromWorker, bytes] | None:
        """Take what has come; return one message and its blob, or None when none is complete.

        Blocks when nothing has come; call it when `fileno` is readable.

        Raises
        ------
        WorkerDied
            When the worker has ended or says what it must not.
        """
        if not self._inbox:
            try:
                if self._handed is not None:
                    data = self._take_handed()
                else:
                    data = self._sock.recv(_RECEIVE if self._reader.pending else _RECEIVE_SMALL)
            except OSError as error:
                raise self._died() from error
            if not data:
                raise self._died()
            try:
                for frame in self._reader.feed(data):
                    self._deliver(protocol.decode_from_worker(frame.header), frame.blob)
            except (WireError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                self.kill()
                raise WorkerDied(f"the guest's process sent a message that is none ({error}) and was ended") from error
            self._expect_turns()
        return self._inbox.pop(0) if self._inbox else None

    def _take_handed(self) -> bytes:
        """Receive with the descriptors that come before any guest has run; later ones are never taken (X03)."""
        data, fds, _, _ = socket.recv_fds(self._sock, _RECEIVE_SMALL, _GUARD, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
        assert self._handed is not None
        self._handed += fds
        return data

    def _guarded(self) -> None:
        handed, self._handed = self._handed, None
        if handed is None:
            return
        if len(handed) == _GUARD:
            from ssvm_kernel.host.listener import Listener
            from ssvm_kernel.host.netguard import Guard
            from ssvm_kernel.sandbox.seccomp import guarded_calls

            self.guard = Guard(Listener(*handed), guarded_calls())
            return
        for fd in handed:
            os.close(fd)

    def _deliver(self, message: protocol.FromWorker, blob: bytes) -> None:
        if isinstance(message, protocol.Locked):
            self.locks = self.locks or message  # said before it touches anything; what comes later may be a lie (X02)
            self._guarded()
        elif not isinstance(message, protocol.Ready):
            self._inbox.append((plain(message), blob))

    def _expect_turns(self) -> None:
        """End a worker that goes on talking after it has asked for something (X02)."""
        if len(self._inbox) == 1 and not self._reader.pending:
            return
        asked = [isinstance(message, protocol.ASKING) for message, _ in self._inbox]
        if any(asked[:-1]) or (any(asked) and self._reader.pending):
            raise self._out_of_turn()

    def _has_said_more(self) -> bool:
        if not self._ready.poll(0):
            return False
        with contextlib.suppress(OSError):
            return bool(self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        return False

    def _out_of_turn(self) -> WorkerDied:
        self.kill()
        return WorkerDied("the guest's process spoke out of turn and was ended")

    @property
    def partway(self) -> bool:
        """Whether a message has come in part."""
        return self._reader.pending > 0

    @property
    def has_message(self) -> bool:
        """Whether `receive` has a message that was read already."""
        return bool(self._inbox)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the process from any thread; the one that talks with it learns so, and calls `kill`."""
        self._process.kill()

    def kill(self) -> None:
        """End the process at once, also in the middle of guest code."""
        with contextlib.suppress(OSError):
            self._sock.close()
        self.pipes.close()
        self._expect_nothing()
        if self._shelf is not None:
            self._shelf.close()
            self._shelf = None
        kill_group(self._process)
        guard, self.guard = self.guard, None
        if guard is not None:
            guard.close()

    def _died(self) -> WorkerDied:
        """End what is left of a worker whose socket closed, and say how it ended by itself."""
        with contextlib.suppress(TimeoutExpired):
            self._process.wait(_LAST_BREATH)
        self.kill()
        code = self._process.returncode
        why = f"killed by signal {-code}" if code < 0 else f"ended with status {code}"
        hint = "; it may have run out of memory" if code == -9 else ""
        return WorkerDied(f"the process that ran the guest was {why}{hint}. Nothing else is lost: run the cell again")


def _import_path() -> list[str]:
    """Return where a worker finds what it imports; relative folders would mean others in its own working folder."""
    home = str(Path(__file__).resolve().parents[2])
    return [*(folder for folder in sys.path if Path(folder).is_absolute()), home]
