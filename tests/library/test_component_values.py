"""Values of a component that must survive the way there and back, and those that are none."""

from __future__ import annotations

import array
import math

import pytest
import wasmtime
import wasmtime.component

from ssvm_kernel.calls import Answered
from ssvm_kernel.errors import GuestTrap, UsageError, WorkerDied
from ssvm_kernel.library.component import ComponentFunction
from ssvm_kernel.library.wit import Case, type_from
from ssvm_kernel.sandbox.components import tree
from ssvm_kernel.sandbox.componentvalues import ComponentCall, codec

from . import components

INTEGERS = [name for name in components.NUMBERS if name[0] in "su"]


@pytest.fixture(scope="module")
def echo(library):
    return library(components.ECHO, "echo")


@pytest.mark.parametrize("text", ["", "\0", "a\0b", "ß", "\ufffd\ufeff\uffff", "\U0001f600\U0010ffff", "a" * 70_000])
def test_texts_survive(echo, text):
    assert echo.text_same(text) == text
    assert echo.of_string([text, "", text]) == [text, "", text]


def test_a_megabyte_survives(echo):
    echo.reset()
    text = "häuser 😀 " * 100_000
    assert echo.text_same(text) == text
    data = bytes(range(256)) * 4096
    assert echo.of_u8(data) == data
    numbers = [index / 3 for index in range(131_072)]
    assert echo.of_f64(numbers) == numbers
    assert echo.of_f64(array.array("d", numbers)) == numbers
    echo.reset()


@pytest.mark.parametrize("name", INTEGERS)
def test_the_ends_of_integers(echo, name):
    bits = int(name[1:])
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if name[0] == "s" else (0, (1 << bits) - 1)
    found = echo.exports[f"of_{name}"]
    if name == "u8":
        assert found(bytes([0, 1, 255])) == bytes([0, 1, 255])
        return
    assert found([low, 0, 1, high]) == [low, 0, 1, high]
    assert found([]) == []
    for wrong in ([low - 1], [0, high + 1], [1.0], ["1"], [None], [True], b"12", "12", 5, {1: 2}):
        with pytest.raises(UsageError, match="takes"):
            found(wrong)
    codes = {"s8": "b", "s16": "h", "u16": "H", "s32": "i", "u32": "I", "s64": "q", "u64": "Q"}
    assert found(array.array(codes[name], [low, high])) == [low, high]
    assert found(array.array("b", [1, 2])) == [1, 2]


def test_numbers_with_a_point(echo):
    odd = [0.0, -0.0, 5e-324, 1.7e308, math.inf, -math.inf]
    assert [math.copysign(1, value) for value in echo.of_f64(odd)] == [1, -1, 1, 1, 1, -1]
    assert echo.of_f64(odd) == odd
    assert math.isnan(echo.of_f64([math.nan])[0])
    assert echo.of_f64([1, True, 2**53]) == [1.0, 1.0, 2.0**53]
    assert echo.of_f32([0.1, 3]) == [pytest.approx(0.1, rel=1e-7), 3.0]
    assert echo.of_f32(array.array("d", [0.5])) == [0.5]
    for wrong in ([1e39], ["1"], [None], [10**400], [1j]):
        with pytest.raises(UsageError, match="takes f32"):
            echo.of_f32(wrong)
    with pytest.raises(UsageError, match="takes f64"):
        echo.of_f64([10**400])


def test_a_list_of_bytes_takes_numbers_and_not_the_bytes_of_larger_ones(echo):
    assert echo.of_u8(array.array("I", [1, 255])) == b"\x01\xff"
    assert echo.of_u8([1, 2]) == echo.of_u8(bytearray(b"\1\2")) == b"\1\2"
    assert echo.of_u8(memoryview(b"abcd").cast("B", (2, 2))) == b"abcd"
    for wrong in (array.array("I", [256]), array.array("b", [-1]), [-1]):
        with pytest.raises(UsageError, match="takes u8"):
            echo.of_u8(wrong)
    for wrong in (None, "ab", [1.5], {1: 2}):
        with pytest.raises(UsageError, match=r"takes (list<)?u8"):
            echo.of_u8(wrong)


def test_flags_are_taken_of_whatever_can_be_gone_through(echo):
    assert echo.of_access([(name for name in ("read", "write"))]) == [{"read", "write"}]
    for wrong in (5, None, [5], "read", ["run"]):
        with pytest.raises(UsageError, match="takes flags"):
            echo.of_access([wrong])


