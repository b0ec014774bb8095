"""The folder picker as a person meets it: by mouse, by keyboard alone, in both themes, with hostile names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .harness import PATIENCE_MS, NotebookPage
from .test_prompt import _CONTRAST

SETUP = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1] / 'deciders')!r}); from kernel_side import *"
HOSTILE = "<img src=x onerror=document.title='U21'>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "notebooks"
    for name in ("data/2024/raw", "data/2025", "figures", "models", ".cache", HOSTILE, "a\u202egpj"):
        (folder / name).mkdir(parents=True)
    (folder / "current").symlink_to("data/2025")
    return folder


@pytest.fixture(scope="module")
def opened(browser, lab):
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    page = NotebookPage(lab, context).open("picker.ipynb", [SETUP, "", "bystander = 1"])
    page.run(0)
    page.expect_done(0)
    yield page
    page.close()
    context.close()


@pytest.fixture
def picking(opened, folder):
    start(opened, folder)
    yield opened
    if opened.prompt().count():
        opened.interrupt()
        opened.expect_done(0)


def start(page, folder):
    page.run_code(f"pick({str(folder)!r});")
    page.prompt().wait_for()
    expect(button(page, "No folder")).to_be_enabled(timeout=PATIENCE_MS)


def button(page, name):
    return page.prompt().get_by_role("button", name=name)


def option(page, name):
    return page.prompt().get_by_role("option", name=name, exact=True)


def assert_granted(page, path, guest, access):
    page.expect_done(0)
    expect(page.prompt()).to_have_count(0)
    page.expect_output(0, "PICK via=widget")
    page.expect_output(0, f"GRANT {str(path)!r} {guest!r} {access} SESSION PERSON")


def test_by_mouse(picking, folder):
    option(picking, "data").click()
    expect(picking.prompt().locator(".ssvm-facts")).to_contain_text(str(folder / "data"))
    expect(picking.prompt().get_by_label("Guest sees it as")).to_have_value("data")
    picking.click("Grant to read")
    assert_granted(picking, folder / "data", "data", "READ")
    picking.expect_output(0, "Folder granted for this session, to read, as data")


def test_into_a_folder_and_back_by_mouse(picking, folder):
    option(picking, "data").locator(".ssvm-open").click()
    expect(option(picking, "2024")).to_be_visible()
    expect(option(picking, "figures")).to_have_count(0)
    button(picking, folder.name).click()  # a crumb
    option(picking, "data").dblclick()
    option(picking, "2025").click()
    picking.choose("Read and write")
    picking.prompt().get_by_label("Guest sees it as").fill("year")
    picking.click("Grant to read and write")
    assert_granted(picking, folder / "data/2025", "year", "READ_WRITE")


def test_a_link_shows_where_it_leads(picking, folder):
    expect(option(picking, re.compile("current"))).to_contain_text(f"link to {folder / 'data/2025'}")
    option(picking, re.compile("current")).click()
    picking.click("Grant to read")
    assert_granted(picking, folder / "data/2025", "2025", "READ")


def test_by_keyboard_alone(picking, folder):
    keyboard = picking.page.keyboard
    expect(button(picking, "No folder")).to_be_focused()
    for _ in range(3):
        keyboard.press("Shift+Tab")  # access, name, the list
    expect(picking.prompt().get_by_role("listbox")).to_be_focused()
    keyboard.type("dat")
    expect(option(picking, "data")).to_have_attribute("aria-selected", "true")
    keyboard.press("Enter")  # opens, and never picks
    expect(option(picking, "2024")).to_be_visible()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowRight")
    expect(option(picking, "raw")).to_be_visible()
    keyboard.press("ArrowLeft")
    expect(option(picking, "2024")).to_be_visible()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    expect(option(picking, "2025")).to_have_attribute("aria-selected", "true")
    keyboard.press("Tab")
    keyboard.press("ControlOrMeta+a")
    keyboard.type("year")
    keyboard.press("Tab")
    keyboard.press("ArrowRight")
    expect(picking.prompt().get_by_role("radio", name="Read and write")).to_be_checked()
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(button(picking, "Grant to read and write")).to_be_focused()
    expect(button(picking, "Grant to read and write")).to_be_enabled()
    keyboard.press("Enter")
    assert_granted(picking, folder / "data/2025", "year", "READ_WRITE")


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_the_focus_starts_where_nothing_is_granted(picking, key):
    picking.page.keyboard.press(key)
    picking.expect_done(0)
    picking.expect_output(0, "PICK via=widget")
    assert "GRANT" not in picking.output(0)
    assert picking.output(0).startswith("No folder granted")


def test_escape_from_the_list_grants_nothing(picking):
    option(picking, "data").click()
    expect(button(picking, "Grant to read")).to_be_enabled()
    picking.page.keyboard.press("Escape")
    picking.expect_done(0)
    picking.expect_output(0, "PICK via=widget")
    assert "GRANT" not in picking.output(0)


def test_u05_a_click_right_after_a_choice_does_not_count(picking):
    seen = picking.page.evaluate("""() => {
      document.querySelector('.ssvm-folder:nth-child(2)').click();
      const allow = document.querySelector('.ssvm-allow');
      return [allow.textContent, allow.getAttribute('aria-disabled')];
    }""")
    assert seen == ["Grant to read", "true"]


def test_u12_scripts_cannot_grant(picking):
    option(picking, "data").click()
    expect(button(picking, "Grant to read")).to_be_enabled()
    picking.page.evaluate("""() => {
      const allow = document.querySelector('.ssvm-allow');
      allow.click();
      allow.focus();
      for (const type of ['keydown', 'keyup', 'click'])
        allow.dispatchEvent(new KeyboardEvent(type, {key: 'Enter', bubbles: true}));
    }""")
    picking.page.keyboard.press("Enter")  # the focus is there by the script's doing
    picking.page.wait_for_timeout(300)
    picking.expect_running(0)


def test_nothing_can_be_granted_before_a_folder_is_chosen(picking):
    expect(button(picking, "Grant to read")).to_be_disabled()
    button(picking, "Grant to read").click(force=True)
    option(picking, "data").click()
    expect(button(picking, "Grant to read")).to_be_enabled()
    picking.prompt().get_by_label("Guest sees it as").fill("")
    expect(button(picking, "Grant to read")).to_be_disabled()
    picking.expect_running(0)


def test_a_dangerous_folder_is_shown_with_the_reason(picking, artifacts):
    picking.prompt().locator(".ssvm-crumb").first.click()
    proc = option(picking, re.compile("^proc"))
    expect(proc).to_have_attribute("aria-disabled", "true")
    proc.click(force=True)  # it can be selected, to read why it cannot be granted
    expect(picking.prompt()).to_contain_text(
        "/proc cannot be granted, because it is where the kernel shows every process"
    )
    picking.screenshot(artifacts / "picker-refused.png")
    picking.page.wait_for_timeout(700)
    expect(button(picking, "Grant to read")).to_be_disabled()
    picking.expect_running(0)


def test_u21_a_folders_name_is_text(picking, folder):
    assert picking.prompt().locator("img, script, a").count() == 0
    hostile = picking.prompt().get_by_text(HOSTILE, exact=True)
    expect(hostile).to_be_visible()
    expect(picking.prompt().locator(".ssvm-folder .ssvm-escape")).to_have_text(r"\u202e")
    hostile.click()
    expect(picking.prompt().get_by_label("Guest sees it as")).to_have_value(HOSTILE)
    picking.click("Grant to read")
    assert_granted(picking, folder / HOSTILE, HOSTILE, "READ")
    assert picking.page.title() != "U21"
    assert picking.cell(0).locator("img").count() == 0


def test_names_and_roles(picking, folder):
    dialog = picking.page.get_by_role("dialog", name="Give this guest a folder of this computer?")
    expect(dialog).to_have_count(1)
    expect(dialog).to_have_accessible_description(
        re.compile("For guest hello.*Picking is granting.*until the kernel ends")
    )
    expect(picking.prompt().get_by_role("listbox", name=f"Folders in {folder}")).to_have_count(1)
    expect(picking.prompt().get_by_role("navigation", name="Folders above")).to_have_count(1)


def test_notebook_shortcuts_do_not_reach_through(picking):
    before = picking.page.locator(".jp-Notebook .jp-Cell").count()
    picking.prompt().get_by_role("listbox").focus()
    for key in "ddabxm":
        picking.page.keyboard.press(key)
    assert picking.page.locator(".jp-Notebook .jp-Cell").count() == before
    picking.expect_running(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_themes_are_readable(opened, folder, artifacts, dark):
    opened.theme(dark=dark)
    try:
        start(opened, folder)
        option(opened, "data").click()
        expect(button(opened, "Grant to read")).to_be_enabled()
        opened.screenshot(artifacts / f"picker-{'dark' if dark else 'light'}.png")
        ratios = opened.prompt().evaluate(_CONTRAST)
        assert len(ratios) > 15
        assert [pair for pair in ratios if pair[1] < 4.5] == []
        opened.click("No folder")
        opened.expect_done(0)
    finally:
        opened.theme(dark=False)


def test_it_fits_320_pixels(notebook, folder, artifacts):
    (folder / ("long-" * 40)).mkdir(exist_ok=True)
    page = notebook("picker-narrow.ipynb", [SETUP])
    page.narrow(320)
    page.run(0)
    page.expect_done(0)
    start(page, folder)
    option(page, re.compile("long-")).click()
    page.screenshot(artifacts / "picker-320.png")
    for part in page.prompt().locator(".ssvm-folder, .ssvm-item, .ssvm-name, label, .ssvm-button").all():
        box = part.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
    page.click("No folder")
    page.expect_done(0)
