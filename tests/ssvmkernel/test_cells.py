"""Cells of a running SSVM kernel: guests, directives, Python, and what Jupyter's protocol asks of each."""

from __future__ import annotations

import contextlib
import queue
import time

import psutil

from tests.kernel.guests import HELLO, LOOP, cell, command_cell

PATIENCE = 60.0


def body_of(magic_cell: str) -> str:
    return magic_cell.partition("\n")[2]


def exits(status: int) -> str:
    return body_of(cell("", f"(call $exit (i32.const {status}))"))


def reply_to(kernel, code: str, **content) -> dict:
    """Run a cell and return its reply; the messages on the way are kept by the front end."""
    kernel._forget()
    defaults = {"silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    request = kernel.send("execute_request", {"code": code, "stop_on_error": True, **defaults, **content})
    reply = None
    while reply is None or reply["parent_header"].get("msg_id") != request:
        reply = kernel.client.get_shell_msg(timeout=PATIENCE)
    kernel.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" and of(m, request))
    return reply["content"]


def of(message: dict, request: str) -> bool:
    return message["parent_header"].get("msg_id") == request


def test_a_cell_is_a_guest(both) -> None:
    text = both.run(HELLO)
    assert text.startswith("hello\n")
    assert "exit 0" in text
    both.expect_whole()


def test_a_cell_of_comments_does_nothing(both) -> None:
    assert both.run(";; nothing\n(; at all ;)\n") == ""
    assert both.run("") == both.run("\n") == ""


def test_the_language_changes_and_its_options_stay(both) -> None:
    try:
        assert "guests in: wat --name kept-name --no-raise" in both.run("%lang wat --name kept-name --no-raise")
        text = both.run(exits(3))
        assert "kept-name" in text
        assert "<error" not in text
        # a line of its own says all, so that what is read in a cell is what holds in it
        assert "<error GuestExit:" in both.run(f"%%wat\n{exits(3)}")
        assert "<error UsageError: there is no option --bogus" in both.run("%lang wat --bogus")
        assert "did you mean 'wat'" in both.run("%lang wet")
        assert "guests in: wat --name kept-name" in both.run("%lang")
        assert both.run(f"%lang wat --name other\n{HELLO}").startswith("hello\n")
        assert "guests in: wat --name other" in both.run("%lang")
    finally:
        both.run("%lang wat")


def test_commands_work_and_so_does_the_magic(both) -> None:
    assert both.run(f"%%ssvm wat --name hi\n{HELLO}").startswith("hello\n")
    assert both.run(f"%%wast --name hello\n{HELLO}").startswith("hello\n")
    text = both.run("%ssvm grants\n%ssvm run hi")
    assert "no grants" in text
    assert "hello\n" in text
    assert "hi" in both.run(f"%ssvm run hi\n{HELLO}")
    assert "--allow-command" in both.run("%%wat --help")
    assert "%ssvm run" in both.run("%ssvm --help")
    assert "did you mean run? There are load, " in both.run("%ssvm rum")
    assert "there is no command 'xyzzy': there are load, " in both.run("%ssvm xyzzy")
    assert "begin it with %%ssvm wat" in both.run("%ssvm wat")
    text = both.run("%%timeit hi")
    assert "%ssvm timeit NAME" in text
    assert "IPython's own %% work in a cell that begins with %%python" in text
    assert "b is one word too many; usage: %ssvm run NAME" in both.run("%ssvm run hi b")
    assert "<error UsageError: usage: %ssvm run NAME" in both.run("%ssvm run")


def test_an_error_is_at_the_line_of_the_cell(both) -> None:
    broken = '(module\n  (func (export "_start") (nonsense)))'
    for above in ("", "%%wat\n", "%lang wat\n", "\n\n%%wat\n", "%lang wat\n\n\n"):
        line = 2 + above.count("\n")
        assert f"line {line}" in both.run(above + broken), above


def test_python_is_below_its_own_line(both) -> None:
    assert "<execute_result: 4>" in both.run("%%python\nx = 2\nx + 2")
    text = both.run("%%py\n%%time\nprint(x)\n!echo from the shell")
    assert "2\n" in text
    assert "from the shell" in text
    assert "<error ZeroDivisionError" in both.run("%%python\n1 / 0")
    assert "<error NameError" in both.run("%%python\nasync def f(): return nothing\nawait f()")
    assert "7" in both.run("%%python\nget_ipython().run_cell('print(3 + 4)')")  # Python's own text is Python


def test_python_has_what_a_guest_left(both) -> None:
    assert both.run(f"%%wat -o left\n{HELLO}").startswith("hello\n")
    assert both.run("%%python\nprint(left.exit_code)") == "0\n"


def test_nothing_of_ipython_is_in_a_guests_cell(both) -> None:
    for code in (
        "!echo out",
        "%sx echo out",
        "%%bash\necho out",
        "%%sh\necho out",
        "%run x.py",
        "%lang wat\n!echo out",
    ):
        text = both.run(code)
        assert "<error UsageError:" in text, code
        assert "%%python" in text
        assert "out\n" not in text
    both.expect_whole()


def test_the_reply_says_how_it_went(both) -> None:
    before = reply_to(both, HELLO)["execution_count"]
    good = reply_to(both, HELLO, user_expressions={"sum": "1 + 2", "bad": "1 / 0"})
    assert good["status"] == "ok"
    assert good["execution_count"] == before + 1
    assert good["user_expressions"]["sum"]["data"]["text/plain"] == "3"
    assert good["user_expressions"]["bad"]["ename"] == "ZeroDivisionError"
    assert [m["content"]["execution_count"] for m in both.messages if m["msg_type"] == "execute_input"] == [before + 1]
    bad = reply_to(both, exits(9))
    assert (bad["status"], bad["ename"], bad["user_expressions"]) == ("error", "GuestExit", {})
    assert "9" in bad["evalue"]
    assert bad["traceback"]
    assert bad["execution_count"] == before + 2
    assert reply_to(both, "!ls")["ename"] == "UsageError"


def test_a_silent_cell_leaves_no_trace(both) -> None:
    before = reply_to(both, HELLO)["execution_count"]
    quiet = reply_to(both, "%ssvm grants", silent=True)
    assert quiet["status"] == "ok"
    assert not [m for m in both.messages if m["msg_type"] in ("execute_input", "execute_result")]
    reply_to(both, HELLO, store_history=False)
    assert reply_to(both, HELLO)["execution_count"] == before + 1


def test_an_error_stops_what_was_asked_for_after_it(both) -> None:
    both.start(exits(1))
    last = both.send(
        "execute_request",
        {"code": HELLO, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False},
    )
    reply = None
    while reply is None or not of(reply, last):
        reply = both.client.get_shell_msg(timeout=PATIENCE)
    assert reply["content"]["status"] == "aborted"
    both.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" and of(m, last))
    assert reply_to(both, exits(1), stop_on_error=False)["status"] == "error"
    both.expect_whole()


def test_output_comes_before_idle_and_an_interrupt_ends_the_guest_alone(both) -> None:
    cell_id = both.start(LOOP)
    both.expect_running(cell_id)
    # the control channel answers while the shell is busy
    request = both.client.session.msg("kernel_info_request", {})
    both.client.control_channel.send(request)
    info = both.client.get_control_msg(timeout=PATIENCE)
    assert info["content"]["implementation"] == "ssvm"
    assert "kernel subshells" in info["content"]["supported_features"]
    assert "debugger" not in info["content"]["supported_features"]
    both.interrupt()
    assert "Interrupt" in both.finish(cell_id)
    after = both.start(HELLO)
    assert both.finish(after).startswith("hello\n")
    states = [
        m["content"].get("execution_state", m["msg_type"])
        for m in both.messages
        if m["msg_type"] != "comm_close" and of(m, after)
    ]
    assert (states[0], states[-1]) == ("busy", "idle")
    both.expect_whole()


def test_an_interrupt_outside_of_the_guest_is_answered_as_well(both) -> None:
    both.run(
        "%%python\nkernel = get_ipython().kernel\nreply = kernel._reply\n"
        "def late(*args):\n    kernel._reply = reply\n    raise KeyboardInterrupt\nkernel._reply = late"
    )
    answer = reply_to(both, HELLO)
    assert (answer["status"], answer["ename"]) == ("error", "KeyboardInterrupt")
    assert [m["content"]["ename"] for m in both.messages if m["msg_type"] == "error"] == ["KeyboardInterrupt"]
    assert reply_to(both, HELLO)["status"] == "ok"


def test_python_below_its_line_can_ask_and_a_guests_cell_leaves_that_alone(both) -> None:
    both.run(HELLO)
    asking = both.start("%%python\nprint('got ' + input('who? '))")
    assert both.wait_input_request() == "who? "
    both.type_line("me")
    assert "got me" in both.finish(asking)


def test_hooks_see_a_guest_as_any_cell(both) -> None:
    both.run(
        "%%python\nseen = []\nshell = get_ipython()\n"
        "shell.events.register('pre_run_cell', lambda info: seen.append(info.raw_cell[:7]))\n"
        "shell.events.register('post_run_cell', lambda result: seen.append(result.success))"
    )
    both.run(HELLO)
    both.run(exits(2))
    text = both.run("%%python\nprint(seen)")
    assert "'(module', True, '(module', False, '%%pytho'" in text


def test_history_has_what_was_typed_and_what_it_means_in_ipython(both) -> None:
    number = reply_to(both, f"%lang wat --name again\n{HELLO}")["execution_count"]
    both.run("%lang wat")
    text = both.run(f"%%python\nprint(In[{number}])\n%history {number}")
    assert "get_ipython().run_cell_magic('ssvm', 'wat --name again'" in text
    assert "True" in both.run(f"%%python\nprint(_i{number}.startswith('%lang wat --name again'), _ii == '%lang wat')")
    request = both.send("history_request", {"hist_access_type": "tail", "n": 4, "raw": True, "output": False})
    reply = None
    while reply is None or not of(reply, request):
        reply = both.client.get_shell_msg(timeout=PATIENCE)
    typed = [line for _, _, line in reply["content"]["history"]]
    assert typed[-3] == "%lang wat"
    assert all(line.startswith("%%python") for line in typed[-2:])
    assert typed[-4].startswith("%lang wat --name again\n(module")
    both.run("%%python\nget_ipython().history_manager.writeout_cache()")
    request = both.send(
        "history_request",
        {"hist_access_type": "search", "n": 9, "pattern": "%lang wat --name again*", "raw": True, "output": False},
    )
    reply = None
    while reply is None or not of(reply, request):
        reply = both.client.get_shell_msg(timeout=PATIENCE)
    assert [entry[1] for entry in reply["content"]["history"]] == [number]  # once, on the disk, under its number
    again = both.run(f"%%python\nexec(In[{number}])")  # the history's Python does the same
    assert "hello\n" in again


def test_its_history_is_not_that_of_python_notebooks(both) -> None:
    shown = both.run("%%python\nprint(get_ipython().history_manager.hist_file)")
    assert shown.strip() == str(both.folder / "ipython/profile_default/ssvm_history.sqlite")
    assert (both.folder / "ipython/profile_default/ssvm_history.sqlite").exists()


def test_a_guest_in_a_subshell_runs_beside_one_that_does_not_end(current) -> None:
    current.make_subshell()
    busy = current.start(LOOP)
    current.expect_running(busy)
    content = {"code": HELLO, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    beside = current.send("execute_request", content, subshell=current.subshell)
    current.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" and of(m, beside))
    assert current.text(beside).startswith("hello\n")
    current.expect_running(busy)
    current.interrupt()
    assert "Interrupt" in current.finish(busy)
    numbers = [m["content"]["execution_count"] for m in current.messages if m["msg_type"] == "execute_input"]
    assert numbers == [numbers[0], numbers[0] + 1]
    assert reply_to(current, HELLO)["execution_count"] == numbers[0] + 2
    current.subshell = None
    assert current.run(HELLO).startswith("hello\n")


def test_a_line_magics_answer_is_an_output_with_its_number(both) -> None:
    reply = reply_to(both, "%ssvm grants")
    (result,) = [m["content"] for m in both.messages if m["msg_type"] == "execute_result"]
    assert result["execution_count"] == reply["execution_count"]
    assert "text/html" in result["data"]


def test_a_prompt_is_answered_while_the_cell_runs(current) -> None:
    running = current.start(body_of(command_cell("", "echo", "granted")))
    current.wait_prompt()
    current.choose("once")
    assert "granted\n" in current.finish(running)


def test_restart_and_shutdown_leave_no_worker(tmp_path_factory) -> None:
    from .conftest import SsvmFrontEnd

    with SsvmFrontEnd(tmp_path_factory.mktemp("restart")) as front_end:
        manager = front_end._manager
        assert front_end.run(HELLO).startswith("hello\n")
        first = psutil.Process(manager.provisioner.process.pid)
        workers = first.children(recursive=True)
        assert workers
        manager.restart_kernel()
        front_end.client.wait_for_ready(timeout=PATIENCE)
        _, alive = psutil.wait_procs([first, *workers], timeout=PATIENCE)
        assert not alive
        assert front_end.run(HELLO).startswith("hello\n")
        assert "NameError" in front_end.run("%%python\nkept")  # a new session
        workers = psutil.Process(manager.provisioner.process.pid).children(recursive=True)
        front_end.client.shutdown()
        end = time.monotonic() + PATIENCE
        while manager.is_alive() and time.monotonic() < end:
            with_queue(front_end)
        assert not manager.is_alive()
        _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
        assert not alive


def with_queue(front_end) -> None:
    with contextlib.suppress(queue.Empty):
        front_end.client.get_iopub_msg(timeout=0.1)
