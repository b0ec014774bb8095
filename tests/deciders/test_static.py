"""The prompt's assets keep their promises to the reader of their source."""

from __future__ import annotations

import importlib.resources
import re

import pytest

STATIC = importlib.resources.files("ssvm_kernel.deciders") / "static"
SCRIPT = (STATIC / "prompt.js").read_text(encoding="utf-8")
STYLE = (STATIC / "prompt.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "banned",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "Function(", "href",
     "http:", "https:", "import ", "fetch(", "accessKey", "save_changes", "model.set", ".click()"],
)  # fmt: skip
def test_u15_the_script_has_no_way_to_make_markup_links_or_state(banned):
    code = SCRIPT.replace("http://www.w3.org/2000/svg", "")
    assert banned not in code


def test_u07_no_colour_is_fixed():
    rules = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|:\s*(white|black|red|green|gray)\b", rules)
    for use in re.findall(r"var\((--(?:jp|vscode)[^)]*)", rules):
        assert "," in use, f"{use} has no fallback"
    assert "url(" not in rules
    assert "@import" not in rules
