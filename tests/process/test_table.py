"""Both tables, of exit codes and of resets, on the real way: a locked worker, the broker, real commands; both engines.

`test_process.py` has the interface's own rules, in this process; here is what only all parts together can break.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest
import wasmtime

from ssvm_kernel.deciders.chain import DeciderChain
from ssvm_kernel.deciders.nobody import NobodyDecider
from ssvm_kernel.errors import SsvmError
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.pipes import Pipes
from ssvm_kernel.host.process import MAX_ARGUMENT_BYTES, denied_reply
from ssvm_kernel.options import RunTraits
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.session import Session
from tests.host.approving import children, wait_gone
from tests.process.conftest import ENGINES, PREFIXES
from tests.process.script import Step, Told, block, reports, script, texts

MIB = 1 << 20
RUN: Step = ("run",)


class Printed:
    """Keeps what a guest prints; it must print nothing to stderr."""

    def __init__(self) -> None:
        self.data = bytearray()

    def stdout(self, data: bytes) -> None:
        self.data += data

    def stderr(self, data: bytes) -> None:
        raise AssertionError(data)

    def poll(self) -> float | None:
        return None

    def flush(self) -> None:
        pass


class Real:
    """A session without a front end, and one engine."""

    def __init__(self, session: Session, engine: str) -> None:
        self.session = session
        self.engine = engine
        self.prefix = "ssvm_process"
        self.around: Callable[[int], object] = lambda number: None

    def __call__(self, *steps: Step, **options: object) -> list[Told]:
        """Run a guest that makes these calls; all commands are granted unless other options are given."""
        guest = Guest("guest", bytes(wasmtime.wat2wasm(script(*steps, prefix=self.prefix))))
        printed = Printed()
        with Prepared(self.session.grants, guest, RunTraits(**(options or {"allow_command_all": True}))) as prepared:
            prepared.context.surface = None
            handle = self.session.runtime.broker.handler(prepared.context)
            count = 0

            def handler(*call: object) -> None:
                nonlocal count
                self.around(count)
                count += 1
                handle(*call)

            outcome = self.session.runtime.runner.run(prepared.job(self.engine), printed, handler, prepared.deadline())
        assert outcome.trap is None, outcome.trap
        assert outcome.exit_code == 0
        self.commands = prepared.context.commands
        return reports(bytes(printed.data))

    def one(self, *steps: Step, **options: object) -> Told:
        """Run one command."""
        (told,) = self(*steps, RUN, **options)
        assert told.code == told.exit_code
        return told

    @property
    def outcome(self) -> dict[str, object]:
        """The last line of the ledger."""
        return self.session.ledger.rows()[-1]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        session = Session(DeciderChain([NobodyDecider()]))
        yield session
        session.close()


@pytest.fixture(params=ENGINES)
def real(request: pytest.FixtureRequest, session: Session) -> Real:
    return Real(session, request.param)


def sh(command: str) -> list[Step]:
    return texts("sh", "-c", command)


# Exit codes


def test_every_kind_of_exit_status(real):
    statuses = (0, 1, 127, 128, 200, 255)
    told = real(*(step for status in statuses for step in [*sh(f"echo o; echo e >&2; exit {status}"), RUN]))
    expected = [status if status < 128 else status - 256 for status in statuses]
    assert told == [Told(code, code, b"o\n", b"e\n") for code in expected]
    assert [line.ended for line in real.commands] == [f"exit {status}" for status in statuses]


def test_p19_a_signal_is_0_to_the_guest_and_named_to_the_person(real):
    assert real.one(*sh("echo o; kill -9 $$")) == Told(0, 0, b"o\n", b"")
    assert (real.commands[0].ended, real.outcome["signal"]) == ("killed by SIGKILL", "SIGKILL")


def test_a_signal_as_128_and_its_number_where_that_is_wanted(real):
    told = real.one(*sh("kill -9 $$"), allow_command_all=True, signal_codes=True)
    assert told.code == 137
    assert (real.commands[0].ended, real.outcome["signal"]) == ("killed by SIGKILL", "SIGKILL")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_denied_in_the_exact_words_and_the_inputs_are_gone(real, prefix):
    real.prefix = prefix
    told = real(*texts("rm", "-rf"), ("add_stdin", b"x"), RUN, *texts("echo", "after"), RUN, allow_command=["echo"])
    assert told[0] == Told(-1, -1, b"", denied_reply(b"rm").stderr)
    assert told[0].stderr == (
        b'Permission denied: Command "rm" is not in the white list. Please use --allow-command=rm or '
        b'--allow-command-all to add "rm" command into the white list.\n'
    )
    assert told[1] == Told(0, 0, b"after\n", b"")


def test_what_cannot_be_executed(real, tmp_path):
    (tmp_path / "plain").write_text("no program")
    (tmp_path / "broken").write_bytes(b"\x7fELF nothing")
    (tmp_path / "broken").chmod(0o755)
    names = ["no-such-program-anywhere", str(tmp_path / "plain"), str(tmp_path / "broken")]
    told = real(*(step for name in names for step in [*texts(name, "arg"), RUN]), *texts("echo", "after"), RUN)
    words = [b"Command not found.\n", b"Permission denied.\n", b"Unknown error.\n"]
    assert told == [*(Told(-1, -1, b"", text) for text in words), Told(0, 0, b"after\n", b"")]


def test_timeout_takes_the_grandchildren_along_and_keeps_the_output(real):
    told = real(
        ("set_timeout", 2000),
        *sh("sleep 1000 & echo $!; (sleep 1000 & echo $!; wait) & echo err >&2; sleep 1000"),
        RUN,
        *texts("echo", "after"),
        RUN,
    )
    assert (told[0].code, told[0].exit_code, told[0].stderr) == (110, 110, b"err\n")
    pids = [int(word) for word in told[0].stdout.split()]
    assert len(pids) == 2
    assert all(wait_gone(pid) for pid in pids)
    assert real.commands[0].ended == "timed out"
    assert told[1] == Told(0, 0, b"after\n", b"")


def test_a_grandchild_that_holds_the_pipes_ends_with_the_time(real):
    told = real.one(("set_timeout", 2000), *sh("sleep 1000 & echo $!; exit 4"))
    assert told.code == 4
    assert wait_gone(int(told.stdout))


def test_a_status_that_somebody_else_took_is_22(real):
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        told = real.one(*texts("sleep", "0.1"))
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert told == Told(22, 22, b"", b"")


# What the person is told


def test_bytes_status_and_time_are_in_the_report_and_in_the_ledger(real):
    real.one(("add_stdin", b"12345"), *sh("cat; cat; echo oh >&2; sleep 0.05; exit 200"))
    (line,) = real.commands
    assert (line.stdin_bytes, line.stdout_bytes, line.stderr_bytes, line.ended) == (5, 5, 3, "exit 200")
    assert 0.05 <= line.seconds < 60
    assert line.state.startswith("exit 200 · ")
    assert line.state.endswith(" · 5 B out · 3 B err · 5 B in")
    row = real.outcome
    assert [row[f"{name}_bytes"] for name in ("stdin", "stdout", "stderr")] == [5, 5, 3]
    assert (row["outcome"], row["status"], row["argv"][0]) == ("exited", 200, "sh")
    assert 50 <= row["ms"] < 60_000


# Resets


@contextmanager
def few_descriptors() -> Iterator[Callable[[int], None]]:
    """Give a function that leaves this process no descriptor for its second command, and three for the third.

    A process needs six.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def around(number: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        gc.collect()  # or a collection could give some back in between
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, ({1: lowest, 2: lowest + 3}.get(number, soft), hard))

    try:
        yield around
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_process_at_all_keeps_the_inputs_for_the_next_run(real, monkeypatch):
    monkeypatch.setattr(Pipes, "prepare", lambda _: None)  # or there would be descriptors for one more
    steps = [("add_stdin", b"in"), ("add_env", b"A", b"1"), *sh('cat; echo " $A"')]
    with few_descriptors() as real.around:
        told = real(*texts("true"), RUN, *steps, RUN, RUN, RUN, RUN, allow_command_all=True, allow_command_env=["A"])
    assert told[1:3] == [Told(-1, -1, b"", b"")] * 2
    assert [line.ended for line in real.commands[1:3]] == ["Too many open files"] * 2
    assert told[3] == Told(0, 0, b"in 1\n", b"")
    assert told[4].code == -1  # nothing is left of them