def test_arrays_of_numpy(echo):
    np = pytest.importorskip("numpy")
    assert echo.of_f64(np.arange(4.0)[::2]) == [0.0, 2.0]
    assert echo.of_f64(np.array([])) == []
    assert echo.of_s32(np.array([1, -1])) == [1, -1]
    assert echo.of_s64(np.array([1, -1], dtype="int64")) == [1, -1]
    assert echo.of_u16(np.array([1, 2], dtype=">u2")) == [1, 2]
    assert echo.of_f32(np.float16([0.5])) == [0.5]
    assert echo.of_f64([np.float64(1), np.int32(2)]) == [1.0, 2.0]
    for wrong in (np.ones((2, 2)), np.array([True]), np.array(["2020"], dtype="datetime64[Y]")):
        with pytest.raises(UsageError, match="takes s16"):
            echo.of_s16(wrong)
    with pytest.raises(UsageError, match="at most 1,048,576 items"):
        echo.of_u16(np.zeros((1 << 20) + 1, dtype="uint16"))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bool", [True, False]),
        ("char", ["a", "\0", "\U0010ffff"]),
        ("colour", ["red", "light-green"]),
        ("access", [set(), {"write"}, {"read", "write"}]),
        ("point", [{"name": "ä", "at": [0.5, -1.0], "set": True}, {"name": "", "at": [], "set": False}]),
        ("shape", [Case("circle", 0.5), Case("path", [-1, 2]), Case("raw", b"\0\xff"), Case("nothing", None)]),
        ("maybe", [None, [], [1.5]]),
        ("outcome", [Case("ok", b""), Case("ok", b"1"), Case("err", "no"), Case("err", "")]),
        ("bare", [Case("ok", None), Case("err", None)]),
        ("pair", [(-1, [2**64 - 1]), (0, [])]),
        ("rows", [[], [1.0], [2.0, 3.0]]),
    ],
)
def test_values_inside_of_others(echo, name, values):
    assert echo.exports[f"of_{name}"](values) == values
    assert echo.exports[f"of_{name}"]([]) == []


def test_half_of_a_character_goes_nowhere(echo):
    for text in ("\ud800", "a" * 1000 + "\udfff", "\ud83d\ude00"):
        with pytest.raises(UsageError, match="takes string"):
            echo.text_same(text)
        with pytest.raises(ValueError, match="string"):
            type_from("string").lift(text)
        with pytest.raises(UsageError, match="takes char"):
            echo.of_char([text[-1]])
    assert echo.text_same("still here") == "still here"


def test_a_guest_that_returns_no_text_or_what_it_has_not_is_ended(echo):
    for name, text in (("text_torn", "utf-8|utf8|unicode"), ("text_far", "memory|bounds|long|large")):
        with pytest.raises(GuestTrap, match=f"(?i){text}"):
            echo.exports[name]("abc")
    assert echo.text_same("abc") == "abc"


@pytest.mark.parametrize(
    ("type_", "blob"),
    [
        ("string", b"\x91\xa2\xff\xff"),  # no UTF-8
        ("string", b"\x91\xa3\xed\xa0\x80"),  # half of a character
        ("string", b"\x91\xdb\xff\xff\xff\xff"),  # a length that lies
        ("string", b"\x91\xc4\x01a"),  # bytes
        (["list", "u8"], b"\x91\xc6\xff\xff\xff\xff\0"),
        (["list", "u8"], b"\x91\x91\x01"),
        (["list", "f64"], b"\x91\xc4\x03abc"),  # half of a number
        (["list", "f64"], b"\x91\xcb" + bytes(8)),
        (["list", "u16"], b"\x91\x92\x01\x02"),
        (["list", "u16"], b"\x91\xa2ab"),
        (["list", "char"], b"\x91\x91\xa2ab"),
        ("u8", b"\x92\x01\x02"),  # another number of results
    ],
)
def test_x02_what_a_process_that_lies_answers(type_, blob):
    class Lying:
        class guest:  # noqa: N801
            name = "lying"

        closed = False

        def call_component(self, *_: object, **__: object) -> Answered:
            return Answered(1, blob)

        def close(self) -> None:
            self.closed = True

    lying = Lying()
    with pytest.raises(WorkerDied):
        ComponentFunction(lying, ("f",), (), type_from(type_))()
    assert lying.closed


@pytest.mark.parametrize(
    ("type_", "wrong"),
    [
        (["record", [["a", "string"], ["b", "string"]]], ["x" * 1000, None]),
        (["record", [["a", "string"], ["b", "string"]]], [None, "x"]),
        (["tuple", ["string", ["list", "f64"]]], ["x" * 1000, 5]),
        (["list", "string"], ["x" * 1000, None, "y"]),
        (["list", ["option", "string"]], [["some", "x"], ["some", 5]]),
        (["list", ["variant", [["a", ["list", "string"]]]]], [["a", ["x", 5]]]),
        (["flags", ["a"]], ["a", 5]),
    ],
)
def test_what_is_half_written_does_no_harm(type_, wrong):
    call = ComponentCall([codec("string"), codec(type_)], None)
    for _ in range(200):
        with pytest.raises((AttributeError, TypeError)):
            call(None, None, ["whole", wrong])


def test_the_form_of_values_is_that_of_the_engine():
    engine = wasmtime.Engine()
    component = wasmtime.component.Component(engine, bytes(wasmtime.wat2wasm(components.ECHO)))
    store = wasmtime.Store(engine)
    instance = wasmtime.component.Linker(engine).instantiate(store, component)
    function = instance.get_func(store, instance.get_export_index(store, "of-pair", None))
    type_ = component.type.exports(engine)["of-pair"].ty
    of = codec(tree(type_.result))
    assert function(store, [(-1, [1, 2])]) == [(-1, [1, 2])]  # as the package converts them
    assert ComponentCall([of], of)(store, function, [[[-1, array.array("Q", [1, 2]).tobytes()]]]) == [
        [-1, array.array("Q", [1, 2]).tobytes()]
    ]
