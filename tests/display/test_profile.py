"""A profile as a table, and what a hostile process may send as one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssvm_kernel.display.profile import Profile


def firefox(stacks: list[tuple[int | None, int]], taken: list[int | None], names: list[str], **changes: Any) -> bytes:
    """Return a profile; `stacks` are (caller, function), and `taken` are stacks."""
    thread = {
        "name": "guest",
        "samples": {"length": len(taken), "stack": taken, "weightType": "samples"},
        "stackTable": {"prefix": [prefix for prefix, _ in stacks], "frame": list(range(len(stacks)))},
        "frameTable": {"func": [function for _, function in stacks], "line": [None] * len(stacks)},
        "funcTable": {"name": list(range(len(names)))},
        "stringArray": names,
    }
    return json.dumps({"meta": {"interval": 1.0}, "threads": [{**thread, **changes}]}).encode()


def read(data: bytes, lines: dict[str, int] | None = None) -> Profile:
    return Profile.read(data, "guest", "jit", 0.25, lines or {})


# main -> work -> leaf, and main -> leaf
CHAIN = [(None, 0), (0, 1), (1, 2), (0, 2)]


def test_shares_of_a_function_itself_and_of_what_it_called() -> None:
    profile = read(firefox(CHAIN, [0, 1, 2, 2, 2, 2, 3, 3, 3, 3], ["main", "work", "leaf"]), {"leaf": 7})
    shares = {share.name: (share.self_samples, share.total_samples) for share in profile.functions}
    assert shares == {"main": (1, 10), "work": (1, 5), "leaf": (8, 8)}
    assert profile.functions[0].name == "leaf"
    text = repr(profile)
    assert text.splitlines()[0].startswith("profile of guest: 10 samples in 250 ms, jit (too few to tell")
    assert text.splitlines()[2].split() == ["80.0", "%", "80.0", "%", "████████████████", "leaf", "7"]
    assert profile.data()["functions"][0] == {"name": "leaf", "self_samples": 8, "total_samples": 8, "line": 7}


def test_a_number_gives_way_to_a_name() -> None:
    data = firefox([(None, 0)], [0], ["<wasm function 2>"])
    profile = Profile.read(data, "guest", "jit", 1.0, {}, {"<wasm function 2>": "_start"})
    assert profile.functions[0].name == "_start"


def test_recursion_counts_once() -> None:
    recursive = [(None, 0), (0, 1), (1, 1), (2, 1)]
    profile = read(firefox(recursive, [1, 2, 3, 3], ["main", "fib"]))
    assert {share.name: share.total_samples for share in profile.functions} == {"main": 4, "fib": 4}


def test_a_deep_stack_is_no_recursion_of_ours() -> None:
    deep = [(None, 0), *((index, 1) for index in range(50_000))]
    assert read(firefox(deep, [50_000], ["main", "down"])).functions[0].total_samples == 1


def test_nothing_was_sampled() -> None:
    profile = read(firefox([], [], []))
    assert profile.samples == 0
    assert "0 samples" in repr(profile)


def test_rust_names_are_shown_without_their_hash_and_many_functions_are_cut() -> None:
    names = [f"crate::f{index}::h0123456789abcdef" for index in range(40)]
    text = repr(read(firefox([(None, index) for index in range(40)], list(range(40)), names)))
    assert "h0123456789abcdef" not in text
    assert "and 15 more functions" in text


def test_u08_names_are_inert() -> None:
    name = "\x1b[31m<img src=x onerror=alert(1)>\u202e" + "x" * 500
    profile = read(firefox([(None, 0)], [0], [name]))
    assert "\x1b" not in repr(profile)
    assert "\u202e" not in repr(profile)
    assert "<img" not in profile._repr_html_()
    assert len(repr(profile)) < 500


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"threads": []}',
        firefox([(0, 0)], [0], ["its own caller"]),
        firefox([(None, 0), (2, 0), (1, 0)], [1], ["a circle"]),
        firefox([(-1, 0)], [0], ["below"]),
        firefox([(None, 5)], [0], ["no such function"]),
        firefox([(None, -1)], [0], ["the last one"]),
        firefox([(None, 0)], [3], ["no such stack"]),
        firefox([(None, 0)], [-1], ["no such stack"]),
        firefox([(None, 0)], [0], ["no such frame"], frameTable={"func": []}),
        firefox([(None, 0)], [0], ["no such name"], stringArray=[]),
        firefox([(None, 0)], [0], ["more callers"], stackTable={"prefix": [None, 0, 0], "frame": [0]}),
        firefox([(None, 0)], [0], ["words"], samples={"stack": ["0"]}),
    ],
    ids=range(15),
)
def test_x02_what_is_no_profile_is_an_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(ValueError, match="sent a profile that is none"):
        read(data)