def test_a_run_resets_the_inputs_and_keeps_the_outputs(real):
    told = real(
        ("set_timeout", 200_000),
        ("add_env", b"A", b"1"),
        ("add_env", b"A", b"2"),
        ("add_stdin", b"one "),
        ("add_stdin", b"two\n"),
        ("set_prog_name", b"s"),
        ("set_prog_name", b"h"),
        ("add_arg", b"-c"),
        ("add_arg", b"cat; env; exit 3"),
        RUN,
        *sh("cat; env | grep -v ^PWD=; :"),
        RUN,
        allow_command_all=True,
        allow_command_env=["A"],
    )
    assert told[0].code == 3
    assert told[0].stdout.startswith(b"one two\n")
    assert b"\nA=1\n" in told[0].stdout
    assert b"A=" not in told[1].stdout
    assert b"one" not in told[1].stdout


# Data


def test_p16_8_mib_both_ways(real):
    told = real.one(("add_pattern", 8 * MIB), *texts("cat"))
    assert told.code == 0
    assert told.stdout == block(8 * MIB)
    outcome = real.outcome
    assert (outcome["stdin_bytes"], outcome["stdout_bytes"], outcome["stderr_bytes"]) == (8 * MIB, 8 * MIB, 0)


def test_8_mib_to_stdout_and_to_stderr_before_any_of_8_mib_is_read(real):
    told = real.one(("add_pattern", 8 * MIB), *sh("head -c 8388608 /dev/zero; head -c 8388608 /dev/zero >&2; wc -c"))
    assert (told.code, told.stdout[: 8 * MIB], told.stderr) == (0, bytes(8 * MIB), bytes(8 * MIB))
    assert told.stdout[8 * MIB :].strip() == b"8388608"


