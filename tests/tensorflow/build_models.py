"""Makes the models of the tests: run as a program, since TensorFlow takes seconds to load and warns of itself."""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.tensorflow.dtypes import DTYPES, LITE_DTYPES

v1 = tf.compat.v1


def lite(function, *specs) -> bytes:
    concrete = tf.function(function, input_signature=specs).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], concrete).convert()


def graph(build) -> bytes:
    with tf.Graph().as_default() as made:
        build()
    return made.as_graph_def().SerializeToString()


def every_dtype() -> None:
    for name in DTYPES:
        tf.identity(v1.placeholder(name, [None, 2], name=f"x_{name}"), name=f"y_{name}")


def several() -> None:
    x = v1.placeholder(tf.float32, [None, 4], name="x")
    tf.matmul(x, tf.constant([[1.0, 0.5]] * 4), name="y")
    tf.split(x, 2, axis=1, name="halves")
    scalar = v1.placeholder(tf.float32, [], name="scalar")
    tf.multiply(scalar, 2.0, name="twice")
    tf.as_string(scalar, name="text")
    v1.placeholder(tf.string, [], name="words")


def files() -> None:
    tf.io.read_file(v1.placeholder(tf.string, [], name="path"), name="content")


def main(folder: Path) -> None:
    (folder / "several.pb").write_bytes(graph(several))
    (folder / "dtypes.pb").write_bytes(graph(every_dtype))
    (folder / "files.pb").write_bytes(graph(files))
    model = lite(lambda x: tf.matmul(x, tf.constant([[1.0, 0.5]] * 4)), tf.TensorSpec([1, 4], tf.float32, name="x"))
    (folder / "several.tflite").write_bytes(model)
    for name in LITE_DTYPES:
        spec = tf.TensorSpec([1, 4], name, name="x")
        (folder / f"{name}.tflite").write_bytes(lite(lambda x: tf.reshape(x, [2, 2]), spec))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
