"""The WAT example of the SDK, as its own comment says to run it."""

from __future__ import annotations

from pathlib import Path

import pytest

import ssvm_kernel.sdk

SOURCE = (Path(ssvm_kernel.sdk.__file__).parent / "wat" / "run_command.wat").read_text(encoding="utf-8")


@pytest.mark.parametrize("prefix", ["ssvm_process", "wasmedge_process"])
def test_the_example(ssvm, module, prefix):
    path = module(SOURCE.replace("ssvm_process", prefix))
    ended = ssvm("--allow-command", "echo hello from the host", path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"hello from the host\n", b"")
    denied = ssvm(path)
    assert (denied.returncode, denied.stdout) == (255, b"")
    assert denied.stderr.startswith(b'Permission denied: Command "echo" is not in the white list.')


@pytest.mark.parametrize("size", [64_512, 64_513, 1 << 20])
def test_an_output_that_needs_more_memory(ssvm, module, place, size):
    """64,512 bytes are the most that fit into the first page."""
    (place / "large").write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    source = SOURCE.replace("echohello from the host", "cat large              ")
    source = source.replace("(i32.const 16) (i32.const 4)", "(i32.const 16) (i32.const 3)")
    source = "\n".join(
        line for line in source.splitlines() if not line.strip().endswith((";; from", ";; the", ";; host"))
    )
    ended = ssvm("--dir", ".:.:ro", "--allow-command", "cat", module(source))
    assert (ended.returncode, len(ended.stdout), ended.stderr) == (0, size, b"")
    assert ended.stdout == (place / "large").read_bytes()
