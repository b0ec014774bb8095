"""Statistics against distributions that are known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssvm_kernel.display.stats import break_even, ratio_of_medians


def test_the_interval_covers_the_true_ratio_about_as_often_as_it_says() -> None:
    source = random.Random(1)
    covered = 0
    for trial in range(200):
        slow = [source.lognormvariate(2.0, 0.2) for _ in range(20)]
        fast = [source.lognormvariate(0.0, 0.2) for _ in range(20)]
        ratio = ratio_of_medians(slow, fast, seed=trial)
        covered += ratio.low <= 7.389 <= ratio.high
    assert 0.88 <= covered / 200 <= 1.0


@settings(max_examples=30, deadline=None)
@given(
    slow=st.lists(st.floats(0.001, 10), min_size=1, max_size=30),
    fast=st.lists(st.floats(0.001, 10), min_size=1, max_size=30),
)
def test_the_interval_is_in_order_and_repeatable(slow: list[float], fast: list[float]) -> None:
    ratio = ratio_of_medians(slow, fast)
    assert ratio.low <= ratio.high
    assert ratio == ratio_of_medians(slow, fast)


def test_equal_samples_have_no_width() -> None:
    ratio = ratio_of_medians([4.0] * 5, [2.0] * 5)
    assert (ratio.value, ratio.low, ratio.high, ratio.relative_width) == (2.0, 2.0, 2.0, 0.0)


@pytest.mark.parametrize(
    ("cost", "slow", "fast", "runs"),
    [
        (1.0, 0.5, 0.1, 3),
        (1.0, 1.0, 0.5, 3),
        (-1.0, 1.0, 0.5, 0),
        (0.0, 1.0, 0.5, 1),
        (1.0, 0.1, 0.5, None),
        (1.0, 1.0, 1.0, None),
    ],
)
def test_break_even(cost: float, slow: float, fast: float, runs: int | None) -> None:
    assert break_even(cost, slow, fast) == runs
    if runs:
        assert cost + runs * fast < runs * slow
        assert cost + (runs - 1) * fast >= (runs - 1) * slow
