"""TensorFlow's graphs by SSVM's functions: every function, every type, and all that can be given wrongly."""

from __future__ import annotations

import struct

import pytest
import wasmtime

from tests.tensorflow.dtypes import DTYPES

MODULES = ("ssvm_tensorflow", "wasmedge_tensorflow")
FOUR = struct.pack("<4f", 1, 2, 3, 4)
ANSWER = struct.pack("<2f", 10, 5)
FLOAT = 1


def append(guest, session: int, name: bytes, dims: tuple[int, ...], dtype: int, data: bytes, index: int = 0) -> None:
    at, _ = guest.put(struct.pack(f"<{len(dims)}q", *dims))
    guest("append_input", session, name, index, at, len(dims), dtype, data)


@pytest.fixture
def graph(models) -> bytes:
    return (models / "several.pb").read_bytes()


@pytest.mark.parametrize("module", MODULES)
def test_a_graph_is_computed(calls, graph, module) -> None:
    guest = calls(module)
    session = guest("create_session", graph)
    assert session
    append(guest, session, b"x", (1, 4), FLOAT, FOUR)
    guest("append_output", session, b"y", 0)
    guest("append_output", session, b"halves", 1)
    assert guest("get_output_tensor", session, b"y", 0) == 0, "nothing was computed yet"
    assert guest("run_session", session) == 0
    tensor = guest("get_output_tensor", session, b"y", 0)
    assert guest.tensor(tensor) == ANSWER
    assert guest.tensor(guest("get_output_tensor", session, b"halves", 1)) == FOUR[8:]
    assert guest("get_output_tensor", session, b"halves", 0) == 0, "it was not asked for"
    guest("clear_input", session)
    assert guest("run_session", session) == 1, "the placeholder has no value"
    assert guest("get_tensor_len", tensor) == 0, "the outputs of the run before are gone"
    append(guest, session, b"x", (2, 4), FLOAT, FOUR * 2)
    guest("clear_output", session)
    assert guest("run_session", session) == 0, "nothing is asked for"
    assert guest("get_output_tensor", session, b"y", 0) == 0
    guest("append_output", session, b"y", 0)
    assert guest("run_session", session) == 0
    assert guest.tensor(guest("get_output_tensor", session, b"y", 0)) == ANSWER * 2
    guest("delete_session", session)
    assert guest("run_session", session) == 1


def test_a_graph_that_runs_again_gives_the_same_as_at_first(calls, graph) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", graph)

    def run(*rows: float, asked: tuple[bytes, ...] = (b"y",), form: str = "f", dtype: int = FLOAT) -> list[bytes]:
        guest("clear_input", session)
        guest("clear_output", session)
        append(
            guest, session, b"x", (len(rows), 4), dtype, b"".join(struct.pack(f"<4{form}", *[row] * 4) for row in rows)
        )
        for name in asked:
            guest("append_output", session, name, 0)
        assert guest("run_session", session) == 0, guest.state.notes
        return [guest.tensor(guest("get_output_tensor", session, name, 0)) for name in asked]

    def answer(*rows: float) -> bytes:
        return b"".join(struct.pack("<2f", 4 * row, 2 * row) for row in rows)

    prepared = guest.state.session("tensorflow", session)
    for number in range(5):
        assert run(number) == [answer(number)]
        assert (prepared._prepared is not None) is (number >= 2)
    assert len(prepared._kept) <= 2
    for number in range(4):  # another form, then the first once more
        assert run(number, 1) == [answer(number, 1)]
    assert run(7) == [answer(7)]
    for number in range(4):
        assert run(number, asked=(b"y", b"x")) == [answer(number), struct.pack("<4f", *[number] * 4)]
        assert run(number, asked=(b"y", b"y")) == [answer(number)] * 2
    for number in range(4):  # the library converts it
        assert run(number, form="d", dtype=2) == [answer(number)]


def test_an_input_stays_as_it_was_given(calls, graph) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", graph)
    append(guest, session, b"x", (1, 4), FLOAT, FOUR)
    append(guest, session, b"scalar", (), FLOAT, struct.pack("<f", 21))
    guest("append_output", session, b"y", 0)
    for _ in range(4):
        assert guest("run_session", session) == 0
        assert guest.tensor(guest("get_output_tensor", session, b"y", 0)) == ANSWER


@pytest.mark.parametrize(("dtype", "number"), DTYPES.items())
def test_every_type_goes_through_unchanged(calls, models, dtype, number) -> None:
    import ml_dtypes
    import numpy as np

    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    data = np.array([0, 1, 1, 0] if dtype == "bool" else [1, 2, 3, 100]).astype(kind).tobytes()
    guest = calls(MODULES[0])
    session = guest("create_session", (models / "dtypes.pb").read_bytes())
    append(guest, session, f"x_{dtype}".encode(), (2, 2), number, data)
    guest("append_output", session, f"y_{dtype}".encode(), 0)
    assert guest("run_session", session) == 0
    assert guest.tensor(guest("get_output_tensor", session, f"y_{dtype}".encode(), 0)) == data


