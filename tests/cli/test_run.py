"""`ssvm FILE` in processes of its own: streams, statuses, grants, denials, limits."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

from . import wat
from .conftest import START

MODULES = ["ssvm_process", "wasmedge_process"]


def test_output_goes_out_unchanged(ssvm, module):
    ended = ssvm(module(wat.HELLO))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"hello\n", b"err\n")


def test_run_may_be_said(ssvm, module):
    assert ssvm("run", "--engine", "interpreter", module(wat.HELLO)).stdout == b"hello\n"


@pytest.mark.parametrize("code", [0, 3, 200])
def test_the_guests_status(ssvm, module, code):
    ended = ssvm(module(wat.exits(code)))
    assert (ended.returncode, ended.stderr) == (code, b"")


def test_a_trap(ssvm, module):
    ended = ssvm(module(wat.TRAPS))
    assert (ended.returncode, ended.stdout) == (134, b"one\n")
    assert ended.stderr.startswith(b"ssvm: guest.wasm trapped: wasm `unreachable` instruction executed\n")


@pytest.mark.parametrize(
    ("wat_text", "code", "says"),
    [
        (wat.TRAPS, 134, "trapped: "),
        ('(module (import "env" "f" (func)) (func (export "_start")))', 1, "cannot be linked"),
    ],
)
def test_u30_a_files_name_does_not_act_on_the_terminal(ssvm, module, wat_text, code, says):
    ended = ssvm(module(wat_text, "\x1b]0;owned\x07\x1b[2J.wasm"))
    assert (ended.returncode, says in ended.stderr.decode()) == (code, True)
    assert not set(b"\x1b\x07") & set(ended.stderr)


def test_arguments_after_the_file_are_the_guests(ssvm, module):
    path = module(wat.ARGUMENTS, "name of it.wasm")
    ended = ssvm("--engine=jit", path, "--engine", "a b", "", "--", "é")
    assert ended.stdout == "name of it.wasm\0--engine\0a b\0\0--\0é\0".encode()


def test_a_file_that_looks_like_an_option(ssvm, module):
    module(wat.ARGUMENTS, "-x.wasm")
    assert ssvm("--", "-x.wasm", "1").stdout == b"-x.wasm\x001\0"


def test_an_argument_that_is_no_text(place, module):
    path = module(wat.ARGUMENTS)
    ended = subprocess.run([*START, path, b"\xff"], capture_output=True, cwd=place, check=False, timeout=60)
    assert ended.returncode == 1
    assert b"is not UTF-8" in ended.stderr


def test_the_environment_is_what_was_granted(ssvm, module):
    path = module(wat.ENVIRONMENT)
    ended = ssvm("--env", "A=1=2", "--env", "FROM_HERE", path, env={"FROM_HERE": "here", "SECRET": "no"})
    assert sorted(ended.stdout.split(b"\0")) == [b"", b"A=1=2", b"FROM_HERE=here"]
    assert ssvm(path, env={"SECRET": "no"}).stdout == b""


def test_a_folder_to_read_and_write(ssvm, module, place):
    data = place / "data"
    data.mkdir()
    assert ssvm("--dir", f".:{data}", module(wat.WRITES)).returncode == 0
    assert (data / "file.txt").read_text() == "written"
    assert ssvm("--dir", ".:data", module(wat.READS)).stdout == b"written"


def test_a_folder_to_read_only(ssvm, module, place):
    data = place / "data"
    data.mkdir()
    assert ssvm("--dir", f".:{data}:ro", module(wat.WRITES)).returncode != 0
    assert list(data.iterdir()) == []
    (data / "file.txt").write_text("there")
    assert ssvm("--dir", f".:{data}:ro", module(wat.READS)).stdout == b"there"


def test_no_folder_without_a_grant(ssvm, module, place):
    (place / "file.txt").write_text("there")
    ended = ssvm(module(wat.READS))
    assert (ended.returncode, ended.stdout) == (8, b"")  # EBADF: there is no descriptor 3


@pytest.mark.parametrize("prefix", MODULES)
def test_the_denial_byte_for_byte(ssvm, module, prefix):
    ended = ssvm(module(wat.commands(prefix, "echo", "hi")))
    assert ended.stdout == b""
    assert ended.stderr == (
        b'Permission denied: Command "echo" is not in the white list. Please use --allow-command=echo or '
        b'--allow-command-all to add "echo" command into the white list.\n'
    )
    assert ended.returncode == 255  # -1


@pytest.mark.parametrize(("prefix", "engine"), list(zip(MODULES, ["jit", "interpreter"], strict=True)))
def test_a_granted_command(ssvm, module, prefix, engine):
    path = module(wat.commands(prefix, "echo", "hi", "there"))
    ended = ssvm("--engine", engine, "--allow-command", "echo", path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"hi there\n", b"")


def test_a_folder_and_a_command(ssvm, module, place):
    (place / "seen").touch()
    ended = ssvm("--dir", ".:.", "--allow-command=ls", module(wat.commands("ssvm_process", "ls")))
    assert sorted(ended.stdout.split()) == [b"guest.wasm", b"seen"]


def test_only_what_was_granted(ssvm, module):
    path = module(wat.commands("ssvm_process", "echo", "hi"))
    assert ssvm("--allow-command", "echo no", "--allow-command", "ls", path).returncode == 255
    assert ssvm("--allow-command-all", path).stdout == b"hi\n"


def test_a_commands_status_reaches_the_guest(ssvm, module):
    path = module(wat.commands("ssvm_process", "sh", "-c", "echo bad >&2; exit 7"))
    ended = ssvm("--allow-command", "sh", path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, b"", b"bad\n")


@pytest.mark.parametrize("size", [0, 100_000, 3_000_000])
def test_stdin_as_it_is(ssvm, module, size):
    data = os.urandom(size)
    ended = ssvm(module(wat.CAT), stdin=data)
    assert (ended.returncode, ended.stdout == data) == (0, True)


def test_stdin_from_a_file_and_none_at_all(place, module):
    path = module(wat.CAT)
    (place / "in").write_bytes(bytes(range(256)) * 1000)
    with (place / "in").open("rb") as file:
        ended = subprocess.run([*START, path], stdin=file, capture_output=True, check=True, timeout=60)
    assert ended.stdout == bytes(range(256)) * 1000
    closed = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *START, path], capture_output=True, check=True, timeout=60)
    assert (closed.stdout, closed.stderr) == (b"", b"")


def test_stdin_streams(module):
    with subprocess.Popen(
        [*START, module(wat.CAT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        for line in (b"one\n", b"two\n"):
            process.stdin.write(line)
            assert process.stdout.read(4) == line  # before the end of the input
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_guest_that_cannot_read_leaves_stdin_alone(place, module):
    line = '"$@"; cat'
    ended = subprocess.run(
        ["sh", "-c", line, "sh", *START, module(wat.HELLO)], input=b"rest", capture_output=True, check=True, timeout=60
    )
    assert ended.stdout == b"hello\nrest"


def test_the_order_of_stdout_and_stderr_where_they_are_one(module):
    one, two = (
        "(call $print (i32.const 1) (i32.const 16) (i32.const 2))",
        "(call $print (i32.const 2) (i32.const 32) (i32.const 2))",
    )
    path = module(wat.guest((one + two) * 500, data='(data (i32.const 16) "a\\n") (data (i32.const 32) "b\\n")'))
    ended = subprocess.run([*START, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, timeout=60)
    assert ended.stdout == b"a\nb\n" * 500


def test_nobody_reads_the_output_any_more(module):
    with subprocess.Popen([*START, module(wat.FLOOD)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert len(process.stdout.read(1000)) == 1000
        process.stdout.close()
        assert process.wait(60) == -signal.SIGPIPE
        assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_guest_and_command(module, number):
    seconds = f"60.{os.getpid()}{number:d}"  # for as long nobody else on this machine sleeps, nor the other test
    path = module(wat.commands("ssvm_process", "sleep", seconds))
    command = [*START, "--allow-command", "sleep", path]
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        until(lambda: sleeping(seconds))
        process.send_signal(number)
        assert process.wait(60) == -number
        assert process.stderr.read() == b""
    until(lambda: not sleeping(seconds))


def sleeping(seconds: str) -> bool:
    return subprocess.run(["pgrep", "-xf", f"sleep {seconds}"], capture_output=True, check=False).returncode == 0


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_time_is_over(ssvm, module):
    ended = ssvm("--time-limit", "200", module(wat.ENDLESS))
    assert ended.returncode == 134
    assert ended.stderr == b"ssvm: the guest was ended: it ran for 0.2 s (--time-limit sets this limit)\n"


def test_the_gas_is_over(ssvm, module):
    ended = ssvm("--gas-limit", "10000", module(wat.ENDLESS))
    assert (ended.returncode, ended.stderr) == (134, b"ssvm: Cost exceeded limit. Force terminate the execution.\n")
    assert ssvm("--gas-limit", "10000", module(wat.HELLO)).returncode == 0


def test_the_pages_are_over(ssvm, module):
    path = module(wat.TOO_LARGE)
    assert ssvm("--memory-page-limit", "3", path).returncode == 0
    ended = ssvm("--memory-page-limit", "2", path)
    assert ended.returncode == 1
    assert b"--memory-page-limit" in ended.stderr


def test_statistics(ssvm, module):
    path = module(wat.commands("ssvm_process", "sleep", "0.05"))
    ended = ssvm("--enable-all-statistics", "--allow-command", "sleep", path)
    lines = [re.sub(r"^\[[\d-]{10} [\d:.]{12}\] \[info\] ", "", line) for line in ended.stderr.decode().splitlines()]
    assert lines[0] == "====================  Statistics  ===================="
    assert lines[-1] == "=======================   End   ======================"
    values = {name.strip(): int(value.split()[0]) for name, _, value in (line.partition(": ") for line in lines[1:-1])}
    total, guest, host = (values[f"{name} execution time"] for name in ("Total", "Wasm instructions", "Host functions"))
    assert total == guest + host
    assert host >= 50_000_000
    assert values["Executed wasm instructions count"] == values["Gas costs"] > 10
    assert values["Instructions per second"] > 0
    assert len(values) == 6


def test_a_part_of_the_statistics(ssvm, module):
    text = ssvm("--enable-gas-measuring", module(wat.HELLO)).stderr.decode()
    assert "Gas costs: " in text
    assert "time" not in text


def test_all_at_once_for_old_command_lines(ssvm, module):
    words = ["--enable-bulk-memory", "--enable-reference-types", "--enable-simd", "--enable-all"]
    assert ssvm(*words, module(wat.HELLO)).stdout == b"hello\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "usage: ssvm"),
        (("--tim-limit", "1", "x.wasm"), "there is no option --tim-limit; did you mean --time-limit?"),
        (("--output-limit", "1", "x.wasm"), "there is no option --output-limit"),
        (("--engine", "fast", "x.wasm"), "--engine does not take 'fast'"),
        (("none.wasm",), "none.wasm cannot be read: No such file"),
        (("rnu", "x.wasm"), "rnu cannot be read: No such file or directory; did you mean ssvm run?"),
        (("n" * 300,), "cannot be read: File name too long"),
        (("x.wasm/rnu",), "cannot be read: Not a directory"),
        (("ledger",), "No such file or directory; %ssvm ledger is a command of notebooks"),
        (("doctor", "x"), "x is one word too many; usage: ssvm doctor"),
        (("text.wat",), "text.wat is not a WebAssembly module"),
        (("broken.wasm",), "the module cannot be loaded"),
        (("alien.wasm",), "the module cannot be linked"),
        (("elf.so",), "elf.so is refused: it is machine code"),
        (("--dir", "a:b:c:d", "x.wasm"), "--dir"),
        (("--allow-command", "no-such-program-here", "reactor.wasm"), "no-such-program-here"),
        (("reactor.wasm",), "exports no function _start"),
    ],
)
def test_what_cannot_be_run(ssvm, module, place, words, text):
    module(wat.REACTOR, "reactor.wasm")
    module(wat.HELLO, "x.wasm")
    module('(module (import "env" "f" (func)) (func (export "_start")))', "alien.wasm")
    (place / "text.wat").write_text("(module)")
    (place / "broken.wasm").write_bytes(b"\0asm\1\0\0\0\xff\xff")
    (place / "elf.so").write_bytes(b"\x7fELF\2\1\1")
    ended = ssvm(*words)
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert text in ended.stderr.decode()
    assert ended.stderr.startswith(b"ssvm: ")
    assert b"Traceback" not in ended.stderr


def test_doctor(ssvm):
    ended = ssvm("doctor")
    text = ended.stdout.decode()
    assert (ended.returncode, ended.stderr) == (0, b"")
    for part in (
        "files (Landlock)",
        "system calls (seccomp)",
        "engine interpreter",
        "language wat",
        "in this terminal",
    ):
        assert part in text
    assert "Traceback" not in text


def test_compilers_and_cache(ssvm):
    assert "languages of cells" in ssvm("toolchains").stdout.decode()
    warmed = ssvm("warm", "wat")
    assert (warmed.returncode, warmed.stderr) == (0, b"")
    assert "wat" in warmed.stdout.decode()
    assert ssvm("cache", "--clear").stdout.startswith(b"removed ")
    unknown = ssvm("warm", "cobol")
    assert (unknown.returncode, unknown.stdout) == (1, b"")
    assert unknown.stderr.startswith(b"ssvm: unknown language")


def test_help_of_each_command(ssvm):
    for command in ("run", "compile", "inspect", "doctor", "toolchains", "warm", "cache"):
        shown = ssvm(command, "--help")
        assert (shown.returncode, shown.stderr) == (0, b"")
        assert shown.stdout.startswith(b"usage: ssvm")
    assert ssvm("inspect", "--engine", "jit", "x").returncode == 1


def test_help_and_version(ssvm):
    shown = ssvm("--help")
    assert shown.returncode == 0
    for option in ("--dir GUEST:HOST[:ro]", "--memory-page-limit N", "--reactor", "ssvm compile", "ssvm inspect"):
        assert option in shown.stdout.decode()
    assert "--no-raise" not in shown.stdout.decode()
    assert re.fullmatch(rb"ssvm \d+\.\d+\.\d+\S* \(wasmtime \S+\)\n", ssvm("-v").stdout)
