"""Do what Binder would do with this repository, and run every example there: ``make binder-check``.

As repo2docker does: a copy of the repository belongs to an unprivileged person, Debian's packages of ``apt.txt`` are
installed by root, ``requirements.txt`` into a clean environment, then ``postBuild``. Then each notebook runs as that
person. A Binder has 2 GB of memory: what all processes have together is looked at four times a second, and what the
largest of them ever had, which the system notes down, must stay below it too.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 2 * 10**9
PERSON = "nobody"
_TICK = 0.25
_LEADS_OUT = ("JUPYTER", "IPYTHON", "PYTHON", "SSVM", "VIRTUAL_ENV", "XDG_", "CARGO", "RUST", "GO")


class Place:
    """A copy of the repository with an environment, and the person who works in it."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.python = folder / "env/bin/python"
        self.person = pwd.getpwnam(PERSON) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.as_person: dict[str, Any] = {}
        if os.getuid() == 0:
            self.as_person = {"user": self.person.pw_uid, "group": self.person.pw_gid, "extra_groups": []}
        self.peak = 0
        # Settings of this machine for reaching package registries are kept; what would lead out of the place is not.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEADS_OUT)}
        self.env = {
            **kept,
            "HOME": str(folder / "home"),
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "LANG": "C.UTF-8",
        }

    def prepare(self) -> None:
        """Copy what is committed or new here, make the environment, and give all of it to the person."""
        listed = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT)
        for name in filter(None, listed.decode().split("\0")):
            if (ROOT / name).is_file():
                target = self.repository / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, target)
        Path(self.env["HOME"]).mkdir()
        venv.create(self.python.parents[1], with_pip=True)
        top = self.repository.parent
        top.chmod(0o755)
        if os.getuid() == 0:
            for path in (top, *top.rglob("*")):
                os.chown(path, self.person.pw_uid, self.person.pw_gid, follow_symlinks=False)

    def run(self, *argv: str | Path) -> None:
        """Run a program as the person, in the repository; stop when it fails or needs too much memory."""
        process = subprocess.Popen(
            list(map(str, argv)), cwd=self.repository, env=self.env, start_new_session=True, **self.as_person
        )
        ended = 0
        while not ended:
            time.sleep(_TICK)
            used = sum(_proportional_bytes(pid) for pid in _below(process.pid))
            self.peak = max(self.peak, used)
            if used > MOST_BYTES:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                _too_much(argv, used)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"*** {' '.join(map(str, argv))} ended with {process.returncode}")
        largest = usage.ru_maxrss * 1024
        self.peak = max(self.peak, largest)
        if largest > MOST_BYTES:
            _too_much(argv, largest)


def _too_much(argv: Sequence[str | Path], used: int) -> NoReturn:
    """Stop, and say what needed more memory than there is."""
    sys.exit(f"*** {' '.join(map(str, argv))} needs {used / 1e9:.2f} GB, and a Binder has {MOST_BYTES / 1e9:.0f}")


def _below(top: int) -> Iterator[int]:
    """Yield a process and all that it started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue  # it has ended
    yield top
    for pid in parents:
        above = parents.get(pid, 0)
        while above > 1:
            if above == top:
                yield pid
                break
            above = parents.get(above, 0)


def _proportional_bytes(pid: int) -> int:
    """Return a process's share of the memory in use: what several have together counts once."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def apt_packages() -> None:
    """Install what ``apt.txt`` names, as root; tell what is missing where that is not possible."""
    names = (ROOT / "binder/apt.txt").read_text().split()
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Status}\n", *names], check=False, capture_output=True, text=True
    )
    missing = [name for name in names if f"{name} install ok installed" not in asked.stdout]
    if missing and os.getuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True)
    elif missing:
        sys.exit(f"*** Binder would install these of Debian's packages: apt install {' '.join(missing)}")


def step(text: str, do: Callable[[], None]) -> None:
    """Say what is done, do it, and say how long it took."""
    print(f"==> {text}", flush=True)
    started = time.monotonic()
    do()
    print(f"    {time.monotonic() - started:.0f} s", flush=True)


def main() -> None:
    """Build the place and run the notebooks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="names of examples; by default all")
    names = parser.parse_args().notebooks or sorted(path.name for path in (ROOT / "examples").glob("*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="ssvm-binder-", ignore_cleanup_errors=True) as folder:
        place = Place(Path(folder))
        step("apt.txt", apt_packages)
        step("a copy of the repository, and a clean environment", place.prepare)
        step(
            "requirements.txt",
            lambda: place.run(place.python, "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"),
        )
        step("postBuild", lambda: place.run("binder/postBuild"))
        place.peak = 0
        for name in names:
            step(name, partial(place.run, place.python, "tools/demo.py", f"examples/{name}"))
    print(f"==> {len(names)} notebooks ran as {place.person.pw_name} in at most {place.peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
