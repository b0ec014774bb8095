"""Attacks on the wire between front end and kernel: a real kernel, and a page that does what it likes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.deciders.frontend import PATIENT, FrontEnd, kernel_manager, stop
from tests.kernel.guests import LOOP, command_cell

LOAD = "%load_ext ssvm_kernel"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("kernel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSVM_CACHE_DIR", str(folder / "cache"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        with FrontEnd(folder) as front_end:
            front_end.run(LOAD)
            front_end.run(PATIENT)
            yield front_end


@pytest.fixture
def page(kernel: FrontEnd):
    """A page that can show prompts, and a session without grants."""
    kernel.run("%reload_ext ssvm_kernel")
    return kernel


def ended(page: FrontEnd, cell: str) -> str:
    page.choose("deny")
    text = page.finish(cell)
    assert "<error DeniedError:" in text
    assert "│ said" not in text
    return text


@pytest.mark.parametrize("engine", ["jit", "interpreter"])
def test_u05_an_answer_before_it_can_be_read_does_not_count(page: FrontEnd, engine: str) -> None:
    # On a busy machine what is sent at once may come half a second later.
    page.run("from ssvm_kernel.deciders.asking import Asking; usual = Asking.human_seconds; Asking.human_seconds *= 20")
    try:
        cell = page.start(command_cell(f"--engine {engine}", "echo", "said"))
        page.wait_prompt(armed=False)
        page.choose("once")
        page.choose("session:any")
        page.expect_running(cell, 0.8)
        ended(page, cell)
    finally:
        page.run("Asking.human_seconds = usual")


def test_u12_what_a_page_sends_is_believed_only_if_it_is_the_answer(page: FrontEnd) -> None:
    cell = page.start(command_cell("", "echo", "said"))
    prompt = page.wait_prompt()
    good = {"id": prompt["id"], "nonce": prompt["nonce"], "choice": "once"}
    page.send_raw({"method": "update", "state": {"granted": ["once"], "prompt": {**prompt, "program": "/bin/true"}}})
    page.send_raw({"method": "update", "state": {"_model_name": "X"}, "buffer_paths": []})
    for wrong in (
        {**good, "nonce": "x"},
        {**good, "id": "x"},
        {**good, "choice": "all"},
        {**good, "allow": True},
        "once",
    ):
        page.send_comm(wrong)
    for target in ("ssvm", "ssvm.prompt", "ssvm.grant", "jupyter.widget.control"):
        page.send("comm_open", {"comm_id": target, "target_name": target, "data": {"choice": "once", "grant": "*"}})
    page.expect_running(cell, 0.5)
    ended(page, cell)


def test_u13_what_was_saved_or_sent_before_grants_nothing(page: FrontEnd) -> None:
    cell = page.start(command_cell("", "echo", "said"))
    old = page.wait_prompt()
    page.choose("once")
    text = page.finish(cell)
    assert "│ said" in text
    for record in page.records():
        assert "application/vnd.jupyter.widget-view+json" not in record
        assert old["nonce"] not in str(record)
    old_comm = page.prompt_comm
    cell = page.start(command_cell("", "echo", "said"))
    new = page.wait_prompt()
    assert new["nonce"] != old["nonce"]
    for comm in (old_comm, ""):
        page.send_comm({"id": old["id"], "nonce": old["nonce"], "choice": "once"}, comm=comm)
    page.send("comm_open", {"comm_id": old_comm, "target_name": "jupyter.widget", "data": {"state": {"prompt": old}}})
    page.expect_running(cell, 0.5)
    ended(page, cell)


def test_u06_two_prompts_are_never_open(page: FrontEnd) -> None:
    cell = page.start(command_cell("", "echo", "said"))
    page.wait_prompt()
    page.expect_running(cell, 0.5)
    assert len(page.prompts) == 1
    assert not [message for message in page.messages if message["msg_type"] == "stream"]
    ended(page, cell)


def test_x32_a_question_is_not_hidden_by_a_guests_colours(page: FrontEnd) -> None:
    conceal = "(i32.store (i32.const 65536) (i32.const 0x6d385b1b)) (call $print (i32.const 1) (i32.const 4))"
    guest = command_cell("", "echo", "said").replace("(call $set_name", f"{conceal} (call $set_name", 1)
    page.run("from ssvm_kernel.deciders.screen import Screen; usual = Screen.ping_seconds; Screen.ping_seconds = 0.1")
    page.run("%reload_ext ssvm_kernel")
    page.answers_ping = False  # a front end that can only type
    try:
        cell = page.start(guest)
        page.wait_input_request()
        page.type_line("d")
        text = page.finish(cell)
    finally:
        page.answers_ping = True
        page.run("Screen.ping_seconds = usual")
    hidden, _, shown = text.partition("[ssvm] guest")
    assert "asks to run a program" in shown
    assert re.findall(r"\x1b\[[0-9;:]*m", hidden)[0] == "\x1b[8m"
    assert hidden.endswith("\x1b[0m\n")
    assert "\x1b" not in shown


def test_x32_nobody_is_asked_in_a_cell_whose_output_is_taken_away(page: FrontEnd) -> None:
    cell = page.start(f"%%capture\n{command_cell('', 'echo', 'said')}")
    text = page.finish(cell)
    assert page.prompts == []
    assert 'to grant it: --allow-command "echo said"' in text


@pytest.mark.parametrize("engine", ["jit", "interpreter"])
def test_w21_an_endless_loop_ends_when_the_person_says_so(page: FrontEnd, engine: str) -> None:
    cell = page.start(f"%%ssvm wat --engine {engine}\n{LOOP}")
    page.expect_running(cell, 0.7)
    taken = []
    for _ in range(3):
        started = time.monotonic()
        page.interrupt()
        assert "Interrupt" in page.finish(cell)
        taken.append(time.monotonic() - started)
        if taken[-1] < 1.0:
            return
        cell = page.start(f"%%ssvm wat --engine {engine}\n{LOOP}")
        page.expect_running(cell, 0.7)
    pytest.fail(f"took {taken} s")


def test_u25_nobody_there_is_a_denial_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SSVM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    notebook = nbformat.v4.new_notebook()
    timed = "import time; begun = time.monotonic()"
    sources = [LOAD, timed, command_cell("--no-raise", "echo", "said"), "print(time.monotonic() - begun < 30)"]
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in [*sources, command_cell("", "echo", "said")]]
    manager = kernel_manager(tmp_path)
    try:
        with pytest.raises(CellExecutionError, match='to grant it: --allow-command "echo said"'):
            NotebookClient(notebook, km=manager, timeout=60).execute(cleanup_kc=True)
    finally:
        stop(manager)
    assert notebook.cells[3].outputs[0]["text"] == "True\n"
    assert "is not in the white list" in str(notebook.cells[2].outputs)
    assert "│ said" not in str(notebook.cells)


@pytest.mark.parametrize("word", ["$hidden", "{hidden}"])
def test_u31_a_variable_on_the_cells_line_grants_nothing(page: FrontEnd, word: str) -> None:
    page.run("hidden = 'echo'")
    cell = page.start(command_cell(f"--allow-command {word} --name said", "echo", "said"), allow_stdin=False)
    text = page.finish(cell) if "rror" in page.until(_error_or_prompt)["msg_type"] else ended(page, cell)
    assert "│ said" not in text


def _error_or_prompt(message: dict) -> bool:
    return message["msg_type"] in ("error", "comm_open")


def test_u41_a_page_reads_and_narrows_and_no_more(page: FrontEnd) -> None:
    page.run("%ssvm grants")
    page.request(do="hello", prompts=True)
    try:
        cell = page.start(command_cell("", "echo", "said"))
        question = page.wait_question()
        answer = {"do": "answer", "id": question["id"], "nonce": question["nonce"]}
        for wrong in (
            {**answer, "nonce": "x", "choice": "once"},
            {**answer, "choice": "all"},
            {**answer, "choice": "once", "allow": True},
            {"do": "grant", "what": "--allow-command echo"},
            {"do": "revoke", "grant": "all"},
            {"do": "look", "since": -1},
        ):
            page.request(**wrong)
        page.expect_running(cell, 0.5)
        page.request(**answer, choice="deny:session:any")
        assert "<error DeniedError:" in page.finish(cell)
        # without the denial the guest would be asked about again, or allowed by a wider grant: a page may not do that
        (denial,) = (grant for grant in page.request(do="look")["grants"] if grant["effect"] == "deny")
        reply = page.request(do="revoke", grant=denial["id"])
        assert reply["status"] == "error"
        assert reply["error"].endswith(f"%ssvm revoke {denial['id']}")
        assert denial["id"] in [grant["id"] for grant in page.request(do="look")["grants"]]
    finally:
        page.request(do="hello", prompts=False)


@pytest.mark.parametrize("line", ["%%ssvm wat --profile-out {file}\n(module)", "%ssvm ledger --jsonl {file}"])
@pytest.mark.parametrize("name", [".bashrc", "settings.json", "link.json", "new.sh"])
def test_u42_a_line_names_a_file_of_the_person(page: FrontEnd, tmp_path: Path, line: str, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for precious in (".bashrc", "settings.json"):
        (home / precious).write_text('{"theirs": 1}\n')
    (home / "link.json").symlink_to(".bashrc")
    text = page.run(line.format(file=home / name))
    assert "<error UsageError:" in text
    assert "cannot be written to" in text
    assert {path.name for path in home.iterdir()} == {".bashrc", "settings.json", "link.json"}
    assert all(path.read_text() == '{"theirs": 1}\n' for path in home.iterdir())


@pytest.mark.parametrize("line", ["%ssvm load {file}", "%ssvm inspect {file}", "%%ssvm c --wit {file}\nint x;"])
def test_x29_only_files_are_read(page: FrontEnd, tmp_path: Path, line: str) -> None:
    assert "it is not a file" in page.run(line.format(file="/dev/null"))  # as is /dev/zero, which would take all memory
    with (tmp_path / "large.wasm").open("wb") as large:
        large.truncate(1 << 40)
    assert "it is larger than a gigabyte" in page.run(line.format(file=large.name))
