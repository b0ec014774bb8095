"""Boxes around objects: every place of a picture, in every size, is judged by a small network.

A window of 8 by 8 pixels moves over the picture, which is made smaller step by step so that large objects fit as well.
Places that the network takes for an object, and that lie on each other, are one object.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

WINDOW = 8
_SAME_OBJECT = 0.4  # boxes that overlap so much are averaged
_ANOTHER = 0.2  # and those that overlap less begin an object of their own


def candidates(gray: np.ndarray, min_size: float, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the windows of a picture, one in each row as numbers from 0 to 1, and their boxes y1, x1, y2, x2.

    Parameters
    ----------
    gray : ndarray
        The picture, one byte for each pixel.
    min_size : float
        Size of the smallest objects, in pixels.
    factor : float
        How much smaller the picture gets from step to step.
    """
    height, width = gray.shape
    scale = WINDOW / min_size
    windows, boxes = [np.empty((0, WINDOW * WINDOW))], [np.empty((0, 4))]
    while min(height, width) * scale >= WINDOW:
        size = (round(width * scale), round(height * scale))
        level = np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BOX)) / 255
        views = np.lib.stride_tricks.sliding_window_view(level, (WINDOW, WINDOW))
        y, x = (places.ravel() for places in np.indices(views.shape[:2]))
        windows.append(views.reshape(-1, WINDOW * WINDOW))
        boxes.append(np.stack([y, x, y + WINDOW, x + WINDOW], axis=1) / scale)
        scale *= factor
    return np.concatenate(windows), np.concatenate(boxes)


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how much each box of `one` and each of `other` have in common: the shared area over the whole area."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (one, other)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)


def group(boxes: np.ndarray, scores: np.ndarray, least: float) -> np.ndarray:
    """Return one box for each object: the average of those that lie on each other, if they weigh `least` together."""
    found = [np.empty((0, 4))]
    left = np.argsort(-scores)
    while len(left):
        shared = overlap(boxes[left[:1]], boxes[left])[0]
        same = left[shared > _SAME_OBJECT]
        if scores[same].sum() > least:
            found.append(np.average(boxes[same], axis=0, weights=scores[same])[None])
        left = left[shared < _ANOTHER]
    return np.concatenate(found)
