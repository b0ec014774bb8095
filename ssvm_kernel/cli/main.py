"""The line of ``ssvm``: which command it is, and what its end means for whoever started this process."""

from __future__ import annotations

import difflib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final, NoReturn

from ssvm_kernel.cli.options import CompileLine, FileLine, KernelLine, RunLine
from ssvm_kernel.cli.passing import open_standard_streams
from ssvm_kernel.errors import LoadError, SsvmError, UsageError
from ssvm_kernel.options import Parsed, help_text, parse

__all__ = ["main"]

_FAILED: Final = 1
_RUN: Final = "ssvm [run] [OPTION ...] FILE [ARG ...]"
_COMPILE: Final = "ssvm compile [--engine jit|jit-o0|interpreter] FILE OUT"
_INSPECT: Final = "ssvm inspect FILE"
_SHARED: Final = {
    "doctor": "ssvm doctor",
    "toolchains": "ssvm toolchains",
    "warm": "ssvm warm [LANGUAGE ...]",
    "cache": "ssvm cache [KIND ...] [--clear]",
}
"""Those that do what ``%ssvm`` does by the same name."""
_KERNEL: Final = "ssvm kernel install|uninstall [OPTION ...]"
_ABOUT: Final = f"""{_RUN}
       {_COMPILE}
       {_INSPECT}
       {_KERNEL}
       {" | ".join(_SHARED.values())}

Runs a WebAssembly guest, which has nothing but what the options grant it. FILE is a module or an OUT of ssvm compile;
what follows it belongs to the guest. A command that was not granted is asked for in the terminal; without one, denied.
Exit status: the guest's own; 134 when it trapped or a limit ended it; 1 when it could not be run.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Do what a command line says and return the exit status.

    Parameters
    ----------
    words : sequence of str or None
        The words after the program's name; by default this process's own.
    """
    open_standard_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        return _dispatch(list(sys.argv[1:] if words is None else words))
    except SsvmError as error:
        sys.stderr.write(f"ssvm: {error}\n")
        return _FAILED
    except BrokenPipeError:
        _die_of(signal.SIGPIPE)
    except KeyboardInterrupt:
        _die_of(signal.SIGINT)
    except _Ended as ended:
        _die_of(ended.number)


class _Ended(BaseException):
    """A signal asks this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - what a handler is given
    raise _Ended(number)


def _die_of(number: int) -> NoReturn:
    """End as a program without handlers would, so that a shell sees the signal."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)  # the signal is blocked


def _dispatch(words: list[str]) -> int:
    commands: dict[str, Callable[[list[str]], int]] = {
        "run": _run,
        "compile": _compile,
        "inspect": _inspect,
        "kernel": _kernel,
    }
    if words and words[0] in commands:
        return commands[words[0]](words[1:])
    if words and words[0] in _SHARED:
        from ssvm_kernel.cli.health import shared

        return _print(shared(words))
    return _run(["--version"] if words == ["-v"] else words)


def _run(words: list[str]) -> int:
    parsed = parse(words, RunLine, ends_at_word=True)
    if parsed.help:
        return _print(help_text(_ABOUT, RunLine))
    if parsed.options.version:
        return _version()
    _need_words(parsed, 1, _RUN)
    _need_text(parsed.guest_args)
    from ssvm_kernel.cli.run import run

    try:
        return run(parsed.options, parsed.words[0], parsed.guest_args)
    except LoadError as error:
        raise LoadError(f"{error}{_meant(parsed.words[0])}") from None


def _meant(word: str) -> str:
    """Return what was probably meant by a word that is no file, to be read after the error; empty for a file."""
    if os.path.lexists(word):  # says no also of what cannot be looked up: a name too long, a folder that is closed
        return ""
    from ssvm_kernel.commands import NAMES

    near = difflib.get_close_matches(word, ["run", "compile", "inspect", "kernel", *_SHARED], 1, 0.6)
    if word in NAMES:
        return f"; %ssvm {word} is a command of notebooks"
    return f"; did you mean ssvm {near[0]}?" if near else ""


def _compile(words: list[str]) -> int:
    parsed = parse(words, CompileLine)
    if parsed.help:
        return _print(help_text(_COMPILE, CompileLine))
    _need_words(parsed, 2, _COMPILE)
    from ssvm_kernel.cli.ahead import compile_file

    return compile_file(parsed.options.engine, *parsed.words)


def _inspect(words: list[str]) -> int:
    parsed = parse(words, FileLine)
    if parsed.help:
        return _print(help_text(_INSPECT, FileLine))
    _need_words(parsed, 1, _INSPECT)
    from ssvm_kernel.cli.ahead import inspect_file

    return inspect_file(parsed.words[0])


def _kernel(words: list[str]) -> int:
    parsed = parse(words, KernelLine)
    if parsed.help:
        return _print(help_text(_KERNEL, KernelLine))
    _need_words(parsed, 1, _KERNEL)
    from ssvm_kernel.cli import kernelspec

    actions = {"install": ("installed in", kernelspec.install), "uninstall": ("removed from", kernelspec.uninstall)}
    if parsed.words[0] not in actions:
        raise UsageError(f"there is no ssvm kernel {parsed.words[0]}. usage: {_KERNEL}")
    done, action = actions[parsed.words[0]]
    return _print(f"{parsed.options.name}: {done} {action(parsed.options)}")


def _version() -> int:
    from importlib.metadata import version

    from ssvm_kernel import __version__

    return _print(f"ssvm {__version__} (wasmtime {version('wasmtime')})")


def _print(text: str) -> int:
    sys.stdout.write(f"{text}\n" if text else "")
    sys.stdout.flush()
    return 0


def _need_words(parsed: Parsed[Any], count: int, usage: str) -> None:
    if len(parsed.words) != count:
        raise UsageError(f"usage: {usage}; see ssvm --help")


def _need_text(args: Sequence[str]) -> None:
    """Refuse arguments that are no UTF-8: a guest could not be given them."""
    for arg in args:
        if any("\ud800" <= character <= "\udfff" for character in arg):
            raise UsageError(f"the argument {arg!a} is not UTF-8")
