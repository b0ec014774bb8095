"""The SSVM kernel in a wheel that was just installed: Jupyter finds it, and it runs from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from benchmarks.guests import HELLO

RUN = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="ssvm", startup_timeout=60)
texts = []
def show(message):
    texts.append(message["content"].get("text", ""))
try:
    for code in ("%%python\\nimport ssvm_kernel; print(ssvm_kernel.__file__)", "%%wat\\n" + sys.argv[1]):
        reply = client.execute_interactive(code, timeout=60, output_hook=show)
        assert reply["content"]["status"] == "ok", reply
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print("".join(texts))
"""


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A folder with the wheel installed in it, without node, and the environment that finds it first."""
    prefix = tmp_path_factory.mktemp("prefix")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*command, "--ignore-installed", "--prefix", str(prefix), wheel.filename], check=True, timeout=100)
    packages = sysconfig.get_path("purelib", vars={"base": str(prefix), "platbase": str(prefix)})
    environment = {**os.environ, "JUPYTER_PATH": str(prefix / "share/jupyter"), "PYTHONPATH": packages}
    environment |= {"SSVM_CACHE_DIR": str(prefix / "cache"), "IPYTHONDIR": str(prefix / "ipython")}
    return prefix, environment


def test_jupyter_lists_it(installed) -> None:
    prefix, environment = installed
    command = [sys.executable, "-m", "jupyter_client.kernelspecapp", "list", "--json"]
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    spec = json.loads(listed.stdout)["kernelspecs"]["ssvm"]
    assert Path(spec["resource_dir"]) == prefix / "share/jupyter/kernels/ssvm"
    assert spec["spec"]["display_name"] == "SSVM (WebAssembly)"
    for size in (32, 64):
        picture = (prefix / f"share/jupyter/kernels/ssvm/logo-{size}x{size}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert (int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")) == (size, size)
    assert "<script" not in (prefix / "share/jupyter/kernels/ssvm/logo-svg.svg").read_text()


def test_it_runs(installed) -> None:
    prefix, environment = installed
    command = [sys.executable, "-c", RUN, HELLO]
    # where a person starts it: not in this checkout, whose package would be found first
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=prefix, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(prefix) in done.stdout
    assert "hello\n" in done.stdout
