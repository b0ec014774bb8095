"""The folder picker in a real kernel, over ZMQ, with a front end that may be honest, limited or hostile."""

from __future__ import annotations

import json

import pytest

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def folder(tmp_path):
    for name in ("data/deep/deeper", "other", HOSTILE):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def fe(front_end):
    front_end.run("pickers = k.pickers = default_pickers(); picker = pickers.pickers[0]; picker.ping_seconds = 30")
    return front_end


def start(fe, folder, granted="None"):
    cell = fe.start(f"pick({str(folder)!r}, {granted});")
    fe.wait_prompt()
    return cell


def listings(fe):
    """Return what the view was shown: first with the widget, then after each opened folder."""
    later = [
        m["content"]["data"]["content"]
        for m in fe.messages
        if m["msg_type"] == "comm_msg" and m["content"]["data"].get("method") == "custom"
    ]
    return [{"listing": fe.prompts[-1]["listing"]}, *later]


def line(fe, name):
    return next(each for each in listings(fe)[-1]["listing"]["folders"] if each["name"] == name)


def send(fe, **content):
    prompt = fe.prompts[-1]
    fe.send_comm({"id": prompt["id"], "nonce": prompt["nonce"], **content})


def pick(fe, key, access="read", name="in", **changes):
    send(fe, **{"pick": key, "access": access, "name": name, **changes})


def open_folder(fe, key):
    shown = len(listings(fe))
    send(fe, open=key)
    fe.until(lambda _: len(listings(fe)) > shown)


def cancel(fe, cell):
    send(fe, cancel=True)
    return fe.finish(cell)


def test_a_folder_is_picked_for_the_session(fe, folder):
    cell = start(fe, folder)
    pick(fe, line(fe, "data")["id"], name="in")
    text = fe.finish(cell)
    assert "PICK via=widget reason=''" in text
    assert f"GRANT {str(folder / 'data')!r} 'in' READ SESSION PERSON True True" in text
    [record] = fe.records()
    assert set(record) == {"text/html", "text/plain"}
    assert "Folder granted for this session, to read, as in" in record["text/plain"]
    assert fe.open_comms == {}


def test_only_what_the_person_opens_is_listed(fe, folder):
    cell = start(fe, folder)
    assert [each["name"] for each in listings(fe)[0]["listing"]["folders"]] == [folder.name, HOSTILE, "data", "other"]
    assert "deep" not in json.dumps([m["content"] for m in fe.messages])
    open_folder(fe, line(fe, "data")["id"])
    assert [each["name"] for each in listings(fe)[-1]["listing"]["folders"]] == ["data", "deep"]
    assert "deeper" not in json.dumps([m["content"] for m in fe.messages])
    above = listings(fe)[-1]["listing"]["above"]
    assert [each["name"] for each in above][-1] == folder.name
    open_folder(fe, above[-1]["id"])
    assert line(fe, "other")

    fe.expect_running(cell, 0.5)
    pick(fe, line(fe, "other")["id"], "read and write", "o")
    assert f"GRANT {str(folder / 'other')!r} 'o' READ_WRITE" in fe.finish(cell)


@pytest.mark.parametrize("forged", ["nonce", "id", "not listed", "path", "replay", "listed before", "above"])
def test_u12_nothing_is_granted_for_a_forged_answer(fe, folder, forged):
    cell = start(fe, folder)
    key, deep = line(fe, "data")["id"], listings(fe)[-1]["listing"]["above"][-1]["id"]
    match forged:
        case "nonce":
            pick(fe, key, nonce="x" * 32)
        case "id":
            pick(fe, key, id="0" * 16)
        case "not listed":
            pick(fe, "f999")
        case "path":
            pick(fe, str(folder / "data"))
        case "above":
            pick(fe, deep)
        case "listed before":
            open_folder(fe, key)
            fe.expect_running(cell, 0.5)
            pick(fe, key)
        case "replay":
            first = dict(fe.prompts[-1])
            cancel(fe, cell)
            cell = start(fe, folder)
            fe.send_comm({"id": first["id"], "nonce": first["nonce"], "pick": key, "access": "read", "name": "in"})
    fe.expect_running(cell)
    assert "GRANT" not in cancel(fe, cell)
    assert fe.run("print(picker.ignored)") == "1\n"


