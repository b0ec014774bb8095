"""Jupyter's own tests of a kernel, against the SSVM kernel as it is installed by ``ssvm kernel install``."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import time

import jupyter_kernel_test
import pytest
from jupyter_kernel_test.msgspec_v5 import validate_message

from benchmarks.guests import HELLO
from ssvm_kernel.deciders.link import EVENTS

PATIENCE = 60  # seconds; these tests wait for one message as short as 0.1 s, which a busy machine does not keep


def hello(fd: int = 1) -> str:
    text = HELLO.replace("hello\\n", "hello, world").replace("\\06", "\\0c")
    return text.replace("(call $write (i32.const 1)", f"(call $write (i32.const {fd})")


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory):
    """The kernel's description where Jupyter looks, by the person's own command."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-c", "import sys; from ssvm_kernel.cli import main; sys.exit(main(sys.argv[1:]))"]
    options = ["kernel", "install", "--prefix", str(folder), "--name", "ssvm-under-test", "--language", "wat"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jupyter_kernel_test, "TIMEOUT", PATIENCE)
        patch.setenv("JUPYTER_PATH", str(folder / "share/jupyter"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("SSVM_CACHE_DIR", str(folder / "cache"))
        yield


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("installed")
class TestSsvmKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "ssvm-under-test"
    language_name = "ssvm"
    file_extension = ".ssvm"
    code_hello_world = hello()
    code_stderr = hello(2)
    code_generate_error = "(module (nonsense))"
    code_execute_result = [{"code": "%%python\n6 * 7", "result": "42"}]
    code_display_data = [{"code": hello(), "mime": "text/html"}]
    code_page_something = "--engine?"
    code_clear_output = "%%python\nfrom IPython.display import clear_output\nclear_output()"
    code_inspect_sample = "ssvm_process_run"
    code_history_pattern = "%%python\n6 ?*"
    supported_history_operations = ("tail", "range", "search")
    completion_samples = [
        {"text": "(module (fun", "matches": {"func"}},
        {"text": "%%ru", "matches": {"%%rust"}},
        {"text": "%%rust --engine int", "matches": {"interpreter"}},
        {"text": "%%rust --allow-command-a", "matches": {"--allow-command-all"}},
        {"text": "%ssvm rev", "matches": {"revoke"}},
        {"text": "%%python\nimpo", "matches": {"import"}},
    ]
    complete_code_samples = ["(module)", hello(), "%%rust\nfn main() {}", "%lang c", "%%python\n1 + 1", "%ssvm grants"]
    incomplete_code_samples = ["(module", "%%rust\nfn main() {", "%%c\n", "%%python\nfor x in y:", ";; x\n(module (; )"]
    invalid_code_samples = ["(module))", "%%c\nint main(void) { ] }"]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        channel = cls.kc.iopub_channel
        waits, channel.patience = channel.get_msg, 0

        def known_message(timeout=None):
            """Pass over our own word to our extension, as every front end without it does."""
            while (message := waits(timeout=max(timeout or 0, channel.patience)))["content"].get("comm_id") == EVENTS:
                pass
            return message

        channel.get_msg = known_message

    def execute_helper(self, *args, **more):
        self.kc.iopub_channel.patience = PATIENCE
        try:
            return super().execute_helper(*args, **{"timeout": PATIENCE, **more})
        finally:
            self.kc.iopub_channel.patience = 0

    def history_helper(self, *args, **more):
        return super().history_helper(*args, **{"timeout": PATIENCE, **more})

    def flush_channels(self) -> None:
        """Take all that belongs to earlier requests, a client's first questions among them.

        A busy kernel sends that later than the library waits for it. What a request of now brings comes behind it.
        """
        request = self.kc.kernel_info()
        self._take_until(self.kc.shell_channel, request, "kernel_info_reply")
        self._take_until(self.kc.iopub_channel, request, "status", execution_state="idle")

    def _take_until(self, channel, request: str, kind: str, **content: str) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                message = channel.get_msg(timeout=1)
                validate_message(message)
                ours = message["parent_header"].get("msg_id") == request and message["msg_type"] == kind
                if ours and content.items() <= message["content"].items():
                    return
        raise AssertionError(f"the kernel did not send a {kind}")

    def tearDown(self) -> None:
        with contextlib.suppress(AttributeError):  # what a failed test left there is not the next one's
            self.flush_channels()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.kc.stop_channels()
        cls.km.shutdown_kernel()
        cls.km.context.destroy(linger=0)
