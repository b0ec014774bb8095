"""Signatures that Go and AssemblyScript cells state in comments, up to the call from Python."""

from __future__ import annotations

import pytest

from ssvm_kernel.guest import Guest
from ssvm_kernel.library.face import Library
from ssvm_kernel.session import Session
from tests.toolchains.conftest import build, failure

GO = """import "ssvm_export"

//ssvm:export greet(name: string) -> string # says hello
//go:wasmexport greet
func greet(name string) ssvm_export.Value { return ssvm_export.Text("hello " + name) }

//ssvm:export mean(values: [f64]) -> f64
//go:wasmexport mean
func mean(values *float64, count uint32) float64 {
	sum := 0.0
	for _, value := range ssvm_export.List(values, count) {
		sum += value
	}
	return sum / float64(count)
}

//ssvm:export doubled(values: [i32]) -> [i32]
//go:wasmexport doubled
func doubled(values *int32, count uint32) ssvm_export.Value {
	found := []int32{}
	for _, value := range ssvm_export.List(values, count) {
		found = append(found, 2*value)
	}
	return ssvm_export.Give(found)
}

//go:wasmexport plain
func plain(n int32) int32 { return n + 1 }
"""

ASSEMBLYSCRIPT = """import { bytes, list, listAt, text, textAt } from "ssvm_export";
export { ssvm_alloc, ssvm_free } from "ssvm_export";

//ssvm:export greet(name: string) -> string # says hello
export function greet(name: usize, size: u32): u64 {
  return text("hello " + textAt(name, size));
}

//ssvm:export mean(values: [f64]) -> f64
export function mean(values: usize, count: u32): f64 {
  return listAt<f64>(values, count).reduce((sum, value) => sum + value, 0.0) / count;
}

//ssvm:export doubled(values: [i32]) -> [i32]
export function doubled(values: usize, count: u32): u64 {
  return list<i32>(listAt<i32>(values, count).map<i32>((value) => 2 * value));
}

//ssvm:export reversed(data: bytes) -> bytes
export function reversed(data: usize, size: u32): u64 {
  const found = new Uint8Array(size);
  for (let i: u32 = 0; i < size; i++) found[size - i - 1] = load<u8>(data + i);
  return bytes(found);
}

export function plain(n: i32): i32 {
  return n + 1;
}
"""


@pytest.mark.parametrize("language", ["go", "assemblyscript"])
def test_what_a_comment_states_is_what_python_calls(language, request, tmp_path):
    request.getfixturevalue(language)
    source = GO if language == "go" else ASSEMBLYSCRIPT
    session = Session()
    try:
        guest = Library(session, Guest("stated", build(language, source, folder=tmp_path / "stated").wasm))
        texts = [function.text for function in guest.exports.values()]
        assert texts[:3] == [
            "greet(name: string) -> string",
            "mean(values: [f64]) -> f64",
            "doubled(values: [i32]) -> [i32]",
        ]
        assert "says hello" in guest.greet.__doc__
        assert (guest.greet("wörld"), guest.greet(""), guest.mean([1, 2, 6])) == ("hello wörld", "hello ", 3.0)
        assert (list(guest.doubled([1, -2])), list(guest.doubled([]))) == ([2, -4], [])
        assert guest.plain(1) == 2
        with guest.open(memory_limit=32) as small:
            assert small.greet.map(["a" * 100_000] * 1000)[-1] == "hello " + "a" * 100_000  # 200 MB, given back
        if language == "assemblyscript":
            assert guest.reversed(b"abc") == b"cba"
    finally:
        session.close()
    error = failure(language, source.replace("export mean(", "export mode("), folder=tmp_path / "wrong")
    (found,) = error.diagnostics
    line = source.split("\n").index("//ssvm:export mean(values: [f64]) -> f64") + 1
    assert (found.message, found.line, found.column) == ("no function is exported as mode", line, 15)