def test_u12_traits_carry_no_authority(fe, folder):
    cell = start(fe, folder)
    prompt = fe.prompts[-1]
    fe.send_raw({"method": "update", "state": {"picker": {**prompt, "granted": "/"}}, "buffer_paths": []})
    fe.send_raw({"method": "request_state"})
    fe.expect_running(cell)
    assert "GRANT" not in cancel(fe, cell)


def test_u05_a_pick_within_the_moment_of_a_new_listing_does_not_count(fe, folder):
    fe.run("picker.human_seconds = 3600")
    cell = start(fe, folder)
    pick(fe, line(fe, "data")["id"])
    fe.expect_running(cell)
    assert "GRANT" not in cancel(fe, cell)


def test_a_dangerous_folder_is_shown_and_refused(fe, folder):
    cell = start(fe, "/")
    proc = line(fe, "proc")
    assert all("cannot be granted" in why for why in proc["refused"])
    pick(fe, proc["id"])
    fe.until(lambda _: len(listings(fe)) == 2)
    assert "cannot be granted" in listings(fe)[-1]["error"]
    fe.expect_running(cell)
    assert "GRANT" not in cancel(fe, cell)


def test_a_wrong_name_is_told_and_can_be_corrected(fe, folder):
    cell = start(fe, folder)
    pick(fe, line(fe, "data")["id"], name="../up")
    fe.until(lambda _: len(listings(fe)) == 2)
    assert "must not hold" in listings(fe)[-1]["error"]
    fe.expect_running(cell, 0.5)
    pick(fe, line(fe, "data")["id"], name="up")
    assert "'up' READ SESSION" in fe.finish(cell)


def test_u21_a_name_is_text_and_shows_what_is_hidden(fe, folder):
    (folder / "a\u202eb\x1b[2K").mkdir()
    cell = start(fe, folder)
    names = [each["name"] for each in listings(fe)[0]["listing"]["folders"]]
    assert HOSTILE in names
    assert r"a\u202eb\x1b[2K" in names
    pick(fe, line(fe, HOSTILE)["id"], name=HOSTILE)
    assert "GRANT" in fe.finish(cell)
    assert "<img" not in fe.records()[0]["text/html"]


def test_cancel_interrupt_and_close_grant_nothing(fe, folder):
    text = cancel(fe, start(fe, folder))
    assert "PICK via=widget reason=''" in text
    assert "GRANT" not in text
    cell = start(fe, folder)
    fe.interrupt()
    assert "INTERRUPTED" in fe.finish(cell)
    assert "interrupted" in fe.records()[0]["text/plain"]
    cell = start(fe, folder)
    fe.close_comm(fe.prompt_comm)
    assert "reason='the picker was closed'" in fe.finish(cell)
    assert fe.open_comms == {}
    left = fe.run("import ipywidgets; print(len(ipywidgets.widgets.widget._instances), len(k.kernel_comms()))")
    assert left.split() == ["0", "0"]


def test_by_typing_where_no_widget_can_be_shown(fe, folder):
    fe.answers_ping = False
    fe.run("picker.ping_seconds = 0.1")
    cell = fe.start(f"pick({str(folder)!r});")
    assert "Path of the folder" in fe.wait_input_request()
    fe.type_line("/proc")
    assert "Path of the folder" in fe.wait_input_request()
    fe.type_line(str(folder / "data"))
    assert "[r]ead (default)" in fe.wait_input_request()
    fe.type_line("w")
    assert "[data]" in fe.wait_input_request()
    fe.type_line("")
    text = fe.finish(cell)
    assert "Picking is granting" in text
    assert "the folder /proc cannot be granted" in text
    assert f"GRANT {str(folder / 'data')!r} 'data' READ_WRITE SESSION PERSON True True" in text
    cell = fe.start(f"pick({str(folder)!r});")
    fe.wait_input_request()
    fe.type_line("")
    text = fe.finish(cell)
    assert "PICK via=stdin" in text
    assert "GRANT" not in text


def test_u25_nobody_there_is_no_folder_at_once(fe, folder):
    fe.answers_ping = False
    text = fe.run(f"pick({str(folder)!r});", allow_stdin=False)
    assert "PICK via=nobody reason='nobody can be asked here'" in text
    assert "GRANT" not in text
