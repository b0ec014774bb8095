"""Which imports make which ability: the tables behind the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ssvm_kernel.capabilities.models import MODEL_TYPES

__all__ = [
    "COMPONENT_ABILITIES",
    "DISPLAY_MODULE",
    "DISPLAY_TYPES",
    "KNOWN_IMPORTS",
    "MODULE_ABILITIES",
    "PROCESS_MODULES",
    "PROCESS_TYPES",
    "Ability",
]

PROCESS_MODULES = ("ssvm_process", "wasmedge_process")
"""The two names of the process interface."""

PROCESS_TYPES = {
    "set_prog_name": "(i32, i32) -> ()",
    "add_arg": "(i32, i32) -> ()",
    "add_env": "(i32, i32, i32, i32) -> ()",
    "add_stdin": "(i32, i32) -> ()",
    "set_timeout": "(i32) -> ()",
    "run": "() -> (i32)",
    "get_exit_code": "() -> (i32)",
    "get_stdout_len": "() -> (i32)",
    "get_stdout": "(i32) -> ()",
    "get_stderr_len": "() -> (i32)",
    "get_stderr": "(i32) -> ()",
}
"""Its functions, without their prefix, and their types."""


DISPLAY_MODULE = "ssvm_display"
"""Name of the display interface."""

DISPLAY_TYPES = {"show": "(i32, i32, i32, i32) -> (i32)"}
"""Its functions and their types."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WASI = _words(
    """
    args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get fd_advise fd_allocate fd_close
    fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size
    fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite fd_read fd_readdir fd_renumber fd_seek
    fd_sync fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link path_open
    path_readlink path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise
    random_get sched_yield sock_accept sock_recv sock_send sock_shutdown
    """
)

KNOWN_IMPORTS: Mapping[str, Iterable[str]] = {
    "wasi_snapshot_preview1": _WASI,
    **{module: frozenset(f"{module}_{name}" for name in PROCESS_TYPES) for module in PROCESS_MODULES},
    DISPLAY_MODULE: frozenset(DISPLAY_TYPES),
    **{module: frozenset(types) for module, types in MODEL_TYPES.items()},
}
"""The functions that this host offers, by module."""


@dataclass(frozen=True)
class Ability:
    """Something that a guest can do with some imports and cannot do without.

    Parameters
    ----------
    id : str
        Stable name.
    can : str
        What it can do then, to be read after "this guest can".
    cannot : str
        What is impossible otherwise, to be read after "this guest cannot".
    missing : str
        Why it is impossible.
    any_of : frozenset of str
        Imports of which one is enough.
    all_of : frozenset of str
        Imports that are all needed as well.
    """

    id: str
    can: str
    cannot: str
    missing: str
    any_of: frozenset[str] = frozenset()
    all_of: frozenset[str] = frozenset()

    def found(self, imported: frozenset[str]) -> frozenset[str]:
        """Return which of the names `imported` make it possible; none, and it is impossible."""
        some = self.any_of & imported
        return some | self.all_of if some and self.all_of <= imported else frozenset()


MODULE_ABILITIES = (
    Ability(
        "commands",
        "run host commands that you allow; what such a command does is not limited by this list",
        "run host commands",
        "it does not import the run function of the process interface",
        _words("run"),
    ),
    Ability(
        "read-files",
        "read files in folders that you grant",
        "read files",
        "it does not import path_open together with fd_read or fd_pread",
        _words("fd_read fd_pread"),
        all_of=_words("path_open"),
    ),
    Ability(
        "change-files",
        "write, make and remove files in folders that you grant for writing",
        "change files or folders",
        "it imports neither path_open nor another function that changes what is on disk",
        # path_open alone makes and empties files; times can be set on the granted folder itself
        _words(
            """
            fd_filestat_set_times path_create_directory path_filestat_set_times path_link path_open
            path_remove_directory path_rename path_symlink path_unlink_file
            """
        ),
    ),
    Ability(
        "list-files",
        "see names, sizes and times of files in folders that you grant",
        "see what files there are",
        "it imports none of path_open, fd_readdir, path_filestat_get, path_readlink",
        _words("path_open fd_readdir path_filestat_get path_readlink"),
    ),
    Ability(
        "environment",
        "see environment variables that you grant",
        "see environment variables",
        "it does not import environ_get",
        _words("environ_get"),
    ),
    Ability("arguments", "see its arguments", "see its arguments", "it does not import args_get", _words("args_get")),
    Ability("print", "print", "print", "it imports neither fd_write nor fd_pwrite", _words("fd_write fd_pwrite")),
    Ability(
        "display",
        "show pictures, tables and documents in the cell, if you grant it",
        "show anything but text",
        "it does not import the display interface",
        _words("ssvm_display.show"),
    ),
    Ability(
        "models",
        "have models computed and pictures decoded, if you grant it",
        "have models computed",
        "it imports no interface for models",
        frozenset(f"{module}.{name}" for module, types in MODEL_TYPES.items() for name in types),
    ),
    Ability(
        "stdin",
        "read the input that it is given",
        "read any input",
        "it imports neither fd_read nor fd_pread",
        _words("fd_read fd_pread"),
    ),
    Ability(
        "clock",
        "ask for the time",
        "ask for the time",
        "it imports neither clock_time_get nor poll_oneoff",
        _words("clock_time_get poll_oneoff"),
    ),
    Ability(
        "random", "get random numbers", "get random numbers", "it does not import random_get", _words("random_get")
    ),
    Ability("wait", "sleep", "sleep", "it does not import poll_oneoff", _words("poll_oneoff")),
    Ability(
        "network",
        "use the network",
        "use the network",
        "nothing that it imports can open a connection, and it is given none",
    ),
)
"""For modules; the names are those of WASI preview 1 and of the process interface without its prefix."""

COMPONENT_ABILITIES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("commands", "run host commands that you allow", "run host commands", ()),
    ("read-files", "read files in folders that you grant", "read files", ("wasi:filesystem/",)),
    ("change-files", "change files in folders that you grant for writing", "change files", ("wasi:filesystem/",)),
    ("list-files", "see files in folders that you grant", "see what files there are", ("wasi:filesystem/",)),
    ("environment", "see its arguments and variables that you grant", "see variables", ("wasi:cli/environment",)),
    ("print", "print", "print", ("wasi:cli/stdout", "wasi:cli/stderr")),
    ("display", "show pictures", "show anything but text", ()),
    ("models", "have models computed", "have models computed", ()),
    ("stdin", "read the input that it is given", "read any input", ("wasi:cli/stdin",)),
    ("clock", "ask for the time", "ask for the time", ("wasi:clocks/",)),
    ("random", "get random numbers", "get random numbers", ("wasi:random/",)),
    ("network", "open connections that you allow", "use the network", ("wasi:sockets/", "wasi:http/")),
)
"""For components: id, can, cannot, and beginnings of the names of interfaces of which one is enough."""
