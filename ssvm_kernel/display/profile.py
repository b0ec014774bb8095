"""Where a guest spent its time, as a table; and the file for the Firefox profiler (profiler.firefox.com)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.table import Table
from ssvm_kernel.display.text import duration

__all__ = ["FunctionShare", "Profile", "is_guest_profile"]

Item = TypeVar("Item")

_SHOWN: Final = 25
_MOST: Final = 64 << 20
"""Bytes of a profile: half a million samples take a third of that."""
_NAME: Final = 120
_FEW: Final = 20
_BAR: Final = 20
_RUST_HASH: Final = re.compile(r"::h[0-9a-f]{16}$")


class _Samples(msgspec.Struct):
    stack: list[int | None]


class _Stacks(msgspec.Struct):
    prefix: list[int | None]
    frame: list[int]


class _Frames(msgspec.Struct):
    func: list[int]


class _Functions(msgspec.Struct):
    name: list[int]


class _Thread(msgspec.Struct, rename="camel"):
    samples: _Samples
    stack_table: _Stacks
    frame_table: _Frames
    func_table: _Functions
    string_array: list[str]


class _File(msgspec.Struct):
    """What the worker sent: as much of the Firefox profiler's form as a table needs."""

    threads: list[_Thread]


class _Library(msgspec.Struct, rename="camel"):
    breakpad_id: str


class _Meta(msgspec.Struct, rename="camel"):
    preprocessed_profile_version: int


class _Head(msgspec.Struct):
    """What tells a guest's profile from others in the Firefox profiler's form."""

    meta: _Meta
    libs: list[_Library]
    threads: list[msgspec.Raw]


@dataclass(frozen=True)
class FunctionShare:
    """One function: samples in itself, samples in it and what it called, and its line in the cell (0: not known)."""

    name: str
    self_samples: int
    total_samples: int
    line: int = 0


