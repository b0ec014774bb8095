"""A front end on the wire: starts a real kernel and behaves as JupyterLab, a console or an attacker would."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import time
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

from ssvm_kernel.deciders.link import EVENTS

PATIENCE = 120.0  # seconds; a busy machine is slow, and no test is about speed
HERE = Path(__file__).parent
PATIENT = "from ssvm_kernel.deciders.screen import Screen; Screen.ping_seconds = 30"
"""For a kernel that asks as the product does: on a busy machine a front end takes a while to show that it is there."""
SETUP = f"import sys; sys.path.insert(0, {str(HERE)!r}); import kernel_side as k; from kernel_side import *"


def kernel_manager(folder: Path, program: tuple[str, ...] = ("-m", "ipykernel_launcher")) -> KernelManager:
    """Return a manager for the interpreter under test, ``SSVM_TEST_KERNEL_PYTHON`` or this one."""
    python = os.environ.get("SSVM_TEST_KERNEL_PYTHON", sys.executable)
    spec = {"argv": [python, *program, "-f", "{connection_file}"], "display_name": "t"}
    place = folder / "kernels/under-test"
    place.mkdir(parents=True, exist_ok=True)
    (place / "kernel.json").write_text(json.dumps({**spec, "language": "python"}))
    specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False)
    return KernelManager(kernel_name="under-test", kernel_spec_manager=specs)


def stop(manager: KernelManager) -> None:
    """End a kernel and all that was opened for it."""
    manager.shutdown_kernel(now=True)
    manager.context.destroy(linger=0)


class FrontEnd:
    """One client of one kernel; use as a context manager.

    Attributes
    ----------
    answers_ping, has_widgets, renders : bool
        What this front end can do; change them before running a cell.
    delay : float
        Seconds until it answers by itself; no real page answers within the same millisecond.
    """

    program: tuple[str, ...] = ("-m", "ipykernel_launcher")
    setup = SETUP

    def __init__(self, folder: Path) -> None:
        self.answers_ping = self.has_widgets = self.renders = True
        self.delay = 0.0
        self.subshell: str | None = None
        self._manager = kernel_manager(folder, self.program)
        environment = {**os.environ, "IPYTHONDIR": str(folder / "ipython")}
        self._manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)

    def __enter__(self) -> FrontEnd:
        self.client = self._manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        self._forget()
        self.run(self.setup)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        stop(self._manager)

    def _forget(self) -> None:
        self.messages: list[dict] = []
        self.prompts: list[dict] = []
        self.open_comms: dict[str, str] = {}
        self._pings: list[str] = []
        self.prompt_comm = ""
        self.events: list[dict] = []

    def start(self, code: str, *, allow_stdin: bool = True) -> str:
        """Send a cell and return its message id."""
        self._forget()
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        return self.send("execute_request", {**content, "allow_stdin": allow_stdin, "stop_on_error": True})

    def finish(self, cell: str) -> str:
        """Wait for the end of a cell and return its text output."""
        self.until(
            lambda m: (
                m["msg_type"] == "status"
                and m["content"]["execution_state"] == "idle"
                and m["parent_header"].get("msg_id") == cell
            )
        )
        self._await_reply(cell)
        return self.text(cell)

    def _await_reply(self, cell: str) -> None:
        """Take the reply too: ipykernel before 7.3 may lose a request that comes while it sends one (PR 1529 there)."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                if self.client.get_shell_msg(timeout=1)["parent_header"].get("msg_id") == cell:
                    return
        raise AssertionError("the kernel did not reply")

    def run(self, code: str, *, allow_stdin: bool = True) -> str:
        """Run a cell to its end and return its text output."""
        return self.finish(self.start(code, allow_stdin=allow_stdin))

    def send(self, kind: str, content: dict, *, subshell: str | None = None) -> str:
        """Send a message on the shell channel."""
        message = self.client.session.msg(kind, content)
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def make_subshell(self) -> None:
        """Use a subshell for comm messages from now on, as JupyterLab does."""
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        self.subshell = self.client.get_control_msg(timeout=PATIENCE)["content"]["subshell_id"]

    def request(self, **content: object) -> dict:
        """Send a request of the JupyterLab extension on the control channel, and return the content of its reply."""
        message = self.client.session.msg("ssvm_request", {"version": 1, **content})
        self.client.control_channel.send(message)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                reply = self.client.get_control_msg(timeout=1)
                if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                    assert reply["msg_type"] == "ssvm_reply"
                    return reply["content"]
        raise AssertionError("the kernel did not reply")

    def wait_question(self, *, armed: bool = True) -> dict:
        """Wait until a question for the extension's dialog comes, and as a rule for as long as its buttons sleep."""
        self.until(lambda _: any(event["event"] == "question" for event in self.events))
        if armed:
            time.sleep(0.5)
        return next(event["question"] for event in reversed(self.events) if event["event"] == "question")

    def send_comm(self, content: object, *, comm: str = "") -> None:
        """Send custom content to the prompt's comm."""
        self.send_raw({"method": "custom", "content": content}, comm=comm)

    def send_raw(self, data: object, *, comm: str = "") -> None:
        """Send any data to the prompt's comm."""
        self.send("comm_msg", {"comm_id": comm or self.prompt_comm, "data": data}, subshell=self.subshell)

    def forge(self, kind: str, content: dict) -> None:
        """Send a message on the shell channel that is signed with another key."""
        stranger = Session(key=b"not the kernel's")
        stranger.send(self.client.shell_channel.socket, stranger.msg(kind, content))

    def close_comm(self, comm: str) -> None:
        """Close a comm from this side."""
        self.send("comm_close", {"comm_id": comm, "data": {}}, subshell=self.subshell)

    def choose(self, choice: object, **changes: object) -> None:
        """Answer the prompt on the screen, as the view does."""
        prompt = self.prompts[-1]
        self.send_comm({"id": prompt["id"], "nonce": prompt["nonce"], "choice": choice, **changes})

    def wait_prompt(self, *, armed: bool = True) -> dict:
        """Wait until a prompt is shown, and as a rule for as long as its buttons do not work."""
        if not self.prompts:
            self.until(lambda _: bool(self.prompts))
        if armed:
            time.sleep(0.5)
        return self.prompts[-1]

    def wait_input_request(self) -> str:
        """Wait until the kernel asks for a line, and return its prompt."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self._pump(0.02)
            try:
                return self.client.get_stdin_msg(timeout=0.02)["content"]["prompt"]
            except queue.Empty:
                pass
        raise AssertionError("the kernel did not ask for input")

    def type_line(self, line: str) -> None:
        """Answer an input request."""
        self.client.input(line)

    def interrupt(self) -> None:
        """Interrupt the kernel."""
        self._manager.interrupt_kernel()

    def expect_running(self, cell: str, seconds: float = 0.3) -> None:
        """Assert that a cell goes on for a while, once it has begun."""
        end = time.monotonic() + PATIENCE
        while not self._states(cell) and time.monotonic() < end:
            self._pump(0.02)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._pump(0.02)
        assert self._states(cell)[-1:] == ["busy"], self.text(cell)

    def _states(self, cell: str) -> list[str]:
        return [
            m["content"]["execution_state"]
            for m in self.messages
            if m["msg_type"] == "status" and m["parent_header"].get("msg_id") == cell
        ]

    def until(self, wanted) -> dict:
        """Read messages until one is wanted."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            message = self._pump(0.2)
            if message is not None and wanted(message):
                return message
        raise AssertionError(f"not seen; messages: {[(m['msg_type'], m['content']) for m in self.messages]}"[:4000])

    def text(self, cell: str) -> str:
        """Return the text of a cell's outputs; replaced outputs as they are now."""
        parts = []
        for message in self.messages:
            if message["parent_header"].get("msg_id") != cell:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                parts.append(content["text"])
            elif message["msg_type"] in ("display_data", "update_display_data", "execute_result"):
                parts.append(f"<{message['msg_type']}: {content['data'].get('text/plain', '')}>\n")
            elif message["msg_type"] == "error":
                parts.append(f"<error {content['ename']}: {content['evalue']}>\n")
        return "".join(parts)

    def records(self) -> list[dict]:
        """Return the bundles that took the place of prompts."""
        return [m["content"]["data"] for m in self.messages if m["msg_type"] == "update_display_data"]

    def _pump(self, seconds: float) -> dict | None:
        try:
            message = self.client.get_iopub_msg(timeout=seconds)
        except queue.Empty:
            return None
        self.messages.append(message)
        if message["content"].get("comm_id") == EVENTS:
            self.events.append(message["content"]["data"])
        if message["msg_type"] == "comm_open":
            self._opened(message["content"])
        elif message["msg_type"] == "comm_close":
            self.open_comms.pop(message["content"]["comm_id"], None)
        return message

    def _opened(self, content: dict) -> None:
        comm, target = content["comm_id"], content["target_name"]
        self.open_comms[comm] = target
        time.sleep(self.delay)
        if target == "ssvm.ping":
            self._pings.append(comm)
            if self.answers_ping:
                self.close_comm(comm)
        state = content["data"].get("state", {})
        prompt = state.get("prompt") or state.get("picker") or state.get("view")
        if target == "jupyter.widget" and prompt:
            self.prompt_comm = comm
            self.prompts.append(prompt)
            if not self.has_widgets:
                self.close_comm(comm)
            elif self.renders:
                self.ready()

    def ready(self) -> None:
        """Say that the prompt is rendered."""
        prompt = self.prompts[-1]
        self.send_comm({"id": prompt["id"], "nonce": prompt["nonce"], "ready": True})

    def answer_ping_late(self) -> None:
        """Answer the last ping now."""
        self.close_comm(self._pings[-1])
