"""Models computed for a guest, against the same library called from Python (``python -m benchmarks.inference``).

Both sides hand over the input, compute, and take the output, many times with one session. Ours is the time by the
guest's own clock.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import wasmtime

from benchmarks._inference_models import CLASSES, SIDE
from benchmarks.first_light import Unseen
from benchmarks.runner import Row, finish, pairs, timed
from ssvm_kernel.guest import Guest
from ssvm_kernel.host.lending import lend
from ssvm_kernel.options import RunTraits
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.session import Session

_TIMES = 5  # short samples: on a busy machine most of them then pass undisturbed
_INPUT, _OUTPUT = SIDE * SIDE * 3 * 4, CLASSES * 4
_PIXELS = np.random.default_rng(1).random((1, SIDE, SIDE, 3), "f4")
_AT_NAMES, _AT_DIMS, _AT_OUTPUT, _AT_INPUT = 0, 64, 1024, 4096
_AT_MODEL = _AT_INPUT + _INPUT

_LITE = """
  (import "ssvm_tensorflowlite" "ssvm_tensorflowlite_append_input" (func $append (param i64 i32 i32 i32 i32)))
  (import "ssvm_tensorflowlite" "ssvm_tensorflowlite_get_output_tensor"
    (func $output (param i64 i32 i32) (result i64)))
  (func $give (call $append (global.get $session) (i32.const 0) (i32.const 6) (i32.const {input}) (i32.const {size})))
  (func $prepare)
  (func $take (result i64) (call $output (global.get $session) (i32.const 16) (i32.const {output_size})))"""
_GRAPH = """
  (import "ssvm_tensorflow" "ssvm_tensorflow_append_input"
    (func $append (param i64 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ssvm_tensorflow" "ssvm_tensorflow_append_output" (func $ask (param i64 i32 i32 i32)))
  (import "ssvm_tensorflow" "ssvm_tensorflow_clear_input" (func $clear (param i64)))
  (import "ssvm_tensorflow" "ssvm_tensorflow_get_output_tensor"
    (func $output (param i64 i32 i32 i32) (result i64)))
  (func $give (call $clear (global.get $session))
    (call $append (global.get $session) (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 64) (i32.const 4)
      (i32.const 1) (i32.const {input}) (i32.const {size})))
  (func $prepare (call $ask (global.get $session) (i32.const 16) (i32.const 6) (i32.const 0)))
  (func $take (result i64) (call $output (global.get $session) (i32.const 16) (i32.const 6) (i32.const 0)))"""
_GUEST = """(module {imports}
  (import "{module}" "{module}_create_session" (func $create (param i32 i32) (result i64)))
  (import "{module}" "{module}_run_session" (func $run (param i64) (result i32)))
  (import "{module}" "{module}_get_tensor_data" (func $data (param i64 i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  {functions}
  (memory (export "memory") {pages}) (global $session (mut i64) (i64.const 0))
  (data (i32.const 0) "pixels") (data (i32.const 16) "{output}") (data (i32.const 64) "{dims}")
  (data (i32.const {input}) "{pixels}") (data (i32.const {model}) "{bytes}")
  (func (export "_initialize")
    (global.set $session (call $create (i32.const {model}) (i32.const {model_size})))
    (if (i64.eqz (global.get $session)) (then (unreachable)))
    (call $prepare) (call $once) (call $once) (call $once))
  (func $once (call $give) (if (call $run (global.get $session)) (then (unreachable)))
    (call $data (call $take) (i32.const {to})))
  (func $now (result i64) (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 256)))
    (i64.load (i32.const 256)))
  (func (export "many") (result i64) (local $i i32) (local $began i64)
    (local.set $began (call $now))
    (loop $again (call $once) (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const {times}))))
    (i64.sub (call $now) (local.get $began))))"""


def rows() -> Iterator[Row]:
    """Measure a model in both forms."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "benchmarks._inference_models", folder], check=True, capture_output=True)
        yield _compare("TensorFlow Lite", "ssvm_tensorflowlite", Path(folder) / "model.tflite", _lite)
        yield _compare("a TensorFlow graph", "ssvm_tensorflow", Path(folder) / "model.pb", _graph)


def _compare(name: str, module: str, model: Path, theirs: Callable[[bytes], tuple[Callable[[], Any], str]]) -> Row:
    data = model.read_bytes()
    plain, output = theirs(data)
    session = Session()
    guest = Guest("bench", bytes(wasmtime.wat2wasm(_text(module, data, output))))
    options = RunTraits(allow_models=True, call="many")

    def ours() -> float:
        with Prepared(session.grants, guest, options) as prepared:
            prepared.context.surface = None
            handler = session.runtime.broker.handler(prepared.context)
            outcome = session.runtime.runner.run(prepared.job("jit"), Unseen(), handler)
        assert outcome.trap is None, outcome
        return int(outcome.results[0]) / 1e6 / _TIMES

    def python() -> float:
        for _ in range(3):
            plain()
        return timed(lambda: [plain() for _ in range(_TIMES)]) / _TIMES

    try:
        return pairs(f"{name} for a guest, against Python", ours, python, goal=1.1, rounds=151, warmup=3)
    finally:
        session.close()


def _text(module: str, data: bytes, output: str) -> str:
    own = _LITE if module.endswith("lite") else _GRAPH
    values = {
        "module": module,
        "pages": -(-(_AT_MODEL + len(data)) // 65536) + 1,
        "output": output,
        "output_size": len(output),
        "dims": _escaped(np.array([1, SIDE, SIDE, 3], "<i8").tobytes()),
        "pixels": _escaped(_PIXELS.tobytes()),
        "bytes": _escaped(data),
        "model": _AT_MODEL,
        "model_size": len(data),
        "input": _AT_INPUT,
        "size": _INPUT,
        "to": _AT_OUTPUT,
        "times": _TIMES,
    }
    imports, mark, functions = own.partition("\n  (func $give")
    text = _GUEST.replace("{imports}", imports).replace("{functions}", mark + functions)
    return text.format(**values)


def _escaped(data: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in data)


def _lite(model: bytes) -> tuple[Callable[[], Any], str]:
    """Return what computes the model as LiteRT's documentation says, and the output's name."""
    lend(["tflite"])
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=2)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def once() -> Any:
        interpreter.set_tensor(taken["index"], _PIXELS)
        interpreter.invoke()
        return interpreter.get_tensor(given["index"])

    return once, str(given["name"])


def _graph(model: bytes) -> tuple[Callable[[], Any], str]:
    """Return what computes the graph as TensorFlow's documentation says, and the output's name."""
    lend(["tensorflow"])  # with the same settings
    import tensorflow as tf

    v1 = tf.compat.v1
    definition = v1.GraphDef.FromString(model)
    with tf.Graph().as_default() as graph:
        v1.import_graph_def(definition, name="")
    config = v1.ConfigProto(intra_op_parallelism_threads=2, inter_op_parallelism_threads=2)
    session = v1.Session(graph=graph, config=config)
    return lambda: session.run("scores:0", {"pixels:0": _PIXELS}), "scores"


def main() -> None:
    """Measure everything and print the table."""
    finish("inference", list(rows()))


if __name__ == "__main__":
    main()
