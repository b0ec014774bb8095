"""Names of languages, and toolchains that other packages bring."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from ssvm_kernel.errors import UsageError
from ssvm_kernel.toolchains import registry


class Basic:
    """A toolchain of another package."""

    name, aliases, suffix = "basic", ("bas",), ".bas"


class Broken:
    """One that does not load."""

    def __init__(self):
        raise RuntimeError("no interpreter")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch):
    points = [
        EntryPoint("basic", f"{__name__}:Basic", registry.GROUP),
        EntryPoint("broken", f"{__name__}:Broken", registry.GROUP),
        EntryPoint("gone", "no_such_module:Toolchain", registry.GROUP),
        EntryPoint("rust", f"{__name__}:Basic", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: [item for item in points if item.group == group])


@pytest.mark.parametrize(
    ("name", "real"), [("c", "c"), ("rust", "rust"), ("rs", "rust"), (" WAT ", "wat"), ("wast", "wat")]
)
def test_a_name_or_alias_gives_the_toolchain(name, real):
    toolchain = registry.get(name)
    assert toolchain.name == real
    assert toolchain is registry.get(real)
    assert toolchain.suffix.startswith(".")


def test_every_alias_is_one_of_its_toolchain():
    for alias, name in registry._ALIASES.items():
        assert alias in registry.get(name).aliases
    for name in registry._BUILT_IN:
        assert all(registry._ALIASES[alias] == name for alias in registry.get(name).aliases)


def test_the_names_are_sorted():
    assert registry.names()[:1] + registry.names()[-1:] == ("assemblyscript", "zig")


@pytest.mark.parametrize(("wrong", "right"), [("rustt", "rust"), ("wta", "wat"), ("Rsut", "rust")])
def test_an_unknown_name_suggests_the_nearest(wrong, right):
    with pytest.raises(UsageError, match=f"unknown language '{wrong}': did you mean '{right}'"):
        registry.get(wrong)


def test_an_unknown_name_far_from_all_lists_what_there_is():
    with pytest.raises(UsageError) as caught:
        registry.get("cobol")
    assert str(caught.value) == f"unknown language 'cobol': known are {', '.join(registry.names())}."


@pytest.mark.usefixtures("plugins")
def test_another_package_adds_a_language():
    assert registry.names() == tuple(sorted((*registry._BUILT_IN, "basic", "broken", "gone")))
    assert isinstance(registry.get("basic"), Basic)
    assert registry.get("bas") is registry.get("basic")
    with pytest.raises(UsageError, match="did you mean 'basic'"):
        registry.get("basc")


@pytest.mark.usefixtures("plugins")
def test_another_package_cannot_take_a_language_over():
    assert not isinstance(registry.get("rust"), Basic)


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", ["broken", "gone"])
def test_a_package_that_does_not_load_is_named(name):
    with pytest.raises(UsageError, match=f"the toolchain '{name}' .* does not load"):
        registry.get(name)


def test_a_toolchain_is_imported_when_it_is_asked_for():
    code = (
        "import sys; from ssvm_kernel.toolchains import registry; registry.names();"
        "sys.exit(any(name in sys.modules for name in"
        " ('ssvm_kernel.toolchains.c', 'ssvm_kernel.toolchains.rust', 'wasmtime', 'filelock', 'platformdirs')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
