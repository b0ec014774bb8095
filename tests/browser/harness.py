"""A real JupyterLab in a real Chromium, for tests that look at what a person sees and click where a person clicks."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.ports import free_port

# Chromium without its sandbox and without talking to anybody: it only ever sees this server, often as root in a
# container.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000  # a busy machine is slow; no test is about speed
expect.set_options(timeout=PATIENCE_MS)  # where nothing else is said Playwright waits for 5 s
TOKEN = "test"

# Runs when a kernel starts: a slow browser must not make the prompt fall back to the input box.
_PATIENT_KERNEL = """
from ssvm_kernel.deciders.dialog import DialogDecider
from ssvm_kernel.deciders.screen import Screen
DialogDecider.greeting_seconds = 30
DialogDecider.ready_seconds = 30
Screen.ping_seconds = 30
Screen.ready_seconds = 30
"""

# A cell that is run before the page has heard from the kernel is sometimes not run at all.
_KERNEL_IS_THERE = """async () => {
  const context = window.jupyterapp.shell.currentWidget.sessionContext;
  await context.ready;
  await context.session.kernel.info;
}"""


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome of this system."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for path in map(shutil.which, names) if path), None)


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium, headless."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)


class LabServer:
    """A JupyterLab server with folders of its own; use as a context manager.

    ``SSVM_TEST_LAB_PYTHON`` names another interpreter whose JupyterLab and ipykernel are to be used.

    Parameters
    ----------
    folder : Path
        For its notebooks, settings and log.
    disabled : sequence of str
        Plugins that are switched off.
    app : str
        ``"lab"``, or ``"notebook"`` for Notebook 7.
    python : str
        Interpreter of the environment that it runs in.
    """

    def __init__(self, folder: Path, disabled: Sequence[str] = (), app: str = "lab", python: str = "") -> None:
        self.folder = folder
        self.app = app
        self.disabled = disabled
        self.notebooks = folder / "notebooks"
        self.log = folder / "server.log"
        self.python = python or os.environ.get("SSVM_TEST_LAB_PYTHON", sys.executable)
        self.port = free_port()

    def __enter__(self) -> LabServer:
        self._prepare()
        module, name = {"lab": ("jupyterlab", "LabApp"), "notebook": ("notebook", "JupyterNotebookApp")}[self.app]
        command = [self.python, "-m", module, "--no-browser", "--allow-root", f"--port={self.port}"]
        command += ["--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", f"--{name}.expose_app_in_browser=True"]
        command += [f"--ServerApp.root_dir={self.notebooks}", "--ServerApp.port_retries=0"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self._environment(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._await_answer()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def write_notebook(self, name: str, cells: list[str]) -> Path:
        """Write a notebook with these code cells."""
        kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        path = self.notebooks / name
        nbformat.write(notebook, path)
        return path

    def url(self, name: str) -> str:
        """Return the address of a notebook, with a fresh workspace."""
        place = "lab/tree" if self.app == "lab" else "notebooks"
        return f"http://127.0.0.1:{self.port}/{place}/{name}?token={TOKEN}&reset"

    def _prepare(self) -> None:
        self.notebooks.mkdir(parents=True)
        startup = self.folder / "ipython/profile_default/startup/00-patient.py"
        startup.parent.mkdir(parents=True)
        startup.write_text(_PATIENT_KERNEL)
        settings = self.folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
        page_config = self.folder / "config/labconfig/page_config.json"
        page_config.parent.mkdir(parents=True)
        page_config.write_text(json.dumps({"disabledExtensions": dict.fromkeys(self.disabled, True)}))

    def _environment(self) -> dict[str, str]:
        own = {f"JUPYTER_{name}_DIR": str(self.folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        own["JUPYTERLAB_SETTINGS_DIR"] = str(self.folder / "settings")
        own["JUPYTERLAB_WORKSPACES_DIR"] = str(self.folder / "workspaces")
        own["IPYTHONDIR"] = str(self.folder / "ipython")
        own["PATH"] = f"{Path(self.python).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**os.environ, **own}

    def _await_answer(self) -> None:
        end = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/status?token={TOKEN}", timeout=5).close()
                return
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()}")

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class NotebookPage:
    """One open notebook, driven like a person would.

    Cells are counted from 0.
    """

    def __init__(self, server: LabServer, context: BrowserContext) -> None:
        self.server = server
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)

    def open(self, name: str, cells: list[str] | None = None) -> NotebookPage:
        """Open a notebook, written first if `cells` are given, and wait until its kernel is idle."""
        if cells is not None:
            self.server.write_notebook(name, cells)
        self.page.goto(self.server.url(name))
        self.cell(0).locator(".cm-content").wait_for()
        self.page.evaluate(_KERNEL_IS_THERE)
        self.wait_idle()
        return self

    def close(self) -> None:
        """End the notebook's kernel and close the page."""
        self.command("kernelmenu:shutdown")
        self.page.close(run_before_unload=False)

    def cell(self, number: int) -> Locator:
        """Return a code cell."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def run(self, number: int) -> None:
        """Run a cell with Ctrl+Enter; does not wait for its end."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run_code(self, source: str, number: int = 0) -> None:
        """Replace the source of a cell and run it; does not wait for its end."""
        self.page.evaluate(
            "([n, s]) => window.jupyterapp.shell.currentWidget.content.widgets[n].model.sharedModel.setSource(s)",
            [number, source],
        )
        self.run(number)

    def wait_idle(self) -> None:
        """Wait until the notebook's indicator says that the kernel is idle; a comm may make it so in mid-cell."""
        idle = self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        expect(idle).to_be_visible(timeout=PATIENCE_MS)

    def expect_running(self, number: int) -> None:
        """Assert that a cell is running: the kernel's status would not do, a comm message can flip it to idle."""
        expect(self.cell(number).locator(".jp-InputPrompt")).to_have_text("[*]:", timeout=PATIENCE_MS)

    def expect_done(self, number: int) -> None:
        """Assert that a cell has ended, or ends soon."""
        number_shown = re.compile(r"\[\d+\]:")
        expect(self.cell(number).locator(".jp-InputPrompt")).to_have_text(number_shown, timeout=PATIENCE_MS)

    def expect_output(self, number: int, text: str | re.Pattern[str]) -> None:
        """Assert that a cell's outputs have a text, or will soon: JupyterLab draws them some time after they came."""
        outputs = self.cell(number).locator(".jp-OutputArea").first
        expect(outputs).to_contain_text(text, use_inner_text=True)

    def output(self, number: int) -> str:
        """Return the text of a cell's outputs as a person sees it, as far as it is drawn by now."""
        return self.cell(number).locator(".jp-OutputArea").first.inner_text()

    def prompt(self, number: int = 0) -> Locator:
        """Return the prompt widget in a cell's output."""
        return self.cell(number).locator(".ssvm-prompt")

    def wait_prompt(self, number: int = 0, *, armed: bool = True) -> Locator:
        """Wait until the prompt is shown, and as a rule until its buttons work."""
        prompt = self.prompt(number)
        prompt.wait_for()
        if armed:
            expect(prompt.get_by_role("button", name="Deny")).to_be_enabled(timeout=PATIENCE_MS)
        return prompt

    def click(self, button: str, number: int = 0) -> None:
        """Click a button of the prompt once it works, and again if it fell asleep meanwhile, as a person would.

        On a busy machine the prompt may move between the look and the click, and then the click rightly does nothing.
        """
        shown = self.prompt(number).element_handle()
        for _ in range(20):
            self.prompt(number).get_by_role("button", name=button).click()
            with contextlib.suppress(PlaywrightTimeout):
                self.page.wait_for_function("prompt => !prompt.isConnected", arg=shown, timeout=3000)
                return
        raise AssertionError(f"the prompt took no click on {button!r}")

    def choose(self, label: str, number: int = 0) -> None:
        """Choose a radio button of the prompt by its label."""
        self.prompt(number).get_by_role("radio", name=label).check()

    def interrupt(self) -> None:
        """Press the toolbar's interrupt button."""
        self.page.locator('[data-jp-item-name="interrupt"] jp-button').click()

    def command(self, command: str, **arguments: object) -> None:
        """Execute one of JupyterLab's commands."""
        # What it returns stays there: to send all that is in a widget takes seconds.
        execute = "async ([c, a]) => { await window.jupyterapp.commands.execute(c, a); }"
        self.page.evaluate(execute, [command, arguments])

    def open_file(self, path: str) -> None:
        """Open a file beside the notebook, and wait until it is in front: what is closed then is that."""
        self.command("docmanager:open", path=path)
        in_front = "path => window.jupyterapp.shell.currentWidget?.context?.path === path"
        self.page.wait_for_function(in_front, arg=path)

    def theme(self, *, dark: bool) -> None:
        """Switch the theme and wait until it is there."""
        self.command("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", str(not dark).lower())
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=PATIENCE_MS)

    def narrow(self, width: int = 320) -> None:
        """Make the window as narrow as a phone, with JupyterLab's side bars put away."""
        for side in ("left", "right"):
            self.command("application:toggle-side-tabbar", side=side)
        if self.page.locator("#jp-left-stack").is_visible():
            self.command("application:toggle-left-area")
        self.page.set_viewport_size({"width": width, "height": 800})

    def save(self) -> None:
        """Save the notebook and wait until it is saved."""
        self.command("docmanager:save")
        expect(self.page.locator(".jp-mod-dirty")).to_have_count(0, timeout=PATIENCE_MS)

    def screenshot(self, path: Path | str, number: int | None = None) -> None:
        """Take a picture of the page, or of one cell."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        (self.page if number is None else self.cell(number)).screenshot(path=path)
