"""Python's variables into a run and out of it: ``--in df=data.arrow --out result=result.json``.

They are files in a folder that only this run sees, as ``/vars``, or its stdin and stdout.  The folder is ours and the
guest's: what it makes there is read as a plain file of that name or not at all (attack W02).
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ssvm_kernel import namespace
from ssvm_kernel.capabilities.model import Origin
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.display.report import GrantLine
from ssvm_kernel.display.text import size
from ssvm_kernel.errors import UsageError
from ssvm_kernel.formats import from_bytes, to_bytes
from ssvm_kernel.host.temporary import prefix_of
from ssvm_kernel.options import RunTraits
from ssvm_kernel.sandbox.job import Output
from ssvm_kernel.sandbox.protocol import Preopen

__all__ = ["FOLDER", "Redirected", "Variables", "variables_of"]

FOLDER: Final = "/vars"
"""Where a guest sees the files."""
_MOST: Final = 256 << 20
"""Bytes of one variable."""
_FILE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_FORMAT: Final = re.compile(r"\.[a-z]{1,10}")


@dataclass(frozen=True)
class _Passed:
    """One option: the variable, and the file; a file that is empty or a bare suffix is stdin or stdout."""

    variable: str
    file: str

    @property
    def suffix(self) -> str:
        return self.file if self.file.startswith(".") else PurePosixPath(self.file).suffix

    @property
    def streamed(self) -> bool:
        return not self.file or self.file.startswith(".")


class Variables:
    """The variables of one run; its folder is there until `close`.

    Parameters
    ----------
    ins, outs : tuple
        What the options say.

    Attributes
    ----------
    stdin : bytes or None
        What the guest reads as its stdin.
    takes_stdout : bool
        Whether its stdout becomes a variable.
    """

    def __init__(self, ins: tuple[_Passed, ...], outs: tuple[_Passed, ...]) -> None:
        self._outs = outs
        self._folder: Path | None = None
        self._given: list[tuple[_Passed, int]] = []
        self.stdin: bytes | None = None
        self.takes_stdout = any(passed.streamed for passed in outs)
        self.stdout = bytearray()
        try:
            for passed in ins:
                self._give(passed)
            if any(not passed.streamed for passed in outs):
                self._home()
        except BaseException:
            self.close()
            raise

    def preopens(self) -> Iterator[Preopen]:
        """Yield the folder, if there is one; it can be written to when something is to come out of it."""
        if self._folder is not None:
            yield Preopen(str(self._folder), FOLDER, any(not passed.streamed for passed in self._outs))

    def lines(self) -> Iterator[GrantLine]:
        """Yield what the report says of them."""
        for passed, length in self._given:
            where = "its stdin" if passed.streamed else f"{FOLDER}/{passed.file}"
            what = f"the Python variable {passed.variable} as {where} ({size(length)})"
            yield GrantLine(what, Origin.OPTION.value)

    def redirected(self, output: Output) -> Output:
        """Return an output whose stdout becomes the variable; of several runs it has the last one's."""
        self.stdout.clear()
        return Redirected(output, self.stdout)

    def values(self) -> dict[str, Any]:
        """Return the values of the variables that come out of the run.

        Raises
        ------
        UsageError
            When the guest made no such file, or none that is in its format.
        """
        return {passed.variable: self._value(passed) for passed in self._outs}

    def _value(self, passed: _Passed) -> Any:
        try:
            data = bytes(self.stdout) if passed.streamed else self._read(passed.file)
            if len(data) > _MOST:
                raise UsageError(f"the guest wrote more than {size(_MOST)}")
            return from_bytes(data, passed.suffix)
        except UsageError as error:
            raise UsageError(f"--out {passed.variable}: {error}") from None

    def close(self) -> None:
        """Remove the folder."""
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _give(self, passed: _Passed) -> None:
        try:
            data = to_bytes(namespace.variable(passed.variable), passed.suffix)
        except UsageError as error:
            raise UsageError(f"--in {passed.variable}: {error}") from None
        if len(data) > _MOST:
            raise UsageError(f"--in {passed.variable} is larger than {size(_MOST)}; grant a folder with --dir instead")
        self._given.append((passed, len(data)))
        if passed.streamed:
            self.stdin = data
        else:
            (self._home() / passed.file).write_bytes(data)

    def _home(self) -> Path:
        if self._folder is None:
            self._folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=prefix_of("vars"))))
        return self._folder

    def _read(self, name: str) -> bytes:
        """Return a file that the guest made: itself, not what a link of that name leads to."""
        try:
            # Without waiting for whoever would hold the other end of a pipe.
            descriptor = os.open(self._home() / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(f"the guest left no file {FOLDER}/{name}: {error.strerror}") from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UsageError(f"the guest left something at {FOLDER}/{name} that is no file")
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_MOST + 1)


class Redirected:
    """Output of which stdout goes into a variable, and is not shown."""

    def __init__(self, output: Output, taken: bytearray) -> None:
        self._output = output
        self._taken = taken
        self.stderr = output.stderr
        self.display = output.display
        self.poll = output.poll
        self.flush = output.flush

    def stdout(self, data: bytes) -> None:
        """Keep what is there; of more than a variable may have, just enough to tell."""
        if len(self._taken) <= _MOST:
            self._taken += data


def variables_of(options: RunTraits) -> Variables | None:
    """Return the variables that the options name; None when they name none.

    Raises
    ------
    UsageError
        When a name is none, is there twice, or there is no such variable.
    """
    if not (options.ins or options.outs):
        return None
    ins, outs = (tuple(map(_passed, texts)) for texts in (options.ins, options.outs))
    for flag, side in (("--in", ins), ("--out", outs)):
        if sum(passed.streamed for passed in side) > 1:
            raise UsageError(f"there is one stream: of several {flag} only one can be without =FILE")
    for what in (
        [passed.variable for passed in outs],
        [passed.file for passed in (*ins, *outs) if not passed.streamed],
    ):
        twice = next((name for name in what if what.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"{twice} is named twice")
    try:
        return Variables(ins, outs)
    except OSError as error:
        raise UsageError(f"the variables cannot be put into files for the guest: {error.strerror or error}") from None


def _passed(text: str) -> _Passed:
    variable, given, file = text.partition("=")
    namespace.check_name(variable)
    if given and not (_FILE.fullmatch(file) or _FORMAT.fullmatch(file)):
        raise UsageError(
            f"{visible(file, 100)!r} is no name for a file of {FOLDER}: letters, digits, dots, - and _; "
            "or a format alone, as .json"
        )
    return _Passed(variable, file)
