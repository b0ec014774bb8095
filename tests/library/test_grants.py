"""What is granted to a guest that is called: by `open`, for as long as it holds."""

from __future__ import annotations

import pytest

from ssvm_kernel.capabilities.model import Access, FolderGrant, Origin, Scope
from ssvm_kernel.library.face import Library
from ssvm_kernel.options import CompileTraits
from tests.toolchains.conftest import required

C = r"""
#include <ssvm_export.h>
#include <stdio.h>
static int calls;
SSVM_EXPORT("first(path: string) -> i32 # the first byte of a file, or -1")
int first(const char *path, uint32_t size) {
  char name[200] = {0};
  memcpy(name, path, size);
  FILE *file = fopen(name, "rb");
  if (!file) return -1;
  int byte = fgetc(file);
  fclose(file);
  return byte;
}
SSVM_EXPORT("count() -> i32") int count(void) { return ++calls; }
SSVM_EXPORT("variable(name: string) -> string")
ssvm_value variable(const char *name, uint32_t size) {
  char text[100] = {0};
  memcpy(text, name, size);
  const char *found = getenv(text);
  return ssvm_text(found ? found : "none");
}
"""


@pytest.fixture(scope="module")
def reader(session):
    with required("c"):
        return session.compile("c", C, CompileTraits(), "reader")


def test_nothing_is_granted_by_a_call(session, reader, tmp_path):
    (tmp_path / "a").write_text("A")
    guest = Library(session, reader)
    assert guest.first(f"{tmp_path}/a") == -1
    assert guest.variable("HOME") == "none"


def test_open_grants(session, reader, tmp_path, capsys):
    (tmp_path / "a").write_text("A")
    with Library(session, reader).open(dirs=[f"data:{tmp_path}:ro"], env=["COLOUR=red"]) as guest:
        assert guest.first("data/a") == ord("A")
        assert guest.first("data/a", fresh=True) == ord("A")
        assert guest.variable("COLOUR") == "red"
        assert guest.first("data/none") == -1
        assert guest.first("data/../../a") == -1
        assert guest.first("data/../../a") == -1
    assert capsys.readouterr().out.count("did not get these files") == 1
    assert not session.grants.rows()


def test_a_folder_that_is_taken_back_ends_the_instance(session, reader, tmp_path, capsys):
    (tmp_path / "a").write_text("A")
    folder = FolderGrant(str(tmp_path), "data", Access.READ, Scope.SESSION, Origin.PERSON)
    kept = session.grants.add(folder)
    guest = Library(session, reader)
    assert (guest.first("data/a"), guest.count()) == (ord("A"), 1)
    assert session.revoke(kept.id)
    assert (guest.first("data/a"), guest.count()) == (-1, 1)
    assert "without the state of the one that had a folder which was taken back" in capsys.readouterr().err
