"""`ssvm --reactor`: one exported function, numbers in and out."""

from __future__ import annotations

import pytest

from ssvm_kernel.sandbox.calling import BadCall, arguments_of

from . import wat


@pytest.mark.parametrize(
    ("words", "stdout"),
    [
        (("add", "1", "2"), "3\n"),
        (("add", "-3", "1"), "4294967294\n"),
        (("all", "0xff", "-1", "0.1", "1e300"), "255\n18446744073709551615\n0.1\n1e+300\n"),
        (("all", "4294967295", "010", "-2", "inf"), "4294967295\n10\n-2\ninf\n"),
        (("ready",), "1\n"),
    ],
)
def test_results(ssvm, module, words, stdout):
    ended = ssvm("--reactor", module(wat.REACTOR), *words)
    assert (ended.returncode, ended.stdout.decode(), ended.stderr) == (0, stdout, b"")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "--reactor needs the name of an exported function"),
        (("nothing",), "it exports no function nothing (it exports: _initialize, ready, add, all, boom, loop)"),
        (("add", "1"), "it takes (i32, i32), and 1 were given"),
        (("add", "1", "x"), "'x' is no i32"),
        (("add", "1", "4294967296"), "'4294967296' is no i32"),
    ],
)
def test_what_cannot_be_called(ssvm, module, words, text):
    ended = ssvm("--reactor", module(wat.REACTOR), *words)
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert text in ended.stderr.decode()


def test_a_module_without_start_is_a_reactor(ssvm, module):
    ended = ssvm(module(wat.REACTOR), "add", "20", "22")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"42\n", b"")
    assert ssvm(module(wat.ARGUMENTS, "command.wasm"), "add").stdout == b"command.wasm\0add\0"


def test_a_trap_and_a_limit(ssvm, module):
    path = module(wat.REACTOR)
    assert ssvm("--reactor", path, "boom").returncode == 134
    assert ssvm("--reactor", "--time-limit", "200", path, "loop").returncode == 134


def test_a_type_that_no_word_can_be():
    with pytest.raises(BadCall, match="externref"):
        arguments_of(["externref"], ("1",))
