"""The worker process: it compiles and runs guests, and asks the kernel for everything that needs authority.

Started as ``python -I`` with one socket, an empty environment and no other descriptor.  It is not trusted: an interrupt
kills it, and what it says is checked like any stranger's message.
"""

from __future__ import annotations

import gc
import os
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import wasmtime

import ssvm_kernel.host.hostfunc  # noqa: F401  (used by bind_process_interface; no file of Python opens once locked)
from ssvm_kernel.capabilities.binary import is_component
from ssvm_kernel.errors import LockError
from ssvm_kernel.host.lending import Lent, files_of, lend
from ssvm_kernel.host.models import ModelState
from ssvm_kernel.host.process import CommandCall as GuestCall
from ssvm_kernel.host.process import CommandReply as GuestReply
from ssvm_kernel.host.shelf import ShelfReader
from ssvm_kernel.sandbox import protocol
from ssvm_kernel.sandbox.attention import Attention, processors
from ssvm_kernel.sandbox.calling import BadCall, bind_export
from ssvm_kernel.sandbox.engines import USUAL, EngineSettings, make_engine
from ssvm_kernel.sandbox.entry import enter_start
from ssvm_kernel.sandbox.filewatch import READ, FileWatch
from ssvm_kernel.sandbox.kept import KeptGuest
from ssvm_kernel.sandbox.libc import keep_freed_memory
from ssvm_kernel.sandbox.loaded import GuestExit, Loaded
from ssvm_kernel.sandbox.many import ManyRuns
from ssvm_kernel.sandbox.oslock import LockPolicy, ResourceLimits, lock_worker
from ssvm_kernel.sandbox.profiler import GuestProfiler
from ssvm_kernel.sandbox.ready import Ready, ReadyOne
from ssvm_kernel.sandbox.replies import guest_reply
from ssvm_kernel.sandbox.setting import CannotRun, limit_store, memory_bytes, nothing_to_run, wasi_config
from ssvm_kernel.sandbox.traps import parse_trap
from ssvm_kernel.sandbox.wire import Blob, recv_answer, recv_frame, send_frame

if TYPE_CHECKING:
    from ssvm_kernel.sandbox.components import KeptComponent, LoadedComponent

__all__ = ["main"]


