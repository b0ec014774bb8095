"""The lessons and the attack gallery: what each cell is there to show is in its output."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from tests.examples.running import EXAMPLES, texts_of
from tests.toolchains.conftest import require

# The number of a code cell, and what is to be seen below it.
SHOWN: dict[str, dict[int, list[str]]] = {
    "01-hello-without-grants.ipynb": {
        3: ["adder can do nothing but compute", "imports: none"],
        4: ["Hello from inside!"],
        5: ["hello can print", "cannot use the network"],
        6: [
            "arguments: 0",
            "environment: 0 variables",
            "/etc/passwd: no",
            "the current folder: no",
            "the clock: yes",
            "the program id: status -1",
            'Permission denied: Command "id" is not in the white list.',
        ],
    },
    "02-arguments-and-environment.ipynb": {
        2: ["argument 2: two words\n", "no environment"],
        4: ["COURSE=WebAssembly for everyone\nLANG=C\n"],
        5: ["UsageError: --env COURCE"],
        6: ["GREETING=good morning\nwith LD_DEBUG: status -1"],
        7: ["UsageError: --allow-command-env LD_DEBUG"],
    },
    "03-a-folder.ipynb": {
        3: ["GuestExit: the guest exited with status 1", "--pick lets you pick a folder"],
        4: [
            "monday.txt: 63.3",
            "tuesday.txt: 38.3",
            "way-out.txt: cannot be opened",
            "no right to write",
            "data/way-out.txt: it is a link that leads out of data",
        ],
        6: ["'result.out'"],
        7: ["GrantError: / cannot be granted"],
    },
    "04-a-command.ipynb": {
        2: ["plum\npear\napple\nthe second one: status -1"],
        3: ["plum\npear\napple\nthe second one: status -1"],
        4: ["$(id) ; rm -rf ~ && `reboot`\n"],
        5: ["sort --compress-program=sh", "denied", "exited 0"],
    },
    "05-streams-and-interrupt.ipynb": {
        2: ["working: 100 %", "this goes to stderr", "žluťoučký kůň, 🦀"],
        3: ["│ step 3", "the guest got 21 bytes"],
        4: ["line 0\n", "more were printed and are not shown"],
        6: ["LimitReached: the guest was ended: it ran for 1 s"],
        7: ["42"],
        8: ["no more after "],
    },
    "90-policy-as-code.ipynb": {
        2: ["dry run: reporter tried this", '--allow-command "whoami --version"'],
        3: ["uname -s: status 0", "date +%Z: status 0", "whoami --version: status -1"],
        4: ["no grants are in force"],
        5: ["# nothing is granted"],
        6: ["whoami --version", "denied"],
        7: ["('whoami', 'deny'): 2"],
    },
    "99-attack-gallery.ipynb": {
        6: ["DeniedError: runner may not run sort"],
        8: ["GrantError: tool is run from ", "which the guest could replace"],
        9: ["DeniedError: runner may not run sort: LD_PRELOAD"],
        10: ["DeniedError: runner may not run sort: PATH"],
        11: ["status 0\nNOTE=hello\n"],
        12: ["DeniedError: runner may not run find"],
        13: ["hello; cat /etc/passwd\n"],
        14: ["DeniedError: runner may not run ./tool: a relative path is refused"],
        15: ["status 110", "timed out"],
        16: ["it lies outside of what is granted"],
        17: ["it is a link that leads out of data"],
        18: ["data/outer: not permitted"],
        19: ["it may only be read"],
        20: ["GrantError: the folder /proc cannot be granted"],
        21: ["<button onclick='alert(1)'>Allow</button>", "␛]8;;http"],
        22: ["LimitReached: the guest was ended"],
        23: ["find /usr/share/dict -exec sh '{}' +", "sort", "timed out"],
    },
}
NEVER = ["STOLEN", "I could do anything", "do not tell", "nobody's business", "root:x:0"]


@pytest.mark.parametrize("name", SHOWN)
def test_each_cell_shows_what_it_is_there_for(name: str, tmp_path: Path) -> None:
    require("c")
    require("rust")
    texts = texts_of(name, tmp_path)
    for number, wanted in SHOWN[name].items():
        missing = [text for text in wanted if text not in texts[number - 1]]
        assert not missing, f"cell {number} of {name} shows:\n{texts[number - 1]}"
    assert not [text for text in NEVER if text in "\n".join(texts)]


def test_each_example_leads_to_the_next_and_the_tour_to_all() -> None:
    texts = {path.name: nbformat.read(path, as_version=4).cells[-1].source for path in sorted(EXAMPLES.glob("*.ipynb"))}
    names = list(texts)
    assert [name for name, following in pairwise(names) if f"]({following})" not in texts[name]] == []
    assert [name for name in names[1:] if f"]({name})" not in texts[names[0]]] == []