def test_p36_children_that_close_early(real):
    """Each gets 1 MiB of stdin: one reads nothing of it, one a little, one closes its outputs and reads all."""
    commands = ["exit 5", "head -c 1000 >/dev/null; echo enough", "exec >&- 2>&-; cat >/dev/null; exit 6"]
    told = real(*(step for command in commands for step in [("add_pattern", MIB), *sh(command), RUN]))
    assert told == [Told(5, 5, b"", b""), Told(0, 0, b"enough\n", b""), Told(6, 6, b"", b"")]


def test_with_a_gibibyte_of_guest_memory(real):
    told = real(("fill_memory", 1 << 30), ("add_pattern", MIB), *texts("cat"), RUN, *sh("exit 9"), RUN)
    assert told == [Told(0, 0, block(MIB), b""), Told(9, 9, b"", b"")]


def test_the_longest_command_is_one_that_cannot_be_started(real):
    size = MAX_ARGUMENT_BYTES - len("true")
    told = real(("fill_memory", 16 * MIB), *texts("true"), ("add_arg", 2 * MIB, size), RUN)
    assert told == [Told(-1, -1, b"", b"Unknown error.\n")]


def test_1000_in_a_row_leave_nothing(real, monkeypatch):
    """No descriptor, zombie or memory is left, in the kernel and in the worker; each prints 100 kB."""
    own, seen, workers = psutil.Process(), [], []
    others = children()
    pool = real.session._pool
    take = pool.take
    monkeypatch.setattr(pool, "take", lambda *args: workers.append(take(*args)) or workers[-1])

    def around(number: int) -> None:
        if number in (50, 1000):
            gc.collect()
            both = own, psutil.Process(workers[-1].pid)
            seen.append([(process.num_fds(), process.memory_info().rss) for process in both])

    real.around = around
    command = [("set_prog_name", b"head"), ("add_arg", b"-c"), ("add_arg", b"100000"), ("add_arg", b"/dev/zero")]
    told = real(("repeat", 1000, *command, ("run_quietly",)), *texts("true"), RUN)
    assert told == [Told(0, 0, b"", b"")]
    assert [line.ended for line in real.commands] == ["exit 0"] * 1001
    assert {line.stdout_bytes for line in real.commands[:-1]} == {100_000}
    for (descriptors, memory), (descriptors_later, memory_later) in zip(*seen, strict=True):
        assert descriptors_later <= descriptors
        assert memory_later - memory < 16 * MIB
    left = []
    for pid in children() - others:
        with suppress(psutil.NoSuchProcess):
            left.append((psutil.Process(pid).name(), psutil.Process(pid).status()))
    assert [item for item in left if item[0] == "head" or item[1] == psutil.STATUS_ZOMBIE] == []


def test_no_room_for_the_folder_of_commands(real, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(SsvmError, match=r"no empty folder can be made .*: No such file .*--dir \.:HOST"):
        real.one(*texts("true"))
    monkeypatch.undo()
    assert real.one(*texts("true")).code == 0  # the next run is not hurt
