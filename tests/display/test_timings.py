"""The comparison of two engines, in words and figures."""

from __future__ import annotations

import re

from ssvm_kernel.display.timings import Comparison, Sample


def comparison(difference: str = "", *, jit: float = 0.01, interpreter: float = 0.4) -> Comparison:
    samples = {
        "jit": [Sample(1e-5, 2e-4, jit, 0.001)] * 6,
        "interpreter": [Sample(1e-5, 2e-4, interpreter, 0.001)] * 6,
    }
    return Comparison(samples, {"jit": 0.5, "interpreter": 0.1}, difference)


def test_the_sentence_has_ratio_interval_cost_and_counts() -> None:
    assert comparison().sentence() == (
        "JIT is 40x faster per run (95 % interval 40 to 40). Compiling cost 500 ms, repaid after 2 runs. "
        "6 + 6 samples, 2 warm-up runs dropped."
    )


def test_a_slower_jit_is_told_as_slower_and_never_repaid() -> None:
    text = comparison(jit=0.4, interpreter=0.1).sentence()
    assert "JIT is 4.0x slower per run" in text
    assert "never repaid" in text


def test_runs_that_differ_get_no_ratio_in_any_form() -> None:
    bundle = comparison("Their stdout differs.").bundle()
    assert "No ratio" in bundle["text/plain"]
    assert "Their stdout differs." in bundle["text/html"]
    assert "error-color" in bundle["text/html"]
    assert not re.search(r"\d+(\.\d+)?x", bundle["text/plain"] + bundle["text/html"])
    assert bundle["application/vnd.ssvm.timings+json"]["equal"] is False


def test_the_text_form_has_a_bar_and_all_figures_for_each_engine() -> None:
    lines = comparison().bundle()["text/plain"].splitlines()
    assert len(lines) == 5
    for name, bar, figures in (("jit", lines[1], lines[2]), ("interpreter", lines[3], lines[4])):
        assert name in bar
        assert "█" in bar
        for part in ("compile", "load", "instantiate", "run", "host"):
            assert part in figures
