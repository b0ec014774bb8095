"""The tutorials on libraries and components: what each cell is there to show is in its output."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from ssvm_kernel.toolchains._wasm_tools import find_wasm_tools
from tests.examples.running import texts_of
from tests.network.guests import needs_network
from tests.toolchains.conftest import require, required

# The number of a code cell, and what is to be seen below it.
SHOWN: dict[str, dict[int, list[str]]] = {
    "30-guest-as-library.ipynb": {
        2: ['stats is a library; call its functions with: ssvm["stats"].mean(…)'],
        3: ["standard(values: [f64]) -> [f64]  # how many standard deviations each value is from the mean"],
        4: ["1    Grace   85  1.25       2"],
        5: ["499999.5"],
        6: ["[1, 2, 1, 3]"],
        7: ["UsageError: mean: values takes [f64], and str 'many' is none"],
        8: ["GuestTrap: stats trapped: integer divide by zero\n  in divide, line 33 of the cell"],
        9: ["a new instance of stats begins", "1"],
        10: ["3"],
        11: ["the Python variable people as /vars/people.csv"],
        12: ["Grace is 85"],
    },
    "32-map.ipynb": {
        3: ["[168, 1229, 9592, 4, 25]"],
        4: ["(10000, [0, 1, 2], 9999)"],
        5: ["MapError: item 2, 7: primes trapped", "in half, line 14 of the cell"],
        6: ["[1, 2, 7, 4]"],
        8: ["['words: 1', 'words: 2', 'words: 0', 'words: 3']"],
        10: ["MapError: item 0, 'uname': runner may not run uname", "--allow-command =uname"],
        11: ["runner was denied this in a map, where nobody is asked", "['0', '-1']"],
        12: ["runner ssvm['runner']  uname    allow run  option  exited 0"],
        13: ["[168, 1229, 9592, 4, 25]"],
        14: ["['0', '-1']"],
    },
    "31-components.ipynb": {
        2: ['people is a library; call its functions with: ssvm["people"].birthday(…)'],
        3: ["birthday(who: record {name: string, age: u32}) -> record {name: string, age: u32}"],
        4: ["{'name': 'Ada', 'age': 37} 37"],
        5: ["5"],
        6: ["GuestError: half returned an error: odd"],
        7: ["UsageError: birthday: who takes record {name: string, age: u32}, and age is missing"],
        8: ['words is a library; call its functions with: ssvm["words"].counts(…)'],
        9: ["{'word': 'to', 'times': 2}", "{'word': 'not', 'times': 1}"],
        10: ["not None"],
        11: [
            "CompileError: error: the world exports most, and the cell has no such function\n --> line 4, column 12",
            "fn most(entries: Vec<wit::Entry>) -> Result<wit::Entry, String>",
        ],
        12: ["ssvm · program · jit · exit 0"],
        13: ["program can do nothing but compute"],
    },
}
# Here PORT is the port of the server, and OTHER the one after it.
NETWORK = {
    3: ["loaded fetch"],
    4: ["can open connections that you allow", "wasi:http/outgoing-handler@0.2.0 instance"],
    5: ["fetch: nothing came from localhost:PORT", "DeniedError: fetch may not connect to localhost:PORT"],
    6: ["[]"],
    7: ["Welcome to /garden!\n"],
    8: ["['Welcome to /one!', 'Welcome to /two!']"],
    9: ["DeniedError: fetch may not connect to localhost:OTHER", "to grant it: --allow-network localhost:OTHER"],
    10: [
        "DeniedError: fetch may not connect to shop.example:PORT: shop.example stands for 127.0.0.1, which is",
        "to grant it: --allow-network 127.0.0.1:PORT",
    ],
    11: ["['/garden', '/one', '/two']"],
    12: ["localhost:PORT 127.0.0.1  allow run  option  connected", "shop.example:PORT         deny once"],
}


@pytest.mark.parametrize("name", SHOWN)
def test_each_cell_shows_what_it_is_there_for(name: str, tmp_path: Path) -> None:
    require("c")
    if "31-" in name:
        require("rust")
        with required("components"):
            find_wasm_tools()
    if find_spec("pandas") is None and "30-" in name:
        message = "NOT TESTED: pip install '.[examples]' (pandas)"
        pytest.fail(message, pytrace=False) if os.environ.get("CI") else pytest.skip(message)
    texts = texts_of(name, tmp_path)
    for number, wanted in SHOWN[name].items():
        missing = [text for text in wanted if text not in texts[number - 1]]
        assert not missing, f"cell {number} of {name} shows:\n{texts[number - 1]}"


@needs_network
def test_each_cell_of_the_network_shows_what_it_is_there_for(tmp_path: Path) -> None:
    texts = texts_of("33-network.ipynb", tmp_path, beside=("components",))
    port = re.search(r"nothing came from localhost:(\d+)", texts[4])
    assert port is not None, texts[4]
    places = {"PORT": port[1], "OTHER": str(int(port[1]) + 1)}
    for number, wanted in NETWORK.items():
        exact = [re.sub("PORT|OTHER", lambda word: places[word[0]], text) for text in wanted]
        missing = [text for text in exact if text not in texts[number - 1]]
        assert not missing, f"cell {number} shows:\n{texts[number - 1]}"
