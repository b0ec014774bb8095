"""What is checked, shown, written down and run is the same, byte for byte (P04, P14, U01), whatever the bytes are.

A guest reads from a file what it shall run, so that one module and one worker serve all examples.
"""

# Names are bytes, which Path cannot hold.
# ruff: noqa: FURB166, PTH108, PTH211

from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssvm_kernel.capabilities.environ import NameClass, classify
from ssvm_kernel.deciders.base import Question
from ssvm_kernel.deciders.facts import facts_of
from ssvm_kernel.deciders.viewdata import view_data

from .play import Stage

GUEST = """
(global $at (mut i32) (i32.const 0x20000))
(func $word (result i32)
  (global.set $at (i32.add (global.get $at) (i32.const 4)))
  (i32.load (i32.sub (global.get $at) (i32.const 4))))
(func $piece (result i32 i32) (local $size i32)
  (local.set $size (call $word))
  (global.set $at (i32.add (global.get $at) (local.get $size)))
  (i32.sub (global.get $at) (local.get $size)) (local.get $size))
(func $attack (local $left i32)
  (drop (call $open (i32.const 3) (text "request") (i32.const 0) (i64.const 2)))
  (i32.store (i32.const 0) (i32.const 0x20000)) (i32.store (i32.const 4) (i32.const 0x40000))
  (drop (call $fd_read (global.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
  (call $name_bytes (call $piece))
  (local.set $left (call $word))
  (block $end (loop $next
    (br_if $end (i32.eqz (local.get $left)))
    (call $argument_bytes (call $piece))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br $next)))
  (local.set $left (call $word))
  (block $end (loop $next
    (br_if $end (i32.eqz (local.get $left)))
    (call $variable_bytes (call $piece) (call $piece))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br $next)))
  (call $launch))
"""
ESCAPES = re.compile(rb"\\\\|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}")

raw = st.one_of(
    st.binary(max_size=12),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(["\x1b[2K", "\u202e", "\u200b", "\\x1b", "\\", "e\u0301", "\u0435", " ", "\t\n", "…", "\x80"]).map(
        str.encode
    ),
    st.sampled_from([b"\xff", b"\xed\xb3\xbf", b"\xc0\x80", b"a\\", b"\\\\x41"]),
).map(lambda data: data.replace(b"\0", b""))
names = raw.filter(lambda name: name not in (b"", b".", b"..") and b"/" not in name and len(name) < 100)
variables = st.dictionaries(
    raw.filter(lambda name: name and b"=" not in name and classify(name) is NameClass.ORDINARY), raw, max_size=4
)


def undo(text: str) -> bytes:
    """Read escapes back: an inverse of what is shown, written without looking at it."""

    def read(match: re.Match[bytes]) -> bytes:
        found = match[0]
        if found == b"\\\\":
            return b"\\"
        number = int(found[2:], 16)
        return bytes([number]) if found[1:2] == b"x" else chr(number).encode("utf-8", "surrogatepass")

    return ESCAPES.sub(read, text.encode())


def packed(argv: Sequence[bytes], env: dict[bytes, bytes]) -> bytes:
    def piece(data: bytes) -> bytes:
        return struct.pack("<I", len(data)) + data

    name, *arguments = argv
    pairs = [piece(each) for pair in env.items() for each in pair]
    return b"".join(
        [piece(name), struct.pack("<I", len(arguments)), *map(piece, arguments), struct.pack("<I", len(env)), *pairs]
    )


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(name=names, arguments=st.lists(raw, max_size=5), env=variables)
def test_p04_p14_u01_one_command_from_the_question_to_the_process(
    stage: Stage, engine: str, tmp_path_factory, name, arguments, env
) -> None:
    place = tmp_path_factory.getbasetemp() / "same-bytes"
    for folder in ("bin", "granted"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    link = os.fsencode(place / "bin") + b"/" + name
    os.symlink("/bin/sh", link)
    script = f"cat /proc/$$/cmdline > {place}/argv; cat /proc/$$/environ > {place}/env"
    argv = (name, b"-c", script.encode(), *arguments)
    (place / "granted/request").write_bytes(packed(argv, env))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{place}/bin:/usr/bin:/bin")
            words = ["--dir", f"d:{place}/granted:ro"]
            played = stage.play(GUEST, words, answers=lambda _: "once", engine=engine)
    finally:
        os.unlink(link)
    assert played.ends == ["exited"], played.everything
    [question] = played.questions
    checked = question.request.command
    assert checked.argv == argv
    assert checked.env == tuple(sorted(env.items()))
    assert (place / "argv").read_bytes() == b"".join(item + b"\0" for item in argv)
    assert (place / "env").read_bytes() == b"".join(b"%b=%b\0" % pair for pair in sorted(env.items()))
    for shown in shown_by(question):
        assert [undo(text) for text in shown] == [*argv, *sorted(env)]
    [line] = played.ledger
    assert [undo(text) for text in (*line.request.argv, *line.request.env_names)] == [*argv, *sorted(env)]


def shown_by(question: Question) -> list[list[str]]:
    """Return what each view shows: name, arguments, names of the environment."""
    facts = facts_of(question.request)
    page = view_data(question, facts, "nonce")
    return [
        [facts.name, *facts.arguments, *facts.environment],
        [page["name"], *page["arguments"], *page["environment"]],
    ]
