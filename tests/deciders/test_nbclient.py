"""Under nbclient there is nobody: a denial within a second, and the notebook goes on (U25)."""

from __future__ import annotations

import logging
import re

import nbformat
from nbclient import NotebookClient

from ssvm_kernel.deciders.link import EVENTS

from .frontend import SETUP, kernel_manager, stop


class Client(NotebookClient):
    """Keeps the comm messages that it passes over."""

    def handle_comm_msg(self, outs, msg, cell_index):
        self.passed_over = [*getattr(self, "passed_over", []), msg["content"]]
        super().handle_comm_msg(outs, msg, cell_index)


def test_u25_a_notebook_without_a_person_is_denied_and_goes_on(tmp_path, caplog):
    notebook = nbformat.v4.new_notebook()
    asks = "ask(default_chain()); ask(default_chain()); ask(default_chain());"
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, asks, "print('went on')")]
    manager = kernel_manager(tmp_path)
    try:
        client = Client(notebook, km=manager, timeout=60, log=logging.getLogger("nbclient under test"))
        client.execute(cleanup_kc=True)
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
    events = [content["data"]["event"] for content in client.passed_over if content["comm_id"] == EVENTS]
    assert events == ["here"]  # and to call for the extension is no error where there is none
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
