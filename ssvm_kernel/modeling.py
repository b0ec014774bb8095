"""The kernel's side of models: what a run is lent, and what is told and written down of it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.models import EXTRAS
from ssvm_kernel.capabilities.text import visible
from ssvm_kernel.capabilities.wording import MODELS
from ssvm_kernel.context import Denial
from ssvm_kernel.guest import Guest
from ssvm_kernel.sandbox.runner import Outcome

if TYPE_CHECKING:
    from ssvm_kernel.runtime import Prepared

__all__ = ["announce_loading", "installed", "lendable", "model_words", "settle_models"]

_PACKAGES: Final = {
    "tflite": ("ai_edge_litert", "numpy"),
    "tensorflow": ("tensorflow", "numpy"),
    "images": ("PIL", "numpy"),
    "onnx": ("onnxruntime", "numpy"),
}


def lendable(guest: Guest) -> tuple[str, ...]:
    """Return the libraries that a guest can use, by its imports, and that are installed."""
    wanted = guest.manifest.extras if guest.manifest is not None else ()
    return tuple(extra for extra in wanted if installed(extra))


def installed(extra: str) -> bool:
    """Whether what can be lent under the name of an extra is there; nothing is loaded."""
    return all(find_spec(package) is not None for package in _PACKAGES[extra])


def announce_loading(prepared: Prepared, extras: tuple[str, ...], *, loaded: bool) -> None:
    """Tell why nothing happens for a while, where a large library is loaded before the guest runs."""
    if "tensorflow" in extras and not loaded:
        prepared.notice("TensorFlow is loaded into the guest's process, which takes some seconds")


def settle_models(prepared: Prepared, outcome: Outcome, lent: tuple[str, ...], ledger: Ledger) -> None:
    """Write down what was lent, deny what was wanted without a grant, and tell what went wrong.

    Parameters
    ----------
    prepared : Prepared
        The run.
    outcome : Outcome
        How it ended; not trusted, so all that it can do here is to ask in vain.
    lent : tuple of str
        What it was lent.
    ledger : Ledger
        Where it is written.
    """
    context, grants = prepared.context, prepared.grants.models
    for extra in lent:
        ledger.record_models(context.asker, extra, grants[0] if grants else None, "lent")
    for extra in _missed(outcome, lent):
        if prepared.may_use_models:
            ledger.record_models(context.asker, extra, grants[0], "unusable")
            continue
        ledger.record_models(context.asker, extra, None, "denied")
        context.denials.append(Denial(EXTRAS[extra], "it was not granted to have models computed", MODELS, "use"))
    for text in model_words(prepared.guest, outcome, lent, granted=prepared.may_use_models):
        prepared.notice(text)


def model_words(guest: Guest, outcome: Outcome, lent: tuple[str, ...], *, granted: bool) -> tuple[str, ...]:
    """Return what the person is to be told of a run's models, a sentence each."""
    name = visible(guest.name, 100)
    words = [f"{name}: {note}" for note in outcome.notes]
    missing = _missed(outcome, lent) if granted else ()
    asks = (f"{name} wants {EXTRAS[extra]}, which is not installed. {_install(extra)}" for extra in missing)
    return (*words, *asks)


def _missed(outcome: Outcome, lent: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(extra for extra in EXTRAS if extra in outcome.missed and extra not in lent)


def _install(extra: str) -> str:
    return f'To install it: pip install "ssvm-kernel[{extra}]" (in a notebook: %pip), and start the kernel anew'
