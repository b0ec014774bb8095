"""Seeing which paths a guest opened, and which it did not get, at next to no cost.

The engine's own file functions do all the work.  Between them and the guest stand two small modules: *front* gives the
guest functions that jump through a table; *watch*, made once the guest's memory exists, calls the engine's function
and, only when that gave an error or opened one of the first files, tells this host the path.  Any other call never
leaves machine code; a host function of Python around each would be slow, and could not call the engine's, which looks
for its caller's memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import wasmtime

from ssvm_kernel.errors import GuestTrap
from ssvm_kernel.host.hostfunc import GuestMemory, define_raw
from ssvm_kernel.sandbox.facts import MOST_ATTEMPTS, MOST_OPENED, MOST_PATH_BYTES, Attempt, OpenedPath

__all__ = ["READ", "FileWatch", "has_plain_memory", "watched_functions"]

_WASI: Final = "wasi_snapshot_preview1"
_EBADF: Final = 8
_FIRST_FOLDER: Final = 3
_NOT_SUPPORTED: Final = 58


@dataclass(frozen=True)
class _Function:
    """One function: its parameters, and where descriptor, address and length of each path are among them."""

    params: tuple[str, ...]
    paths: tuple[tuple[int, int, int], ...]


def _function(params: str, *paths: tuple[int, int, int]) -> _Function:
    return _Function(tuple({"i": "i32", "I": "i64"}[letter] for letter in params), paths)


_FUNCTIONS: Final = {
    "path_open": _function("iiiiiIIii", (0, 2, 3)),
    "path_filestat_get": _function("iiiii", (0, 2, 3)),
    "path_filestat_set_times": _function("iiiiIIi", (0, 2, 3)),
    "path_create_directory": _function("iii", (0, 1, 2)),
    "path_unlink_file": _function("iii", (0, 1, 2)),
    "path_remove_directory": _function("iii", (0, 1, 2)),
    "path_readlink": _function("iiiiii", (0, 1, 2)),
    "path_rename": _function("iiiiii", (0, 1, 2), (3, 4, 5)),
    "path_link": _function("iiiiiii", (0, 2, 3), (4, 5, 6)),
    "path_symlink": _function("iiiii", (2, 3, 4)),
    "fd_prestat_get": _function("ii"),
}
_NAMES: Final = tuple(_FUNCTIONS)
_OPEN: Final = "path_open"
_MAKES: Final = 1 | 8  # oflags: create, truncate
_WRITES: Final = 1 << 6  # rights: fd_write
# Only the first are told: a guest that opens a million files does so at full speed.
_OPENED: Final = f"""
 (if (i32.eqz (local.get $error)) (then
   (if (i32.lt_u (global.get $opens) (i32.const {MOST_OPENED})) (then
     (call $opened (local.get 0) (local.get 2) (local.get 3) (local.get 4) (i32.wrap_i64 (local.get 5)))))
   (global.set $opens (i32.add (global.get $opens) (i32.const 1)))))"""
READ: Final = "fd_read"
"""Watched for a guest that may ask the person for its input: the host is called before it reads its stdin."""
_PARAMS: Final = {name: function.params for name, function in _FUNCTIONS.items()} | {READ: ("i32",) * 4}


class FileWatch:
    """Stands between one instance of a guest and the engine's file functions.

    Parameters
    ----------
    engine : wasmtime.Engine
        The guest's.
    names : tuple of str
        From `watched_functions`, and `READ`; nothing is watched when it is empty.
    on_read : callable or None
        Called before the guest reads its stdin, if `READ` is watched.
    """

    def __init__(
        self, engine: wasmtime.Engine, names: tuple[str, ...], on_read: Callable[[], None] | None = None
    ) -> None:
        self._on_read = on_read
        self._engine = engine
        self._names = names
        self._memory = GuestMemory()
        self._table: wasmtime.Table | None = None
        self._real: dict[str, wasmtime.Func] = {}
        self._seen: dict[tuple[int, int, bytes], tuple[int, int]] = {}
        self._opened: dict[tuple[int, bytes], bool] = {}
        self._opens: wasmtime.Global | None = None
        self.more = 0
        """Attempts that are not listed."""
        self.no_folders = False
        """Whether the guest looked for its folders and has none."""

    def stand_before(self, linker: wasmtime.Linker, store: wasmtime.Store) -> None:
        """Put the front's functions in place of the engine's; before the guest is instantiated."""
        if not self._names:
            return
        exports = wasmtime.Instance(store, _front(self._engine, self._names), []).exports(store)
        table = exports["table"]
        assert isinstance(table, wasmtime.Table)
        self._table = table
        for name in self._names:
            real = linker.get(store, _WASI, name)
            assert isinstance(real, wasmtime.Func)
            self._real[name] = real
            linker.define(store, _WASI, name, exports[name])

    def look_on(self, store: wasmtime.Store, instance: wasmtime.Instance) -> None:
        """Connect the front to the engine; once the guest is instantiated, before it runs."""
        if self._table is None:
            return
        own = wasmtime.Linker(self._engine)
        define_raw(own, "host", "failed", ["i32"] * 5, [], self._failed)
        define_raw(own, "host", "opened", ["i32"] * 5, [], self._was_opened)
        define_raw(own, "host", "reads", [], [], self._reads)
        for name, real in self._real.items():
            own.define(store, "wasi", name, real)
        own.define(store, "front", "table", self._table)
        own.define(store, "guest", "memory", instance.exports(store)["memory"])
        opens = own.instantiate(store, _watch(self._engine, self._names)).exports(store)["opens"]
        assert isinstance(opens, wasmtime.Global)
        self._opens = opens

    def attempts(self) -> tuple[Attempt, ...]:
        """Return what the guest tried and did not get, in the order of the first time."""
        return tuple(
            Attempt(_NAMES[function], fd, path, error, count)
            for (function, fd, path), (error, count) in self._seen.items()
        )

    def opened(self) -> tuple[OpenedPath, ...]:
        """Return the paths that the guest opened, each once."""
        return tuple(OpenedPath(fd, path, writes) for (fd, path), writes in self._opened.items())

    def more_opened(self, store: wasmtime.Store) -> int:
        """Return how often it opened something after the last that was looked at."""
        return max(0, int(self._opens.value(store)) - MOST_OPENED) if self._opens is not None else 0

    def take(self) -> tuple[tuple[Attempt, ...], int, bool]:
        """Return the attempts, how many more there were, and whether folders were looked for, since the last time."""
        taken = self.attempts(), self.more, self.no_folders
        self._seen.clear()
        self.more, self.no_folders = 0, False
        return taken

    def _reads(self, caller: int) -> None:
        del caller
        if self._on_read is not None:
            self._on_read()

    def _was_opened(self, caller: int, fd: int, at: int, length: int, flags: int, rights: int) -> None:
        key = fd, self._memory.read(caller, at, min(length, MOST_PATH_BYTES))
        self._opened[key] = self._opened.get(key, False) or bool(flags & _MAKES or rights & _WRITES)

    def _failed(self, caller: int, function: int, error: int, fd: int, at: int, length: int) -> None:
        if _NAMES[function] == "fd_prestat_get":
            self.no_folders = self.no_folders or (fd == _FIRST_FOLDER and error == _EBADF)
            return
        try:
            path = self._memory.read(caller, at, min(length, MOST_PATH_BYTES))
        except GuestTrap:  # an error that came before the engine looked at the path
            path = b""
        key = function, fd, path
        if key in self._seen:
            self._seen[key] = error, self._seen[key][1] + 1
        elif len(self._seen) < MOST_ATTEMPTS:
            self._seen[key] = error, 1
        else:
            self.more += 1


def watched_functions(module: wasmtime.Module) -> tuple[str, ...]:
    """Return the file functions that a module imports, if it can name a path at all."""
    imported = {item.name for item in module.imports if item.module == _WASI}
    wanted = imported & _FUNCTIONS.keys()
    if not wanted - {"fd_prestat_get"} or not has_plain_memory(module):
        return ()
    return tuple(name for name in _NAMES if name in wanted)


def has_plain_memory(module: wasmtime.Module) -> bool:
    """Tell whether the guest's memory is one that the watch can take; without it file functions fail anyway."""
    for item in module.exports:
        if item.name == "memory" and isinstance(item.type, wasmtime.MemoryType):
            return not item.type.is_64 and not item.type.is_shared
    return False


