"""``mobilenet_v2 MODEL_BYTES INPUT OUTPUT WIDTH HEIGHT``: the scores of a picture's classes, as a JSON array.

stdin is the model and then the picture, RGB, a byte for each colour. The model's input is [1, WIDTH, HEIGHT, 3],
numbers from 0 to 1.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _models import ModelError, Network, load, serve, split


class Classifier(Network):
    """A network whose input is the picture's brightness and whose outputs are probabilities."""

    def run(self, inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        """Return the probabilities of the classes."""
        ((name, tensor),) = inputs.items()
        self.check(name, output)
        rows = tensor.mean(axis=3).reshape(1, -1)
        if rows.shape[1] != len(self.layers[0][0]):
            raise ModelError(f"the model takes {len(self.layers[0][0])} pixels, not {rows.shape[1]}")
        logits = self.logits(rows)
        powers = np.exp(logits - logits.max())
        return powers / powers.sum()


def scores(words: list[str], data: bytes) -> np.ndarray:
    """Return the model's scores."""
    model_bytes, input_name, output_name, width, height = words
    model, picture = split(data, model_bytes, width, height)
    tensor = (picture.reshape(1, int(width), int(height), 3) / 255).astype(np.float32)
    return load(model, Classifier).run({input_name: tensor}, output_name)


if __name__ == "__main__":
    sys.exit(serve("usage: mobilenet_v2 MODEL_BYTES INPUT OUTPUT WIDTH HEIGHT", 5, scores))
