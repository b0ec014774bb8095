"""What a guest can ask for, and what is impossible for it (rule 2)."""

from __future__ import annotations

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from ssvm_kernel.capabilities.abilities import KNOWN_IMPORTS, MODULE_ABILITIES, PROCESS_TYPES
from ssvm_kernel.capabilities.manifest import PROCESS_MODULES, manifest_of
from ssvm_kernel.capabilities.wasm import Binary, BinaryKind, Export, Import, read_binary
from tests.capabilities.build import nasty_text, quick

WASI = "wasi_snapshot_preview1"
ALL = {ability.id for ability in MODULE_ABILITIES}


def guest(*names, module=WASI, exports=("_start",)):
    return Binary(
        BinaryKind.MODULE,
        tuple(Import(module, name, "function", "") for name in names),
        tuple(Export(name, "function") for name in exports),
    )


def can(*names, module=WASI):
    return {item.id for item in manifest_of(guest(*names, module=module)).can}


def test_a_guest_that_imports_nothing_can_do_nothing():
    manifest = manifest_of(guest())
    assert manifest.can == ()
    assert {item.id for item in manifest.cannot} == ALL
    assert all(line.startswith("cannot ") for line in manifest.lines())


@pytest.mark.parametrize(
    ("names", "abilities"),
    [
        (["fd_write"], {"print"}),
        (["fd_read"], {"stdin"}),
        (["path_open"], {"change-files", "list-files"}),  # opening alone can make a file and empty it
        (["path_open", "fd_read"], {"read-files", "change-files", "list-files", "stdin"}),
        (["path_unlink_file"], {"change-files"}),
        (["path_symlink"], {"change-files"}),
        (["fd_readdir"], {"list-files"}),
        (["environ_get", "environ_sizes_get"], {"environment"}),
        (["args_get"], {"arguments"}),
        (["clock_time_get"], {"clock"}),
        (["random_get"], {"random"}),
        (["poll_oneoff"], {"clock", "wait"}),
        (["proc_exit", "sched_yield", "fd_close", "fd_seek", "fd_prestat_get", "sock_send"], set()),
    ],
)
def test_what_an_import_makes_possible(names, abilities):
    assert can(*names) == abilities
    manifest = manifest_of(guest(*names))
    assert {item.id for item in (*manifest.can, *manifest.cannot)} == ALL


@pytest.mark.parametrize("module", PROCESS_MODULES)
def test_the_process_interface(module):
    every = [f"{module}_{name}" for name in PROCESS_TYPES]
    manifest = manifest_of(guest(*every, module=module))
    assert [item.id for item in manifest.can] == ["commands"]
    assert manifest.interface == module
    assert any("not limited by this list" in line for line in manifest.lines())
    without_run = manifest_of(guest(*(name for name in every if not name.endswith("_run")), module=module))
    assert without_run.can == ()
    assert without_run.interface == module
    assert manifest_of(guest("fd_write")).interface == ""


def test_a_run_of_another_module_is_not_the_process_interface():
    manifest = manifest_of(guest("run", module="env"))
    assert [item.name for item in manifest.unknown] == ["env.run"]
    assert manifest.can == ()
    assert manifest_of(guest("ssvm_process_run", module=WASI)).unknown


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (Import("env", "memory", "memory", "1"), "no memory"),
        (Import("env", "f", "function", ""), "no module of that name"),
        (Import(WASI, "sock_open", "function", ""), "no such function"),
        (Import("ssvm_process", "wasmedge_process_run", "function", ""), "no such function"),
        (Import("ssvm_process", "ssvm_process_run", "function", "() -> ()"), "should have () -> (i32)"),
    ],
)
def test_what_this_host_does_not_offer_is_named(item, says):
    manifest = manifest_of(Binary(BinaryKind.MODULE, (item,)))
    (unknown,) = manifest.unknown
    assert says in unknown.reason
    assert manifest.lines() == (f"cannot be started: {unknown.name}: {unknown.reason}",)


def test_a_host_may_offer_more():
    known = {**KNOWN_IMPORTS, "env": ["f"]}
    assert manifest_of(guest("f", module="env"), known).unknown == ()


@pytest.mark.parametrize(
    ("exports", "entry"),
    [(["_start"], "command"), (["_initialize", "f"], "reactor"), (["f"], "library"), ([], "library")],
)
def test_how_a_guest_is_entered(exports, entry):
    assert manifest_of(guest(exports=exports)).entry == entry


@quick
@given(nasty_text, nasty_text)
def test_u01_names_of_a_guest_are_shown_plainly(module, name):
    manifest = manifest_of(Binary(BinaryKind.MODULE, (Import(module, name, "function", ""),)))
    assert all(line.isprintable() for line in manifest.lines())


@quick
@given(st.sets(st.sampled_from(sorted(KNOWN_IMPORTS[WASI]))), st.sampled_from(sorted(KNOWN_IMPORTS[WASI])))
def test_a_further_import_never_takes_an_ability_away(names, further):
    assert can(*names) <= can(*names, further)


def test_the_engine_offers_what_is_said_to_be_known():
    """Each WASI function of the table links, and one that is not in the table does not."""
    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    offered = {name for name in KNOWN_IMPORTS[WASI] if linker.get(store, WASI, name) is not None}
    assert offered == KNOWN_IMPORTS[WASI]
    with pytest.raises(wasmtime.WasmtimeError, match="not defined"):
        linker.get(store, WASI, "sock_open")


def test_a_real_module():
    text = """(module (import "ssvm_process" "ssvm_process_run" (func (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
      (func (export "_start")))"""
    manifest = manifest_of(read_binary(bytes(wasmtime.wat2wasm(text))))
    assert [item.id for item in manifest.can] == ["commands", "print"]
    assert (manifest.entry, manifest.interface) == ("command", "ssvm_process")


def test_a_component():
    names = ["wasi:cli/stdout@0.2.0", "wasi:filesystem/types@0.2.0"]
    imports = tuple(Import("", name, "instance") for name in names)
    manifest = manifest_of(Binary(BinaryKind.COMPONENT, imports, (Export("wasi:cli/run@0.2.0", "instance"),)))
    assert {item.id for item in manifest.can} == {"print", "read-files", "change-files", "list-files"}
    assert {item.id for item in manifest.cannot} >= {"network", "commands", "environment"}
    assert manifest.entry == "command"
    (unknown,) = manifest_of(Binary(BinaryKind.COMPONENT, (Import("", "acme:x/y", "instance"),))).unknown
    assert unknown.name == "acme:x/y"
