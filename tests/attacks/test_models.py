"""Attacks through models and pictures, which are programs and files of strangers for large libraries in C++."""

from __future__ import annotations

import io
import json
import struct
import zlib
from importlib import resources
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssvm_kernel.capabilities.models import MODEL_TYPES
from ssvm_kernel.host.graph_operations import refuses
from ssvm_kernel.host.lending import Lent, lend
from tests.tensorflow.calls import Calls
from tests.tensorflow.conftest import need

from .play import Stage

TINY = (resources.files("ssvm_kernel.host") / "tiny.tflite").read_bytes()
FOUR = struct.pack("<4f", 1, 2, 3, 4)
LITE = "ssvm_tensorflowlite"
OPENING = """ReadFile WriteFile MatchingFiles SaveV2 RestoreV2 PyFunc EagerPyFunc PrintV2 ImmutableConst _Send RpcCall
TFRecordDatasetV2 TextLineReaderV2 LoadAndRemapMatrix DebugIdentityV2 CreateSummaryFileWriter
InitializeTableFromTextFileV2"""
# Each record is a length and a model or picture; the guest tries all of them, and exits with 7.
TRIES = """(module
  (import "ssvm_tensorflowlite" "ssvm_tensorflowlite_create_session" (func $create (param i32 i32) (result i64)))
  (import "ssvm_tensorflowlite" "ssvm_tensorflowlite_append_input"
    (func $append (param i64 i32 i32 i32 i32)))
  (import "ssvm_tensorflowlite" "ssvm_tensorflowlite_run_session" (func $run (param i64) (result i32)))
  (import "ssvm_tensorflowlite" "ssvm_tensorflowlite_delete_session" (func $delete (param i64)))
  (import "ssvm_image" "ssvm_image_load_png_to_rgb8" (func $png (param i32 i32 i32 i32 i32) (result i32)))
  (import "ssvm_image" "ssvm_image_load_jpg_to_bgr32f" (func $jpg (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 16)
  (data (i32.const 0) "x") (data (i32.const 4096) "{data}")
  (func (export "_start") (local $at i32) (local $size i32) (local $session i64)
    (local.set $at (i32.const 4096))
    (block $done (loop $next
      (local.set $size (i32.load (local.get $at)))
      (br_if $done (i32.eqz (local.get $size)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (drop (call $png (local.get $at) (local.get $size) (i32.const 3) (i32.const 3) (i32.const 64)))
      (drop (call $jpg (local.get $at) (local.get $size) (i32.const 3) (i32.const 3) (i32.const 64)))
      (local.set $session (call $create (local.get $at) (local.get $size)))
      (call $append (local.get $session) (i32.const 0) (i32.const 1) (i32.const 64) (i32.const 16))
      (drop (call $run (local.get $session)))
      (call $delete (local.get $session))
      (local.set $at (i32.add (local.get $at) (local.get $size)))
      (br $next)))
    (call $exit (i32.const 7))))"""


def tries(*items: bytes) -> str:
    records = b"".join(struct.pack("<I", len(item)) + item for item in items) + bytes(4)
    return TRIES.replace("{data}", "".join(f"\\{byte:02x}" for byte in records))


def picture(kind: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(file, kind)
    return file.getvalue()


def huge() -> bytes:
    """Return a few bytes that are a picture of 3.6 thousand million pixels."""
    data = bytearray(picture("PNG"))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.fixture(scope="module")
def lent() -> Lent:
    need("tflite", "images")
    return lend(["tflite", "images"])


def test_m01_made_up_handles_find_nothing(lent: Lent) -> None:
    mine, other = Calls(LITE, lent), Calls(LITE, lent)
    session, theirs = mine("create_session", TINY), other("create_session", TINY)
    tensor = mine("get_output_tensor", session, b"Identity")
    assert (session, theirs, tensor) == (1, 1, 1), "numbers, each table with its own"
    for number in (0, 2, 1 << 32, (1 << 63) - 1, -1, id(mine.state), id(lent)):
        assert mine("run_session", number) == 1
        assert mine("get_output_tensor", number, b"Identity") == 0
        assert mine("get_tensor_len", number) == 0
        mine("append_input", number, b"x", FOUR)
        mine("delete_session", number)
    mine("delete_session", session)
    assert mine("get_tensor_len", tensor) == 0, "its tensors went with it"
    assert other("run_session", theirs) == 0


Edit = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.sampled_from(["set", "cut", "double"]))


