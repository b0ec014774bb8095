"""The table of `process interface` behaviour, row by row, with real guests and real commands, in both engines."""

from __future__ import annotations

import os
import time

import pytest
import wasmtime

from ssvm_kernel.errors import GuestExit, GuestTrap
from ssvm_kernel.host import process
from ssvm_kernel.host.execute import CompletionKind
from ssvm_kernel.host.hostfunc import GuestMemory
from ssvm_kernel.host.process import (
    CommandCall,
    CommandReply,
    ProcessState,
    StoredBytes,
    bind_process_interface,
    denied_reply,
    exec_failed_reply,
)
from ssvm_kernel.sandbox import protocol, wire

from .conftest import PREFIXES, TYPES, Guest, guest_wat

# Codes and messages


@pytest.mark.parametrize(
    ("status", "code"), [(0, 0), (1, 1), (42, 42), (127, 127), (128, -128), (200, -56), (254, -2), (255, -1)]
)
def test_exit_status(guest, host, status, code):
    assert guest.run(b"sh", b"-c", b"echo out; echo err >&2; exit %d" % status) == code
    assert guest.exit_code == code
    assert (guest.stdout, guest.stderr) == (b"out\n", b"err\n")
    assert (host.completed[0].kind, host.completed[0].status) == (CompletionKind.EXITED, status)


@pytest.mark.parametrize("number", [9, 11, 15])
def test_p19_killed_by_a_signal_is_0_and_the_host_knows_better(guest, host, number):
    assert guest.run(b"sh", b"-c", b"echo out; kill -%d $$" % number) == 0
    assert (guest.exit_code, guest.stdout) == (0, b"out\n")
    assert (host.completed[0].kind, host.completed[0].status) == (CompletionKind.SIGNALLED, number)


def test_killed_by_a_signal_with_the_option(guest, host):
    host.signals = True
    assert guest.run(b"sh", b"-c", b"kill -9 $$") == 137


def test_denied(engine, prefix):
    guest = Guest(engine, guest_wat(prefix), lambda call: denied_reply(call.name))
    assert guest.run(b"rm -rf", b"/") == -1
    assert guest.exit_code == -1
    assert guest.stdout == b""
    assert guest.stderr == (
        b'Permission denied: Command "rm -rf" is not in the white list. Please use --allow-command=rm -rf or '
        b'--allow-command-all to add "rm -rf" command into the white list.\n'
    )
    guest.run()
    assert guest.stderr == denied_reply(b"").stderr  # the inputs were reset


def test_not_found(guest):
    assert guest.run(b"no-such-program-anywhere") == -1
    assert (guest.stdout, guest.stderr, guest.exit_code) == (b"", b"Command not found.\n", -1)


def test_not_executable(guest, host, tmp_path):
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o644)
    host.files[b"tool"] = str(tool)
    assert guest.run(b"tool") == -1
    assert (guest.stdout, guest.stderr) == (b"", b"Permission denied.\n")


def test_another_error_of_exec(guest, host, tmp_path):
    tool = tmp_path / "tool"
    tool.write_bytes(b"\x7fELF nothing")
    tool.chmod(0o755)
    host.files[b"tool"] = str(tool)
    assert guest.run(b"tool") == -1
    assert (guest.stdout, guest.stderr) == (b"", b"Unknown error.\n")


def test_timeout_is_110_with_the_output_so_far(guest, host):
    guest.call("set_timeout", 1000)
    started = time.monotonic()
    assert guest.run(b"sh", b"-c", b"echo early; echo err >&2; sleep 1000") == 110
    assert time.monotonic() - started >= 1.0
    assert (guest.exit_code, guest.stdout, guest.stderr) == (110, b"early\n", b"err\n")
    assert host.completed[0].kind is CompletionKind.TIMED_OUT


def test_wait_error_is_22(engine):
    guest = Guest(engine, guest_wat(), lambda _: CommandReply(22))
    assert (guest.run(b"x"), guest.exit_code) == (22, 22)


