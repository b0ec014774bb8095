"""Whole cells in JupyterLab: the prompt comes while the cell runs, and what is allowed appears in that cell."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.kernel.guests import cell, command_cell

from .harness import PATIENCE_MS

LOAD = "%load_ext ssvm_kernel"
LOOP = cell(
    "",
    "(call $print (i32.const 1) (i32.const 64) (i32.const 16)) (loop $l (br $l))",
    data='(data (i32.const 64) "before the loop\\n")',
)


def open_cells(notebook, name, *cells):
    page = notebook(name, [LOAD, *cells])
    page.run(0)
    page.expect_done(0)
    return page


def expect_output(page, number, text):
    expect(page.cell(number).locator(".jp-OutputArea").first).to_contain_text(text, timeout=PATIENCE_MS)


def test_prompt_click_stdout_next_prompt_deny(notebook, artifacts) -> None:
    page = open_cells(
        notebook,
        "asks.ipynb",
        command_cell("--name first", "echo", "said by the host"),
        command_cell("--name second", "echo", "never said"),
        "print('the kernel lives')",
    )
    page.run(1)
    page.wait_prompt(1)
    page.expect_running(1)
    page.screenshot(artifacts / "cell-prompt.png")
    page.click("Allow", 1)
    page.expect_done(1)
    expect_output(page, 1, "said by the host")
    expect_output(page, 1, "exit 0")
    expect(page.prompt(1)).to_have_count(0)

    page.run(2)
    page.wait_prompt(2)
    page.expect_running(2)
    page.click("Deny", 2)
    page.expect_done(2)
    expect_output(page, 2, "DeniedError")
    expect_output(page, 2, "--allow-command")
    assert "exit 0" not in page.output(2)

    page.run(3)
    page.expect_done(3)
    expect_output(page, 3, "the kernel lives")

    page.save()
    page.command("kernelmenu:shutdown")
    saved = (page.server.notebooks / "asks.ipynb").read_text()
    assert "application/vnd.jupyter.widget-view+json" not in saved
    again = notebook("asks.ipynb")
    expect_output(again, 1, "said by the host")
    for number in (0, 1):
        again.run(number)
    again.wait_prompt(1)  # what was saved grants nothing
    again.click("Deny", 1)
    again.expect_done(1)
    expect_output(again, 1, "DeniedError")


def test_the_interrupt_button_ends_an_endless_guest(notebook) -> None:
    page = open_cells(notebook, "loop.ipynb", LOOP, command_cell("--allow-command echo", "echo", "next"))
    page.run(1)
    expect_output(page, 1, "before the loop")
    page.expect_running(1)
    page.interrupt()
    page.expect_done(1)
    expect_output(page, 1, "KeyboardInterrupt")
    page.run(2)
    page.expect_done(2)
    expect_output(page, 2, "next")


def test_a_report_and_a_comparison_in_both_themes(notebook, artifacts) -> None:
    step = "(local.set $i (i32.add (local.get $i) (i32.const 1)))"
    loop = f"(loop $l {step} (br_if $l (i32.lt_u (local.get $i) (i32.const 2000000))))"
    guest = f'(module (memory (export "memory") 1) (func (export "_start") (local $i i32) {loop}))'
    page = open_cells(notebook, "both.ipynb", f"%%ssvm wat --engine both --name loop\n{guest}")
    page.run(1)
    page.expect_done(1)
    expect_output(page, 1, "95 % interval")
    for dark in (False, True):
        page.theme(dark=dark)
        page.screenshot(artifacts / f"comparison-{'dark' if dark else 'light'}.png", 1)
