"""Put the notebooks of ``examples/`` where Sphinx reads them: it takes no source from outside its own folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_EXAMPLES = Path(__file__).parents[2] / "examples"
_TUTORIALS = "tutorials"
_INDEX = """# Tutorials

Each of these is a notebook in the folder `examples`, run when this page was made. `make lab` opens them.

```{{toctree}}
:maxdepth: 1

{names}
```
"""


def copy_examples(app: Sphinx) -> None:
    """Copy notebooks, and the files that they use, to ``docs/tutorials`` (which version control ignores)."""
    folder = Path(app.srcdir) / _TUTORIALS
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(
        _EXAMPLES, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", "*-data", "*.md")
    )
    names = []
    for path in sorted(folder.glob("*.ipynb")):
        _fit(path)
        names.append(path.stem)
    (folder / "index.md").write_text(_INDEX.format(names="\n".join(names)), encoding="utf-8")


def _fit(path: Path) -> None:
    """Say that cells are shown as plain text, since a wrong lexer warns at every cell, and let links lead to pages."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"].setdefault("language_info", {"name": "python"})["pygments_lexer"] = "text"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = "".join(cell["source"]).replace("](../SECURITY.md", "](../security.md")
    path.write_text(json.dumps(notebook), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", copy_examples, priority=1)
    return {"parallel_read_safe": True}
