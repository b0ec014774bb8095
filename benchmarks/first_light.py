"""The figures of one cell: first output, commands, guest speed, interrupt (``python -m benchmarks.first_light``)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import wasmtime

from benchmarks.guests import FIB, HELLO, LOOP, SIEVE, command_guest
from benchmarks.live_kernel import running_kernel
from benchmarks.runner import Row, absolute, finish, pairs, timed
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.session import Session

TIMES = 40
MIB = 1 << 20


def notebook() -> Iterator[Row]:
    """Measure cells of a real kernel."""
    with running_kernel() as kernel:
        hello = f"%%ssvm wat\n{HELLO}"
        yield pairs(
            'cached hello cell to first output, against print("hello")',
            lambda: kernel.first_output(hello),
            lambda: kernel.first_output('print("hello")'),
            goal=1.3,
            rounds=60,
            warmup=10,
        )
        yield absolute(
            "interrupt of an endless loop, to idle",
            lambda: kernel.interrupt_to_idle(f"%%ssvm wat\n{LOOP}"),
            goal=150,
        )


@contextmanager
def host_seconds(
    program: str, args: tuple[str, ...], times: int, pages: int, *, stdin: int = 0, fill: bool = False
) -> Iterator[Callable[[], float]]:
    """Give a function that runs a command through a guest and returns the guest's milliseconds for one of `times`."""
    session = Session()
    options = RunTraits(allow_command=[program])
    text = command_guest(program, args, times=times, pages=pages, stdin=stdin, fill=fill)
    guest = Guest("bench", bytes(wasmtime.wat2wasm(text)))

    def sample() -> float:
        with Prepared(session.grants, guest, options) as prepared:
            prepared.context.surface = None
            outcome = session.runtime.runner.run(
                prepared.job("jit"), Unseen(), session.runtime.broker.handler(prepared.context)
            )
        assert outcome.exit_code == 0, outcome
        return outcome.run * 1e3 / times

    try:
        yield sample
    finally:
        session.close()


def commands() -> Iterator[Row]:
    """Measure the process interface against `subprocess.run`."""
    with host_seconds("/bin/true", (), TIMES, 16) as ours:
        yield pairs(
            "/bin/true through the guest, against subprocess.run",
            ours,
            lambda: timed(lambda: [_plain(["/bin/true"]) for _ in range(TIMES)]) / TIMES,
            goal=1.2,
            rounds=75,
        )
    size = 64 * MIB
    head = ("head", "-c", str(size), "/dev/zero")
    with host_seconds(head[0], head[1:], 1, 1100) as ours:
        yield pairs(
            "64 MiB of command output to the guest, against subprocess.run",
            ours,
            lambda: timed(lambda: _plain(head)),
            goal=1.0,
        )


def _plain(argv: Sequence[str]) -> None:
    subprocess.run(argv, capture_output=True, check=True)


def guest_speed() -> Iterator[Row]:
    """Measure guest code in our worker against the same module in bare wasmtime."""
    for name, text in (("fib 32", FIB), ("sieve", SIEVE)):
        wasm = bytes(wasmtime.wat2wasm(text))
        session = Session()
        with Prepared(session.grants, Guest(name, wasm), RunTraits()) as prepared:
            handler = session.runtime.broker.handler(prepared.context)
            yield pairs(
                f"JIT guest, {name}, against bare wasmtime-py",
                lambda p=prepared, h=handler, s=session: s.runtime.runner.run(p.job("jit"), Unseen(), h).run * 1e3,
                _bare(wasm),
                goal=1.02,
                rounds=21,
            )
        session.close()


def _bare(wasm: bytes) -> Callable[[], float]:
    engine = wasmtime.Engine()
    module = wasmtime.Module(engine, wasm)

    def sample() -> float:
        store = wasmtime.Store(engine)
        start = wasmtime.Instance(store, module, []).exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        return timed(lambda: start(store))

    return sample


class Unseen:
    """Output that goes nowhere."""

    def stdout(self, data: bytes) -> None:
        """Drop bytes."""

    def stderr(self, data: bytes) -> None:
        """Drop bytes."""

    def poll(self) -> float | None:
        """Have nothing to show."""
        return None

    def flush(self) -> None:
        """Have nothing to show."""


def main() -> None:
    """Measure everything and print the table."""
    finish("first_light", [*notebook(), *commands(), *guest_speed()])


if __name__ == "__main__":
    main()
