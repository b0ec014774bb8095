"""The widgets' assets keep their promises to the reader of their source."""

from __future__ import annotations

import importlib.resources
import re

import pytest

STATIC = importlib.resources.files("ssvm_kernel.deciders") / "static"
SCRIPTS = sorted(path.name for path in STATIC.iterdir() if path.name.endswith(".js"))
STYLES = sorted(path.name for path in STATIC.iterdir() if path.name.endswith(".css"))


def test_all_of_them_are_looked_at():
    assert {"parts.js", "picker.js", "prompt.js", "strip.js"} <= set(SCRIPTS)
    assert {"picker.css", "prompt.css"} <= set(STYLES)


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize(
    "banned",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "Function(", "href",
     "http:", "https:", "import ", "fetch(", "accessKey", "save_changes", "model.set", ".click()"],
)  # fmt: skip
def test_u15_the_script_has_no_way_to_make_markup_links_or_state(name, banned):
    code = (STATIC / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert banned not in code


@pytest.mark.parametrize("name", STYLES)
def test_u07_no_colour_is_fixed(name):
    rules = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|:\s*(white|black|red|green|gray)\b", rules)
    for use in re.findall(r"var\((--(?:jp|vscode)[^)]*)", rules):
        assert "," in use, f"{use} has no fallback"
    assert "url(" not in rules
    assert "@import" not in rules