@functools.lru_cache(maxsize=16)
def _front(engine: wasmtime.Engine, names: Sequence[str]) -> wasmtime.Module:
    parts = [f'(table (export "table") {len(names)} {len(names)} funcref)']
    for index, name in enumerate(names):
        params = _PARAMS[name]
        parts.append(
            f'(func (export "{name}") {_signature(params)}'
            # a module whose start section touches files comes before the watch: it is told that there are none
            f" (if (ref.is_null (table.get (i32.const {index}))) (then (return (i32.const {_NOT_SUPPORTED}))))"
            f" {_arguments(params)} (call_indirect {_signature(params)} (i32.const {index})))"
        )
    return wasmtime.Module(engine, f"(module {' '.join(parts)})")


@functools.lru_cache(maxsize=16)
def _watch(engine: wasmtime.Engine, names: Sequence[str]) -> wasmtime.Module:
    imports = [
        '(import "host" "failed" (func $failed (param i32 i32 i32 i32 i32)))',
        '(import "host" "opened" (func $opened (param i32 i32 i32 i32 i32)))',
        '(import "host" "reads" (func $reads))',
        f'(import "front" "table" (table {len(names)} {len(names)} funcref))',
        '(import "guest" "memory" (memory 0))',
    ]
    functions = []
    for name in names:
        params = _PARAMS[name]
        imports.append(f'(import "wasi" "{name}" (func $wasi_{name} {_signature(params)}))')
        if name == READ:
            functions.append(
                f"(func ${name} {_signature(params)} (if (i32.eqz (local.get 0)) (then (call $reads)))"
                f" (call $wasi_{name} {_arguments(params)}))"
            )
            continue
        reports = "".join(
            f" (call $failed (i32.const {_NAMES.index(name)}) (local.get $error) (local.get {fd}) (local.get {at})"
            f" (local.get {length}))"
            for fd, at, length in _FUNCTIONS[name].paths or ((0, 0, 0),)
        )
        functions.append(
            f"(func ${name} {_signature(params)} (local $error i32)"
            f" (local.set $error (call $wasi_{name} {_arguments(params)}))"
            f" (if (local.get $error) (then{reports})){_OPENED if name == _OPEN else ''} (local.get $error))"
        )
    elements = f"(elem (i32.const 0) func {' '.join(f'${name}' for name in names)})"
    exports = '(export "memory" (memory 0)) (global $opens (export "opens") (mut i32) (i32.const 0))'
    return wasmtime.Module(engine, f"(module {' '.join(imports)} {exports} {elements} {' '.join(functions)})")


def _signature(params: Sequence[str]) -> str:
    return f"(param {' '.join(params)}) (result i32)"


def _arguments(params: Sequence[str]) -> str:
    return " ".join(f"(local.get {index})" for index in range(len(params)))
