"""An instance of a command made while nobody waits, for when the same cell runs again.

It is as fresh as any other: a store of its own, in which no instruction of the guest has run.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import wasmtime

from ssvm_kernel.host.process import CommandCall, CommandReply
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.entry import enter_start
from ssvm_kernel.sandbox.filewatch import FileWatch
from ssvm_kernel.sandbox.loaded import GuestExit, Loaded
from ssvm_kernel.sandbox.setting import limit_store, memory_bytes, wasi_config
from ssvm_kernel.sandbox.traps import parse_trap

__all__ = ["Ready", "ReadyOne"]

_A_WHILE: Final = 0.001
"""Seconds in which what else is to be done comes first; with five times as many a cell that is run again at once found
no instance, which made its first output a tenth later."""

_SHOWING: Final = 0.0012
"""Seconds from a run's beginning in which the kernel shows what it printed first, before it waits for its end."""


class Ready:
    """One instance that waits for its run.

    Parameters
    ----------
    guest : Loaded
        Its module, for which `can_wait` is true.
    request : Run
        The run that it will be for.
    fds : list of int
        Where that prints to: its stdout and stderr.
    ask_command, ask_display : callable
        What asks the kernel.

    Raises
    ------
    wasmtime.WasmtimeError, wasmtime.Trap
        When it cannot be instantiated; its run is to say so.
    """

    def __init__(
        self,
        guest: Loaded,
        request: protocol.Run,
        fds: list[int],
        ask_command: Callable[[CommandCall], CommandReply],
        ask_display: Callable[[bytes, bytes], int],
    ) -> None:
        began = time.perf_counter()
        self._linker = guest.linker(ask_command, ask_display)
        self._files = FileWatch(guest.engine, guest.watched)
        self.store = wasmtime.Store(guest.engine)
        try:
            limit_store(self.store, request)
            self._files.stand_before(self._linker, self.store)
            self._instance: wasmtime.Instance = self._linker.instantiate(self.store, guest.module)
            self._files.look_on(self.store, self._instance)
            self.store.set_wasi(wasi_config(request, fds))
            self._start: Callable[[], None] = enter_start(self.store, self._instance)
        except BaseException:
            self.store.close()
            raise
        self._seconds = time.perf_counter() - began

    def run(self, request: protocol.Run, host_seconds: Callable[[], float]) -> protocol.Finished:
        """Run it, once.

        Parameters
        ----------
        request : Run
            The request that it was made for.
        host_seconds : callable
            Returns the seconds that it waited for the kernel.
        """
        began = time.perf_counter()
        files = self._files
        exit_code: int | None = 0
        trap = None
        try:
            try:
                self._start()
            except GuestExit as ended:
                exit_code = ended.code
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                exit_code, trap = None, parse_trap(str(error))
            stopped = time.perf_counter()
            _stand_aside(began + _SHOWING - stopped)
            memory = memory_bytes(self.store, self._instance)
            more_opened = files.more_opened(self.store)
            fuel = request.fuel - self.store.get_fuel() if request.engine.fuel else 0
        finally:
            self.store.close()
        return protocol.Finished(
            exit_code=exit_code,
            trap=trap,
            load=0.0,
            instantiate=self._seconds,
            run=stopped - began,
            host=host_seconds(),
            memory_bytes=memory,
            attempts=files.attempts(),
            more_attempts=files.more,
            opened=files.opened(),
            more_opened=more_opened,
            no_folders=files.no_folders,
            fuel=fuel,
        )


class ReadyOne:
    """The run that a worker expects, if there is one, and the instance that it has ready for that.

    Parameters
    ----------
    ask_command, ask_display : callable
        What asks the kernel.
    """

    def __init__(
        self, ask_command: Callable[[CommandCall], CommandReply], ask_display: Callable[[bytes, bytes], int]
    ) -> None:
        self._asks = ask_command, ask_display
        self._expected: tuple[protocol.Run, list[int]] | None = None
        self._ready: Ready | None = None

    def expect(self, request: protocol.Run, fds: list[int]) -> None:
        """Keep a request, and its descriptors, until another message comes."""
        self._expected = request, fds

    def make(self, guests: Mapping[str, Loaded], sock: socket.socket) -> None:
        """Make an instance for what is expected, when nothing has come for a while, and if it can be made."""
        if self._expected is None:
            return
        request, fds = self._expected
        guest = guests.get(request.key)
        if guest is None or not guest.can_wait:
            return
        if not select.select([sock], [], [], _A_WHILE)[0]:
            with suppress(Exception):  # nobody waits for it, and the run itself will say why
                self._ready = Ready(guest, request, fds, *self._asks)

    def take(self, message: protocol.ToWorker, fds: list[int]) -> tuple[protocol.ToWorker, list[int], Ready | None]:
        """Return what is to be done for a message, with which descriptors and instance; its own work but for `Go`.

        Anything else ends what is expected.
        """
        expected, self._expected = self._expected, None
        ready, self._ready = self._ready, None
        if expected is not None and isinstance(message, protocol.Go):
            return *expected, ready
        if ready is not None:
            ready.store.close()
        if expected is not None:
            for fd in expected[1]:
                os.close(fd)
        return message, fds, None


def _stand_aside(seconds: float) -> None:
    """Leave the processor to the kernel and the front end, where what is left to do here is needed by nobody yet.

    Two processors are often one core; there all that is done at the same time makes the first output later.
    """
    if seconds > 0:
        time.sleep(seconds)