def test_no_process_at_all_keeps_the_inputs(engine, prefix):
    replies = [CommandReply(-1, keep_inputs=True), CommandReply(0)]
    calls: list[CommandCall] = []
    guest = Guest(engine, guest_wat(prefix), lambda call: (calls.append(call), replies[len(calls) - 1])[1])
    guest.add_env(b"A", b"1")
    guest.add_stdin(b"in")
    guest.call("set_timeout", 5)
    assert guest.run(b"tool", b"arg") == -1
    assert (guest.stdout, guest.stderr, guest.exit_code) == (b"", b"", -1)
    assert guest.run() == 0
    assert calls == [CommandCall(b"tool", (b"arg",), ((b"A", b"1"),), 5, b"in")] * 2


# Inputs


def test_p14_the_name_accumulates_and_one_object_says_what_it_is(guest, host):
    guest.set_prog_name(b"ec")
    guest.set_prog_name(b"ho")
    guest.add_arg(b"-n", b"", b"two words", b"\xff\xfe")
    assert guest.run() == 0
    assert guest.stdout == b" two words \xff\xfe"
    assert host.calls[0].name == b"echo"


def test_the_environment_is_what_was_added_and_the_first_value_wins(guest):
    guest.add_env(b"A", b"first")
    guest.add_env(b"A", b"second")
    guest.add_env(b"EMPTY", b"")
    guest.add_env(b"RAW", b"\xff = ")
    assert guest.run(b"env", b"-0") == 0
    assert guest.stdout == b"A=first\0EMPTY=\0RAW=\xff = \0"


def test_stdin_accumulates_and_is_binary(guest):
    guest.add_stdin(b"")
    guest.add_stdin(b"a\0b")
    guest.add_stdin(bytes(range(256)))
    guest.add_stdin(b"")
    guest.add_stdin(b"\n")
    assert guest.run(b"cat") == 0
    assert guest.stdout == b"a\0b" + bytes(range(256)) + b"\n"


def test_the_timeout_is_10_seconds_and_is_that_again_after_each_run(guest, host):
    guest.run(b"true")
    guest.call("set_timeout", 2**32 - 1)
    guest.run(b"true")
    guest.run(b"true")
    assert [call.timeout_ms for call in host.calls] == [10_000, 2**32 - 1, 10_000]


def test_all_inputs_are_reset_by_a_run(guest, host):
    guest.add_env(b"A", b"1")
    guest.add_stdin(b"in")
    guest.run(b"cat", b"-")
    guest.run(b"true")
    assert host.calls == [
        CommandCall(b"cat", (b"-",), ((b"A", b"1"),), 10_000, b"in"),
        CommandCall(b"true", (), (), 10_000, b""),
    ]


def test_inputs_are_reset_after_a_denial_too(engine):
    calls: list[CommandCall] = []
    guest = Guest(engine, guest_wat(), lambda call: (calls.append(call), denied_reply(call.name))[1])
    guest.run(b"a", b"b")
    guest.run(b"c")
    assert [(call.name, call.args) for call in calls] == [(b"a", (b"b",)), (b"c", ())]


# Outputs


def test_before_any_run_everything_is_0_and_empty(guest):
    assert (guest.exit_code, guest.stdout, guest.stderr) == (0, b"", b"")


def test_outputs_can_be_read_again_and_stay_until_the_next_run(guest):
    guest.run(b"sh", b"-c", b"echo out; echo err >&2; exit 3")
    for _ in range(2):
        guest.set_prog_name(b"true")
        assert (guest.exit_code, guest.stdout, guest.stderr) == (3, b"out\n", b"err\n")
    guest.call("run")  # "truetrue": there is no such program
    assert (guest.exit_code, guest.stdout, guest.stderr) == (-1, b"", b"Command not found.\n")
    guest.run(b"true")
    assert (guest.exit_code, guest.stdout, guest.stderr) == (0, b"", b"")


