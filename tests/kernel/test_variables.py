"""Python's variables into a run, and out of it."""

from __future__ import annotations

import pytest

from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.cache import compile_cached
from tests.toolchains.conftest import required

# Copies what its arguments name: a file, or - for its stdin or stdout; `link` makes a link, `folder` a folder.
COPY = r"""
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv) {
  if (argc < 3) return 0;
  if (!strcmp(argv[1], "link")) return symlink(argv[2], "/vars/out") != 0;
  if (!strcmp(argv[1], "folder")) return mkdir("/vars/out", 0700) != 0;
  FILE *in = strcmp(argv[1], "-") ? fopen(argv[1], "rb") : stdin;
  FILE *out = strcmp(argv[2], "-") ? fopen(argv[2], "wb") : stdout;
  if (!in || !out) return 3;
  char data[4096];
  for (size_t size; (size = fread(data, 1, sizeof data, in)) > 0;) fwrite(data, 1, size, out);
  return fclose(out) != 0;
}
"""

FILES = "/vars/data.json /vars/result.json"


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The copying guest, compiled here: the oldest environment has no compiler."""
    path = tmp_path_factory.mktemp("guest") / "copy.wasm"
    with required("c"):
        path.write_bytes(compile_cached(registry.get("c"), COPY).wasm)
    return path


@pytest.fixture
def copy(cells, module):
    """Return what runs the copying guest."""
    assert "rror" not in cells.run(f"%ssvm load {module}")
    return lambda options, words: cells.run(f"%ssvm run copy {options} -- {words}")


def value(cells, expression: str) -> str:
    return cells.run(f"print({expression})").strip()


def test_streams(cells, copy):
    cells.run("said = 'héllo'; raw = bytes(range(256)); many = {'a': [1, 2.5, None]}")
    text = copy("--in said --out heard", "- -")
    assert "the Python variable said as its stdin (6 B)" in text
    assert "héllo" not in text  # it went into the variable
    assert value(cells, "heard == said") == "True"
    copy("--in raw --out heard", "- -")
    assert value(cells, "heard == raw") == "True"
    copy("--in many --out heard=.json", "- -")
    assert value(cells, "heard == many") == "True"


def test_files(cells, copy):
    cells.run("many = [1, 'zwei', {'drei': True}]")
    text = copy("--in many=data.json --out back=result.json --out text=result.json2", FILES)
    assert "UsageError: --out text: the guest left no file /vars/result.json2" in text
    text = copy("--in many=data.json --out back=result.json", FILES)
    assert "the Python variable many as /vars/data.json" in text
    assert value(cells, "back == many") == "True"
    assert "exit 3" in copy(
        "--in many=data.json --no-raise", "/vars/data.json /vars/no"
    )  # nothing comes out: read only
    assert "exit 3" in copy("--no-raise", "/vars/data.json -")  # of an earlier run


def test_tables(cells, copy):
    if "None" in value(cells, "*map(__import__('importlib.util').util.find_spec, ('pandas', 'pyarrow'))"):
        pytest.skip("NOT TESTED, this kernel has no pandas and pyarrow")
    cells.run("import pandas as pd; df = pd.DataFrame({'x': [1, 2], 'y': ['a', None]})")
    copy("--in df=data.arrow --out back=back.arrow", "/vars/data.arrow /vars/back.arrow")
    assert value(cells, "back.equals(df)") == "True"
    copy("--in df=data.csv --out back=back.csv", "/vars/data.csv /vars/back.csv")
    assert value(cells, "repr(back)") == r"'x,y\n1,a\n2,\n'"
    copy("--in df=data.json --out back=back.json", "/vars/data.json /vars/back.json")
    assert value(cells, "back") == "[{'x': 1, 'y': 'a'}, {'x': 2, 'y': None}]"
    cells.run("broken = b'ARROW1\\0\\0' + bytes(100)")
    assert "the guest wrote no table of Arrow" in copy("--in broken --out back=.arrow", "- -")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("--in never_set", "no Python variable"),
        ("--in 1x", "no name of a Python variable"),
        ("--in said=../x", "'../x' is no name for a file"),
        ("--in said=a/b", "is no name for a file"),
        ("--in said=", "'' is no name for a file"),
        ("--out heard=-x", "is no name for a file"),
        ("--out 1x", "no name of a Python variable"),
        ("--in said --in raw", "of several --in only one"),
        ("--in said=a --in raw=a", "a is named twice"),
        ("--out a --out a=b", "a is named twice"),
        ("--in said --stdin x", "one stdin"),
        ("--in print", "builtin_function_or_method has no form for a guest|no Python variable"),
        ("--in raw=x.json", "bytes cannot be written as JSON"),
        ("--in raw=x.txt", "bytes is no text"),
    ],
)
def test_what_makes_no_sense(cells, copy, options, text):
    import re

    cells.run("said = 'x'; raw = b'x'; print_ = print")
    assert re.search(f"UsageError: .*({text})", copy(options, "- -"))


def test_what_a_guest_leaves_is_a_file_or_nothing(cells, copy, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    assert "Error" in copy("--out got=out", f"link {secret}")
    text = copy("--out got=out", "link ../../etc/hostname")
    assert "UsageError: --out got: the guest left no file /vars/out" in text or "GuestExit" in text
    assert "something at /vars/out that is no file" in copy("--out got=out", "folder x")


def test_nothing_is_left_and_a_failure_changes_nothing(cells, copy, tmp_path):
    cells.run(f"import tempfile; tempfile.tempdir = {str(tmp_path)!r}; before = 'as it was'; said = 'x'")
    assert "exited with status 3" in copy("--in said=a --out before=b", "/vars/none -")
    assert value(cells, "before") == "as it was"
    assert "one stdin" in copy("--in said=a --in said --stdin x", "- -")
    cells.run("tempfile.tempdir = None")
    assert not list(tmp_path.glob("ssvm-vars-*"))
