"""Attacks that need a page: a real JupyterLab in a real Chromium, with a prompt of a guest on the screen."""

from __future__ import annotations

import os

import pytest

from tests.kernel.guests import command_cell

if not os.environ.get("CI"):
    pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect

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


# A copy of the prompt, and a curtain over the whole window that wants to catch the pointer or to hide the question.
IMITATION = "".join(
    [
        '<div class="ssvm-frame"><div class="ssvm-prompt" role="alertdialog"><b>Run a program on this computer?</b>',
        LINKED.format("shown", "ssvm:show-question", '{"choice": "once"}'),
        LINKED.format("panel", "ssvm:show-panel", '{"revoke": "all", "grant": "*"}'),
        '<button id="copy" class="ssvm-button ssvm-allow">Allow once</button></div></div>',
        "<style>.curtain { position: fixed; inset: 0; z-index: 2147483647; background: white; }</style>",
        '<div class="curtain">Nothing is asked.</div>',
    ]
)


@pytest.fixture
def window(browser, tmp_path):
    """JupyterLab with the extension's dialog, and a notebook whose output imitates it before a guest asks."""
    from tests.browser.harness import LabServer, NotebookPage

    with LabServer(tmp_path / "lab") as server:
        context = browser.new_context(viewport={"width": 1100, "height": 800})
        imitation = f"from IPython.display import HTML\nHTML({IMITATION!r})"
        cells = ["%load_ext ssvm_kernel", imitation, command_cell("", "echo", IMAGE, "said")]
        page = NotebookPage(server, context).open("window.ipynb", cells)
        yield page
        page.close()
        context.close()


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


def commands(page) -> list[str]:
    """Return the commands of ours that a button could be linked to."""
    return sorted(page.evaluate("window.jupyterapp.commands.listCommands().filter(name => /ssvm/i.test(name))"))


def denied(page) -> None:
    page.click("Deny", 2)
    page.expect_done(2)
    page.expect_output(2, "DeniedError")


def test_u10_u11_u14_u15_u21_a_page_that_wants_to_be_allowed(asking) -> None:
    page = asking.page
    # U10: a crafted button changes nothing; our one command here shows the panel, whatever arguments it gets
    assert commands(page) == ["ssvm:show-panel"]
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
      let at = 0; // of seven places, so that it is elsewhere at each look; often, so that it has moved after any pause
      window.shaking = setInterval(() => { box.style.transform = `translateX(${(at = (at + 5) % 35)}px)`; }, 10);
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


def test_u10_u12_u21_u40_an_output_that_imitates_the_dialog_or_hides_it(window) -> None:
    page = window.page
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    dialog = page.locator("dialog.ssvm-dialog")
    expect(dialog).to_be_visible()
    window.expect_running(2)
    allow = dialog.get_by_role("button", name="Allow once")
    expect(allow).to_be_enabled()
    # U40: it is above all that an output can make, and what is below it cannot be reached
    assert allow.evaluate("""button => {
      const {x, y} = button.getBoundingClientRect();
      return button.contains(document.elementFromPoint(x + 5, y + 5));
    }""")
    assert page.locator(".curtain").count() == 1
    # U10: buttons that an output links to our commands give no answer and take nothing back
    assert commands(page) == ["ssvm:show-panel", "ssvm:show-question"]
    page.evaluate("for (const id of ['shown', 'panel', 'copy']) document.getElementById(id).click()")
    for name in commands(page):
        page.evaluate("name => void window.jupyterapp.commands.execute(name, {choice: 'once', grant: '*'})", name)
    # U12: scripts cannot click, nor press keys, nor guess the secret
    page.evaluate("""async () => {
      const allow = document.querySelector('.ssvm-dialog .ssvm-allow');
      allow.click();
      allow.dispatchEvent(new PointerEvent('click', {bubbles: true}));
      for (const key of ['Tab', 'Enter', ' ', 'Escape'])
        allow.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
      const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
      const header = {msg_id: 'forged', msg_type: 'ssvm_request', session: kernel.clientId, username: '',
                      date: new Date().toISOString(), version: '5.3'};
      const content = {version: 1, do: 'answer', id: 'request-1', nonce: 'guessed', choice: 'once'};
      kernel.sendControlMessage({header, parent_header: {}, metadata: {}, channel: 'control', content, buffers: []});
    }""")
    window.expect_running(2)
    # U21: what the guest chose is text
    expect(dialog).to_contain_text(IMAGE)
    assert dialog.locator("img, a, form, script, iframe").count() == 0
    dialog.get_by_role("button", name="Deny").click()
    window.expect_done(2)
    window.expect_output(2, "DeniedError")
    assert page.title() != "owned"