def test_while_a_command_runs_the_code_is_minus_1_and_the_outputs_are_empty(engine):
    seen = []

    def run(call: CommandCall) -> CommandReply:
        state = guest.state
        seen.append((state.exit_code, state.stdout, state.stderr, call.name))
        return CommandReply(7, b"out", b"err")

    guest = Guest(engine, guest_wat(), run)
    guest.run(b"a")
    guest.run(b"b")
    assert seen == [(-1, b"", b"", b"a"), (-1, b"", b"", b"b")]


def test_outputs_are_binary_and_large_ones_come_from_a_file(guest, host):
    data = os.urandom(3 << 20)
    guest.add_stdin(data)
    guest.run(b"sh", b"-c", b"cat; printf 'a\\0b' >&2")
    assert isinstance(guest.state.stdout, StoredBytes)
    assert (guest.stdout == data, guest.stderr) == (True, b"a\0b")
    assert guest.stdout == data


def test_p16_8_mib_both_ways(guest):
    data = os.urandom(8 << 20)
    guest.add_stdin(data)
    assert guest.run(b"cat") == 0
    assert guest.stdout == data


def test_p36_8_mib_for_a_program_that_does_not_read(guest):
    guest.add_stdin(bytes(8 << 20))
    assert guest.run(b"true") == 0


def test_p23_output_over_the_limit_is_cut(guest, host):
    host.output_bytes = 100_000
    assert guest.run(b"head", b"-c", b"1000000", b"/dev/zero") == 0
    assert guest.stdout == bytes(100_000)


def test_the_file_of_a_large_output_is_closed_by_the_next_run_and_by_close(guest):
    for end in (lambda: guest.run(b"true"), guest.state.close):
        guest.run(b"head", b"-c", b"1000000", b"/dev/zero")
        stored = guest.state.stdout
        assert isinstance(stored, StoredBytes)
        fileno = stored.fileno
        os.fstat(fileno)
        end()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fileno)


# State and names


def test_both_names_share_one_state(engine, host):
    imports = "".join(
        f'(import "{prefix}" "{prefix}_{name}" (func ${prefix}_{name} {TYPES[name]}))'
        for prefix in PREFIXES
        for name in ("set_prog_name", "add_arg", "run", "get_stdout_len", "get_exit_code")
    )
    wat = f"""(module {imports} (memory (export "memory") 1) (data (i32.const 8) "echo")
      (func (export "go") (result i32)
        (call $ssvm_process_set_prog_name (i32.const 8) (i32.const 2))
        (call $wasmedge_process_set_prog_name (i32.const 10) (i32.const 2))
        (call $ssvm_process_add_arg (i32.const 8) (i32.const 3))
        (drop (call $wasmedge_process_run))
        (call $ssvm_process_get_stdout_len)))"""
    guest = Guest(engine, wat, host)
    assert guest.call("go") == len("ech\n")


def test_each_instance_has_its_own_state(engine, host):
    one, other = (Guest(engine, guest_wat(), host) for _ in range(2))
    one.set_prog_name(b"echo")
    other.run(b"sh", b"-c", b"exit 5")
    assert (one.run(), one.exit_code, other.exit_code) == (0, 0, 5)


def test_the_types_are_the_interfaces_own(engine, prefix, host):
    for name in TYPES:
        wat = f'(module (import "{prefix}" "{prefix}_{name}" (func (param i64))))'
        with pytest.raises(wasmtime.WasmtimeError, match="incompatible import type"):
            Guest(engine, wat, host)


def test_p31_the_eleven_and_no_others(engine, host):
    assert set(process._functions(ProcessState(host), GuestMemory())) == set(TYPES)
    for wat in (
        '(module (import "ssvm_process" "ssvm_process_spawn" (func)))',
        '(module (import "ssvm_process" "run" (func (result i32))))',
        '(module (import "ssvm_process" "wasmedge_process_run" (func (result i32))))',
        '(module (import "env" "ssvm_process_run" (func (result i32))))',
    ):
        with pytest.raises(wasmtime.WasmtimeError, match="unknown import"):
            Guest(engine, wat, host)


