"""What guests show, in a real JupyterLab: it is seen, and can do nothing; pictures of every form in both themes."""

from __future__ import annotations

import os

import pytest

from tests.display.test_rich import png
from tests.kernel.test_display import shows

if not os.environ.get("CI"):
    pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect

SPY = "http://127.0.0.1:9/spy"
HTML = f"""<h2 style="color:teal">Weights</h2><style>h2{{color:red}}</style>
<script>parent.document.title='owned';top.location='{SPY}'</script>
<form action="{SPY}"><button>Allow once</button></form><a href="{SPY}">link</a><img src="{SPY}" onerror="alert(1)">
<meta http-equiv="refresh" content="0;url={SPY}"><table><tr><th>fruit</th></tr><tr><td>apple</td></tr></table>"""
SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="60">
<script>document.title='owned'</script><image xlink:href="{SPY}" width="9" height="9"/><a href="{SPY}">
<circle cx="30" cy="30" r="24" fill="teal"/></a><rect x="70" y="10" width="110" height="40" fill="orange"/></svg>"""
MARKDOWN = (
    f"# A guest's text\n\n- one **bold** item\n- `code`\n\n![spy]({SPY}) [link]({SPY}) <script>alert(1)</script>\n"
)


def test_u33_u34_what_is_shown_is_seen_and_can_do_nothing(notebook, artifacts) -> None:
    items = [
        ("image/png", png(120, 40)),
        ("image/svg+xml", SVG.encode()),
        ("text/csv", b"fruit,weight\napple,120\npear,180\n"),
        ("application/json", b'{"fruit": ["apple", "pear"]}'),
        ("text/markdown", MARKDOWN.encode()),
        ("text/html", HTML.encode()),
    ]
    page = notebook("shows.ipynb", ["%load_ext ssvm_kernel", shows("--display", *items)], viewport=(1100, 1500))
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.page.on("dialog", lambda dialog: asked.append("a dialog"))
    for number in (0, 1):
        page.run(number)
        page.expect_done(number)
    area = page.cell(1).locator(".jp-OutputArea").first
    expect(area).to_contain_text("exit 0")
    expect(area).to_contain_text("shows · a table (CSV, 2 columns, 2 rows)")
    expect(area.get_by_text("A guest's text").first).to_be_visible()
    inside = area.frame_locator("iframe")
    expect(inside.locator("h2")).to_have_text("Weights")
    expect(inside.locator("h2")).to_have_css("color", "rgb(0, 128, 128)")
    assert inside.locator("script, form, button, a, meta[http-equiv=refresh], img[src]").count() == 0
    drawing = area.get_by_role("img", name="a drawing (SVG, 200 x 60")
    expect(drawing).to_be_visible()
    assert drawing.bounding_box()["height"] == 60
    assert area.locator(".jp-OutputArea-output").locator("script, form, a, svg").count() == 0
    picture = area.locator(".jp-OutputArea-output img")
    expect(picture).to_have_count(1)
    size = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
    assert picture.evaluate(size) == [120, 40]
    assert page.page.title() != "owned"
    assert [url for url in asked if "spy" in url or "dialog" in url] == []
    for dark in (False, True):
        page.theme(dark=dark)
        page.screenshot(artifacts / f"displays-{'dark' if dark else 'light'}.png", 1)
