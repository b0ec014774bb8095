"""`tools/setup-system.sh`: a missing browser is said to a person, and is an error where nothing may be skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ssvm_kernel.toolchains._rustc import INSTALL

SCRIPT = Path(__file__).parents[2] / "tools/setup-system.sh"
OS_RELEASE = Path("/etc/os-release").read_text() if Path("/etc/os-release").exists() else ""


@pytest.fixture
def setup(tmp_path):
    """A function that runs the script with a PATH that holds what it needs, and these programs."""
    for name in ("bash", "cat", "grep", "id"):
        (tmp_path / name).symlink_to(shutil.which(name))

    def run(*needs, programs=(), **changed):
        for name, text in programs:
            (tmp_path / name).write_text(f"#!{tmp_path}/bash\n{text}\n")
            (tmp_path / name).chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if name not in {"CI", "RUSTC"}}
        environment |= {"PATH": str(tmp_path), **changed}
        return subprocess.run(
            [tmp_path / "bash", str(SCRIPT), *needs],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_missing_browser_is_told_and_passed_over(setup):
    done = setup("browser")
    assert done.returncode == 0
    assert "apt install chromium" in done.stderr


def test_missing_browser_is_an_error_in_ci(setup):
    done = setup("browser", CI="true")
    assert done.returncode == 1
    assert "apt install chromium" in done.stderr


def test_program_that_does_not_run_is_no_browser(setup):
    done = setup("browser", programs=[("chromium-browser", "echo 'install the snap' >&2; exit 1")], CI="true")
    assert done.returncode == 1


def test_browser_is_found(setup):
    done = setup("browser", programs=[("chromium", "echo Chromium 1.0")], CI="true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_rustc_needs_a_library_for_wasi(setup, tmp_path):
    library = tmp_path / "lib/wasm32-wasi"
    library.mkdir(parents=True)
    rustc = [("rustc", f'[ "$4" = wasm32-wasi ] && echo {library}')]
    done = setup("rust", programs=rustc, CI="true", HOME=str(tmp_path))
    assert done.returncode == 1
    said = [" ".join(line.split()) for line in done.stderr.splitlines()]
    for line in INSTALL.splitlines():  # as a cell says it, in the order and with the commands
        command = line.partition(":")[2].strip().replace("apt-get", "apt")
        assert any(text.startswith(f"{command} (") for text in said), command
    (library / "libstd-0123.rlib").touch()
    done = setup("rust", programs=rustc, CI="true", HOME=str(tmp_path))
    assert done.returncode == 1, "a cell that declares crates needs the cargo beside rustc"
    done = setup("rust", programs=[*rustc, ("cargo", "exit 0")], CI="true", HOME=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(os.getuid() != 0 or "debian" not in OS_RELEASE, reason="installs only as root on Debian")
def test_root_on_debian_gets_the_packages(setup, tmp_path):
    (tmp_path / "chmod").symlink_to(shutil.which("chmod"))
    made = f"{tmp_path}/chromium"
    apt = f"""echo "$*" >> {tmp_path}/log
    [ "$1" = update ] || {{ printf '#!%s\\nexit 0\\n' {tmp_path}/bash > {made}; chmod +x {made}; }}"""
    done = setup("browser", programs=[("apt-get", apt)], CI="true")
    assert (done.returncode, done.stderr) == (0, "")
    update, install = (tmp_path / "log").read_text().splitlines()
    assert update.split()[0] == "update"
    assert install.split()[0] == "install"
    assert "chromium" in install.split()


def test_unknown_need_is_refused(setup):
    assert setup("spaceship").returncode == 2


def test_tesseract_needs_its_data(setup):
    done = setup("tesseract", programs=[("tesseract", "echo osd")], CI="true")
    assert done.returncode == 1
    assert "apt install tesseract-ocr" in done.stderr
    done = setup("tesseract", programs=[("tesseract", "echo eng")], CI="true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
