"""The same small guest in every language, compiled by our toolchains and run as a cell runs it, in both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ssvm_kernel.errors import ToolchainMissing
from ssvm_kernel.guest import Guest
from ssvm_kernel.options import RunTraits
from ssvm_kernel.runtime import Prepared
from ssvm_kernel.session import Session
from ssvm_kernel.toolchains import registry
from ssvm_kernel.toolchains.cache import compile_cached
from tests.process.conftest import ENGINES
from tests.toolchains.conftest import SHARED, require, share_packages
from tests.toolchains.run_guest import imports

GUESTS = Path(__file__).parent / "guests"
MIB = 1 << 20
_INTERFACE = "rust_process_interface_library"
_RENAMED = {"ssvm_process_interface": "ssvm_process", "wasmedge_process_interface": "wasmedge_process"}


@dataclass(frozen=True)
class Probe:
    """A probe's language and source, and the module that it imports the process interface from."""

    language: str
    source: str
    module: str = "ssvm_process"


def _probes() -> Iterator[tuple[str, Probe]]:
    by_suffix = {registry.get(name).suffix: name for name in registry.names()}
    for path in sorted(GUESTS.glob("probe.*")):
        if path.suffix not in by_suffix:
            continue  # its toolchain is not there yet
        language, source = by_suffix[path.suffix], path.read_text("utf-8")
        yield language, Probe(language, source)
        if language in SHARED:
            later = "wasmedge_process"
            yield f"{later} in {language}", Probe(language, source.replace("ssvm_process", later), later)
        if language == "c":
            yield "c++", Probe("c++", source)
        if language == "rust":
            for crate, module in _RENAMED.items():
                yield crate, Probe(language, source.replace(_INTERFACE, crate), module)


PROBES = dict(_probes())


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One pool of workers, and one cache of compiled probes and of their machine code."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("cache")
        patch.setenv("SSVM_CACHE_DIR", str(cache))
        for language in SHARED:
            with suppress(ToolchainMissing):
                share_packages(language, cache, tmp_path_factory)
        session = Session()
        yield session
        session.close()


@pytest.fixture(scope="module", params=PROBES)
def probe(request: pytest.FixtureRequest, session: Session) -> Guest:
    """The probe in each language, and in Rust under each name of its crate."""
    wanted = PROBES[request.param]
    require(wanted.language)
    guest = Guest("probe", compile_cached(registry.get(wanted.language), wanted.source).wasm)
    modules = {module for module, _ in imports(guest.wasm)}
    assert modules & {"ssvm_process", "wasmedge_process"} == {wanted.module}
    return guest


@dataclass
class Ran:
    """What a probe printed, and how it ended."""

    exit_code: int | None
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def report(self) -> list[int]:
        return [int(number) for number in self.stdout.partition(b"\n")[0].split()]

    @property
    def command_stdout(self) -> bytes:
        return self.stdout.partition(b"\n")[2]


class _Kept:
    """Keeps what a guest prints."""

    def __init__(self) -> None:
        self.out, self.err = bytearray(), bytearray()

    def stdout(self, data: bytes) -> None:
        self.out += data

    def stderr(self, data: bytes) -> None:
        self.err += data

    def poll(self) -> float | None:
        return None

    def flush(self) -> None:
        pass


@pytest.fixture(params=ENGINES)
def run(request: pytest.FixtureRequest, session: Session, probe: Guest) -> Callable[..., Ran]:
    """Run the probe with all commands granted, and with the environment of one scenario."""

    def run(*args: str) -> Ran:
        options = RunTraits(allow_command_all=True, allow_command_env=["A", "EMPTY", "EQUALS"])
        kept = _Kept()
        with Prepared(session.grants, probe, options, args) as prepared:
            prepared.context.surface = None
            handler = session.runtime.broker.handler(prepared.context)
            outcome = session.runtime.runner.run(prepared.job(request.param), kept, handler, prepared.deadline())
        assert outcome.trap is None, outcome.trap
        return Ran(outcome.exit_code, bytes(kept.out), bytes(kept.err))

    return run


def _hash(data: bytes) -> int:
    value = 0
    for byte in data[::61]:
        value = (value * 31 + byte) % 2**32
    return value


def test_arguments(run):
    ran = run("args")
    expected = '[one][][two words][zwei ü "$HOME" \\n]'.encode()
    assert ran == Ran(0, b"0 %d 0 %d\n%s" % (len(expected), _hash(expected), expected))


def test_environment(run):
    ran = run("env")
    assert sorted(ran.command_stdout.splitlines()) == [b"A=1", b"EMPTY=", "EQUALS=x=y ü".encode()]
    assert (ran.exit_code, ran.report[0], ran.stderr) == (0, 0, b"")


@pytest.mark.parametrize(
    ("scenario", "data"), [("text", "first line\nzweite Zeile ü\n".encode()), ("binary", bytes(range(256)))]
)
def test_stdin(run, scenario, data):
    assert run(scenario) == Ran(0, b"0 %d 0 %d\n%s" % (len(data), _hash(data), data))


def test_timeout(run):
    assert run("timeout") == Ran(0, b"110 0 0 0\n")


@pytest.mark.parametrize(("status", "code"), [(0, 0), (3, 3), (200, -56)])
def test_exit_codes_and_both_outputs(run, status, code):
    assert run("exit", str(status)) == Ran(0, b"%d 4 4 %d\nout\n" % (code, _hash(b"out\n")), b"err\n")


@pytest.mark.parametrize("size", [MIB, 64 * MIB])
def test_large_outputs(run, size):
    assert run("large", str(size)) == Ran(0, b"0 %d 0 %d\n" % (size, _large_hash(size)))


_hashes: dict[int, int] = {}


def _large_hash(size: int) -> int:
    if size not in _hashes:
        _hashes[size] = _hash(b"0123456\n" * (size // 8))
    return _hashes[size]


def test_an_unknown_scenario_runs_nothing(run):
    assert run("other") == Ran(2)


def test_every_language_of_the_sdk_has_a_probe():
    """A language whose library we ship is in the tests of it."""
    from ssvm_kernel import sdk

    shipped = {path.name for path in Path(sdk.__file__).parent.iterdir() if path.is_dir()} - {"sysroot", "__pycache__"}
    assert {registry.get(name).name for name in shipped} - {probe.language for probe in PROBES.values()} == set()
