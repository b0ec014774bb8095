"""Commands through the process interface against `subprocess.run` (``python -m benchmarks.process``).

Each side captures both outputs. Ours is the time in the guest, which has the whole stdout in its memory at the end.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence

from benchmarks.first_light import MIB, host_seconds
from benchmarks.runner import Row, finish, pairs, timed

_PAGE = 1 << 16
_GIB = 1 << 30
_TRUE = 40  # of these in a sample: one alone is over before a clock can tell it from noise


def rows() -> Iterator[Row]:
    """Measure each kind of command."""
    yield _compare("/bin/true", ("/bin/true",), goal=1.2, times=_TRUE, rounds=25)
    yield _compare("1 MiB of output", _zeros(MIB), goal=1.2, times=20, rounds=25, output=MIB)
    yield _compare("64 MiB of output", _zeros(64 * MIB), goal=1.0, output=64 * MIB)
    yield _compare("cat, 1 MiB in and out", ("cat",), goal=1.5, times=20, rounds=25, output=MIB, stdin=MIB)
    yield _compare("/bin/true, 1 GiB of guest memory in use", ("/bin/true",), goal=1.3, times=_TRUE, memory=_GIB)


def _zeros(size: int) -> tuple[str, ...]:
    return ("head", "-c", str(size), "/dev/zero")


def _compare(
    name: str,
    argv: tuple[str, ...],
    *,
    goal: float,
    times: int = 1,
    rounds: int = 15,
    output: int = 0,
    stdin: int = 0,
    memory: int = 0,
) -> Row:
    """Measure one command; `memory` is what the guest has in use besides, in bytes like all sizes here."""
    pages = memory // _PAGE or -(-max(output, stdin) // _PAGE) + 16
    data = b"\1" * stdin
    with host_seconds(argv[0], argv[1:], times, pages, stdin=stdin, fill=memory > 0) as ours:
        return pairs(
            f"{name}, against subprocess.run",
            ours,
            lambda: timed(lambda: [_plain(argv, data) for _ in range(times)]) / times,
            goal=goal,
            rounds=rounds,
        )


def _plain(argv: Sequence[str], data: bytes) -> None:
    subprocess.run(argv, input=data or None, capture_output=True, check=True)


def main() -> None:
    """Measure everything and print the table."""
    finish("process", list(rows()))


if __name__ == "__main__":
    main()
