"""`ssvm compile` and `ssvm inspect`: whose machine code runs, and whose does not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from ssvm_kernel.cli.codefile import MAGIC, CodeFile
from ssvm_kernel.errors import LoadError, SsvmError
from ssvm_kernel.host.userkey import user_key

from . import wat

KEY = bytes(32)
HERE = {"jit": "jit/engine-1", "interpreter": "interpreter/engine-1"}


@pytest.fixture
def compiled(ssvm, module, place):
    assert ssvm("compile", module(wat.HELLO, "hello.wasm"), "hello.code").returncode == 0
    (place / "hello.wasm").unlink()
    return place / "hello.code"


def test_what_was_compiled_runs(ssvm, compiled):
    ended = ssvm(compiled)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"hello\n", b"err\n")


def test_it_runs_without_being_compiled_again(ssvm, module, compiled, place, tmp_path):
    ssvm(compiled, env={"SSVM_CACHE_DIR": str(tmp_path / "other")})
    blobs = list((tmp_path / "other").rglob("machine-code-data/*"))
    assert len(blobs) == 1
    assert blobs[0].read_bytes() in compiled.read_bytes()  # the file's own code, not another compilation's


def test_the_interpreters_code(ssvm, module):
    assert ssvm("compile", "--engine", "interpreter", module(wat.HELLO), "out").returncode == 0
    assert ssvm("out").stdout == b"hello\n"
    refused = ssvm("--engine", "jit", "out")
    assert refused.returncode == 1
    assert b"compiled for the engine interpreter, not for jit" in refused.stderr


def test_gas_is_counted_in_what_was_compiled_without(ssvm, module):
    ssvm("compile", module(wat.ENDLESS), "out")
    assert ssvm("--gas-limit", "1000", "out").returncode == 134


def test_another_persons_file_is_refused(ssvm, compiled, tmp_path):
    ended = ssvm(compiled, env={"SSVM_CONFIG_DIR": str(tmp_path / "other person")})
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"you did not compile on this computer" in ended.stderr


@pytest.mark.parametrize("at", [200, -1])
def test_a_changed_file_is_refused(ssvm, compiled, at):
    data = bytearray(compiled.read_bytes())
    data[at] ^= 1
    compiled.write_bytes(data)
    ended = ssvm(compiled)
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"is refused" in ended.stderr


def test_another_version_is_refused():
    data = CodeFile("jit", "jit/engine-0", b"\0asm", b"code").dump(KEY)
    with pytest.raises(LoadError, match=r"by jit/engine-0, and this is jit/engine-1: compile the module again"):
        CodeFile.load(data, "old", KEY, HERE)


def test_an_unknown_engine_is_refused():
    data = CodeFile("\x1b[2J", "x", b"\0asm", b"code").dump(KEY)
    with pytest.raises(LoadError, match="this is nothing"):
        CodeFile.load(data, "odd", KEY, HERE)


def test_both_parts_come_back():
    content = CodeFile("jit", HERE["jit"], b"\0asm" + bytes(100), bytes(range(256)))
    assert CodeFile.load(content.dump(KEY), "x", KEY, HERE) == content


@pytest.mark.parametrize("end", [0, 1, 15, 30, 60, 100, -1])
def test_a_file_that_is_cut_off(end):
    data = CodeFile("jit", HERE["jit"], b"\0asm" + bytes(100), bytes(256)).dump(KEY)
    with pytest.raises(LoadError):
        CodeFile.load(data[:end], "cut", KEY, HERE)
    with pytest.raises(LoadError):
        CodeFile.header(data[:end], "cut")


@pytest.mark.parametrize("header", [b"", b"{}", b"[" * 50_000, b'{"engine": 1}', b"\xff"])
def test_a_header_that_is_none(header):
    data = MAGIC + len(header).to_bytes(4, "little") + header + bytes(64)
    with pytest.raises(LoadError, match="is broken"):
        CodeFile.header(data, "bad")


def test_sizes_are_not_believed():
    header = msgspec.json.encode(
        {"engine": "jit", "made_by": "x", "module_sha256": "", "module_bytes": 10**9, "code_bytes": -(10**9)}
    )
    data = MAGIC + len(header).to_bytes(4, "little") + header + bytes(32)
    with pytest.raises(LoadError):
        CodeFile.header(data, "odd")


def test_a_module_that_is_none_and_a_place_that_is_none(ssvm, module, place):
    (place / "bad.wasm").write_bytes(b"\0asm\1\0\0\0\xff")
    assert b"cannot be loaded" in ssvm("compile", "bad.wasm", "out").stderr
    assert not (place / "out").exists()
    assert b"cannot be written" in ssvm("compile", module(wat.HELLO), "no/such/folder").stderr
    assert b"usage: ssvm compile" in ssvm("compile", module(wat.HELLO)).stderr


@pytest.mark.parametrize("what", ["a file", "a link", "a device"])
def test_what_is_something_else_is_not_replaced(ssvm, module, place, what):
    out = place / "precious"
    if what == "a file":
        out.write_text("precious")
    elif what == "a link":
        (place / "target").write_text("precious")
        out.symlink_to("target")
    else:
        out = os.devnull
    ended = ssvm("compile", module(wat.HELLO), out)
    assert ended.returncode == 1
    assert b"machine code cannot be written to" in ended.stderr
    assert not Path(os.devnull).is_file()
    if what != "a device":
        assert out.read_text() == "precious"


def test_an_older_one_is_replaced(ssvm, compiled, module):
    assert ssvm("compile", module(wat.HELLO), compiled).returncode == 0
    assert ssvm(compiled).stdout == b"hello\n"


def test_the_key_is_this_persons_alone(tmp_path):
    folder = tmp_path / "config"
    key = user_key(folder)
    assert len(key) == 32
    assert user_key(folder) == key
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert user_key(tmp_path / "another") != key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read(tmp_path, mode):
    user_key(tmp_path)
    (path,) = tmp_path.iterdir()
    path.chmod(mode)
    with pytest.raises(SsvmError, match="not yours alone"):
        user_key(tmp_path)


def test_a_key_that_is_a_link_or_short_or_in_an_open_folder(tmp_path):
    folder = tmp_path / "config"
    user_key(folder)
    (path,) = folder.iterdir()
    path.rename(tmp_path / "away")
    path.symlink_to(tmp_path / "away")
    with pytest.raises(SsvmError, match="not yours alone"):
        user_key(folder)
    path.unlink()
    path.touch(0o600)
    with pytest.raises(SsvmError, match="is no key"):
        user_key(folder)
    folder.chmod(0o777)
    with pytest.raises(SsvmError, match="not yours alone"):
        user_key(folder)


def test_inspect(ssvm, module, compiled):
    shown = ssvm("inspect", module(wat.commands("wasmedge_process", "echo"), "runs.wasm"))
    text = shown.stdout.decode()
    assert shown.returncode == 0
    assert text.startswith("runs.wasm: module, ")
    assert "process interface: wasmedge_process" in text
    assert "can run host commands that you allow" in text
    assert "cannot use the network" in text
    assert "exports the function _start () -> ()" in text
    of_code = ssvm("inspect", compiled).stdout.decode()
    assert "machine code for the engine jit" in of_code
    assert "cannot run host commands" in of_code


def test_inspect_shows_names_as_text(ssvm, module):
    shown = ssvm("inspect", module('(module (func (export "\\1b[2J\\0a evil")))'))
    assert b"\x1b" not in shown.stdout
    assert ssvm("inspect", os.devnull).returncode == 1
