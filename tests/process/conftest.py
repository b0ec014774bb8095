"""Guests in WAT that drive the process interface, bound in-process, in both engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
import wasmtime

from ssvm_kernel.host.execute import Completed, execute
from ssvm_kernel.host.process import (
    CommandCall,
    CommandReply,
    ProcessState,
    StoredBytes,
    bind_process_interface,
    exec_failed_reply,
)
from tests.host.approving import approve

TYPES = {
    "set_prog_name": "(param i32 i32)",
    "add_arg": "(param i32 i32)",
    "add_env": "(param i32 i32 i32 i32)",
    "add_stdin": "(param i32 i32)",
    "set_timeout": "(param i32)",
    "run": "(result i32)",
    "get_exit_code": "(result i32)",
    "get_stdout_len": "(result i32)",
    "get_stdout": "(param i32)",
    "get_stderr_len": "(result i32)",
    "get_stderr": "(param i32)",
}
"""The eleven functions and their types, written down a second time: the guest's side."""

PREFIXES = ["ssvm_process", "wasmedge_process"]
ENGINES = ["jit", "interpreter"]
_INPUT = 1024
_PAGE = 65536


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> wasmtime.Engine:
    """Cranelift, then Pulley: the same rules hold in both."""
    config = wasmtime.Config()
    if request.param == "interpreter":
        config.target = "pulley64"
    return wasmtime.Engine(config)


@pytest.fixture(scope="session", params=PREFIXES)
def prefix(request: pytest.FixtureRequest) -> str:
    """Each of the interface's two names."""
    return request.param


def guest_wat(prefix: str = "ssvm_process", memory: str = '(memory (export "memory") 1)', more: str = "") -> str:
    """Return a module that imports the eleven functions and exports each again, behind a call of its own."""
    imports = "".join(f'(import "{prefix}" "{prefix}_{name}" (func ${name} {type_}))' for name, type_ in TYPES.items())
    calls = "".join(
        f'(func (export "{name}") {type_} {_arguments(type_)} (call ${name}))' for name, type_ in TYPES.items()
    )
    return f"(module {imports} {memory} {calls} {more})"


def _arguments(type_: str) -> str:
    count = type_.count("i32") if "param" in type_ else 0
    return " ".join(f"(local.get {index})" for index in range(count))


class Guest:
    """An instance whose exports are called from the test; pointers and lengths are made here, as a guest would."""

    def __init__(self, engine: wasmtime.Engine, wat: str, run: Callable[[CommandCall], CommandReply]) -> None:
        module = wasmtime.Module(engine, wat)
        self.state = ProcessState(run)
        self.store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        bind_process_interface(linker, self.state, module.imports)
        self.exports = linker.instantiate(self.store, module).exports(self.store)

    def call(self, name: str, *args: int) -> int | None:
        """Call an export with raw numbers."""
        function = self.exports[name]
        assert isinstance(function, wasmtime.Func)
        return function(self.store, *args)

    @property
    def memory(self) -> wasmtime.Memory:
        """The guest's memory 0."""
        memory = self.exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        return memory

    def grow_to(self, size: int) -> None:
        """Make the memory at least this large; it moves when it must."""
        missing = size - self.memory.data_len(self.store)
        if missing > 0:
            self.memory.grow(self.store, -(-missing // _PAGE))

    def _put(self, *items: bytes) -> list[int]:
        at, numbers = _INPUT, []
        self.grow_to(_INPUT + sum(map(len, items)))
        for item in items:
            if item:
                self.memory.write(self.store, item, at)
            numbers += [at if item else 1, len(item)]  # the Rust crate points at 1 for nothing
            at += len(item)
        return numbers

    def set_prog_name(self, name: bytes) -> None:
        self.call("set_prog_name", *self._put(name))

    def add_arg(self, *values: bytes) -> None:
        for value in values:
            self.call("add_arg", *self._put(value))

    def add_env(self, name: bytes, value: bytes) -> None:
        self.call("add_env", *self._put(name, value))

    def add_stdin(self, data: bytes) -> None:
        self.call("add_stdin", *self._put(data))

    def run(self, name: bytes | None = None, *args: bytes) -> int:
        """Run what is pending, or a command with arguments."""
        if name is not None:
            self.set_prog_name(name)
            self.add_arg(*args)
        code = self.call("run")
        assert isinstance(code, int)
        return code

    def _get(self, stream: str) -> bytes:
        size = self.call(f"get_{stream}_len")
        assert isinstance(size, int)
        self.grow_to(_INPUT + size)
        self.call(f"get_{stream}", _INPUT if size else 1)
        return bytes(self.memory.read(self.store, _INPUT, _INPUT + size))

    @property
    def stdout(self) -> bytes:
        return self._get("stdout")

    @property
    def stderr(self) -> bytes:
        return self._get("stderr")

    @property
    def exit_code(self) -> int | None:
        return self.call("get_exit_code")


@dataclass
class Host:
    """Runs whatever is asked for, with no policy at all; keeps what was asked and what came of it."""

    files: dict[bytes, str] = field(default_factory=dict)
    output_bytes: int = 256 << 20
    signals: bool = False
    calls: list[CommandCall] = field(default_factory=list)
    completed: list[Completed] = field(default_factory=list)

    def __call__(self, call: CommandCall) -> CommandReply:
        self.calls.append(call)
        try:
            approved = approve(
                call.name,
                *call.args,
                file=self.files.get(call.name),
                stdin=call.stdin,
                env=tuple(sorted(call.env)),
                timeout_ms=call.timeout_ms,
                output_bytes=self.output_bytes,
            )
        except FileNotFoundError as missing:
            return exec_failed_reply(missing.errno or 0)
        done = execute(approved)
        self.completed.append(done)
        return reply(done, self.signals)


def reply(done: Completed, signals: bool = False) -> CommandReply:
    """Return what a guest gets, as it comes out of the worker's socket: small outputs inline, large ones as files."""
    outputs = []
    for captured in (done.stdout, done.guest_stderr):
        fileno = captured.fileno()
        outputs.append(captured.bytes() if fileno is None else StoredBytes(os.dup(fileno), captured.size))
    done.close()
    return CommandReply(done.guest_code(signals), *outputs, keep_inputs=done.keep_inputs)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def guest(engine: wasmtime.Engine, prefix: str, host: Host) -> Iterable[Guest]:
    """A guest of each engine and each name, whose commands run."""
    made = Guest(engine, guest_wat(prefix), host)
    yield made
    made.state.close()
