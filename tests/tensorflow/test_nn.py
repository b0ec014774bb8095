"""WASI-NN: TensorFlow Lite and ONNX models by the interface that the field agreed on."""

from __future__ import annotations

import hashlib
import struct

import pytest
import wasmtime

from ssvm_kernel.host.lending import lend
from ssvm_kernel.sandbox.pool import WorkerPool
from ssvm_kernel.sandbox.runner import Job, Runner
from tests.sandbox.test_runner import Collected, no_commands
from tests.tensorflow.conftest import need
from tests.tensorflow.onnx_model import MODEL

MODULE = "wasi_ephemeral_nn"
FOUR = struct.pack("<4f", 1, 2, 3, 4)
ANSWER = struct.pack("<2f", 10, 5)
ONNX, OPENVINO, TFLITE = 1, 0, 4
INVALID, ENCODING, MISSING_MEMORY, RUNTIME, TOO_LARGE, NOT_FOUND = 1, 2, 3, 5, 7, 8


@pytest.fixture(scope="module")
def lent():
    need("tflite", "onnx")
    found = lend(["tflite", "onnx"])
    assert not found.problems
    return found


def load(guest, model: bytes, encoding: int, target: int = 0) -> tuple[int, int]:
    out = guest.room(4)
    parts = guest.put(struct.pack("<II", *guest.put(model)))[0]
    return guest("load", parts, 1, encoding, target, out), guest.number(out)


def tensor(guest, data: bytes, dims: tuple[int, ...] = (1, 4)) -> int:
    shape = guest.put(struct.pack(f"<{len(dims)}I", *dims))[0]
    return guest.put(struct.pack("<IIB3xII", shape, len(dims), 1, *guest.put(data)))[0]


@pytest.mark.parametrize(("encoding", "target"), [(TFLITE, 0), (TFLITE, 3), (ONNX, 0)])
def test_a_model_is_computed(calls, lent, models, encoding, target) -> None:
    guest = calls(MODULE, lent)
    model = MODEL if encoding == ONNX else (models / "several.tflite").read_bytes()
    code, graph = load(guest, model, encoding, target)
    assert code == 0, guest.state.notes
    out, at = guest.room(4), guest.room(8)
    contexts = []
    for _ in range(2):
        assert guest("init_execution_context", graph, out) == 0
        contexts.append(guest.number(out))
    assert len(set(contexts)) == 2
    assert guest("set_input", contexts[0], 0, tensor(guest, FOUR)) == 0
    assert guest("set_input", contexts[1], 0, tensor(guest, bytes(16))) == 0
    for context, value in zip(contexts, (ANSWER, bytes(8)), strict=True):
        assert guest("compute", context) == 0
        assert guest("get_output", context, 0, at, 8, out) == 0
        assert (guest.read(at, 8), guest.number(out)) == (value, 8)
    assert guest.state.notes == []


@pytest.mark.parametrize("encoding", [TFLITE, ONNX])
def test_what_is_wrong_has_a_number(calls, lent, models, encoding) -> None:
    guest = calls(MODULE, lent)
    model = MODEL if encoding == ONNX else (models / "several.tflite").read_bytes()
    out, at = guest.room(4), guest.room(8)
    assert load(guest, model, OPENVINO)[0] == ENCODING
    assert load(guest, model, 99)[0] == ENCODING
    assert load(guest, model, encoding, target=1)[0] == INVALID
    assert load(guest, b"none", encoding)[0] == INVALID
    assert guest("load", 0, 2, encoding, 0, out) == INVALID
    assert guest("load", -8, 1, encoding, 0, out) == MISSING_MEMORY
    assert guest("load_by_name", 0, 4, out) == NOT_FOUND
    assert guest("init_execution_context", 99, out) == INVALID
    _, graph = load(guest, model, encoding)
    assert guest("init_execution_context", graph, -1) == MISSING_MEMORY
    assert guest("init_execution_context", graph, out) == 0
    context = guest.number(out)
    given = tensor(guest, FOUR)
    assert guest("set_input", 99, 0, given) == INVALID
    assert guest("set_input", context, 1, given) == INVALID
    assert guest("set_input", context, 0, -4) == MISSING_MEMORY
    assert guest("set_input", context, 0, tensor(guest, FOUR[:-1])) == INVALID
    assert guest("set_input", context, 0, tensor(guest, FOUR, (1,) * 40)) == INVALID
    assert guest("compute", 99) == INVALID
    assert guest("get_output", context, 7, at, 8, out) == INVALID
    assert guest("get_output", 99, 0, at, 8, out) == INVALID
    assert guest("set_input", context, 0, given) == 0
    assert guest("compute", context) == 0
    assert guest("get_output", context, 0, at, 7, out) == TOO_LARGE
    assert guest("get_output", context, 0, -4, 8, out) == MISSING_MEMORY


def test_onnx_without_an_input_does_not_run(calls, lent) -> None:
    guest = calls(MODULE, lent)
    _, graph = load(guest, MODEL, ONNX)
    out = guest.room(4)
    guest("init_execution_context", graph, out)
    assert guest("compute", guest.number(out)) == RUNTIME


def test_a_library_that_is_not_lent_is_not_found(calls) -> None:
    guest = calls(MODULE, lend([]))
    assert load(guest, b"x", ONNX)[0] == NOT_FOUND
    assert list(guest.state.missed) == ["onnx"]


IN_A_WORKER = """(module
  (import "wasi_ephemeral_nn" "load" (func $load (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $init (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 1024) "{model}")
  (data (i32.const 64) "{tensor}") (data (i32.const 128) "{dims}") (data (i32.const 160) "{four}")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const {size}))
    (if (call $load (i32.const 0) (i32.const 1) (i32.const {encoding}) (i32.const 0) (i32.const 8))
      (then (call $exit (i32.const 1))))
    (if (call $init (i32.load (i32.const 8)) (i32.const 12)) (then (call $exit (i32.const 2))))
    (if (call $set (i32.load (i32.const 12)) (i32.const 0) (i32.const 64)) (then (call $exit (i32.const 3))))
    (if (call $compute (i32.load (i32.const 12))) (then (call $exit (i32.const 4))))
    (if (call $get (i32.load (i32.const 12)) (i32.const 0) (i32.const 256) (i32.const 8) (i32.const 16))
      (then (call $exit (i32.const 5))))
    (call $exit (i32.trunc_f32_u (f32.load (i32.const 256))))))"""


@pytest.mark.parametrize("encoding", [TFLITE, ONNX])
def test_in_the_locked_process_of_a_guest(models, tmp_path, monkeypatch, encoding) -> None:
    need("tflite", "onnx")
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path))
    model = MODEL if encoding == ONNX else (models / "several.tflite").read_bytes()
    parts = {
        "model": model,
        "tensor": struct.pack("<IIB3xII", 128, 2, 1, 160, 16),
        "dims": struct.pack("<II", 1, 4),
        "four": FOUR,
    }
    text = IN_A_WORKER.replace("{size}", str(len(model))).replace("{encoding}", str(encoding))
    for name, data in parts.items():
        text = text.replace(f"{{{name}}}", "".join(f"\\{byte:02x}" for byte in data))
    wasm = bytes(wasmtime.wat2wasm(text))
    pool = WorkerPool()
    try:
        job = Job(wasm, hashlib.sha256(wasm).hexdigest(), extras=("tflite", "onnx"))
        outcome = Runner(pool).run(job, Collected(), no_commands)
    finally:
        pool.close()
    assert (outcome.exit_code, outcome.notes, outcome.missed) == (10, (), ())