Broken = st.tuples(st.sampled_from(["model", "PNG", "JPEG"]), st.lists(Edit, min_size=1, max_size=4))


def edited(data: bytes, edits: list[tuple[float, int, str]]) -> bytes:
    for where, value, how in edits:
        at = int(where * len(data))
        if how == "set":
            data = data[:at] + bytes([value]) + data[at + 1 :]
        else:
            data = data[: at or 1] if how == "cut" else data[:at] + data[at:] * 2
    return data[:4000]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from(["model", "PNG", "JPEG"]), st.lists(Edit, min_size=1, max_size=4)),
        min_size=40,
        max_size=60,
    )
)
def test_m02_m03_broken_models_and_pictures_break_nothing_but_their_own_process(stage: Stage, whats) -> None:
    need("tflite", "images")
    originals = {"model": TINY, "PNG": picture("PNG"), "JPEG": picture("JPEG")}
    guest = tries(*(edited(originals[what], edits) for what, edits in whats))
    played = stage.play(guest, ["--allow-models"], whole=True)
    assert played.raised in {"GuestExit", "WorkerDied"}  # to the end, or the library broke in its locked process
    assert stage.play(tries(TINY), ["--allow-models"], whole=True).raised == "GuestExit", "the next guest runs"


def test_m03_a_picture_that_grows_is_not_decoded(lent: Lent) -> None:
    guest = Calls("ssvm_image", lent)
    assert guest("load_png_to_rgb8", huge(), 2, 2, guest.room(16)) == 1
    assert "3600000000 pixels" in guest.state.notes[0] or "60000 x 60000" in guest.state.notes[0]


@pytest.mark.parametrize("operation", OPENING.split())
def test_m04_operations_that_reach_files_are_refused(operation: str) -> None:
    assert refuses(operation)


def test_m04_operations_of_models_are_not() -> None:
    plain = "Const Placeholder MatMul Conv2D Relu Softmax Identity Reshape FusedBatchNormV3 ReverseV2 ResizeBilinear"
    assert not any(map(refuses, plain.split()))


def test_m04_no_graph_where_nothing_locks_the_process_and_none_by_its_path() -> None:
    made: list[bytes] = []
    library = SimpleNamespace(GraphSession=lambda model: made.append(model) or SimpleNamespace())
    lent = Lent({"tensorflow": library})  # type: ignore[dict-item]
    assert Calls("wasmedge_tensorflow", lent, closed=False)("wasmedge_tensorflow_create_session", b"graph") == 0
    guest = Calls("wasmedge_tensorflow", lent)
    out = guest.room(8)
    assert guest("create_session_saved_model", b"/etc", out, 0, out) == 1
    assert made == []
    assert "a model in a folder of this computer is not loaded" in guest.state.notes[0]


def test_m05_without_the_grant_nothing_is_loaded_and_all_is_denied(stage: Stage, engine: str) -> None:
    for options in ([], ["--allow-models", "--deny-all"]):
        before = len(stage.session.ledger.lines())
        played = stage.play(tries(TINY, b"x"), [*options], engine=engine, whole=True)
        assert played.raised == ("" if options else "DeniedError")
        lines = stage.session.ledger.lines()[before:]
        told = [(line.request.kind, *line.request.argv, line.outcome.kind) for line in lines]
        assert told == [("models", "tflite", "denied"), ("models", "images", "denied")]
        json.loads(stage.session.ledger.to_jsonl().splitlines()[-1])


def test_m05_each_interface_is_named_before_it_runs() -> None:
    from ssvm_kernel.capabilities.binary import Binary, BinaryKind, Import
    from ssvm_kernel.capabilities.manifest import manifest_of

    for module, functions in MODEL_TYPES.items():
        for name, type_ in functions.items():
            binary = Binary(BinaryKind.MODULE, (Import(module, name, "function", type_),), (), ())
            assert "models" in {item.id for item in manifest_of(binary).can}
            assert manifest_of(binary).extras


def test_m06_nothing_is_without_end(lent: Lent) -> None:
    guest = Calls(LITE, lent)
    sessions = [guest("create_session", TINY) for _ in range(100)]
    assert sum(map(bool, sessions)) == 64
    for _ in range(100):
        guest("append_input", 1, b"\x1b[31m" * 100, FOUR)
    assert len(guest.state.notes) <= 10
    assert max(map(len, guest.state.notes)) <= 300
