"""Answers that last, in JupyterLab: the label says what it means, and the second run asks nothing."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.kernel.guests import command_cell

FORGET = "%ssvm grants --forget all"
LOAD = f"%load_ext ssvm_kernel\n{FORGET}"  # the file of answers is that of all tests of this process


def test_always_and_a_lasting_denial(notebook) -> None:
    asks = command_cell("--name keeper", "echo", "kept for always")
    refused = command_cell("--name other --no-raise", "echo", "never said")
    page = notebook("always.ipynb", [LOAD, asks, asks, refused, refused, "%ssvm grants", FORGET])
    page.run(0)
    page.expect_done(0)
    page.run(1)
    page.wait_prompt(1)
    page.choose("Always for this guest and this program", 1)
    page.click("Allow always", 1)
    page.expect_done(1)
    page.run(2)
    page.expect_done(2)
    expect(page.prompt(2)).to_have_count(0)
    page.expect_output(2, "kept for always")

    page.run(3)
    page.wait_prompt(3)
    page.choose("This session", 3)
    page.click("Deny for this session", 3)
    page.expect_done(3)
    page.run(4)
    page.expect_done(4)
    expect(page.prompt(4)).to_have_count(0)
    page.run(5)
    page.expect_done(5)
    for word in ("always", "your file", "deny", "session", "you, in a prompt"):
        page.expect_output(5, word)
    page.run(6)
    page.expect_done(6)
    page.expect_output(6, "taken back: 1 grant for always")
