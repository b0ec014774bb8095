"""What stays of a run that could not be prepared: nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssvm_kernel import runtime
from ssvm_kernel.capabilities.grants import GrantBook
from ssvm_kernel.capabilities.model import Access, FolderGrant, Scope
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits
from ssvm_kernel.runtime import Prepared


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_grants_of_a_run_that_fails_before_it_begins_are_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fail() -> None:
        raise error

    book = GrantBook()
    kept = book.add(FolderGrant(os.path.realpath(tmp_path), "data", Access.READ, scope=Scope.SESSION))
    monkeypatch.setattr(runtime, "special_folders", fail)
    with pytest.raises(error):
        Prepared(book, Guest("guest", b"\0asm\1\0\0\0"), RunTraits(allow_command_all=True))
    assert [row.id for row in book.rows()] == [kept.id]
    book.revoke(kept.id)
    assert book.is_empty