def test_only_what_a_module_imports_is_defined(engine, host):
    module = wasmtime.Module(engine, '(module (import "ssvm_process" "ssvm_process_run" (func (result i32))))')
    linker = wasmtime.Linker(engine)
    bind_process_interface(linker, ProcessState(host), module.imports)
    everything = wasmtime.Module(engine, guest_wat())
    with pytest.raises(wasmtime.WasmtimeError, match="unknown import"):
        linker.instantiate(wasmtime.Store(engine), everything)


# Memory


def test_nothing_may_lie_anywhere(guest, host):
    for at in (0, 1, 65536, 65537, 2**32 - 1):
        guest.call("add_arg", at, 0)
        guest.call("add_stdin", at, 0)
        guest.call("add_env", at, 0, at, 0)
        guest.call("set_prog_name", at, 0)
        guest.call("get_stdout", at)
        guest.call("get_stderr", at)
    guest.run(b"true")
    assert host.calls[0].args == (b"",) * 5


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("set_prog_name", (65536, 1)),
        ("add_arg", (65535, 2)),
        ("add_arg", (2**32 - 1, 2**32 - 1)),
        ("add_arg", (0, 65537)),
        ("add_stdin", (2**31, 1)),
        ("add_env", (65536, 1, 0, 1)),
        ("add_env", (0, 1, 65536, 1)),
        ("get_stdout", (65533,)),
        ("get_stderr", (65534,)),
        ("get_stdout", (2**32 - 1,)),
    ],
)
def test_out_of_bounds_traps_and_says_where(guest, name, args):
    guest.run(b"sh", b"-c", b"echo out; echo er >&2")
    with pytest.raises(wasmtime.WasmtimeError) as trapped:
        guest.call(name, *args)
    assert "wasm backtrace" in str(trapped.value)
    assert "are not inside the guest's 65536 bytes" in str(trapped.value)
    assert (guest.stdout, guest.stderr) == (b"out\n", b"er\n")


def test_the_last_bytes_of_memory_are_inside(guest, host):
    guest.memory.write(guest.store, b"echo", 65532)
    guest.call("set_prog_name", 65532, 4)
    guest.call("add_arg", 65533, 3)
    guest.call("run")
    guest.call("get_stdout", 65532)
    assert guest.memory.read(guest.store, 65528) == b"\0\0\0\0cho\n"


@pytest.mark.parametrize(
    ("memory", "message"),
    [("", "has no memory"), ('(func (export "memory"))', "is not an unshared memory"), ("(memory 1)", "has no memory")],
)
def test_without_a_memory_the_functions_with_pointers_trap_and_the_others_work(engine, prefix, host, memory, message):
    guest = Guest(engine, guest_wat(prefix, memory), lambda _: CommandReply(3, b"out", b"err"))
    guest.call("set_timeout", 5)
    assert guest.call("run") == 3
    assert [guest.call(f"get_{name}") for name in ("exit_code", "stdout_len", "stderr_len")] == [3, 3, 3]
    for name, type_ in TYPES.items():
        if "param" in type_ and name != "set_timeout":
            with pytest.raises(wasmtime.WasmtimeError, match=message):
                guest.call(name, *[0] * type_.count("i32"))


def test_memory_that_moved_is_found(guest):
    guest.set_prog_name(b"echo")
    guest.grow_to(100 << 20)
    guest.memory.write(guest.store, b"far", 99 << 20)
    guest.call("add_arg", 99 << 20, 3)
    assert guest.call("run") == 0
    guest.grow_to(200 << 20)
    guest.call("get_stdout", 150 << 20)
    assert guest.memory.read(guest.store, 150 << 20, (150 << 20) + 4) == b"far\n"


def test_with_a_gibibyte_of_guest_memory_in_use(guest):
    size = 1 << 30
    guest.grow_to(size)
    block = bytearray(b"x") * (64 << 20)
    for at in range(0, size, len(block)):
        guest.memory.write(guest.store, block, at)
    data = os.urandom(1000)
    at = size - len(data)
    guest.memory.write(guest.store, data, at)
    guest.call("set_prog_name", *guest._put(b"cat"))
    guest.call("add_stdin", at, len(data))
    assert guest.call("run") == 0
    guest.call("get_stdout", 0)
    assert guest.memory.read(guest.store, 0, len(data)) == data


