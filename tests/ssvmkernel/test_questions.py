"""Completion and inspection in a running kernel: answered from tables."""

from __future__ import annotations

import pytest

from tests.kernel.guests import HELLO

PATIENCE = 60.0
LIBRARY = """%%ssvm wat --name shapes --no-raise
(module (memory (export "memory") 1)
  (func (export "area_of") (param f64 f64) (result f64) (f64.mul (local.get 0) (local.get 1)))
  (func (export "bad name\\0a%%python") (nop))
  (func (export "_start") (nop)))"""


@pytest.fixture(scope="module")
def kernel(current):
    (current.folder / "one.wasm").write_bytes(b"\0asm\1\0\0\0")
    (current.folder / "two words.wasm").write_bytes(b"\0asm\1\0\0\0")
    (current.folder / "notes.txt").write_text("")
    (current.folder / "sub").mkdir()
    assert "<error" not in current.run(LIBRARY)
    assert "<error" not in current.run(f"%%wat --name greet\n{HELLO}")
    return current


def ask(kernel, kind: str, content: dict) -> dict:
    request = kernel.send(f"{kind}_request", content)
    reply = None
    while reply is None or reply["parent_header"].get("msg_id") != request:
        reply = kernel.client.get_shell_msg(timeout=PATIENCE)
    return reply["content"]


def completed(kernel, code: str, at: int | None = None) -> list[str]:
    """Return the cell's texts with each match in its place."""
    place = len(code) if at is None else at
    reply = ask(kernel, "complete", {"code": code, "cursor_pos": place})
    start, end = reply["cursor_start"], reply["cursor_end"]
    types = reply["metadata"]["_jupyter_types_experimental"]
    assert [item["text"] for item in types] == reply["matches"]
    assert all((item["start"], item["end"]) == (start, end) for item in types)
    return [code[:start] + match + code[end:] for match in reply["matches"]]


def inspected(kernel, code: str, at: int | None = None) -> str:
    content = {"code": code, "cursor_pos": len(code) if at is None else at, "detail_level": 0}
    reply = ask(kernel, "inspect", content)
    assert reply["found"] is bool(reply["data"])
    return reply["data"].get("text/plain", "")


@pytest.mark.parametrize(
    ("code", "some"),
    [
        ("%", ["%lang", "%ssvm", "%%ssvm", "%%rust", "%%python"]),
        ("%%r", ["%%rust", "%%rs"]),
        ("%la", ["%lang"]),
        ("%lang ru", ["%lang rust"]),
        ("%%ssvm wa", ["%%ssvm wat", "%%ssvm wast"]),
        ("%lang rust --eng", ["%lang rust --engine"]),
        ("%%rust --engine=in", ["%%rust --engine=interpreter"]),
        ("%%rust --engine in", ["%%rust --engine interpreter"]),
        ("%%rust --env HO", ["%%rust --env HOME"]),
        ("%%rust --stdin-var ke", ["%%rust --stdin-var kept"]),
        ("%%rust -o ke", ["%%rust -o kept"]),
        ("%ssvm ru", ["%ssvm run"]),
        ("%ssvm run ", ["%ssvm run greet", "%ssvm run shapes"]),
        ("%ssvm run greet --no-r", ["%ssvm run greet --no-raise"]),
        ("%ssvm inspect sh", ["%ssvm inspect shapes"]),
        ("%ssvm load o", ["%ssvm load one.wasm"]),
        ("%ssvm load s", ["%ssvm load sub/"]),
        ("%ssvm grants --ex", ["%ssvm grants --export"]),
        ("%ssvm warm ru", ["%ssvm warm rust"]),
        ("%ssvm cache c", ["%ssvm cache cargo"]),
        ("%ssvm run greet gr", []),
        ("%ssvm run --engine jit gr", ["%ssvm run --engine jit greet"]),
        ("%ssvm warm gr", []),
        ("%ssvm cache gr", []),
        ("%ssvm doctor gr", []),
        ("%ssvm revoke a", ["%ssvm revoke all"]),
        ("(func (call $area_", []),
        ("(i32.cons", ["(i32.const"]),
        ("(call area_", ["(call area_of"]),
        ("(func $twice) (call $tw", ["(func $twice) (call $twice"]),
        ("%%rust\nprint", ["%%rust\nprintln"]),
        ("%%rust\nCommand::out", ["%%rust\nCommand::output"]),
        ("%lang c\nssvm_process_set_t", ["%lang c\nssvm_process_set_timeout"]),
        ("%lang c\n#inc", ["%lang c\n#include"]),
    ],
)
def test_completion(kernel, code, some) -> None:
    found = completed(kernel, code)
    assert set(some) <= set(found)
    if not some:
        assert not found


def test_completion_in_the_middle_of_a_cell(kernel) -> None:
    code = "%%c --eng\nint x;"
    assert completed(kernel, code, len("%%c --eng")) == ["%%c --engine\nint x;"]


def test_python_is_completed_by_ipython(kernel) -> None:
    assert "%%python\nkept" in completed(kernel, "%%python\nkep")
    assert "\nkept" not in completed(kernel, "kep")


def test_names_that_could_act_are_not_offered(kernel) -> None:
    assert not [text for text in completed(kernel, "%ssvm load t") if "two words" in text]
    assert completed(kernel, "(call bad") == []
    assert completed(kernel, "%%rust -- --eng") == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("%%rust --engine jit", "Engine that runs the guest"),
        ("%lang c --opt", "Optimisation level"),
        ("%ssvm grants --export", "Print the options"),
        ("%ssvm grants", "--revoke"),
        ("%ssvm run shapes", "area_of"),
        ("%lang", "The cells from here on"),
        ("%%rust", "%%rust [options]"),
        ("%%ssvm", "%%ssvm LANGUAGE"),
        ("(call area_of", "(f64, f64) -> (f64)"),
        ("ssvm_process_run", "--allow-command"),
        ("wasmedge_process_add_arg", "Add one argument"),
        ("Command::timeout", "milliseconds"),
        ("path_open", "granted folder"),
        ("_start", "called once"),
        ("nothing_like_it", ""),
        ("", ""),
        ("%%python\nkept", "int"),
    ],
)
def test_inspection(kernel, code, says) -> None:
    at = code.rfind("--") + 3 if " --" in code else None
    text = inspected(kernel, code, at)
    assert says in text
    assert bool(says) is bool(text)


def test_a_question_mark_asks_the_same(kernel) -> None:
    running = kernel.start("--engine?")
    reply = None
    while reply is None or reply["parent_header"].get("msg_id") != running:
        reply = kernel.client.get_shell_msg(timeout=PATIENCE)
    (page,) = reply["content"]["payload"]
    assert "Engine that runs" in page["data"]["text/plain"]
    kernel.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle")
    assert "<error UsageError: nothing is known of 'nonsense'" in kernel.run("nonsense?")
