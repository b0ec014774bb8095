"""The line table that is made of a source map, read by the engine's own reader."""

from __future__ import annotations

import json
import re

import pytest
import wasmtime

from ssvm_kernel.toolchains._source_map import with_lines

WAT = """(module
  (func $own (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
  (func $library (export "library") unreachable)
  (func $outer (export "outer") (nop) (nop) (drop (call $own (i32.const 0))))
)"""


def vlq(*numbers: int) -> str:
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    out = ""
    for number in numbers:
        value = (abs(number) << 1) | (number < 0)
        while True:
            out += digits[(value & 31) | (32 if value >> 5 else 0)]
            value >>= 5
            if not value:
                break
    return out


def source_map(rows: list[tuple[int, int, int, int]], sources: list[str]) -> bytes:
    """Return a map of (offset in the file, source, line from 1, column from 0)."""
    before, segments = (0, 0, 0, 0), []
    for offset, source, line, column in rows:
        now = (offset, source, line - 1, column)
        segments.append(vlq(*(new - old for new, old in zip(now, before, strict=True))))
        before = now
    return json.dumps({"version": 3, "sources": sources, "names": [], "mappings": ",".join(segments)}).encode()


def offsets(wasm: bytes) -> dict[str, int]:
    """Return where each instruction of interest is in the file."""
    return {"div": wasm.index(b"\x6d\x0b"), "unreachable": wasm.index(b"\x00\x0b", 30), "call": wasm.index(b"\x10\x00")}


def backtrace(monkeypatch: pytest.MonkeyPatch, wasm: bytes, export: str) -> list[str]:
    monkeypatch.setenv("WASMTIME_BACKTRACE_DETAILS", "1")
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    instance = wasmtime.Instance(store, wasmtime.Module(engine, wasm), [])
    with pytest.raises(wasmtime.Trap) as trapped:
        instance.exports(store)[export](store)
    return re.findall(r"at (\S+:\d+:\d+)", str(trapped.value))


def test_lines_come_out_of_the_engine_as_they_were_put_in(monkeypatch):
    wasm = bytes(wasmtime.wat2wasm(WAT))
    at = offsets(wasm)
    rows = [(at["div"] - 4, 0, 7, 2), (at["div"], 0, 300, 70), (at["call"], 0, 1, 0)]
    made = with_lines(wasm, source_map(rows, ["cell.ts"]), {"cell.ts": ""})
    assert backtrace(monkeypatch, made, "outer") == ["cell.ts:300:71", "cell.ts:1:1"]


def test_code_of_the_library_inside_a_function_of_the_cell_keeps_the_cell_s_line(monkeypatch):
    wasm = bytes(wasmtime.wat2wasm(WAT))
    at = offsets(wasm)
    sources = ["~lib/array.ts", "cell.ts"]
    rows = [(at["div"] - 4, 1, 7, 2), (at["div"], 0, 300, 70), (at["unreachable"], 0, 5, 5), (at["call"], 0, 9, 9)]
    made = with_lines(wasm, source_map(rows, sources), {"cell.ts": ""})
    assert backtrace(monkeypatch, made, "outer") == ["cell.ts:7:3", "~lib/array.ts:9:10"]
    assert backtrace(monkeypatch, made, "library") == ["~lib/array.ts:5:6"]


def test_a_module_without_places_stays_as_it_runs(monkeypatch):
    wasm = bytes(wasmtime.wat2wasm(WAT))
    url = b"\x10sourceMappingURL" + b"./x.map"
    made = with_lines(wasm + bytes([0, len(url)]) + url, source_map([], []), {})
    assert b"sourceMappingURL" not in made
    assert backtrace(monkeypatch, made, "outer") == []
