"""One session for all tests of a module, and guests made of WAT."""

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


@pytest.fixture(scope="module")
def library(session):
    """Return what makes a library of a guest's text."""

    def make(wat: str, name: str = "guest") -> Library:
        guest = Guest(name, bytes(wasmtime.wat2wasm(wat)))
        session.guests[name] = guest
        return Library(session, guest)

    return make


@pytest.fixture(scope="module")
def numbers(library) -> Library:
    return library(guests.NUMBERS, "numbers")
