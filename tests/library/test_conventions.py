"""Texts, bytes and lists: by stated signatures, and as wasm-bindgen passes them."""

from __future__ import annotations

import array
import math

import pytest

from ssvm_kernel.capabilities.binary import Binary, BinaryKind
from ssvm_kernel.errors import GuestTrap, LoadError, UsageError
from ssvm_kernel.library import values
from ssvm_kernel.library.face import Library
from ssvm_kernel.library.signatures import signed
from ssvm_kernel.options import CompileTraits
from tests.toolchains.conftest import required

from . import guests

C = r"""
#include <ssvm_export.h>
#include <stdio.h>
SSVM_EXPORT("mean(values: [f64]) -> f64 # the mean of all")
double mean(const double *values, uint32_t count) {
  double sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += values[i];
  return sum / count;
}
SSVM_EXPORT("greet(name: string) -> string")
ssvm_value greet(const char *name, uint32_t size) {
  char text[100];
  snprintf(text, sizeof text, "hello %.*s", (int)size, name);
  return ssvm_text(text);
}
SSVM_EXPORT("upto(n: i32) -> [f64]")
ssvm_value upto(int n) {
  double *found = (double *)malloc(n * sizeof *found);
  for (int i = 0; i < n; i++) found[i] = i;
  return ssvm_give(found, n);
}
"""

RUST = """
ssvm_export::export! {
    fn greet(name: &str) -> String { format!("hello {name}") }
    fn mean(values: &[f64]) -> f64 { values.iter().sum::<f64>() / values.len() as f64 }
    fn scaled(values: Vec<i32>, by: i32) -> Vec<i32> { values.iter().map(|value| value * by).collect() }
    fn flip(data: Vec<u8>) -> Vec<u8> { data.into_iter().rev().collect() }
    fn is_big(n: u64) -> bool { n > 1000 }
    fn nothing() {}
}
"""


ZIG = """
const std = @import("std");
const ssvm = @import("ssvm_export");
fn mean(values: [*]const f64, count: u32) callconv(.c) f64 {
    var sum: f64 = 0;
    for (values[0..count]) |value| sum += value;
    return sum / @as(f64, @floatFromInt(count));
}
fn greet(name: [*]const u8, size: u32) callconv(.c) ssvm.Value {
    var buffer: [100]u8 = undefined;
    return ssvm.give(u8, std.fmt.bufPrint(&buffer, "hello {s}", .{name[0..size]}) catch "hello");
}
comptime {
    ssvm.exportAs("mean(values: [f64]) -> f64", &mean);
    ssvm.exportAs("greet(name: string) -> string", &greet);
}
"""


@pytest.fixture(scope="module")
def stated(library):
    return library(guests.STATED, "stated")


def test_signatures_in_section_and_names(stated):
    assert [function.signature.text for function in stated.exports.values()] == [
        "freed() -> i32",
        "reverse(data: bytes) -> bytes",
        "shout(text: string) -> string",
        "packed(values: [u16]) -> u32",
        "first(values: [f64]) -> f64",
        "liar(data: bytes) -> bytes",
        "small(n: u8) -> i8",
        "wrong()",
    ]
    assert "backwards" in stated.reverse.__doc__


def test_blanks_in_a_stated_signature_are_read_once():
    for text in ("f()" + " " * 300_000 + "x", "f" + " " * 300_000 + "x", "f() ->" + " " * 300_000):
        assert signed(text.encode(), Binary(BinaryKind.MODULE)) == {}


def test_values(stated):
    assert stated.reverse(b"abc") == b"cba"
    assert stated.reverse(bytearray(b"")) == b""
    assert stated.shout("äb")[0] == "b"
    assert stated.packed([1, 2, 3]) == 3
    assert stated.first([2.5, 1]) == 2.5
    assert stated.first(array.array("d", [7])) == 7.0
    assert stated.small(255) == -1
    assert stated.reverse.map([b"ab", b"", b"xyz"]) == [b"ba", b"", b"zyx"]
    assert stated.reverse.map([b"ab", b"cd"], fresh=True) == [b"ba", b"dc"]
    assert stated.reverse(data=b"abc", fresh=True) == b"cba"


def test_an_array_is_lent_for_the_call_only(stated):
    values = array.array("d", [7.0, 8.0])
    assert stated.first(values) == 7.0
    values.append(9.0)  # refused while anything looks at it
    data = bytearray(b"abc")
    with pytest.raises(UsageError, match="no 4294967295 bytes") as refused:
        stated.liar(data)
    assert refused.traceback  # with all its frames
    data += b"d"
    assert stated.reverse(data) == b"dcba"
    assert stated.reverse(memoryview(b"a.b.c.")[::2]) == b"cba"
    assert stated.reverse(array.array("H", [0x6261])) == b"ba"


def test_memory_is_given_back(stated):
    stated.reset()
    stated.reverse(b"12345")
    assert stated.freed() == 10  # the argument, and the result


def test_arrays(stated):
    np = pytest.importorskip("numpy")
    assert stated.first(np.array([3, 4])) == 3.0  # whole numbers are numbers
    assert stated.packed(np.arange(5)) == 5
    assert stated.first(np.arange(10.0)[::3][1:]) == 3.0
    for wrong, text in (
        (np.array([70_000]), "numbers outside of 0 … 65535"),
        (np.array([0.5]), r"holds float64; convert it with .astype\(\)"),
        (np.array(["a"]), "takes .u16., and this array holds"),
    ):
        with pytest.raises(UsageError, match=text):
            stated.packed(wrong)


