"""Engines compared in JupyterLab: the plot is drawn, in both themes, and the stop button works in mid-cell."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.kernel.test_timeit import ENDLESS, uneven

from .harness import PATIENCE_MS

LOAD = "%load_ext ssvm_kernel"


def test_a_comparison_with_its_plot_in_both_themes(notebook, artifacts) -> None:
    measured = uneven("--engine all --samples 12 -o r", scale=1000)
    page = notebook("compare.ipynb", [LOAD, measured, "r.comparison.plot()"], viewport=(1100, 1500))
    page.run(0)
    page.expect_done(0)
    page.run(1)
    page.expect_done(1)
    outputs = page.cell(1).locator(".jp-OutputArea").first
    expect(outputs).to_contain_text("95 % interval", timeout=PATIENCE_MS)
    expect(outputs).to_contain_text("12 + 12 + 12 samples, 6 warm-up runs dropped.")
    expect(outputs).to_contain_text("first run, split")
    plot = outputs.locator(".vega-embed canvas, .vega-embed svg").first
    expect(plot).to_be_visible(timeout=PATIENCE_MS)
    box = plot.bounding_box()
    assert box
    assert box["height"] > 200
    outputs.get_by_text("All samples", exact=True).click()
    expect(outputs).to_contain_text("├")
    for dark in (False, True):
        page.theme(dark=dark)
        page.run(2)  # a plot takes the theme that there is when it is drawn
        expect(page.cell(2).locator(".vega-embed")).to_be_visible(timeout=PATIENCE_MS)
        page.expect_done(2)
        page.screenshot(artifacts / f"engines-{'dark' if dark else 'light'}.png", 1)
        page.screenshot(artifacts / f"engines-plot-{'dark' if dark else 'light'}.png", 2)


def test_the_stop_button_ends_the_measurement_and_keeps_it(notebook, artifacts) -> None:
    page = notebook("stop.ipynb", [LOAD, uneven(f"--engine both {ENDLESS}", scale=20_000), "print('next')"])
    page.run(0)
    page.expect_done(0)
    page.run(1)
    outputs = page.cell(1).locator(".jp-OutputArea").first
    so_far = re.compile(r"\d\d \+ \d+ samples so far")
    expect(outputs.locator(".ssvm-measure")).to_contain_text(so_far, timeout=PATIENCE_MS)
    page.expect_running(1)
    page.screenshot(artifacts / "measuring.png", 1)
    button = outputs.get_by_role("button", name="Stop and keep")
    page.narrow()
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    button.focus()
    page.page.keyboard.press("Enter")  # no shortcut of JupyterLab: it would leave or run the cell
    page.expect_done(1)
    expect(outputs).to_contain_text("Stopped by you", timeout=PATIENCE_MS)
    expect(outputs).to_contain_text("95 % interval")
    expect(outputs.locator(".ssvm-measure")).to_have_count(0)
    page.run(2)
    page.expect_done(2)
    expect(page.cell(2).locator(".jp-OutputArea").first).to_contain_text("next")