class Worker:
    """Serves one kernel over one socket until it closes."""

    def __init__(self, sock: socket.socket, parent: int) -> None:
        self._sock = sock
        self._parent = parent
        self._attention = Attention(sock, processors())
        self._shelf = ShelfReader()
        self._locked = self._closed = self._guarded = False
        self._lent = Lent()
        # Made before the lock, which they do not need to outlive: neither starts a thread.
        self._engines = {settings: make_engine(settings) for settings in map(EngineSettings, USUAL)}
        self._modules: dict[str, Loaded] = {}
        self._components: dict[str, LoadedComponent] = {}
        self._kept: KeptGuest | KeptComponent | None = None
        self._ahead = ReadyOne(self._ask_command, self._ask_display)
        self._host_seconds = 0.0
        self._input_ended = False

    def serve(self) -> None:
        """Answer requests until the kernel closes the socket."""
        wasmtime.Linker(self._engine(EngineSettings(USUAL[0]))).define_wasi()  # what it loads lazily is loaded now
        self._send(protocol.Ready(os.getpid()))
        while (received := recv_frame(self._sock)) is not None:
            frame, fds = received
            message, fds, ready = self._ahead.take(protocol.decode_to_worker(frame.header), fds)
            try:
                if isinstance(message, protocol.Lock):
                    self._lock(message)
                elif not self._locked:
                    return  # nothing that came from outside is touched before the lock
                elif isinstance(message, protocol.Compile):
                    self._compile(message, frame.blob)
                elif isinstance(message, protocol.Expect):
                    self._ahead.expect(message.run, fds)
                    fds = []  # they stay open
                else:
                    self._send(*self._work(message, frame.blob, fds, ready))
            except CannotRun as problem:
                self._send(protocol.Failed(problem.stage, str(problem)))
            except Exception:  # noqa: BLE001  (said, not swallowed: the kernel raises it in the cell)
                self._send(protocol.Failed("internal", traceback.format_exc()))
            finally:
                for fd in fds:
                    os.close(fd)
            self._ahead.make(self._modules, self._sock)

    def _send(self, message: protocol.FromWorker, blob: Blob = b"") -> None:
        send_frame(self._sock, protocol.encode(message), blob)

    def _lock(self, request: protocol.Lock) -> None:
        if request.extras:
            self._lent = lend(request.extras)  # their files cannot be read afterwards
        if request.components:
            import wasmtime.component  # noqa: F401  (no file of Python opens once locked)

            import ssvm_kernel.sandbox.components  # noqa: F401
        if request.network:
            from ssvm_kernel.sandbox.sockets import prepare_names

            prepare_names()
        policy = LockPolicy(
            keep_descriptors=(self._sock.fileno(),),
            read=(*(folder.host for folder in request.preopens if not folder.writable), *files_of(self._lent)),
            write=tuple(folder.host for folder in request.preopens if folder.writable),
            parent=self._parent,
            limits=ResourceLimits(data_bytes=request.data_bytes),
            network=request.network,
        )
        try:
            report = lock_worker(policy)
        except LockError as error:
            raise CannotRun("lock", str(error)) from None
        self._locked, self._closed, self._guarded = True, report.complete, bool(report.guard)
        locked = protocol.Locked(
            report.landlock_abi,
            report.seccomp,
            report.no_new_privs,
            report.rlimits,
            report.missing,
            report.no_network,
        )
        send_frame(self._sock, protocol.encode(locked), fds=report.guard)
        for fd in report.guard:  # whoever has them answers for this process
            os.close(fd)

    def _new_models(self) -> ModelState:
        return ModelState(self._lent, closed=self._closed)

    def _engine(self, settings: EngineSettings) -> wasmtime.Engine:
        """Return the engine for some settings; those that differ from the usual are made when they are needed."""
        if settings not in self._engines:
            self._engines[settings] = make_engine(settings)
        return self._engines[settings]

    def _compile(self, request: protocol.Compile, wasm: bytes) -> None:
        started = time.perf_counter()
        engine = self._engine(request.engine)
        try:
            if is_component(wasm):
                from ssvm_kernel.sandbox.components import compile_component

                self._components[request.key], code = compile_component(engine, wasm, network=self._guarded)
            else:
                module = wasmtime.Module(engine, wasm)
                self._modules[request.key] = Loaded(engine, module, self._new_models)
                code = bytes(module.serialize())
        except wasmtime.WasmtimeError as error:
            raise CannotRun("compile", str(error)) from None
        self._send(protocol.Compiled(time.perf_counter() - started), code)

    def _load(self, request: protocol.Run, fds: list[int]) -> Loaded:
        if request.machine_code:
            try:
                engine = self._engine(request.engine)
                module = wasmtime.Module.deserialize_file(engine, f"/dev/fd/{fds[2]}")
            except wasmtime.WasmtimeError as error:
                # Machine code of another engine version or processor: the kernel compiles anew.
                raise CannotRun("stale", str(error)) from None
            self._modules[request.key] = Loaded(engine, module, self._new_models)
        return self._modules[request.key]

    def _load_component(self, request: protocol.Run, fds: list[int]) -> LoadedComponent:
        from ssvm_kernel.sandbox.components import load_component

        if request.machine_code:
            try:
                engine = self._engine(request.engine)
                loaded = load_component(engine, f"/dev/fd/{fds[2]}", network=self._guarded)
                self._components[request.key] = loaded
            except wasmtime.WasmtimeError as error:
                raise CannotRun("stale", str(error)) from None
        return self._components[request.key]

    def _run_component(self, request: protocol.Run, fds: list[int]) -> tuple[protocol.Finished, bytes]:
        """Run one component as a command; of its memory and files nothing is told, since the engine keeps them."""
        from ssvm_kernel.sandbox.components import run_command

        started = time.perf_counter()
        guest = self._load_component(request, fds)
        loaded = time.perf_counter()
        exit_code, trap = run_command(guest, request, fds)
        finished = protocol.Finished(exit_code, trap, loaded - started, 0.0, time.perf_counter() - loaded, 0.0, 0)
        return finished, b""

    def _work(
        self, message: protocol.ToWorker, blob: bytes, fds: list[int], ready: Ready | None
    ) -> tuple[protocol.FromWorker, Blob]:
        """Run a guest, keep one, or call its functions, and return the answer."""
        self._host_seconds = 0.0
        if ready is not None and isinstance(message, protocol.Run):
            return ready.run(message, lambda: self._host_seconds), b""
        if not isinstance(message, protocol.Run):
            assert self._kept is not None
            return self._kept.answer(message, blob)
        if message.keep:
            return self._keep(message, fds), b""
        if message.component:
            return self._run_component(message, fds)
        if message.mark:
            guest = self._load(message, fds)
            runs = ManyRuns(guest, message, fds, self._ask_command, self._ask_display)
            return runs.run(blob), b""
        with _no_collection() if message.measured else nullcontext():
            return self._run(message, fds)

    def _keep(self, request: protocol.Run, fds: list[int]) -> protocol.Opened:
        """Keep a guest whose functions will be called; a worker has one at most."""
        keep_freed_memory()
        if request.component:
            from ssvm_kernel.sandbox.components import KeptComponent

            self._kept = KeptComponent(self._load_component(request, fds), request, tuple(fds[:2]))
        else:
            guest = self._load(request, fds)
            self._kept = KeptGuest(guest, request, tuple(fds[:2]), self._ask_command, self._ask_display)
        del fds[:2]  # they stay open for its later instances
        return protocol.Opened()

    def _run(self, request: protocol.Run, fds: list[int]) -> tuple[protocol.Finished, bytes]:
        """Run one guest in a fresh store, and return its end and profile; the kernel sees the end of its pipes then."""
        if request.machine_code:
            self._modules.pop(request.key, None)  # to let go of the one before is no part of reading this one
        started = time.perf_counter()
        guest = self._load(request, fds)
        loaded = time.perf_counter()
        asks = request.ask and guest.reads_stdin
        models = guest.new_models()
        linker = guest.linker(self._ask_command, self._ask_display, models, own=asks)
        store = wasmtime.Store(guest.engine)
        self._input_ended = False
        files = FileWatch(guest.engine, (*guest.watched, READ) if asks else guest.watched, self._ask_input)
        exit_code: int | None = 0
        trap = instance = None
        results: tuple[str, ...] = ()
        profiler = _profiler(guest, store, request)
        try:
            limit_store(store, request)
            store.set_wasi(wasi_config(request, fds))
            instantiated = time.perf_counter()
            try:
                files.stand_before(linker, store)
                instance = linker.instantiate(store, guest.module)
                files.look_on(store, instance)
                call = _entry(store, instance, guest, request.call)
                instantiated = time.perf_counter()
                with profiler or nullcontext():
                    results = call()
            except GuestExit as ended:
                exit_code = ended.code
            except BadCall as error:
                raise CannotRun("call", str(error)) from None
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                if instance is None and not isinstance(error, wasmtime.Trap):
                    raise CannotRun("link", str(error)) from None
                exit_code, trap = None, parse_trap(str(error))
            stopped = time.perf_counter()
            memory = memory_bytes(store, instance)
            more_opened = files.more_opened(store)
            fuel = request.fuel - store.get_fuel() if request.engine.fuel else 0
            profile = profiler.finish() if profiler is not None else b""
        finally:
            store.close()
            if profiler is not None:
                profiler.close()
        finished = protocol.Finished(
            exit_code=exit_code,
            trap=trap,
            load=loaded - started,
            instantiate=instantiated - loaded,
            run=stopped - instantiated,
            host=self._host_seconds,
            memory_bytes=memory,
            attempts=files.attempts(),
            more_attempts=files.more,
            opened=files.opened(),
            more_opened=more_opened,
            no_folders=files.no_folders,
            results=results,
            fuel=fuel,
            missed=tuple(models.missed),
            notes=tuple(models.notes),
        )
        return finished, profile

    def _ask_command(self, call: GuestCall) -> GuestReply:
        """Hand a command to the kernel and wait for its outcome."""
        started = time.perf_counter()
        self._shelf.clear()
        self._send(protocol.CommandCall(call.name, call.args, call.env, call.timeout_ms), call.stdin)
        self._attention.wait()
        received = recv_answer(self._sock)
        if received is None:
            os._exit(1)  # the kernel is gone, and nobody waits for this guest
        frame, fds = received
        reply = protocol.decode_to_worker(frame.header)
        assert isinstance(reply, protocol.CommandReply)
        self._host_seconds += time.perf_counter() - started
        return guest_reply(reply, frame.blob, fds, self._shelf)

    def _ask_display(self, mime: bytes, data: bytes) -> int:
        """Hand something to the kernel to be shown, and return what became of it."""
        started = time.perf_counter()
        self._send(protocol.DisplayCall(mime), data)
        reply = self._answer()
        assert isinstance(reply, protocol.DisplayReply)
        self._host_seconds += time.perf_counter() - started
        return reply.code

    def _answer(self) -> protocol.ToWorker:
        received = recv_frame(self._sock)
        if received is None:
            os._exit(1)  # the kernel is gone, and nobody waits for this guest
        return protocol.decode_to_worker(received[0].header)

    def _ask_input(self) -> None:
        """Tell the kernel that the guest wants to read, and wait until there is something, or nothing any more."""
        if self._input_ended:
            return
        started = time.perf_counter()
        self._send(protocol.InputCall())
        reply = self._answer()
        assert isinstance(reply, protocol.InputReply)
        self._input_ended = reply.end
        self._host_seconds += time.perf_counter() - started


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let Python's garbage collector not run into a measurement."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _start(store: wasmtime.Store, instance: wasmtime.Instance, module: wasmtime.Module) -> wasmtime.Func:
    """Return the function that runs a command module."""
    start = instance.exports(store).get("_start")
    if isinstance(start, wasmtime.Func):
        return start
    raise nothing_to_run("function _start", (export.name for export in module.exports))


def _profiler(guest: Loaded, store: wasmtime.Store, request: protocol.Run) -> GuestProfiler | None:
    if not request.engine.profiled:
        return None
    return GuestProfiler(guest.engine, guest.module, store, request.argv[0] or "guest")


def _entry(
    store: wasmtime.Store, instance: wasmtime.Instance, guest: Loaded, call: protocol.Call | None
) -> Callable[[], tuple[str, ...]]:
    """Return what runs the guest, and returns the called function's results."""
    if call is not None:
        return bind_export(store, instance, call.function, call.args)
    if guest.starts_plainly:
        start = enter_start(store, instance)
    else:
        start = partial(_start(store, instance, guest.module), store)

    def run() -> tuple[str, ...]:
        start()
        return ()

    return run


def main(fd: int, parent: int) -> None:
    """Serve the kernel, process `parent`, at the other end of socket `fd`."""
    if os.getppid() != parent:
        return  # it is gone already
    Worker(socket.socket(fileno=fd), parent).serve()
