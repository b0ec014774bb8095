"""Attacks that need a page: a real JupyterLab in a real Chromium, with a prompt of a guest on the screen."""

from __future__ import annotations

import os

import pytest

from tests.kernel.guests import command_cell

if not os.environ.get("CI"):
    pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("browser")

IMAGE = "<img src=x onerror=document.title='owned'>"
LINKED = """<button id="{}" data-commandlinker-command="{}" data-commandlinker-args='{}'>Allow</button>"""
MARKUP = "".join(
    [
        '<div class="jp-mod-trusted ssvm-prompt">',
        LINKED.format("evil", "ssvm:allow", '{"choice": "once", "grant": "*"}'),
        LINKED.format("evil2", "ssvm:grant", '{"allow": true}'),
        "</div>",
    ]
)
BUTTONS = f"from IPython.display import HTML\nHTML({MARKUP!r})"


@pytest.fixture
def asking(notebook):
    """An open notebook whose last cell asks, beside outputs of an attacker."""
    asks = command_cell("", "echo", IMAGE, "[x](javascript:alert(1))", "said")
    page = notebook("attacks.ipynb", ["%load_ext ssvm_kernel", BUTTONS, asks])
    for number in (0, 1):
        page.run(number)
        page.expect_done(number)
    page.run(2)
    page.wait_prompt(2)
    return page


def denied(page) -> None:
    page.click("Deny", 2)
    page.expect_done(2)
    assert "DeniedError" in page.output(2)


def test_u10_u11_u14_u15_u21_a_page_that_wants_to_be_allowed(asking) -> None:
    page = asking.page
    # U10: none of our commands can be linked to, and a crafted button changes nothing
    assert page.evaluate("window.jupyterapp.commands.listCommands().filter(name => /ssvm/i.test(name))") == []
    page.locator("#evil").click()
    page.locator("#evil2").click()
    asking.expect_running(2)
    # U11, U12: trust is not in the page's classes, and scripts cannot click
    page.evaluate("""() => {
      document.querySelector('.ssvm-frame .ssvm-prompt').classList.add('jp-mod-trusted', 'ssvm-armed');
      const allow = document.querySelector('.ssvm-allow');
      allow.click();
      allow.dispatchEvent(new MouseEvent('click', {bubbles: true}));
    }""")
    asking.expect_running(2)
    asking.prompt(2).scroll_into_view_if_needed()
    allow = asking.prompt(2).get_by_role("button", name="Allow")
    expect(allow).to_be_enabled()
    # U14: what moves under the pointer cannot be clicked
    page.evaluate("""() => {
      const box = document.querySelector('.ssvm-frame .ssvm-prompt');
      let at = 0;
      window.shaking = setInterval(() => { box.style.transform = `translateY(${(at = 12 - at)}px)`; }, 100);
    }""")
    expect(allow).to_be_disabled()
    for _ in range(5):
        allow.click(force=True)
    asking.expect_running(2)
    page.evaluate("clearInterval(window.shaking)")
    # U15, U16, U21: what the guest chose is text
    prompt = asking.prompt(2)
    expect(prompt).to_contain_text(IMAGE)
    assert prompt.locator("img, a, form, script, iframe").count() == 0
    assert page.title() != "owned"
    expect(prompt.get_by_role("button", name="Deny")).to_be_enabled()
    denied(asking)
    assert asking.cell(2).locator(".jp-OutputArea").first.locator("img, form, script").count() == 0
    assert page.title() != "owned"
