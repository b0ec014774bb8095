"""Makes a model of the size of a small picture classifier (``python -m benchmarks._inference_models DIR``).

Its weights are random: how long it takes does not hang on what it knows.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

SIDE, CLASSES = 192, 100


def main(folder: Path) -> None:
    """Write ``model.tflite`` and ``model.pb``."""
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(0)
    sizes = [(3, 16), (16, 32), (32, 64), (64, 128)]
    kernels = [rng.normal(0, 0.1, (3, 3, *pair)).astype("f4") for pair in sizes]
    dense = rng.normal(0, 1, (128, CLASSES)).astype("f4")

    def network(pixels: Any) -> Any:
        layer = pixels
        for kernel in kernels:
            layer = tf.nn.relu(tf.nn.conv2d(layer, tf.constant(kernel), 2, "SAME"))
        return tf.nn.softmax(tf.matmul(tf.reduce_mean(layer, [1, 2]), tf.constant(dense)), name="scores")

    spec = tf.TensorSpec([1, SIDE, SIDE, 3], tf.float32, name="pixels")
    concrete = tf.function(network, input_signature=[spec]).get_concrete_function()
    (folder / "model.tflite").write_bytes(
        tf.lite.TFLiteConverter.from_concrete_functions([concrete], concrete).convert()
    )
    with tf.Graph().as_default() as graph:
        network(tf.compat.v1.placeholder(tf.float32, spec.shape, name="pixels"))
    (folder / "model.pb").write_bytes(graph.as_graph_def().SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
