"""SECURITY.md and the tests name the same attacks, and every row of the threat model is among them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)  # all tests of this folder are collected
ROOT = Path(__file__).parents[2]
NUMBERS = {
    "M": "1-6",
    "P": "1-4 6-12 14-17 19 21-24 26 27 29 31 32 34 36-42",
    "U": "1 4-16 18 19 21 23-36 40-42",
    "W": "1-3 6 8-11 13 15-17 19-22",
    "X": "1-12 20-30 32 33",
}
"""The rows of the threat model; numbers that are left out never existed."""
ID = re.compile(r"(?<![A-Za-z0-9])([MPUWXmpuwx]\d\d)(?!\d)")


def expected() -> set[str]:
    """Return every id."""
    ids = set()
    for letter, ranges in NUMBERS.items():
        for part in ranges.split():
            first, _, last = part.partition("-")
            ids |= {f"{letter}{number:02}" for number in range(int(first), int(last or first) + 1)}
    return ids


def rows() -> dict[str, list[str]]:
    """Return the tests that the table names for each id."""
    text = (ROOT / "SECURITY.md").read_text()
    table = text.split("## Attacks and their tests")[1].split("### Rows that do not apply")[0]
    found = re.findall(r"^\| ([MPUWX]\d\d) \|(.*)\|$", table, re.MULTILINE)
    assert len(found) == len(dict(found)), "an id is there twice"
    return {name: re.findall(r"`([^`]+)`", rest.rpartition("|")[2]) for name, rest in found}


@pytest.fixture(scope="module")
def collected() -> list[tuple[str, str]]:
    """Return module and rest of every test id of this folder."""
    folder = Path(__file__).parent
    words = [sys.executable, "-m", "pytest", str(folder), "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tests = [line.split("::", 1) for line in done.stdout.splitlines() if "::" in line]
    return [(Path(module).name, rest) for module, rest in tests]


def test_every_attack_has_a_test(collected: list[tuple[str, str]]) -> None:
    assert {name.upper() for _, rest in collected for name in ID.findall(rest)} == expected()


def test_every_attack_has_a_row() -> None:
    assert rows().keys() == expected()


def test_every_row_names_the_tests_that_there_are(collected: list[tuple[str, str]]) -> None:
    there: dict[str, set[str]] = {}
    for module, rest in collected:
        for name in ID.findall(rest):
            case = re.search(r"\[([MPUWX]\d\d_\w+?)-", rest)
            there.setdefault(name.upper(), set()).add(f"{case[1]}/" if case else module)
    assert {name: set(tests) for name, tests in rows().items()} == there


def test_rows_that_do_not_apply_are_rows() -> None:
    tail = (ROOT / "SECURITY.md").read_text().split("### Rows that do not apply")[1]
    assert set(re.findall(r"^\| ([MPUWX]\d\d) \|", tail, re.MULTILINE)) <= expected()