# Limits of what may be pending


def test_too_much_stdin_traps(guest, monkeypatch):
    monkeypatch.setattr(process, "MAX_STDIN_BYTES", 100_000)
    guest.grow_to(200_000)
    guest.call("add_stdin", 0, 60_000)
    guest.call("add_stdin", 0, 40_000)
    with pytest.raises(wasmtime.WasmtimeError, match="more than 100000 bytes of stdin"):
        guest.call("add_stdin", 0, 1)


def test_stdin_may_be_256_mib_and_no_more(engine):
    sizes = []
    guest = Guest(engine, guest_wat(), lambda call: (sizes.append(len(call.stdin)), CommandReply(0))[1])
    guest.grow_to(1 << 20)
    for _ in range(256):
        guest.call("add_stdin", 0, 1 << 20)
    with pytest.raises(wasmtime.WasmtimeError, match="more than 268435456 bytes of stdin"):
        guest.call("add_stdin", 0, 1)
    guest.call("run")
    assert sizes == [256 << 20]


@pytest.mark.parametrize("name", ["set_prog_name", "add_arg", "add_env"])
def test_too_long_arguments_trap(guest, name):
    guest.grow_to(6 << 20)
    sizes = (0, 3 << 20, 0, 3 << 20) if name == "add_env" else (0, 6 << 20)
    guest.call(name, *sizes)
    with pytest.raises(wasmtime.WasmtimeError, match="more than 6291456 bytes of program name, arguments"):
        guest.call("add_arg", 0, 1)


def test_the_longest_command_fits_into_a_message():
    items = process.MAX_ITEMS - 1
    args = (bytes(process.MAX_ARGUMENT_BYTES - items * 40), *(bytes(40) for _ in range(items)))  # each needs two more
    wire.pack(protocol.encode(protocol.CommandCall(b"", args, (), 2**32 - 1)))


def test_too_many_arguments_trap(engine, host):
    loop = """(func (export "many") (param $n i32) (loop $l (call $add_arg (i32.const 0) (i32.const 0))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"""
    guest = Guest(engine, guest_wat(more=loop), host)
    guest.call("many", 100_000)
    with pytest.raises(wasmtime.WasmtimeError, match="more than 100000 arguments"):
        guest.call("many", 1)


# What a host function raises


@pytest.mark.parametrize("error", [GuestExit(3), KeyboardInterrupt(), ValueError("from the host"), SystemExit(4)])
def test_an_exception_of_the_host_comes_out_of_the_guest(engine, error):
    def run(_: CommandCall) -> CommandReply:
        raise error

    guest = Guest(engine, guest_wat(), run)
    for _ in range(2):
        with pytest.raises(type(error)) as raised:
            guest.run(b"x")
        assert raised.value is error
    assert guest.exit_code == -1


def test_a_trap_of_the_host_has_the_guests_stack(engine):
    def run(_: CommandCall) -> CommandReply:
        raise GuestTrap("no more of this \udcff")

    guest = Guest(engine, guest_wat(), run)
    with pytest.raises(wasmtime.WasmtimeError, match=r"wasm backtrace[\s\S]*no more of this \\udcff"):
        guest.run(b"x")


# Replies


def test_replies_that_need_no_process():
    assert exec_failed_reply(2) == CommandReply(-1, b"", b"Command not found.\n")
    assert exec_failed_reply(13) == CommandReply(-1, b"", b"Permission denied.\n")
    assert exec_failed_reply(8) == CommandReply(-1, b"", b"Unknown error.\n")
    assert denied_reply(b'a"%b%s').stderr == (
        b'Permission denied: Command "a"%b%s" is not in the white list. Please use --allow-command=a"%b%s or '
        b'--allow-command-all to add "a"%b%s" command into the white list.\n'
    )
