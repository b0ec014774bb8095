"""Statistics against distributions that are known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssvm_kernel.display.stats import break_even, median_interval, outliers, ratio_of_medians, spread


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


def test_the_interval_of_a_median_covers_it_about_as_often_as_it_says() -> None:
    source = random.Random(2)
    intervals = [median_interval([source.expovariate(1.0) for _ in range(15)], seed=trial) for trial in range(200)]
    covered = sum(interval.low <= 0.6931 <= interval.high for interval in intervals)
    assert 0.88 <= covered / 200 <= 1.0


def test_with_five_samples_the_interval_is_no_narrower_than_it_may_be() -> None:
    source = random.Random(4)
    intervals = [median_interval([source.gauss(0, 1) for _ in range(5)], seed=trial) for trial in range(200)]
    assert sum(interval.low <= 0 <= interval.high for interval in intervals) / 200 >= 0.86


def test_outliers_of_a_normal_distribution_are_about_as_many_as_tukey_says() -> None:
    source = random.Random(5)
    found = outliers([source.gauss(10, 1) for _ in range(5000)])
    assert 0.003 < sum(found) / 5000 < 0.012  # 0.7 %


def test_one_far_sample_is_an_outlier_and_few_samples_have_none() -> None:
    assert outliers([1.0, 1.1, 0.9, 1.0, 9.0]) == (False, False, False, False, True)
    assert outliers([1.0, 1.1, 9.0]) == (False, False, False)
    assert outliers([]) == ()


def test_spread_is_the_middle_half() -> None:
    source = random.Random(6)
    assert spread([source.gauss(100, 10) for _ in range(5000)]) == pytest.approx(0.1349, rel=0.1)
    assert spread([3.0] * 9) == 0.0
    assert spread([3.0]) == 0.0
