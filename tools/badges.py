"""Give README and every example a badge that opens it on Binder: ``make badges REPOSITORY=owner/name``.

To be run once where the repository is published, and again when an example is added: until then no badge can lead
anywhere. With ``--content`` the environment is built from one repository and the notebooks come from another, so that
a change of a notebook needs no new image.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parents[1]
_BADGE = re.compile(r"^\[!\[Binder\]\([^)]*\)\]\([^)]*\)\n\n?", re.MULTILINE)
_PICTURE = "https://mybinder.org/badge_logo.svg"
_SLUG = re.compile(r"[\w.-]+/[\w.-]+")


def link(environment: str, content: str, branch: str, path: str) -> str:
    """Return where a click leads: JupyterLab with the file at `path` open."""
    start = f"https://mybinder.org/v2/gh/{environment}/{quote(branch, safe='')}"
    if content == environment:
        return f"{start}?{urlencode({'labpath': path})}"
    folder = content.partition("/")[2]
    pull = {"repo": f"https://github.com/{content}", "branch": branch, "urlpath": f"lab/tree/{folder}/{path}"}
    return f"{start}?{urlencode({'urlpath': f'git-pull?{urlencode(pull)}'})}"


def with_badge(text: str, badge: str) -> str:
    """Return a Markdown text with the badge below its first heading, in the place of one that it had."""
    heading, _, rest = _BADGE.sub("", text).partition("\n")
    return f"{heading}\n\n{badge}\n\n{rest.lstrip()}"


def write(environment: str, content: str, branch: str) -> int:
    """Write all badges and return how many."""
    notebooks = sorted((ROOT / "examples").glob("*.ipynb"))
    for path in notebooks:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
        badge = f"[![Binder]({_PICTURE})]({link(environment, content, branch, f'examples/{path.name}')})"
        first["source"] = with_badge("".join(first["source"]), badge).splitlines(keepends=True)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    readme = ROOT / "README.md"
    badge = f"[![Binder]({_PICTURE})]({link(environment, content, branch, 'examples/00-tour.ipynb')})"
    readme.write_text(with_badge(readme.read_text(encoding="utf-8"), badge), encoding="utf-8")
    return len(notebooks) + 1


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", help="owner/name of the repository with the folder binder/")
    parser.add_argument("--content", help="owner/name of the one with the notebooks, when it is another")
    parser.add_argument("--branch", default="HEAD")
    line = parser.parse_args()
    for name in filter(None, (line.repository, line.content)):
        if not _SLUG.fullmatch(name):
            parser.error(f"{name!r} is no owner/name")
    print(f"{write(line.repository, line.content or line.repository, line.branch)} badges")


if __name__ == "__main__":
    main()
