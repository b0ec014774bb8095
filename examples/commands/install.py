"""Install the programs of this folder where a tutorial finds them, and nowhere else.

    python install.py [FOLDER]      by default the folder `bin` beside this file

They run by the Python that installs them. Nothing is put on anybody's PATH.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = ("http_proxy", "mobilenet_v2", "mtcnn")

# A command has no environment but what its guest may set, so nothing is looked up in a PATH here. With -I Python takes
# no module from the folder that it works in, which may be one that the guest can write.
WRAPPER = """#!/bin/sh
exec {python} -I {script} "$@"
"""


def install(folder: str | Path = HERE / "bin") -> str:
    """Install the programs in a folder, and return its path."""
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        text = WRAPPER.format(python=shlex.quote(sys.executable), script=shlex.quote(str(HERE / f"{name}.py")))
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # a grant is for a file that did not change
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)
    return str(folder)


if __name__ == "__main__":
    print(install(*sys.argv[1:2]))
