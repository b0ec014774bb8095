"""What a Go source imports.

Go compiles a package that is imported by a relative path from wherever that leads, and tells nobody (attack X08).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["by_folder"]

_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|`[^`]*`|\w+|\S', re.DOTALL)
# With a backslash any character can be written in another way; no name of a package needs one.
_BY_FOLDER = re.compile(r"[\"`](?:[./]|[^\\]*\\)")


def by_folder(text: str) -> Iterator[re.Match[str]]:
    """Yield the imports of a file by a folder instead of a package's name.

    Parameters
    ----------
    text : str
        The file; imports come before all else, but for the name of its package.
    """
    imports = inside = False
    words = (word for word in _TOKEN.finditer(text) if not word[0].startswith(("//", "/*", "\ufeff")))
    for word in words:
        if word[0] == "package":
            next(words, None)
        elif word[0] == "import":
            imports = True
        elif word[0][0] in '"`' and imports:
            imports = inside
            if _BY_FOLDER.match(word[0]):
                yield word
        elif word[0] in "()":
            imports = inside = word[0] == "("
        elif word[0] != ";" and not imports:
            return
