"""The functions of WasmEdge's later versions: the same models, and an error number for all that goes wrong."""

from __future__ import annotations

import struct

import pytest

from tests.tensorflow.test_images import picture, pixels, resized

FOUR = struct.pack("<4f", 1, 2, 3, 4)
ANSWER = struct.pack("<2f", 10, 5)
GONE = -16  # a place that is outside of any memory
SUCCESS, INVALID, MISSING_MEMORY, BUSY = 0, 1, 3, 4


@pytest.fixture
def lite(calls, models):
    """A guest, its session, and a place for a number."""
    guest = calls("wasmedge_tensorflowlite")
    out = guest.room(4)
    at, size = guest.put((models / "several.tflite").read_bytes())
    assert raw(guest, "create_session", at, size, out) == SUCCESS
    return guest, guest.number(out), out


def raw(guest, name: str, *words: int) -> int:
    """Call a function without a prefix, which has a namesake with one."""
    return guest._exports[name](guest._store, *words)


@pytest.fixture
def graph(calls, models):
    guest = calls("wasmedge_tensorflow")
    out = guest.room(4)
    at, size = guest.put((models / "several.pb").read_bytes())
    assert raw(guest, "create_session", at, size, out) == SUCCESS
    return guest, guest.number(out), out


def test_a_lite_model_is_computed(lite) -> None:
    guest, session, out = lite
    assert raw(guest, "append_input", session, *guest.put(b"x"), *guest.put(FOUR)) == SUCCESS
    assert raw(guest, "run_session", session) == SUCCESS
    assert raw(guest, "get_output_tensor", session, *guest.put(b"Identity"), out) == SUCCESS
    tensor = guest.number(out)
    assert raw(guest, "get_tensor_len", session, tensor, out) == SUCCESS
    assert guest.number(out) == 8
    at = guest.room(8)
    assert raw(guest, "get_tensor_data", session, tensor, at, 8, out) == SUCCESS
    assert (guest.read(at, 8), guest.number(out)) == (ANSWER, 0)
    assert raw(guest, "delete_session", session) == SUCCESS
    assert raw(guest, "run_session", session) == INVALID
    assert raw(guest, "delete_session", session) == SUCCESS


def test_what_is_wrong_with_lite_has_a_number(lite) -> None:
    guest, session, out = lite
    name, four, at = guest.put(b"x"), guest.put(FOUR), guest.room(16)
    assert raw(guest, "create_session", *guest.put(b"none"), out) == INVALID
    assert guest.number(out) == 0
    assert raw(guest, "create_session", GONE, 32, out) == MISSING_MEMORY
    assert raw(guest, "create_session", *four, GONE) in (INVALID, MISSING_MEMORY)
    assert raw(guest, "append_input", 99, *name, *four) == INVALID
    assert raw(guest, "append_input", session, *guest.put(b"y"), *four) == INVALID
    assert raw(guest, "append_input", session, *name, four[0], 12) == INVALID
    assert raw(guest, "append_input", session, *name, GONE, 32) == MISSING_MEMORY
    assert raw(guest, "run_session", 0) == INVALID
    assert raw(guest, "get_output_tensor", session, *name, out) == INVALID
    assert raw(guest, "get_output_tensor", 99, *name, out) == INVALID
    assert raw(guest, "get_tensor_len", session, 99, out) == INVALID
    assert raw(guest, "get_output_tensor", session, *guest.put(b"Identity"), out) == SUCCESS
    tensor = guest.number(out)
    assert raw(guest, "get_tensor_len", session, tensor, GONE) == MISSING_MEMORY
    assert raw(guest, "get_tensor_data", session, tensor, at, 7, out) == INVALID
    assert raw(guest, "get_tensor_data", session, 0, at, 8, out) == INVALID
    assert raw(guest, "get_tensor_data", session, tensor, GONE, 8, out) in (SUCCESS, MISSING_MEMORY)