def test_a_float_that_is_too_large_is_refused_and_others_take_the_nearest_value():
    np = pytest.importorskip("numpy")
    type_ = values.type_of("[f32]")
    for wrong in ([1e300], np.array([0.5, -1e300])):
        with pytest.raises(UsageError, match=r"takes \[f32\].*too large"):
            type_.lower(wrong)
    for given in ([0.1, math.inf, -math.inf, math.nan], [2**24 + 1, 3]):
        assert bytes(type_.lower(given)) == bytes(type_.lower(np.array(given)))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("shout", b"x", "shout: text takes str, and bytes"),
        ("shout", "\ud800", "half of a character"),
        ("reverse", "x", "data takes bytes, and str 'x' is none"),
        ("packed", [1, -1], r"values takes \[u16\]"),
        ("packed", "12", r"values takes \[u16\], and str"),
        ("packed", 5, r"values takes \[u16\]"),
        ("small", 256, "n takes u8, and 256 is not in 0 … 255"),
        ("liar", b"", "there are no 4294967295 bytes at 4294967295"),
    ],
)
def test_what_does_not_fit(stated, name, value, text):
    with pytest.raises(UsageError, match=text):
        stated.exports[name](value)


def test_a_signature_that_does_not_fit_its_function(stated):
    with pytest.raises(
        UsageError, match=r"cannot be called: the signature that it states, .* f64 is not passed as i32"
    ):
        stated.wrong(1)


def test_bindgen_as_ssvm_had_it(library):
    guest = library(guests.OLD_BINDGEN, "old")
    assert guest.RunString("reverse", "abc") == "cba"
    assert guest.RunUint8Array("reverse", b"\0\1") == b"\1\0"
    assert guest.RunInt("sub", 1, 2) == -1
    assert guest.RunUInt("sub", 1, 2) == 2**32 - 1
    assert guest.RunInt64("sub64", 1, 2**40) == 1 - 2**40
    assert guest.RunUInt64("sub64", 1, 2) == 2**64 - 1
    assert guest.Run("length", "äb") == 3
    assert guest.reverse("abc") == "cba"
    assert guest.reverse("abc", returns=bytes) == b"cba"
    assert guest.freed() == 6  # both results; arguments are the function's
    assert guest.reverse.map(["ab", "cd"]) == ["ba", "dc"]
    with pytest.raises(UsageError, match=r"sub\(a0: i32, a1: i32\) -> i32 cannot be called with f64"):
        guest.sub(1.5)
    with pytest.raises(UsageError, match="returns is int"):
        guest.sub(1, 2, returns=list)


def test_bindgen_of_later_versions(library):
    guest = library(guests.NEW_BINDGEN, "new")
    assert guest.reverse("abc") == "cba"
    assert guest.reverse2(b"abc", returns=bytes) == b"cba"
    assert (guest.freed(), guest.stack()) == (6, 2048)


def compiled(session, language, source):
    with required(language):
        return Library(session, session.compile(language, source, CompileTraits(), f"{language}-library"))


def test_a_c_cell(session):
    guest = compiled(session, "c", C)
    assert (guest.greet("wörld"), guest.mean([1, 2, 6])) == ("hello wörld", 3.0)
    assert list(guest.upto(3)) == [0, 1, 2]
    assert "the mean of all" in guest.mean.__doc__


def test_a_zig_cell(session):
    guest = compiled(session, "zig", ZIG)
    assert (guest.greet("wörld"), guest.mean([1, 2, 6])) == ("hello wörld", 3.0)
    assert guest.greet.map(["a"] * 1000) == ["hello a"] * 1000


def test_a_rust_cell(session):
    guest = compiled(session, "rust", RUST)
    assert (guest.greet("wörld"), guest.mean([1, 2, 6]), guest.nothing()) == ("hello wörld", 3.0, None)
    assert list(guest.scaled([1, 2], by=3)) == [3, 6]
    assert (guest.flip(b"abc"), guest.flip(b""), guest.is_big(2**63), guest.is_big(1)) == (b"cba", b"", True, False)


def test_what_wasm_bindgen_imports_of_javascript(library):
    guest = library(guests.OF_JAVASCRIPT, "javascript")
    assert guest._guest.manifest.unknown == ()
    assert guest.begun() == 7
    for name, text in (
        ("throws", "javascript trapped: no such day"),
        ("throws_later", "no such day"),
        ("throws_far", "the guest threw an error"),
        ("panics", "javascript trapped: no such day"),
        ("stack_far", "out of bounds: there are no 8 bytes at 4294967292"),
        ("asks", "the guest asks JavaScript for __wbindgen_string_new, and there is none here"),
    ):
        with pytest.raises(GuestTrap, match=text):
            guest.exports[name]()
    assert guest.begun(fresh=True) == 7


def test_only_functions_of_javascript_are_there_without_being_offered(library):
    guest = library('(module (import "wbgs" "f" (func)) (func (export "g")))', "other")
    assert [item.name for item in guest._guest.manifest.unknown] == ["wbgs.f"]
    with pytest.raises(LoadError, match="unknown import"):
        guest.g()
