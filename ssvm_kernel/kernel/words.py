"""What the names are that a guest's text is made of: the process interface, WASI, what a module exports."""

from __future__ import annotations

from typing import Final

from ssvm_kernel.capabilities.abilities import PROCESS_MODULES, PROCESS_TYPES

__all__ = ["COMMAND_METHODS", "ENTRIES", "PROCESS", "WASI", "about_name"]

PROCESS: Final = {
    "set_prog_name": ("(text, size)", "Add to the name of the program to run, which starts out empty."),
    "add_arg": ("(text, size)", "Add one argument; the program's name is not one of them."),
    "add_env": (
        "(name, name_size, value, value_size)",
        "Add one environment variable for the program; it must be granted (--allow-command-env).",
    ),
    "add_stdin": ("(data, size)", "Add bytes to the program's standard input."),
    "set_timeout": ("(milliseconds)", "Set how long the program may take; 10 s unless set."),
    "run": (
        "() -> status",
        "Run the program, if it is granted (--allow-command) or you allow it now, and wait for its end. -1: denied or "
        "not found; 110: stopped after the timeout.",
    ),
    "get_exit_code": ("() -> status", "Exit status of the last run."),
    "get_stdout_len": ("() -> size", "Bytes that the last run wrote to its standard output."),
    "get_stdout": ("(buffer)", "Copy them; the buffer must have room for all."),
    "get_stderr_len": ("() -> size", "Bytes that the last run wrote to its standard error."),
    "get_stderr": ("(buffer)", "Copy them; the buffer must have room for all."),
}
COMMAND_METHODS: Final = {
    "new": ("(program)", "Start from the program's name."),
    "arg": ("(text)", "Add one argument."),
    "args": ("(texts)", "Add arguments."),
    "env": ("(name, value)", "Set one environment variable for the program."),
    "stdin": ("(text)", "Add to its standard input."),
    "timeout": ("(milliseconds)", "Set how long it may take."),
    "output": ("() -> Output", "Run it, wait, and return status, stdout and stderr."),
}
"""Of ``rust_process_interface_library::Command``."""
ENTRIES: Final = {
    "_start": "What runs a command: called once, it is the guest's main.",
    "_initialize": "What a library (reactor) is given a start by, before its other functions are called.",
    "memory": "The guest's linear memory, which the host reads and writes for it.",
}
WASI: Final = {
    "args_get": "Copy the guest's arguments: the words after -- in the cell's line.",
    "args_sizes_get": "Number and size of the guest's arguments.",
    "clock_res_get": "Resolution of a clock.",
    "clock_time_get": "Time of a clock.",
    "environ_get": "Copy the environment: the variables granted by --env.",
    "environ_sizes_get": "Number and size of the granted variables.",
    "fd_close": "Close a descriptor.",
    "fd_fdstat_get": "Kind and rights of a descriptor.",
    "fd_filestat_get": "Size and times of an open file.",
    "fd_prestat_dir_name": "Name of a granted folder.",
    "fd_prestat_get": "Whether a descriptor is a granted folder (--dir).",
    "fd_read": "Read from a descriptor.",
    "fd_readdir": "List a folder.",
    "fd_seek": "Move in a file.",
    "fd_write": "Write to a descriptor: 1 is stdout, 2 is stderr, both are the cell.",
    "path_create_directory": "Make a folder in a granted one.",
    "path_filestat_get": "Size and times of a file in a granted folder.",
    "path_open": "Open a file in a granted folder (--dir).",
    "path_remove_directory": "Remove an empty folder in a granted one.",
    "path_rename": "Rename a file in granted folders.",
    "path_unlink_file": "Remove a file in a granted folder.",
    "poll_oneoff": "Wait, for a time or for descriptors.",
    "proc_exit": "End the guest with a status.",
    "random_get": "Fill memory with random bytes.",
    "sched_yield": "Let others run.",
}
"""The common ones of ``wasi_snapshot_preview1``."""


def about_name(name: str) -> str:
    """Return what an import, export or method is, or an empty text."""
    for module in PROCESS_MODULES:
        short = name.removeprefix(f"{module}_")
        if short != name and short in PROCESS:
            signature, text = PROCESS[short]
            return f'{name}{signature}\n{text}\n\nimport "{module}", in WebAssembly\'s types: {PROCESS_TYPES[short]}'
    if name in WASI:
        return f'{name}\n{WASI[name]}\n\nimport "wasi_snapshot_preview1"'
    if name in ENTRIES:
        return f"{name}\n{ENTRIES[name]}"
    method = name.removeprefix("Command::")
    if method in COMMAND_METHODS:
        signature, text = COMMAND_METHODS[method]
        return f"Command::{method}{signature}\n{text}\n\nuse rust_process_interface_library::Command;"
    return ""
