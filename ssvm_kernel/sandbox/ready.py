"""An instance of a command made while nobody waits, for when the same cell runs again.

It is as fresh as any other: a store of its own, in which no instruction of the guest has run.  What was granted to the
run, and where it prints, is set when it is taken.
"""

from __future__ import annotations

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

_A_WHILE: Final = 0.005
"""Seconds in which kernel and front end still work on the run before; an instance would be made in their way."""

_SHOWING: Final = 0.0012
"""Seconds from a run's beginning in which the kernel shows what it printed first, before it waits for its end."""


class Ready:
    """One instance that waits for its run.

    Parameters
    ----------
    guest : Loaded
        Its module, for which `can_wait` is true.
    request : Run
        A run like the one that it will be for.
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
        ask_command: Callable[[CommandCall], CommandReply],
        ask_display: Callable[[bytes, bytes], int],
    ) -> None:
        began = time.perf_counter()
        self._likeness = _likeness(request)
        self._linker = guest.linker(ask_command, ask_display)
        self._files = FileWatch(guest.engine, guest.watched)
        self.store = wasmtime.Store(guest.engine)
        try:
            limit_store(self.store, request)
            self._files.stand_before(self._linker, self.store)
            self._instance: wasmtime.Instance = self._linker.instantiate(self.store, guest.module)
            self._files.look_on(self.store, self._instance)
            self._start: Callable[[], None] = enter_start(self.store, self._instance)
        except BaseException:
            self.store.close()
            raise
        self._seconds = time.perf_counter() - began

    def run(self, request: protocol.Run, fds: list[int], host_seconds: Callable[[], float]) -> protocol.Finished:
        """Run it, once, with what was granted to a request that it `fits`.

        Parameters
        ----------
        request : Run
            The request.
        fds : list of int
            Its stdout and stderr.
        host_seconds : callable
            Returns the seconds that it waited for the kernel.
        """
        began = time.perf_counter()
        files = self._files
        exit_code: int | None = 0
        trap = None
        try:
            self.store.set_wasi(wasi_config(request, fds))
            entered = time.perf_counter()
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
            instantiate=self._seconds + entered - began,
            run=stopped - entered,
            host=host_seconds(),
            memory_bytes=memory,
            attempts=files.attempts(),
            more_attempts=files.more,
            opened=files.opened(),
            more_opened=more_opened,
            no_folders=files.no_folders,
            fuel=fuel,
        )

    def fits(self, request: protocol.Run) -> bool:
        """Whether it is what the run of a request would make itself."""
        return request.again and _likeness(request) == self._likeness


class ReadyOne:
    """The instance that a worker has ready, if there is one.

    Parameters
    ----------
    ask_command, ask_display : callable
        What asks the kernel.
    """

    def __init__(
        self, ask_command: Callable[[CommandCall], CommandReply], ask_display: Callable[[bytes, bytes], int]
    ) -> None:
        self._asks = ask_command, ask_display
        self._ready: Ready | None = None
        self._planned: protocol.Run | None = None

    def plan(self, message: protocol.ToWorker) -> None:
        """Note a run that has just ended, if there will be another like it."""
        self._planned = message if isinstance(message, protocol.Run) and message.again else None

    def make(self, guests: Mapping[str, Loaded], sock: socket.socket) -> None:
        """Make one for what was planned, when nothing has come for a while, and if it can be made."""
        planned, self._planned = self._planned, None
        guest = guests.get(planned.key) if planned is not None else None
        if planned is None or guest is None or not guest.can_wait:
            return
        if not select.select([sock], [], [], _A_WHILE)[0]:
            with suppress(Exception):  # nobody waits for it, and the run itself will say why
                self._ready = Ready(guest, planned, *self._asks)

    def take(self, message: protocol.ToWorker) -> Ready | None:
        """Return it, if it is what a message is for; anything else ends it."""
        ready, self._ready = self._ready, None
        if ready is None or (isinstance(message, protocol.Run) and ready.fits(message)):
            return ready
        ready.store.close()
        return None


def _stand_aside(seconds: float) -> None:
    """Leave the processor to the kernel and the front end, where what is left to do here is needed by nobody yet.

    Two processors are often one core; there all that is done at the same time makes the first output later.
    """
    if seconds > 0:
        time.sleep(seconds)


def _likeness(request: protocol.Run) -> tuple[object, ...]:
    limits = request.memory_bytes, request.table_elements, request.fuel
    return request.key, request.engine, *limits
