"""TensorFlow Lite by SSVM's functions: every function, every type, and all that can be given wrongly."""

from __future__ import annotations

import struct

import pytest
import wasmtime

from tests.tensorflow.dtypes import LITE_DTYPES

MODULES = ("ssvm_tensorflowlite", "wasmedge_tensorflowlite")
FOUR = struct.pack("<4f", 1, 2, 3, 4)
ANSWER = struct.pack("<2f", 10, 5)
OUTPUT = b"Identity"


@pytest.fixture
def model(models) -> bytes:
    return (models / "several.tflite").read_bytes()


@pytest.mark.parametrize("module", MODULES)
def test_a_model_is_computed(calls, model, module) -> None:
    guest = calls(module)
    session = guest("create_session", model)
    assert session
    guest("append_input", session, b"x", FOUR)
    assert guest("run_session", session) == 0
    tensor = guest("get_output_tensor", session, OUTPUT)
    assert guest("get_tensor_len", tensor) == 8
    assert guest.tensor(tensor) == ANSWER
    guest("append_input", session, b"x", bytes(16))
    assert guest("run_session", session) == 0
    assert guest("get_output_tensor", session, OUTPUT) == tensor, "the same tensor has the same number"
    assert guest.tensor(tensor) == bytes(8)
    guest("delete_session", session)
    assert guest("run_session", session) == 1
    assert guest("get_tensor_len", tensor) == 0
    assert guest.state.notes == []


@pytest.mark.parametrize("dtype", LITE_DTYPES)
def test_every_type_goes_through_unchanged(calls, models, dtype) -> None:
    import numpy as np

    guest = calls(MODULES[0])
    session = guest("create_session", (models / f"{dtype}.tflite").read_bytes())
    data = np.array([0, 1, 1, 0], dtype).tobytes() if dtype == "bool" else np.array([1, 2, 3, 100], dtype).tobytes()
    guest("append_input", session, b"x", data)
    assert guest("run_session", session) == 0
    assert guest.tensor(guest("get_output_tensor", session, OUTPUT)) == data


def test_wrong_names_and_sizes_change_nothing_and_are_told(calls, model) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", model)
    guest("append_input", session, b"x", FOUR)
    guest("append_input", session, b"nothing", FOUR)
    guest("append_input", session, b"x", FOUR[:-1])
    guest("append_input", session, b"x", FOUR * 2)
    guest("append_input", session, b"x\xff", b"")
    assert guest("run_session", session) == 0
    assert guest.tensor(guest("get_output_tensor", session, OUTPUT)) == ANSWER
    assert guest("get_output_tensor", session, b"nothing") == 0
    assert guest("get_output_tensor", session, b"") == 0
    assert guest.state.notes == [
        "the model has no input 'nothing'",
        "the input 'x' takes 16 bytes, and not 15",
        "the input 'x' takes 16 bytes, and not 32",
        "the model has no input 'x�'",
    ]


@pytest.mark.parametrize("number", [0, 2, 77, -1, 1 << 62, 0x7FFF_0000_0000])
def test_a_made_up_handle_is_nothing(calls, model, number) -> None:
    guest = calls(MODULES[0])
    assert guest("create_session", model) == 1
    assert guest("run_session", number) == 1
    assert guest("get_output_tensor", number, OUTPUT) == 0
    assert guest("get_tensor_len", number) == 0
    at, _ = guest.put(b"kept")
    guest("get_tensor_data", number, at)
    assert guest.read(at, 4) == b"kept"
    guest("append_input", number, b"x", FOUR)
    guest("delete_session", number)
    assert guest("run_session", 1) == 0


@pytest.mark.parametrize("data", [b"x", b"TFL3" * 100, bytes(1000)])
def test_what_is_no_model_gives_no_session_and_a_reason(calls, data) -> None:
    guest = calls(MODULES[0])
    assert guest("create_session", data) == 0
    assert len(guest.state.notes) == 1
    assert guest.state.notes[0].startswith("the model cannot be used: ")


def test_nothing_is_no_model(calls) -> None:
    guest = calls(MODULES[0])
    assert guest("create_session", b"") == 0
    assert guest.state.notes == ["the model is empty"]


@pytest.mark.parametrize(
    "call",
    [("create_session", 0, 1 << 30), ("append_input", 1, 0, 1 << 30, 0, 0), ("append_input", 1, 0, 1, -1, 16),
     ("get_output_tensor", 1, -16, 32), ("get_tensor_data", 1, -1)],
)  # fmt: skip
def test_places_outside_of_memory_trap(calls, model, call) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", model)
    assert guest("get_output_tensor", session, OUTPUT) == 1
    with pytest.raises(wasmtime.WasmtimeError, match="out of bounds"):
        guest(*call)


def test_sessions_have_an_end(calls, model) -> None:
    guest = calls(MODULES[0])
    sessions = [guest("create_session", model) for _ in range(70)]
    assert all(sessions[:64])
    assert not any(sessions[64:])
    assert "no further session" in guest.state.notes[0]
    assert len(guest.state.notes) == 6
    guest("delete_session", sessions[0])
    assert guest("create_session", model) not in {0, *sessions}, "a number is never given twice"
