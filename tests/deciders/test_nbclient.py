"""Under nbclient there is nobody: a denial within a second, and the notebook goes on (U25)."""

from __future__ import annotations

import re

import nbformat
from nbclient import NotebookClient

from .frontend import SETUP, kernel_manager, stop


def test_u25_a_notebook_without_a_person_is_denied_and_goes_on(tmp_path):
    notebook = nbformat.v4.new_notebook()
    asks = "ask(default_chain()); ask(default_chain()); ask(default_chain());"
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, asks, "print('went on')")]
    manager = kernel_manager(tmp_path)
    try:
        NotebookClient(notebook, km=manager, timeout=60).execute(cleanup_kc=True)
    finally:
        stop(manager)
    asked, went_on = notebook.cells[1].outputs, notebook.cells[2].outputs
    assert went_on[0]["text"] == "went on\n"
    assert {output["output_type"] for output in asked} == {"stream"}  # no trace of a widget
    text = "".join(output["text"] for output in asked)
    assert text.count("ANSWER deny allow=False via=nobody") == 3
    assert text.count("nobody can be asked here") == 3
    assert min(float(taken) for taken in re.findall(r"after ([\d.]+) s", text)) < 1.0
    assert "widgets" not in notebook.metadata
