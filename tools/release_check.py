"""Build a release and use it as its users will: ``make release-check``.

The sdist and the wheel are built, their metadata is checked, each is installed into a fresh environment where no node
can be found, and there the extension and the kernel must be listed and the tour must run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRA = "c"  # what the tour needs besides a rustc
MUST_HOLD = ("ssvm_kernel/py.typed", "share/jupyter/labextensions/ssvm-kernel/package.json")


def say(text: str) -> None:
    """Print a step."""
    print(f"==> {text}", flush=True)


def call(argv: list[str | Path], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a tool and return what it printed; stop with its output when it fails."""
    done = subprocess.run(
        list(map(str, argv)), check=False, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n*** {' '.join(map(str, argv))} ended with {done.returncode}")
    return done.stdout


def build(folder: Path) -> tuple[Path, Path]:
    """Return the sdist, and the wheel that is made from the sdist, as an index does."""
    say("building the sdist and the wheel")
    call([sys.executable, "-m", "build", "--outdir", folder, ROOT])
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    say("checking their metadata")
    print(call([sys.executable, "-m", "twine", "check", "--strict", sdist, wheel]), end="")
    with zipfile.ZipFile(wheel) as archive, tarfile.open(sdist) as source:
        names = archive.namelist()
        missing = [one for one in MUST_HOLD if not any(name.endswith(one) for name in names)]
        stray = [name for name in [*names, *source.getnames()] if "/tests/artifacts/" in name or name.endswith(".pyc")]
    if missing or stray:
        sys.exit(f"*** the wheel lacks {missing}, and something has {stray[:5]}")
    return sdist, wheel


def without_node(folder: Path) -> dict[str, str]:
    """Return an environment whose PATH has everything but node, npm and yarn."""
    shadow = folder / "path"
    shadow.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*") if Path(place).is_dir() else ():
            if program.name not in ("node", "nodejs", "npm", "npx", "yarn", "jlpm", "corepack"):
                link = shadow / program.name
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "VIRTUAL_ENV"))}
    return {**kept, "PATH": str(shadow)}


def use(what: Path, folder: Path, env: dict[str, str]) -> None:
    """Install a file into a fresh environment, and look at it as a person would."""
    say(f"installing {what.name} into a fresh environment")
    venv.create(folder, with_pip=True)
    scripts = folder / "bin"
    env = {**env, "PATH": f"{scripts}{os.pathsep}{env['PATH']}", "JUPYTER_PREFER_ENV_PATH": "1"}
    call([scripts / "python", "-m", "pip", "install", "--quiet", f"{what}[{EXTRA}]"], env=env, cwd=folder)
    listed = call([scripts / "jupyter", "labextension", "list"], env=env, cwd=folder)
    if "ssvm-kernel" not in listed or "OK" not in listed.split("ssvm-kernel", 1)[1].splitlines()[0]:
        sys.exit(f"{listed}\n*** JupyterLab does not list the extension")
    if "ssvm" not in call([scripts / "jupyter", "kernelspec", "list"], env=env, cwd=folder):
        sys.exit("*** jupyter kernelspec list does not show the kernel")
    tour = folder / "tour"
    tour.mkdir()
    shutil.copy(ROOT / "examples/00-tour.ipynb", tour)
    printed = call([scripts / "python", ROOT / "tools/demo.py", tour / "00-tour.ipynb"], env=env, cwd=folder)
    print(printed.splitlines()[-1])


def main() -> None:
    """Build, check, install, run."""
    with tempfile.TemporaryDirectory(prefix="ssvm-release-") as name:
        folder = Path(name)
        sdist, wheel = build(folder / "dist")
        env = without_node(folder)
        for number, what in enumerate((wheel, sdist)):
            use(what, folder / f"env{number}", env)
        kept = ROOT / "dist"
        kept.mkdir(exist_ok=True)
        for file in (sdist, wheel):
            shutil.copy(file, kept)
    say(f"{sdist.name} and {wheel.name} are in dist/")


if __name__ == "__main__":
    main()
