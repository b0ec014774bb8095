"""The comparison of engines, in words, figures, text, HTML and a plot."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from ssvm_kernel.display.timing_plots import VEGA_LITE
from ssvm_kernel.display.timings import MIME, Comparison, Sample

GOLDEN = Path(__file__).parent / "golden"


def equal(seconds: float, count: int = 6) -> tuple[Sample, ...]:
    return (Sample(1e-4, 2e-4, seconds, 0.001),) * count


def comparison(difference: str = "", *, jit: float = 0.01, interpreter: float = 0.4, count: int = 6) -> Comparison:
    runs = {"jit": equal(jit, count), "interpreter": equal(interpreter, count)}
    warmup = {"jit": equal(jit, 2), "interpreter": equal(interpreter, 2)}
    return Comparison(runs, {"jit": 0.5, "interpreter": 0.1}, difference, warmup)


def measured() -> Comparison:
    """Three engines with samples as a busy machine gives them, the same each time."""
    source = random.Random(6)

    def samples(seconds: float, count: int) -> tuple[Sample, ...]:
        return tuple(
            Sample(3e-4, 1.2e-4, seconds * source.lognormvariate(0, 0.1) * (4 if index == 7 else 1), 0.002)
            for index in range(count)
        )

    engines = {"jit": 0.003, "jit-o0": 0.006, "interpreter": 0.12}
    return Comparison(
        runs={name: samples(seconds, 12) for name, seconds in engines.items()},
        compile={"jit": 0.018, "jit-o0": 0.009, "interpreter": 0.015},
        warmup={name: samples(seconds * 2, 2) for name, seconds in engines.items()},
        cached=True,
        guest="primes",
    )


def test_the_sentence_has_ratio_interval_cost_and_counts() -> None:
    assert comparison().sentence() == (
        "JIT is 40x faster per run (95 % interval 40 to 40). Compiling cost 500 ms, repaid after 2 runs. "
        "6 + 6 samples, 4 warm-up runs dropped."
    )


def test_a_slower_jit_is_told_as_slower_and_never_repaid() -> None:
    text = comparison(jit=0.4, interpreter=0.1).sentence()
    assert "JIT is 4.0x slower per run" in text
    assert "never repaid" in text


def test_a_cheap_compile_is_repaid_at_once() -> None:
    runs = {"jit": equal(0.01), "interpreter": equal(0.4)}
    assert "repaid at once" in Comparison(runs, {"jit": 0.1, "interpreter": 0.1}).sentence()


def test_the_cost_with_a_warm_cache_is_told_apart() -> None:
    runs = {
        "jit": tuple(Sample(3.0, 2e-4, 0.01, 0.0) for _ in range(6)),
        "interpreter": tuple(Sample(1.0, 2e-4, 0.4, 0.0) for _ in range(6)),
    }
    text = Comparison(runs, {"jit": 0.5, "interpreter": 0.5}, cached=True).sentence()
    assert "Compiling cost 500 ms, repaid at once; from the compile cache 3.0 s, repaid after 6 runs." in text


def test_no_winner_where_the_interval_has_both() -> None:
    source = random.Random(3)
    runs = {
        name: tuple(Sample(0, 0, source.lognormvariate(0, 0.1), 0) for _ in range(20))
        for name in ("jit", "interpreter")
    }
    text = Comparison(runs, {"jit": 2.0, "interpreter": 1.0}).sentence()
    assert "JIT is as fast as the interpreter, as far as can be told: ratio" in text
    assert "whether that is ever repaid cannot be told" in text
    assert "faster" not in text


@pytest.mark.parametrize("count", [0, 1, 4])
def test_few_samples_get_no_ratio_in_any_form(count: int) -> None:
    few = comparison(count=count)
    assert few.sentence().startswith(f"No ratio: {count} + {count} samples are too few")
    assert few.ratios == {}
    bundle = few.bundle()
    assert not re.search(r"\d+(\.\d+)?x", bundle["text/plain"] + bundle["text/html"])


def test_runs_that_differ_get_no_ratio_in_any_form() -> None:
    bundle = comparison("jit and interpreter printed different things to stdout.").bundle()
    assert "No ratio" in bundle["text/plain"]
    assert "printed different things" in bundle["text/html"]
    assert "error-color" in bundle["text/html"]
    assert not re.search(r"\d+(\.\d+)?x", bundle["text/plain"] + bundle["text/html"])
    assert bundle[MIME]["equal"] is False
    assert bundle[MIME]["ratios"] == {}


def test_a_noisy_machine_outliers_and_short_runs_are_told() -> None:
    notes = " ".join(measured().notes())
    assert "Noisy machine" in notes
    assert re.search(r"Outliers: \d in JIT", notes)
    assert "too short" not in notes
    assert not list(comparison().notes())
    assert any("Runs this short" in note for note in comparison(jit=2e-5).notes())


@pytest.mark.parametrize("form", ["text/plain", "text/html"])
def test_the_forms_are_the_golden_ones(form: str) -> None:
    golden = GOLDEN / ("comparison.txt" if form == "text/plain" else "comparison.html")
    assert measured().bundle()[form] + "\n" == golden.read_text(encoding="utf-8")


def test_the_html_is_static_and_has_every_figure_of_the_text() -> None:
    bundle = measured().bundle()
    assert not re.search(r"<script|\son\w+=|<form|<iframe|javascript:", bundle["text/html"])
    visible = re.sub(r"<[^>]+>", " ", bundle["text/html"])
    for line in bundle["text/plain"].splitlines()[:3]:
        assert line.strip() in visible
    figures = re.findall(r"[\d.]+ (?:µs|ms|s)\b", bundle["text/plain"])
    assert set(figures) - set(re.findall(r"[\d.]+ (?:µs|ms|s)\b", visible)) <= {
        line.split()[-2] + " " + line.split()[-1] for line in bundle["text/plain"].splitlines() if "▓▓" in line
    }, "only the sums may be missing"


def test_samples_are_rows_with_outliers_marked() -> None:
    rows = measured()._rows()
    by_engine = [row for row in rows if row["engine"] == "jit"]
    assert [row["warmup"] for row in by_engine] == [True, True] + [False] * 12
    assert by_engine[9]["outlier"]
    assert not by_engine[0]["outlier"]
    assert by_engine[0].keys() == {"engine", "number", "warmup", "outlier", "load", "instantiate", "run", "host"}


def test_samples_are_dictionaries_without_pandas(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    assert len(measured().samples) == 3 * 14


def test_json_has_the_form_of_hyperfine(tmp_path: Path) -> None:
    text = measured().to_json(tmp_path / "out.json")
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert results == json.loads(text)["results"]
    assert [result["parameters"]["engine"] for result in results] == ["jit", "jit-o0", "interpreter"]
    first = results[0]
    assert first["command"] == "primes (jit)"
    assert len(first["times"]) == 12
    assert first["min"] <= first["median"] <= first["max"]
    assert {"mean", "stddev", "user", "system"} <= first.keys()


def test_the_plot_has_all_samples_and_says_in_text_what_it_is_of() -> None:
    bundle = measured().plot().bundle()
    spec = bundle[VEGA_LITE]
    assert json.loads(json.dumps(spec)) == spec
    *strips, order = spec["vconcat"]
    assert [len(strip["layer"][2]["data"]["values"]) for strip in strips] == [12, 12, 12]
    assert len(order["data"]["values"]) == 3 * 14
    assert sum(row["warmup"] for row in order["data"]["values"]) == 6
    assert "jit: 12 samples, median" in bundle["text/plain"]
    assert "text/html" not in bundle, "JupyterLab would show it instead of the plot"
