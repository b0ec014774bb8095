"""Inline styles of the static HTML: no class, no script, and colours that follow the theme where there is one."""

from __future__ import annotations

from typing import Final

__all__ = ["BAR_COLOURS", "CELL", "MUTED", "NO_MATH", "PRE", "ROW", "TABLE"]

_FONT: Final = "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px)"
_INK: Final = "color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit))"
_LINE: Final = "var(--jp-border-color1,var(--vscode-panel-border,#8888))"

NO_MATH: Final = "mathjax_ignore tex2jax_ignore"
"""Classes that keep MathJax from taking a guest's dollar signs for formulas, which can hold links."""
ROW: Final = f"{_FONT};{_INK};border-left:3px solid {_LINE};padding:2px 8px;margin:2px 0;overflow-wrap:break-word"
MUTED: Final = "color:var(--jp-ui-font-color2,var(--vscode-descriptionForeground,inherit))"
PRE: Final = (
    "margin:4px 0;max-height:24em;overflow:auto;background:transparent;white-space:pre-wrap;"
    f"font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);{_INK}"
)
TABLE: Final = f"{_FONT};{_INK};border-collapse:collapse;margin:4px 0"
CELL: Final = "text-align:left;padding:2px 12px 2px 0;vertical-align:top;background:transparent"
BAR_COLOURS: Final = {
    "compile": "var(--jp-warn-color1,#b8860b)",
    "load": "var(--jp-info-color1,#0288d1)",
    "instantiate": "var(--jp-brand-color1,#1976d2)",
    "run": "var(--jp-success-color1,#388e3c)",
    "host": "var(--jp-layout-color4,#757575)",
}
