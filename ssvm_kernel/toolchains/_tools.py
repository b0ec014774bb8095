"""Running a compiler: a small environment, a deadline, and errors that a person understands."""

from __future__ import annotations

import functools
import hashlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ssvm_kernel.errors import CompileError, ToolchainMissing, UsageError
from ssvm_kernel.host.spawn import ToolResult, run_tool
from ssvm_kernel.toolchains.base import Diagnostic, Severity, place_in
from ssvm_kernel.toolchains.render import compile_error

__all__ = [
    "ALLOW_ASSEMBLY",
    "ASSEMBLY",
    "PATIENCE",
    "TIMEOUT",
    "choose_opt",
    "code_digest",
    "digest_of",
    "encode",
    "failed",
    "inputs_digest",
    "packaged_digest",
    "run_compiler",
    "signature",
    "tidy",
]

ALLOW_ASSEMBLY = "--allow-assembly"
"""The flag with which a person lets a cell have assembly (attack X07)."""
ASSEMBLY = (
    "assembly can copy files of this computer into the guest while it is compiled, without a word; to allow that: "
    f"--cflags={ALLOW_ASSEMBLY}"
)
TIMEOUT = 120.0  # seconds one step of a compile may take
PATIENCE = 1.0  # seconds after which a person is told what they wait for

# What tools need from the person's environment; nothing else reaches them, so a compile is the same in every kernel.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


def run_compiler(
    argv: Sequence[str],
    workdir: Path,
    *,
    source: str,
    timeout: float = TIMEOUT,
    env: Mapping[str, str] | None = None,
    notice: Callable[[str], None] | None = None,
) -> ToolResult:
    """Run one step of a compile in `workdir`, in a process group of its own that ends with it.

    Parameters
    ----------
    argv : sequence of str
        The program by its absolute path, and its arguments.
    workdir : Path
        Its working folder, home and place for temporary files.
    source : str
        The cell's text, for the report of a failure.
    timeout : float
        Seconds until it is stopped.
    env : mapping or None
        Further variables (the place of a compiler's own cache); they win over those that every tool gets.
    notice : callable or None
        ``CompileOptions.notice``: told when the step takes longer than a second.

    Raises
    ------
    ToolchainMissing
        When the program cannot be started: it was removed since it was found.
    CompileError
        When it did not end in time or was killed.
    """
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    tool = Path(argv[0]).name
    beside = str(Path(argv[0]).parent)  # a compiler's linker is there, whatever PATH the kernel was started with
    passed["PATH"] = os.pathsep.join(item for item in (beside, passed.get("PATH")) if item)
    passed |= {"LC_ALL": "C", "TMPDIR": str(workdir), "HOME": str(workdir), **(env or {})}

    def long() -> None:
        if notice is not None:
            notice(f"{tool} is still at work; interrupt to stop it")

    try:
        result = run_tool(argv, cwd=str(workdir), env=passed, timeout=timeout, long=(PATIENCE, long))
    except OSError as error:
        raise ToolchainMissing(f"{argv[0]} cannot be started: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise failed(source, f"{tool} did not end within {timeout:.0f} s and was stopped") from error
    if result.returncode < 0:
        guess = " (out of memory?)" if result.returncode == -signal.SIGKILL else ""
        raise failed(source, f"{tool} was killed by signal {-result.returncode}{guess}")
    return result


def encode(source: str, example: str) -> bytes:
    """Return the cell as the bytes to compile.

    Parameters
    ----------
    source : str
        The cell's text.
    example : str
        The smallest program of the language, for the message on an empty cell.

    Raises
    ------
    CompileError
        For a cell with nothing in it, or with a lone surrogate, which no compiler can be given.
    """
    if not source.strip():
        raise failed(source, f"the cell is empty; the smallest program is: {example}")
    try:
        return source.encode()
    except UnicodeEncodeError as error:
        message = "this character is half of a surrogate pair, not text"
        found = Diagnostic(Severity.ERROR, message, *place_in(source, error.start))
        raise compile_error(source, [found]) from error


def failed(source: str, message: str) -> CompileError:
    """Return the error for a failure that has no place in the cell."""
    return compile_error(source, [Diagnostic(Severity.ERROR, message)])


def choose_opt(chosen: str, default: str, known: str) -> str:
    """Return the optimisation level to use.

    Raises
    ------
    UsageError
        When `chosen` is not one of the characters in `known`.
    """
    if not chosen:
        return default
    if len(chosen) != 1 or chosen not in known:
        raise UsageError(f"unknown optimisation level {chosen!r}; this compiler has {', '.join(known)}")
    return chosen


def signature(*paths: str | Path) -> str:
    """Return what changes when one of the files changes, without reading or running it."""
    parts = []
    for path in paths:
        found = Path(path).stat()
        parts.append(f"{path}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}")
    return "|".join(parts)


def inputs_digest(parts: Iterable[str]) -> str:
    """Return the digest of what a compiler's result depends on besides the cell, for `Found`."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def digest_of(files: Iterable[Path]) -> str:
    """Return the digest of what is in some files, which are read again only when one of them changed."""
    found = tuple(files)
    return _digest_of(found, signature(*found))


@functools.lru_cache(maxsize=32)
def packaged_digest(folder: Path, pattern: str) -> str:
    """Return the digest of files that come with this package.

    Looked at once, as its Python is: to look at them again took longer than a cached guest runs.
    """
    return digest_of(sorted(folder.glob(pattern)))


def code_digest(*modules: str) -> str:
    """Return the digest of modules of this package that change what a compiler made."""
    return " ".join(packaged_digest(Path(__file__).parent, f"{name}.py") for name in modules)


@functools.lru_cache(maxsize=16)
def _digest_of(files: tuple[Path, ...], _seen: str) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def tidy(text: str, *folders: tuple[str | Path, str]) -> str:
    """Replace each folder's path in a compiler's words: temporary paths tell the person nothing."""
    for folder, name in folders:
        text = text.replace(f"{folder}{os.sep}", name).replace(str(folder), name or ".")
    return text
