"""Run a compiled guest in plain wasmtime, with a process interface that only writes down what it was asked."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import wasmtime

I32 = wasmtime.ValType.i32
NAMES = {  # parameters and results of each function, by its name without the prefix
    "set_prog_name": (2, 0),
    "add_arg": (2, 0),
    "add_env": (4, 0),
    "add_stdin": (2, 0),
    "set_timeout": (1, 0),
    "run": (0, 1),
    "get_exit_code": (0, 1),
    "get_stdout_len": (0, 1),
    "get_stdout": (1, 0),
    "get_stderr_len": (0, 1),
    "get_stderr": (1, 0),
}
MODULES = {"ssvm_process": "ssvm_process_", "wasmedge_process": "wasmedge_process_"}


@dataclass
class Ran:
    """What came of a run."""

    status: int
    stdout: str
    stderr: str
    calls: list[tuple[object, ...]] = field(default_factory=list)


class Recorder:
    """Answers every command with status 7, `OUT` and `ERR`, and keeps the calls."""

    OUT, ERR, STATUS = b"out\x00put", b"err", 7

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def define(self, linker: wasmtime.Linker) -> None:
        for module, prefix in MODULES.items():
            for name, (parameters, results) in NAMES.items():
                kind = wasmtime.FuncType([I32()] * parameters, [I32()] * results)
                linker.define_func(module, prefix + name, kind, self._function(module, name), access_caller=True)

    def _function(self, module, name):
        def called(caller, *args):
            memory = caller["memory"]
            texts = ("set_prog_name", "add_arg", "add_env", "add_stdin")
            if name in texts:
                pairs = zip(args[::2], args[1::2], strict=True)
                data = [bytes(memory.read(caller, at, at + size)) if size else b"" for at, size in pairs]
                self.calls.append((module, name, *data))
                return None
            self.calls.append((module, name, *(args if name == "set_timeout" else ())))
            answers = {
                "run": self.STATUS,
                "get_exit_code": self.STATUS,
                "get_stdout_len": len(self.OUT),
                "get_stderr_len": len(self.ERR),
            }
            if name in {"get_stdout", "get_stderr"}:
                memory.write(caller, self.OUT if name == "get_stdout" else self.ERR, args[0])
            return answers.get(name)

        return called


def imports(wasm: bytes) -> list[tuple[str, str]]:
    """Return module and name of each import, as the engine reads them."""
    module = wasmtime.Module(wasmtime.Engine(), wasm)
    return [(item.module, item.name) for item in module.imports]


def quick_engine() -> wasmtime.Engine:
    """Return an engine for large guests: its machine code is slow, and made in half the time."""
    config = wasmtime.Config()
    config.cranelift_opt_level = "none"
    config.cranelift_flag_set("regalloc_algorithm", "single_pass")
    return wasmtime.Engine(config)


def call_library(wasm: bytes, name: str, *args: float) -> float | None:
    """Call an export of a library, with what it must run first; it has nothing but WASI."""
    return call_guest(wasm, (name, *args), engine=quick_engine())[0]


def call_guest(wasm: bytes, *calls: tuple[object, ...], engine: wasmtime.Engine | None = None) -> list[object]:
    """Call exported functions of one instance of a library, each given as its name and its arguments."""
    engine = engine or wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    exports = linker.instantiate(store, wasmtime.Module(engine, wasm)).exports(store)
    assert "_start" not in list(exports)
    if "_initialize" in list(exports):
        exports["_initialize"](store)
    return [exports[name](store, *arguments) for name, *arguments in calls]


def run_guest(
    wasm: bytes, args: tuple[str, ...] = (), env: dict[str, str] | None = None, engine: wasmtime.Engine | None = None
) -> Ran:
    """Run ``_start`` with nothing but its arguments and environment."""
    engine = engine or wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    recorder = Recorder()
    recorder.define(linker)
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        out.touch()
        err.touch()
        config = wasmtime.WasiConfig()
        config.argv = ["guest", *args]
        config.env = list((env or {}).items())
        config.stdout_file = str(out)
        config.stderr_file = str(err)
        store = wasmtime.Store(engine)
        store.set_wasi(config)
        status = 0
        try:
            linker.instantiate(store, wasmtime.Module(engine, wasm)).exports(store)["_start"](store)
        except wasmtime.ExitTrap as exit_:
            status = exit_.code
        return Ran(status, out.read_text("utf-8"), err.read_text("utf-8"), recorder.calls)