def test_a_number_without_dimensions(calls, graph) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", graph)
    append(guest, session, b"scalar", (), FLOAT, struct.pack("<f", 21))
    guest("append_output", session, b"twice", 0)
    assert guest("run_session", session) == 0
    assert guest.tensor(guest("get_output_tensor", session, b"twice", 0)) == struct.pack("<f", 42)


@pytest.mark.parametrize(
    ("dims", "dtype", "data"),
    [((1, 4), FLOAT, FOUR[:-1]), ((1, 5), FLOAT, FOUR), ((-1, 4), FLOAT, FOUR), ((1 << 62, 1 << 62), FLOAT, FOUR),
     ((1, 4), 0, FOUR), ((1, 4), 7, FOUR), ((1, 4), 20, FOUR), ((1, 4), 99, FOUR), ((1, 4), -1, FOUR),
     ((1,) * 40, FLOAT, FOUR[:4]), ((0, 4), FLOAT, FOUR)],
)  # fmt: skip
def test_an_input_that_does_not_fit_is_left_out_and_told(calls, graph, dims, dtype, data) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", graph)
    append(guest, session, b"x", dims, dtype, data)
    guest("append_output", session, b"y", 0)
    assert guest("run_session", session) == 1
    assert guest.state.notes[0].startswith("the input 'x:0' cannot be taken: ")
    assert guest.state.notes[1].startswith("the model did not run: ")


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [([(b"nothing", 0)], [(b"y", 0)]), ([(b"x", 3)], [(b"y", 0)]), ([(b"x", 0)], [(b"nothing", 0)]),
     ([(b"x", 0)], [(b"y", 9)]), ([(b"x", 0)], [(b"\xff", 0)]), ([(b"x", 0)], [(b"y", -1)]),
     ([(b"x", 0), (b"x", 0)], [(b"y", 0)])],
)  # fmt: skip
def test_a_run_with_wrong_names_fails(calls, graph, inputs, outputs) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", graph)
    for name, index in inputs:
        append(guest, session, name, (1, 4), FLOAT, FOUR, index)
    for name, index in outputs:
        guest("append_output", session, name, index)
    assert guest("run_session", session) == 1
    assert guest("get_output_tensor", session, *outputs[0]) == 0
    assert guest.state.notes[-1].startswith("the model did not run: ")


@pytest.mark.parametrize("number", [0, 2, 77, -1, 1 << 62])
def test_a_made_up_handle_is_nothing(calls, graph, number) -> None:
    guest = calls(MODULES[0])
    assert guest("create_session", graph) == 1
    append(guest, number, b"x", (1, 4), FLOAT, FOUR)
    guest("append_output", number, b"y", 0)
    guest("clear_input", number)
    guest("clear_output", number)
    guest("delete_session", number)
    assert guest("run_session", number) == 1
    assert guest("get_output_tensor", number, b"y", 0) == 0
    assert guest("get_tensor_len", number) == 0
    assert guest("run_session", 1) == 0


def test_a_text_has_no_bytes_that_a_guest_could_read(calls, graph) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", graph)
    append(guest, session, b"scalar", (), FLOAT, struct.pack("<f", 21))
    guest("append_output", session, b"text", 0)
    assert guest("run_session", session) == 0
    assert guest("get_tensor_len", guest("get_output_tensor", session, b"text", 0)) == 0


@pytest.mark.parametrize("data", [b"x", b"\x0a\xff\xff", bytes(1000)])
def test_what_is_no_graph_gives_no_session_and_a_reason(calls, data) -> None:
    guest = calls(MODULES[0])
    assert guest("create_session", data) == 0
    assert guest.state.notes[0].startswith("the model cannot be used: ")


def test_a_graph_that_opens_files_is_refused(calls, models) -> None:
    guest = calls(MODULES[0])
    assert guest("create_session", (models / "files.pb").read_bytes()) == 0
    assert "its operation ReadFile can reach files" in guest.state.notes[0]


def test_where_nothing_locks_the_process_no_graph_runs(calls, graph) -> None:
    guest = calls(MODULES[0], closed=False)
    assert guest("create_session", graph) == 0
    assert "only where the operating system locks the guest" in guest.state.notes[0]


def test_places_outside_of_memory_trap(calls, graph) -> None:
    guest = calls(MODULES[0])
    session = guest("create_session", graph)
    for call in (
        ("create_session", 0, 1 << 30),
        ("append_input", session, b"x", 0, -8, 2, FLOAT, FOUR),
        ("append_input", session, b"x", 0, 0, 0, FLOAT, -16, 32),
        ("append_output", session, -1, 2, 0),
        ("get_output_tensor", session, -1, 2, 0),
    ):
        with pytest.raises(wasmtime.WasmtimeError, match="out of bounds"):
            guest(*call)
