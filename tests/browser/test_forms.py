"""Every form of a run as a person sees it, in both themes, and what an export shows of it."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape

from playwright.sync_api import expect

from tests.kernel.guests import cell, command_cell

from .harness import PATIENCE_MS

PRINTS = cell(
    "--name prints",
    "".join(
        f"(call $print (i32.const {fd}) (i32.const {at}) (i32.const {n}))" for fd, at, n in ((1, 64, 27), (2, 96, 12))
    ),
    data='(data (i32.const 64) "\\1b[32mgreen\\1b[0m <b>bold</b>\\0a") (data (i32.const 96) "to stderr\\0a..")',
)
CELLS = [
    "%load_ext ssvm_kernel",
    PRINTS,
    command_cell("--name lists --allow-command 'seq 40'", "seq", "40"),
    command_cell("--name dry --deny-all", "date"),
    "%ssvm inspect prints",
    "%ssvm ledger",
    "%%ssvm c\nint main(void) { return x; }",
    "_",
]


def words(html: str) -> str:
    body = re.sub(r"(?s)<(script|style|head)\\b.*?</\\1>", " ", html)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_forms_in_both_themes_and_in_exports(notebook, artifacts, tmp_path) -> None:
    page = notebook("forms.ipynb", CELLS, viewport=(1100, 1400))
    for number in range(len(CELLS)):
        page.run(number)
        page.expect_done(number)
    outputs = page.cell(1).locator(".jp-OutputArea").first
    expect(outputs).to_contain_text("<b>bold</b>", timeout=PATIENCE_MS)
    expect(outputs).to_contain_text("ssvm · prints · jit · exit 0")
    assert outputs.locator(".jp-OutputArea-output b").filter(has_text="bold").count() == 0
    expect(page.cell(2).locator(".jp-OutputArea").first).to_contain_text("exit 0")
    for dark in (False, True):
        page.theme(dark=dark)
        for number, name in enumerate(("", "streams", "command", "dry-run", "inspect", "ledger", "error")):
            if name:
                page.screenshot(artifacts / f"form-{name}-{'dark' if dark else 'light'}.png", number)
    page.save()
    source = page.server.notebooks / "forms.ipynb"
    exports = {}
    for name, options in {
        "html": ["html"],
        "safe": ["html", "--sanitize-html"],
        "md": ["markdown"],
        "tex": ["latex"],
    }.items():
        argv = [sys.executable, "-m", "nbconvert", "--to", *options, "--stdout", str(source)]
        if options[0] == "html":
            argv += ["--template", "basic"]
        exports[name] = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert words(exports["html"]) == words(exports["safe"])
    for html in (exports["html"], exports["safe"]):
        outputs_only = html.split('class="jp-Cell')[-1]
        assert not re.search(r"<(script|form|button|iframe)\\b|<[^>]*\\son\\w+\\s*=", outputs_only)
    for name, text in exports.items():
        for told in (
            "exit 0",
            "impossible for it",
            "was lent: nothing" if name == "tex" else "was lent",
            "seq 40",
        ):
            assert told in text, (name, told)