@dataclass(frozen=True, repr=False)
class Profile:
    """Where a guest spent its time.

    Parameters
    ----------
    name, engine : str
        The guest, and what ran it.
    seconds : float
        How long it ran.
    samples : int
        How often it was looked at.
    functions : tuple of FunctionShare
        The one with the most samples of its own first.
    file : bytes
        The profile in the Firefox profiler's form.
    saved : str
        Where it was saved, empty when it was not.
    """

    name: str
    engine: str
    seconds: float
    samples: int
    functions: tuple[FunctionShare, ...]
    file: bytes = field(default=b"", repr=False)
    saved: str = ""

    @classmethod
    def read(
        cls,
        data: bytes,
        name: str,
        engine: str,
        seconds: float,
        lines: Mapping[str, int],
        names: Mapping[str, str] | None = None,
    ) -> Profile:
        """Return what a worker's profile says; it is not trusted.

        Parameters
        ----------
        data : bytes
            JSON in the Firefox profiler's form.
        name, engine, seconds
            As for the class.
        lines : mapping of str to int
            Lines of the cell, by function.
        names : mapping of str to str or None
            Better names for functions that the engine only numbers.

        Raises
        ------
        ValueError
            When it is no such profile.
        """
        if len(data) > _MOST:
            raise ValueError("the guest's process sent a profile that is none (it is too large)")
        try:
            (thread,) = msgspec.json.decode(data, type=_File).threads
            own, total = _count(thread)
            said = {func: _at(thread.string_array, _at(thread.func_table.name, func)) for func in total}
        except (msgspec.MsgspecError, ValueError, IndexError, RecursionError) as error:
            raise ValueError(f"the guest's process sent a profile that is none ({error})") from None
        known = names or {}
        shares = (
            FunctionShare(known.get(text, text), own[func], total[func], lines.get(text, 0))
            for func, text in said.items()
        )
        ordered = sorted(shares, key=lambda share: (-share.self_samples, -share.total_samples, share.name))
        return cls(name, engine, seconds, len(thread.samples.stack), tuple(ordered), data)

    def save(self, path: str | Path) -> None:
        """Write the profile for the Firefox profiler.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        Path(path).expanduser().write_bytes(self.file)

    def title(self) -> str:
        """Return what it is, and how much it is worth."""
        text = f"profile of {self.name}: {self.samples:,} samples in {duration(self.seconds)}, {self.engine}"
        if self.samples < _FEW:
            text += " (too few to tell: give the guest more to do)"
        if self.saved:
            text += f"; saved to {self.saved}, which https://profiler.firefox.com opens"
        return text

    def table(self) -> Table:
        """Return the functions with the largest shares."""
        known = any(share.line for share in self.functions)
        headers = ("self", "total", "", "function", *(("line of the cell",) if known else ()))
        rows = [self._row(share, known) for share in self.functions[:_SHOWN]]
        more = len(self.functions) - len(rows)
        if more > 0:
            rows.append(("", "", "", f"and {more:,} more functions", *(("",) if known else ())))
        return Table(self.title(), headers, rows)

    def _row(self, share: FunctionShare, known: bool) -> tuple[str, ...]:
        samples = max(1, self.samples)
        name = _RUST_HASH.sub("", share.name)
        name = name if len(name) <= _NAME else f"{name[:_NAME]}…"
        line = (str(share.line) if share.line else "",) if known else ()
        bar = "█" * round(_BAR * share.self_samples / samples)
        return (_percent(share.self_samples, samples), _percent(share.total_samples, samples), bar, name, *line)

    def bundle(self) -> Bundle:
        """Return the table in its forms."""
        table = self.table()
        return {"text/plain": repr(table), "text/html": table.html()}

    def data(self) -> dict[str, Any]:
        """Return samples and functions as JSON data."""
        return {"samples": self.samples, "functions": [asdict(share) for share in self.functions]}

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def is_guest_profile(data: bytes) -> bool:
    """Tell whether a file is the profile of a guest: machine code has an id for each library, a guest has none."""
    try:
        head = msgspec.json.decode(data, type=_Head)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return len(head.threads) == 1 and not any(library.breakpad_id.strip("0") for library in head.libs)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _count(thread: _Thread) -> tuple[Counter[int], Counter[int]]:
    """Return the samples in each function itself, and in it and what it called; recursion counts once.

    Raises
    ------
    IndexError
        For a table that refers to what is not there.
    """
    stacks = thread.stack_table
    children: list[list[int]] = [[] for _ in stacks.frame]
    roots: list[int] = []
    for node, prefix in enumerate(stacks.prefix):
        if prefix is None:
            roots.append(node)
        elif 0 <= prefix < node:  # so there is no way round in a circle
            children[prefix].append(node)
        else:
            raise IndexError("a stack that is its own caller")
    functions = [_at(thread.frame_table.func, frame) for frame in stacks.frame]
    here = Counter(stack for stack in thread.samples.stack if stack is not None)
    for stack in here:
        _at(stacks.frame, stack)
    below = [here[node] for node in range(len(functions))]
    for node in range(len(functions) - 1, -1, -1):
        caller = stacks.prefix[node]
        if caller is not None:
            below[caller] += below[node]
    return _own(here, functions), _total(roots, children, functions, below)


def _own(here: Mapping[int, int], functions: Sequence[int]) -> Counter[int]:
    own: Counter[int] = Counter()
    for node, count in here.items():
        own[functions[node]] += count
    return own


def _total(
    roots: Sequence[int], children: Sequence[Sequence[int]], functions: Sequence[int], below: Sequence[int]
) -> Counter[int]:
    """Walk the tree of stacks, and count a function where it is not on the stack already."""
    total: Counter[int] = Counter()
    active: Counter[int] = Counter()
    todo = [(node, True) for node in roots]
    while todo:
        node, enter = todo.pop()
        function = functions[node]
        if not enter:
            active[function] -= 1
            continue
        if not active[function]:
            total[function] += below[node]
        active[function] += 1
        todo.append((node, False))
        todo += [(child, True) for child in children[node]]
    return total


def _at(items: Sequence[Item], index: int) -> Item:
    """Return an item; a negative index is none."""
    if index < 0:
        raise IndexError("a negative index")
    return items[index]
