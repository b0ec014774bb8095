"""Find which files of zig's library the small one needs (``python -m tools.zig_library``), for the zig that is here.

The list for this version in ``ssvm_kernel/sdk/zig`` is made anew: from nothing, as long as zig says that one of the
programs in ``tests/toolchains/zig_library`` needs a file that is left out.  To have more in the small library, let one
of them use it.  It takes some minutes.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ssvm_kernel.toolchains import zig as toolchain
from ssvm_kernel.toolchains._zig_library import LEFT_OUT, make
from ssvm_kernel.toolchains._ziglang import Ziglang, find_ziglang

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "tests" / "toolchains" / "zig_library"
LIST = ROOT / "ssvm_kernel" / "sdk" / "zig" / "library-{version}.txt"
ASKED_FOR = re.compile(rf"{LEFT_OUT} (\S+?);")


def main() -> None:
    """Write the list."""
    zig = find_ziglang()
    files = {"std.zig"}
    with tempfile.TemporaryDirectory() as folder:
        for program in sorted(PROGRAMS.glob("*.zig")):
            while missing := asked_for(zig, program, files, Path(folder)):
                files |= missing
                print(f"{len(files)} files: {', '.join(sorted(missing))}", file=sys.stderr)
    target = Path(str(LIST).format(version=zig.version))
    target.write_text("\n".join(sorted(files)) + "\n", "utf-8")


def asked_for(zig: Ziglang, program: Path, files: set[str], folder: Path) -> set[str]:
    """Compile one program with what there is, and return the files that it needs besides."""
    with tempfile.TemporaryDirectory(dir=folder) as library:
        make(zig.lib, files, Path(library))
        shape = toolchain._shape(program.read_text("utf-8"))
        argv = [str(zig.program), "build-exe", *toolchain._COMMON, *toolchain._QUICK, *shape]
        argv += ["--zig-lib-dir", library, "--cache-dir", f"{folder}/cell", "--global-cache-dir", f"{folder}/kept"]
        argv += ["-femit-bin=cell.wasm", "--dep", "ssvm_process", "--dep", "ssvm_display"]
        argv += ["--dep", "ssvm_export", f"-Mroot={program}", f"-Mssvm_process={toolchain.PROCESS}"]
        argv += [f"-Mssvm_display={toolchain.DISPLAY}", f"-Mssvm_export={toolchain.EXPORT}"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    missing = set(ASKED_FOR.findall(done.stderr)) - files
    if done.returncode and not missing:
        sys.exit(f"{program.name} does not compile:\n{done.stderr}")
    return missing


if __name__ == "__main__":
    main()
