"""Components: read as far as their imports and exports."""

from __future__ import annotations

import pytest
import wasmtime

from ssvm_kernel.capabilities.wasm import BinaryKind, Export, Import, read_binary
from ssvm_kernel.errors import LoadError
from tests.capabilities.test_wasm import name, section

HEADER = b"\0asm\x0d\0\x01\0"
COMPONENT = """
(component
  (import "wasi:cli/stdout@0.2.0" (instance (export "get" (func))))
  (import "f" (func (param "x" u32) (result string)))
  (import "r" (type (sub resource)))
  (import "e" (type (eq 0)))
  (import "c" (component))
  (import "m" (core module))
  (core module $inner (import "secret" "inner" (func)))
  (export "y" (type 0))
  (export "g" (func 0) (func (param "x" u32) (result string)))
  (export "again" (core module $inner)))
"""


def test_a_component_in_full():
    types = "(type $t u32)"
    binary = read_binary(bytes(wasmtime.wat2wasm(COMPONENT.replace("(component\n", f"(component {types}\n", 1))))
    assert binary.kind is BinaryKind.COMPONENT
    assert binary.imports == (
        Import("", "wasi:cli/stdout@0.2.0", "instance", "types alone"),
        Import("", "f", "function"),
        Import("", "r", "type"),
        Import("", "e", "type", "types alone"),
        Import("", "c", "component"),
        Import("", "m", "core module"),
    )
    assert binary.exports == (Export("y", "type"), Export("g", "function"), Export("again", "core"))


def test_an_interface_is_needed_when_more_than_its_types_is_used():
    for uses, needed in (
        ('(alias export $i "number" (type))', False),
        ('(alias export $i "get" (func))', True),
        ('(component $c (import "i" (instance))) (instance (instantiate $c (with "i" (instance $i))))', True),
        ('(instance (export "again" (instance $i)))', True),
    ):
        text = (
            '(component (type u8) (type $t (instance (export "get" (func)) (type u8) (export "number" (type (eq 0)))))'
        )
        text += f'(import "first" (instance $first)) (import "a:b/c" (instance $i (type $t))) {uses})'
        found = read_binary(bytes(wasmtime.wat2wasm(text))).imports
        assert found == (
            Import("", "first", "instance", "types alone"),
            Import("", "a:b/c", "instance", "" if needed else "types alone"),
        )


def test_the_least_component():
    assert read_binary(HEADER).kind is BinaryKind.COMPONENT


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (section(10, b"\x01\x09" + name("x") + b"\x01\x00"), "form"),
        (section(10, b"\x01\x00" + name("x\x1b") + b"\x09\x00"), "kind"),
        (section(10, b"\x01\x00" + name("x") + b"\x00\x12"), "core kind"),
        (section(10, b"\x01\x00" + name("x") + b"\x05"), "cut off"),
        (section(11, b"\x01\x00" + name("x") + b"\x09\x00"), "sort"),
        (section(10, b"\x7f"), "too many"),
    ],
)
def test_what_is_broken_is_refused_with_the_reason(body, says):
    with pytest.raises(LoadError, match=says) as caught:
        read_binary(HEADER + body)
    assert str(caught.value).isprintable()