def test_a_graph_is_computed(graph) -> None:
    guest, session, out = graph
    dims = guest.put(struct.pack("<2q", 1, 4))[0]
    given = (dims, 2, 1, *guest.put(FOUR))
    assert raw(guest, "append_input", session, *guest.put(b"x:0"), dims, 2, 1, *guest.put(bytes(16))) == SUCCESS
    assert raw(guest, "append_input", session, *guest.put(b"x"), *given) == SUCCESS, "the same name replaces"
    for name in (b"y", b"halves:1", b"y"):
        assert raw(guest, "append_output", session, *guest.put(name)) == SUCCESS
    assert raw(guest, "get_output_tensor", session, *guest.put(b"y"), out) == INVALID, "nothing was computed yet"
    assert raw(guest, "run_session", session) == SUCCESS
    at = guest.room(16)
    for name, room, value in ((b"y:0", 16, ANSWER), (b"halves:1", 4, FOUR[8:12])):
        assert raw(guest, "get_output_tensor", session, *guest.put(name), out) == SUCCESS
        tensor = guest.number(out)
        assert raw(guest, "get_tensor_data", session, tensor, at, room, out) == SUCCESS
        assert guest.read(at, guest.number(out)) == value, "as much as there is room for"
    assert raw(guest, "clear_input", session) == SUCCESS
    assert raw(guest, "run_session", session) == BUSY
    assert raw(guest, "clear_output", session) == SUCCESS
    assert raw(guest, "delete_session", session) == SUCCESS


def test_what_is_wrong_with_a_graph_has_a_number(graph) -> None:
    guest, session, out = graph
    name, four, dims = guest.put(b"x"), guest.put(FOUR), guest.put(struct.pack("<2q", 1, 4))[0]
    assert raw(guest, "append_input", session, *guest.put(b"nothing"), dims, 2, 1, *four) == INVALID
    assert raw(guest, "append_input", session, *name, dims, 2, 7, *four) == INVALID
    assert raw(guest, "append_input", session, *name, dims, 1, 1, *four) == INVALID
    assert raw(guest, "append_input", session, *name, GONE, 2, 1, *four) == MISSING_MEMORY
    assert raw(guest, "append_input", 99, *name, dims, 2, 1, *four) == INVALID
    assert raw(guest, "append_output", session, *guest.put(b"y:9")) == INVALID
    assert raw(guest, "append_output", session, GONE, 32) == MISSING_MEMORY
    for function in ("run_session", "clear_input", "clear_output"):
        assert raw(guest, function, 99) == INVALID
    assert raw(guest, "create_session_saved_model", *name, *four, out) == INVALID


@pytest.mark.parametrize(("form", "width"), [(0, 1), (1, 1), (2, 4), (3, 4)])
@pytest.mark.parametrize(("name", "kind"), [("load_jpg", "JPEG"), ("load_png", "PNG"), ("load_image", "PNG")])
def test_pictures(calls, name, kind, form, width) -> None:
    guest = calls("wasmedge_image")
    data = picture(kind)
    wanted = resized(pixels(data), 3, 2)
    if form in (1, 3):
        wanted = [wanted[at + 2 - 2 * (at % 3)] for at in range(len(wanted))]
    at = guest.room(18 * width)
    assert raw(guest, name, *guest.put(data), 3, 2, form, at, 18 * width) == 0
    got = guest.read(at, 18 * width)
    if width == 1:
        assert list(got) == wanted
    else:
        assert struct.unpack("<18f", got) == pytest.approx([value / 255 for value in wanted], abs=1e-7)


def test_what_is_wrong_with_a_picture_is_1(calls) -> None:
    guest = calls("wasmedge_image")
    data, at = guest.put(picture("PNG")), guest.room(64)
    for words in (
        (*data, 3, 2, 4, at, 64), (*data, 0, 2, 0, at, 64), (*data, 3, 2, 0, at, 17), (*data, 3, 2, 0, GONE, 64),
        (GONE, 64, 3, 2, 0, at, 64), (*guest.put(b"none"), 3, 2, 0, at, 64),
    ):  # fmt: skip
        assert raw(guest, "load_png", *words) == 1
    assert raw(guest, "load_jpg", *data, 3, 2, 0, at, 64) == 1
    grey = guest.put(picture("PNG", "L"))
    assert raw(guest, "load_png", *grey, 3, 2, 0, at, 64) == 0, "it is converted, unlike under SSVM"
