"""How the documentation is built: ``make docs`` (Sphinx with MyST; warnings are errors, notebooks are executed)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
# The kernel of this environment, not one that the person registered under the same name.
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"

project = "ssvm-kernel"
author = "the ssvm-kernel developers"
copyright = f"2026, {author}"

extensions = ["myst_nb", "examples", "traits_options"]
exclude_patterns = ["_build"]
suppress_warnings = [
    "mystnb.unknown_mime_type",  # reports and plots have forms for JupyterLab besides their text and HTML
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nb_execution_mode = "cache" if os.environ.get("SSVM_DOCS_CACHE") else "force"
nb_execution_timeout = 300
nb_merge_streams = True
nb_execution_raise_on_error = True  # a cell that is meant to fail says so by its tag raises-exception

html_theme = "furo"
html_title = "ssvm-kernel"
html_show_sourcelink = False
