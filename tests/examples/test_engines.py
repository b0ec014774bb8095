"""Engines compared, in a notebook whose text alone tells ratio with interval, compile cost, break-even and counts."""

from __future__ import annotations

import re

import pytest

from tests.examples.running import texts_of
from tests.toolchains.conftest import require

SENTENCE = re.compile(
    r"JIT is (?P<ratio>[\d.]+)x (?P<word>faster|slower) per run "
    r"\(95 % interval (?P<low>[\d.]+) to (?P<high>[\d.]+)\)\. "
    r"Compiling cost [\d.]+ (?:µs|ms|s), (?:repaid after [\d,]+ runs|repaid at once|never repaid); "
    r"from the compile cache [\d.]+ (?:µs|ms|s), (?:repaid after [\d,]+ runs|repaid at once|never repaid)\. "
    r"\d+ \+ \d+ samples, \d+ warm-up runs dropped\."
)
NO_NUMBER = re.compile(r"\d+(\.\d+)?x ")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> list[str]:
    require("c")
    return texts_of("20-jit-and-interpreter.ipynb", tmp_path_factory.mktemp("engines"))


def test_the_text_tells_ratio_interval_cost_break_even_and_counts(outputs) -> None:
    assert outputs[1].startswith("below 30000, 26623 takes the longest way to 1\n")
    told = SENTENCE.search(outputs[1])
    assert told, outputs[1]
    assert told["word"] == "faster"
    assert float(told["low"]) <= float(told["ratio"]) <= float(told["high"])
    assert float(told["ratio"]) > 3
    for engine in ("jit", "interpreter"):
        assert re.search(rf"^ *{engine} [▓▒░█·]+", outputs[1], re.MULTILINE)
    assert "├" in outputs[1]
    assert "┊" in outputs[1]


def test_the_samples_give_the_same_ratio_by_hand(outputs) -> None:
    by_hand = re.search(r"by hand: ([\d.]+); the comparison: ([\d.]+)", outputs[2])
    assert by_hand
    assert by_hand[1] == by_hand[2]
    assert re.search(r"collatz \(jit\) has \d+ times", outputs[3])


def test_a_function_is_measured_with_its_arguments(outputs) -> None:
    assert outputs[4].startswith("6171\n")
    assert SENTENCE.search(outputs[4])
    assert outputs[5].startswith("0\n")
    assert "Runs this short are to a good part the call itself" in outputs[5]


def test_every_engine_is_compared(outputs) -> None:
    assert re.search(r"^ *jit-o0 [▓▒░█·]+", outputs[6], re.MULTILINE)
    assert re.search(r"JIT is .* (than|as) JIT without optimisation", outputs[6])


def test_runs_that_differ_or_are_few_get_no_ratio(outputs) -> None:
    assert "No ratio: the runs were not equal." in outputs[7]
    assert not NO_NUMBER.search(outputs[7])
    assert "samples are too few, 5 of each engine are needed" in outputs[8]
    assert not NO_NUMBER.search(outputs[8])


def test_the_profile_names_the_function_and_its_line(outputs) -> None:
    assert re.search(r"profile of collatz: \d+ samples in .*, jit", outputs[9])
    assert re.search(r"^ +[\d.]+ % +[\d.]+ % +█+ +longest +5$", outputs[9], re.MULTILINE)
