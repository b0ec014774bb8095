"""One session, and two guests, for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import wasmtime

from ssvm_kernel.guest import Guest
from ssvm_kernel.library.face import Library
from ssvm_kernel.session import Session

from . import guests


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def _library(session: Session, wat: str, name: str) -> Library:
    guest = Guest(name, bytes(wasmtime.wat2wasm(wat)))
    session.guests[name] = guest
    return Library(session, guest, cell="In [7]")


@pytest.fixture(scope="module")
def program(session) -> Library:
    return _library(session, guests.PROGRAM, "program")


@pytest.fixture(scope="module")
def library(session) -> Library:
    return _library(session, guests.LIBRARY, "library")
