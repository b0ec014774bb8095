"""The interfaces for models and images: which functions there are, of which types, and what each needs of this host.

Three generations share their modules' names.  SSVM's own (late 2020; *B* here) prefixes each function with its module
and has 64-bit handles; WasmEdge's plugins (since 0.13; *C*) have bare names and return an error number.  WASI-NN is
what the field agreed on since.  What a guest imports says which one it wants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["EXTRAS", "MODEL_TYPES", "NN_MODULE", "extras_of", "family_of", "needed_by"]

NN_MODULE: Final = "wasi_ephemeral_nn"
"""Name of WASI-NN."""

EXTRAS: Final[Mapping[str, str]] = {
    "tflite": "TensorFlow Lite",
    "tensorflow": "TensorFlow",
    "images": "image decoding",
    "onnx": "ONNX Runtime",
}
"""What can be lent to a guest, by the name of the extra that installs it, and how people call it."""

_PREFIXES: Final = ("ssvm", "wasmedge")
_LOADERS: Final = tuple(
    f"load_{source}_to_{pixels}" for source in ("jpg", "png") for pixels in ("rgb8", "bgr8", "rgb32f", "bgr32f")
)


def _type(params: str, result: str = "") -> str:
    """Return a function's type from the letters of its parameters and result: i for i32, I for i64."""
    kinds = {"i": "i32", "I": "i64"}
    return f"({', '.join(kinds[letter] for letter in params)}) -> ({kinds[result] if result else ''})"


_B: Final[Mapping[str, Mapping[str, str]]] = {
    "tensorflow": {
        "create_session": _type("ii", "I"),
        "delete_session": _type("I"),
        "run_session": _type("I", "i"),
        "get_output_tensor": _type("Iiii", "I"),
        "get_tensor_len": _type("I", "i"),
        "get_tensor_data": _type("Ii"),
        "append_input": _type("Iiiiiiiii"),
        "append_output": _type("Iiii"),
        "clear_input": _type("I"),
        "clear_output": _type("I"),
    },
    "tensorflowlite": {
        "create_session": _type("ii", "I"),
        "delete_session": _type("I"),
        "run_session": _type("I", "i"),
        "get_output_tensor": _type("Iii", "I"),
        "get_tensor_len": _type("I", "i"),
        "get_tensor_data": _type("Ii"),
        "append_input": _type("Iiiii"),
    },
    "image": {name: _type("iiiii", "i") for name in _LOADERS},
}
_C: Final[Mapping[str, Mapping[str, str]]] = {
    "tensorflow": {
        "create_session": _type("iii", "i"),
        "create_session_saved_model": _type("iiiii", "i"),
        "delete_session": _type("i", "i"),
        "run_session": _type("i", "i"),
        "get_output_tensor": _type("iiii", "i"),
        "get_tensor_len": _type("iii", "i"),
        "get_tensor_data": _type("iiiii", "i"),
        "append_input": _type("iiiiiiii", "i"),
        "append_output": _type("iii", "i"),
        "clear_input": _type("i", "i"),
        "clear_output": _type("i", "i"),
    },
    "tensorflowlite": {
        "create_session": _type("iii", "i"),
        "delete_session": _type("i", "i"),
        "run_session": _type("i", "i"),
        "get_output_tensor": _type("iiii", "i"),
        "get_tensor_len": _type("iii", "i"),
        "get_tensor_data": _type("iiiii", "i"),
        "append_input": _type("iiiii", "i"),
    },
    "image": {name: _type("iiiiiii", "i") for name in ("load_jpg", "load_png", "load_image")},
}
_NN: Final[Mapping[str, str]] = {
    "load": _type("iiiii", "i"),
    "load_by_name": _type("iii", "i"),
    "init_execution_context": _type("ii", "i"),
    "set_input": _type("iii", "i"),
    "compute": _type("i", "i"),
    "get_output": _type("iiiii", "i"),
}


def _types() -> dict[str, dict[str, str]]:
    modules: dict[str, dict[str, str]] = {NN_MODULE: dict(_NN)}
    for part, functions in _B.items():
        for prefix in _PREFIXES:
            module = f"{prefix}_{part}"
            modules[module] = {f"{module}_{name}": type_ for name, type_ in functions.items()}
        modules[f"wasmedge_{part}"] |= _C[part]
    return modules


MODEL_TYPES: Final[Mapping[str, Mapping[str, str]]] = _types()
"""Each function's type, by module and name as they are imported."""


def family_of(module: str, name: str) -> tuple[str, str]:
    """Return which interface an imported function is of (``"tensorflowlite/B"``, ``"nn"`` ...) and its bare name."""
    if module == NN_MODULE:
        return "nn", name
    part = module.partition("_")[2]
    bare = name.removeprefix(f"{module}_")
    return f"{part}/{'C' if bare == name else 'B'}", bare


def needed_by(module: str) -> tuple[str, ...]:
    """Return the extras that a module's functions need, the first of which is enough where there are several."""
    part = module.partition("_")[2]
    if module == NN_MODULE:
        return ("tflite", "onnx")
    return {"tensorflow": ("tensorflow",), "tensorflowlite": ("tflite",), "image": ("images",)}.get(part, ())


def extras_of(modules: Iterable[str]) -> tuple[str, ...]:
    """Return the extras that a guest can use which imports from these modules, each once, in the order of `EXTRAS`."""
    wanted = {extra for module in modules if module in MODEL_TYPES for extra in needed_by(module)}
    return tuple(extra for extra in EXTRAS if extra in wanted)
