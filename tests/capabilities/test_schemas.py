"""The shipped JSON Schemas are those of the structs, and what is written is valid by them."""

from __future__ import annotations

import json
import os
from importlib import resources

import jsonschema
import pytest

from ssvm_kernel.capabilities.ledger import Ledger
from ssvm_kernel.capabilities.model import Decision, Effect, Origin
from ssvm_kernel.capabilities.resolved import Resolved, Trouble
from ssvm_kernel.capabilities.schemas import documents
from tests.capabilities.build import GUEST, request
from tests.capabilities.test_ledger import ALLOWED, DENIED, Completed, CompletionKind

FOLDER = resources.files("ssvm_kernel.capabilities") / "schema"


def text_of(document):
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def lines():
    ledger = Ledger()
    ledger.record(request("git", "log", env={"A": "x"}), ALLOWED, Completed(CompletionKind.SIGNALLED, 9))
    ledger.record(request("git"), DENIED)
    ledger.record(request("git"), Decision("request-1", Effect.ALLOW, Origin.OPTION))
    ledger.record_unresolved(GUEST, (b"nope",), Resolved(b"nope", trouble=Trouble.NOT_FOUND))
    return [json.loads(line) for line in ledger.to_jsonl().splitlines()]


@pytest.mark.parametrize("name", documents())
def test_the_shipped_file_is_current(name):
    if os.environ.get("SSVM_WRITE_SCHEMAS"):
        (FOLDER / name).write_text(text_of(documents()[name]))
    assert (FOLDER / name).read_text() == text_of(documents()[name])


def test_no_other_file_is_shipped():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(documents())


@pytest.mark.parametrize("name", documents())
def test_the_schema_is_a_schema(name):
    document = documents()[name]
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$id"].endswith(":1")


@pytest.mark.parametrize("line", lines())
def test_what_is_written_is_valid(line):
    schemas = {name: jsonschema.Draft202012Validator(document) for name, document in documents().items()}
    schemas["ledger-line-1.json"].validate(line)
    schemas["request-1.json"].validate(line["request"])
    schemas["decision-1.json"].validate(line["decision"])


@pytest.mark.parametrize("path", [("seq",), ("request", "argv"), ("decision", "effect"), ("outcome", "kind")])
def test_what_is_broken_is_not_valid(path):
    validator = jsonschema.Draft202012Validator(documents()["ledger-line-1.json"])
    for value in (None, {}, "perhaps"):
        line = lines()[0]
        inner = line
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        assert not validator.is_valid(line)
    line = lines()[0]
    line["more"] = 1
    assert not validator.is_valid(line)
