"""Which engines an option names; `ssvm_kernel.sandbox.engines` has the engines themselves."""

from __future__ import annotations

from typing import Any, Final

from traitlets import TraitType

__all__ = ["ENGINES", "Engines", "engines_of"]

ENGINES: Final = ("jit", "jit-o0", "interpreter")
_SEVERAL: Final = {"both": ("jit", "interpreter"), "all": ENGINES}


class Engines(TraitType[str, str]):
    """One engine, or several with commas between them."""

    info_text = f"one of {', '.join((*ENGINES, *_SEVERAL))}, or some with commas between them"

    def validate(self, obj: Any, value: Any) -> str:
        """Return the engines in lower case."""
        text = str(value).lower()
        names = engines_of(text)
        if not set(names) <= set(ENGINES) or len(names) != len(set(names)):
            self.error(obj, value)
        return text


def engines_of(text: str) -> tuple[str, ...]:
    """Return the engines that an option's value names."""
    return _SEVERAL.get(text) or tuple(name.strip() for name in text.split(","))
