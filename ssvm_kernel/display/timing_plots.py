"""The samples of a comparison as a Vega-Lite plot, which JupyterLab, VS Code and others draw by themselves.

It stands in an output of its own: in one that also has HTML, JupyterLab would show the HTML (its renderer for Vega-Lite
ranks behind).  The figures are all in the comparison's text and table besides.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, Final

from ssvm_kernel.display.stats import median_interval, outliers
from ssvm_kernel.display.surface import Bundle
from ssvm_kernel.display.text import duration

if TYPE_CHECKING:
    from ssvm_kernel.display.timings import Comparison

__all__ = ["VEGA_LITE", "Plot"]

VEGA_LITE: Final = "application/vnd.vegalite.v5+json"
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_WIDTH: Final = 480
# Colours that are told apart by most people, and stand out on white and on dark grey.
_COLOURS: Final = ("#4c9be8", "#e8853a", "#3fae7c", "#b87fd9")
_SECONDS: Final = {"labelExpr": "format(datum.value, '.3~s') + 's'", "tickCount": 6}
_WORDS: Final = "Plot of the samples: strips with median and 95 % interval, and run by run with the warm-up"


class Plot:
    """Strips of all samples with median and interval, and the runs in their order.

    Parameters
    ----------
    comparison : Comparison
        With at least one sample.

    Attributes
    ----------
    spec : dict
        The Vega-Lite specification, version 5.
    """

    def __init__(self, comparison: Comparison) -> None:
        colours = {"domain": list(comparison.engines), "range": list(_COLOURS[: len(comparison.engines)])}
        colour = {"field": "engine", "type": "nominal", "scale": colours, "legend": None}
        strips = [_strip(comparison, engine, colour) for engine in comparison.engines if comparison.runs[engine]]
        self.spec: dict[str, Any] = {
            "$schema": _SCHEMA,
            "description": comparison.sentence(),
            "vconcat": [*strips, _order(comparison, {**colour, "legend": {"title": None, "orient": "top"}})],
            "resolve": {"scale": {"color": "independent"}},
            "config": {"view": {"stroke": None}, "concat": {"spacing": 12}},
        }
        self._words = f"{_WORDS} ({', '.join(_told(comparison, engine) for engine in comparison.engines)})"

    def bundle(self) -> Bundle:
        """Return the plot, and in text what it is of."""
        return {VEGA_LITE: self.spec, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return self._words

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return self.bundle()


def _told(comparison: Comparison, engine: str) -> str:
    seconds = comparison.seconds(engine)
    return f"{engine}: {len(seconds)} samples" + (f", median {duration(median(seconds))}" if seconds else "")


def _strip(comparison: Comparison, engine: str, colour: dict[str, Any]) -> dict[str, Any]:
    """One engine's samples on a scale of their own: one scale for all would make a line of each."""
    seconds = comparison.seconds(engine)
    interval = median_interval(seconds)
    odd = outliers(seconds)
    rows = [
        {"engine": engine, "run": value, "outlier": out, "lane": (index * 7) % 5}
        for index, (value, out) in enumerate(zip(seconds, odd, strict=True))
    ]
    x = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": _SECONDS}
    middle = {"engine": engine, "low": interval.low, "median": interval.value, "high": interval.high}
    return {
        "title": {
            "text": f"{engine}: {len(seconds)} runs, median {duration(interval.value)}",
            "anchor": "start",
            "fontSize": 12,
        },
        "width": _WIDTH,
        "height": 34,
        "layer": [
            {
                "data": {"values": [middle]},
                "mark": {"type": "rect", "opacity": 0.35},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour},
            },
            {
                "data": {"values": [middle]},
                "mark": {"type": "rule", "strokeWidth": 3},
                "encoding": {
                    "x": {**x, "field": "median"},
                    "color": colour,
                    "tooltip": [{"field": name, "type": "quantitative"} for name in ("median", "low", "high")],
                },
            },
            {
                "data": {"values": rows},
                "mark": {"type": "point", "size": 28},
                "encoding": {
                    "x": {**x, "field": "run"},
                    "y": {
                        "field": "lane",
                        "type": "quantitative",
                        "axis": None,
                        "scale": {"domain": [-1, 5], "nice": False},
                    },
                    "color": colour,
                    "shape": {
                        "field": "outlier",
                        "type": "nominal",
                        "scale": {"domain": [False, True], "range": ["circle", "cross"]},
                        "legend": None,
                    },
                    "tooltip": [{"field": "run", "type": "quantitative"}, {"field": "outlier", "type": "nominal"}],
                },
            },
        ],
    }


def _order(comparison: Comparison, colour: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {"engine": engine, "number": number + 1, "run": sample.run, "warmup": number < len(dropped)}
        for engine in comparison.engines
        for dropped in [comparison.warmup.get(engine, ())]
        for number, sample in enumerate((*dropped, *comparison.runs[engine]))
    ]
    encoding = {
        "x": {
            "field": "number",
            "type": "quantitative",
            "title": "run (hollow: warm-up, dropped)",
            "axis": {"format": "d", "tickMinStep": 1},
        },
        "y": {
            "field": "run",
            "type": "quantitative",
            "title": None,
            "scale": {"type": "log"},
            "axis": {**_SECONDS, "tickCount": 3, "grid": False},
        },
        "color": colour,
    }
    filled = {"condition": {**colour, "legend": None, "test": "!datum.warmup"}, "value": "transparent"}
    return {
        "title": {"text": "Run by run", "anchor": "start", "fontSize": 12},
        "width": _WIDTH,
        "height": 110,
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 1, "opacity": 0.6}, "encoding": encoding},
            {"mark": {"type": "point", "size": 24}, "encoding": {**encoding, "fill": filled}},
        ],
    }
