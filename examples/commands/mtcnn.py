"""``mtcnn MODEL_BYTES INPUT OUTPUT PARAMETERS_JSON WIDTH HEIGHT``: boxes around objects, as a flat JSON array.

stdin is the model and then the picture, BGR, a byte for each colour. Each box is four numbers: y1, x1, y2, x2. The
parameters are an object of arrays, as ``{"min_size": [40], "thresholds": [0.6, 0.7, 0.7], "factor": [0.709]}``: the
model's inputs by these names. The small model of the tutorial takes two thresholds: what one window must reach, and
what all windows at one place must weigh together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _boxes import WINDOW, candidates, group
from _models import ModelError, Network, load, serve, split

_BGR_TO_GRAY = np.array([0.114, 0.587, 0.299])


class Detector(Network):
    """A network that judges windows of a picture."""

    def run(self, inputs: Mapping[str, np.ndarray], output: str) -> np.ndarray:
        """Return the boxes."""
        ((name, image),) = ((name, value) for name, value in inputs.items() if np.ndim(value) == 3)
        self.check(name, output)
        try:
            min_size, factor = float(inputs["min_size"]), float(inputs["factor"])
            threshold, least = (float(number) for number in inputs["thresholds"])
        except (KeyError, TypeError, ValueError):
            raise ModelError("the parameters are one min_size, one factor and two thresholds") from None
        if min_size < WINDOW or not 0.1 <= factor <= 0.95:
            raise ModelError(f"min_size is {WINDOW} or more, and factor between 0.1 and 0.95")
        windows, boxes = candidates((image @ _BGR_TO_GRAY).round().astype(np.uint8), min_size, factor)
        chances = 1 / (1 + np.exp(-self.logits(windows)[:, 0]))
        likely = chances > threshold
        return group(boxes[likely], chances[likely], least)


def boxes(words: list[str], data: bytes) -> np.ndarray:
    """Return the model's boxes."""
    model_bytes, input_name, output_name, parameters, width, height = words
    model, picture = split(data, model_bytes, width, height)
    inputs = {name: np.array(values, np.float32) for name, values in _parameters(parameters).items()}
    inputs[input_name] = picture.astype(np.float32)
    return load(model, Detector).run(inputs, output_name)


def _parameters(text: str) -> dict[str, object]:
    """Return the parameters, an array of one number as that number."""
    try:
        given = {name: [float(number) for number in values] for name, values in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        raise ModelError("the parameters are no JSON object of arrays of numbers") from None
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


if __name__ == "__main__":
    sys.exit(serve("usage: mtcnn MODEL_BYTES INPUT OUTPUT PARAMETERS_JSON WIDTH HEIGHT", 6, boxes))
