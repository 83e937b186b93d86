"""A method is one file, one line and one entry: nothing else is touched, and nothing else runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from checkout import CONFIG, Checkout

from unlearnkit.artifacts.tables import read_table

pytestmark = pytest.mark.workflow

NAME = "gentle"
FILE = f"unlearnkit/methods/images/{NAME}.py"
FOLDERS = {"image": "methods/images", "text": "methods/language"}
ENTRY = f"  {NAME}: {{method: {NAME}, epochs: 2, snapshots: [1, 2]}}\n"
SETS, SHARDS, TABLES = ("random_10", "nines"), ("0000-0001", "0002-0003"), ("klom", "mia")


def succeeds(copy: Checkout, *command: str) -> str:
    outcome = copy.run(*command)
    assert outcome.status == 0, outcome.output
    return outcome.output


def new_method(copy: Checkout, name: str = NAME, task: str = "image") -> str:
    return succeeds(copy, sys.executable, "-m", "unlearnkit", "new-method", name, "--task", task)


def conforms(copy: Checkout, *methods: tuple[str, str]) -> None:
    """Run the tests of every method, those apart that are slow, on these (name, task), and look at their types."""
    tests = ("tests/methods/test_conformance.py", "tests/core/test_registry.py", "tests/core/test_declarations.py")
    succeeds(copy, sys.executable, "-m", "pytest", *tests, "-k", " or ".join(name for name, _ in methods))
    files = (f"unlearnkit/{FOLDERS[task]}/{name}.py" for name, task in methods)
    succeeds(copy, sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, *files)


def rows(copy: Checkout) -> list[dict[str, Any]]:
    tables = (copy.result(f"tables/{name}.parquet") for name in TABLES)
    return [row for table in tables for row in read_table(table)[0].to_pylist()]


def computed(copy: Checkout) -> dict[Path, tuple[int, bytes]]:
    """Return path -> (time of the last change, content) of all results but tables, figures and the page."""
    folders = ("data", "forget_sets", "original", "oracle", "held_out_oracle", "unlearned", "scores", "summaries")
    found = (path for folder in folders for path in copy.result(folder).rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


@pytest.fixture
def committed(finished: Checkout) -> Checkout:
    """A copy with the finished tiny experiment, as a repository of its own."""
    git = ("git", "-c", "user.name=Tester", "-c", "user.email=tester@localhost", "-c", "core.hooksPath=/dev/null")
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "All")):
        succeeds(finished, *git, *words)
    return finished


@pytest.mark.slow
def test_a_method_is_one_file_one_line_and_one_entry(committed: Checkout) -> None:
    old, old_rows = computed(committed), rows(committed)
    assert f"wrote {FILE}\n" in new_method(committed)
    committed.edit(FILE, "MOVES = False\n", "")
    text = (committed.root / FILE).read_text()
    (committed.root / FILE).write_text(text.replace("step(optimizer, 0.0 * ", "step(optimizer, "))
    committed.edit(CONFIG, "metrics: ", f"{ENTRY}metrics: ")
    outcome = committed.make("klom_all", "mia_all")

    # its own jobs, and the tables that show it
    shards = {f"{NAME} on {name}, models {shard}" for name in SETS for shard in SHARDS}
    assert outcome.jobs == shards | {f"{metric} of {NAME} on {name}" for metric in TABLES for name in SETS}
    assert outcome.tables == {*TABLES, "cost"}
    assert {path: computed(committed)[path] for path in old} == old
    new_rows = rows(committed)
    assert [row for row in new_rows if row["candidate"] != NAME] == old_rows
    added = [row for row in new_rows if row["candidate"] == NAME]
    assert {(row["forget_set"], row["epoch"]) for row in added} == {(name, epoch) for name in SETS for epoch in (1, 2)}

    succeeds(committed, "git", "add", "--intent-to-add", ".")
    lines = len(text.splitlines())
    changes = [f"1\t0\t{CONFIG}", f"{lines}\t0\t{FILE}", "1\t0\tunlearnkit/registry.py"]
    assert sorted(succeeds(committed, "git", "diff", "--numstat").splitlines()) == sorted(changes)
    assert succeeds(committed, "git", "diff", "--diff-filter=A", "--name-only") == f"{FILE}\n"


def method_of_a_page(copy: Checkout, page: str, name: str, task: str) -> str:
    """Add the method `name` as a page says, and return the entry of a configuration that stands there."""
    text = (copy.root / page).read_text()
    blocks = re.findall(
        r"^```(\w+)\n(.*?)^```$", text[text.index(f"unlearnkit/{FOLDERS[task]}/{name}.py`") :], re.DOTALL | re.M
    )
    (_, code), (_, line), (_, entry) = [block for block in blocks if block[0] in ("python", "yaml")][:3]
    new_method(copy, name, task)
    assert line in (copy.root / "unlearnkit/registry.py").read_text()
    (copy.root / f"unlearnkit/{FOLDERS[task]}/{name}.py").write_text(code)
    return entry


def is_an_entry_of(copy: Checkout, experiment: str, entry: str) -> None:
    (copy.root / "own.yaml").write_text(entry)
    check = ("check", "--only", "configuration", experiment, "own.yaml")
    assert "ok       configuration: " in succeeds(copy, sys.executable, "-m", "unlearnkit", *check)


@pytest.mark.slow
def test_a_new_method_and_the_short_one_of_the_page_keep_what_every_method_promises(fresh: Checkout) -> None:
    new_method(fresh)
    entry = method_of_a_page(fresh, "docs/adding-a-method.md", "shrink", "image")
    conforms(fresh, (NAME, "image"), ("shrink", "image"))
    is_an_entry_of(fresh, "experiments/smoke.yaml", entry)


@pytest.mark.slow
def test_a_new_method_for_text_and_those_of_the_page_keep_what_every_method_promises(fresh: Checkout) -> None:
    pages = {"image": "docs/adding-a-method.md", "text": "docs/adding-a-text-method.md"}
    experiments = {"image": "experiments/smoke.yaml", "text": "experiments/village.yaml"}
    shown = (("joint_ascent", "image"), ("flatten_text", "text"))
    new_method(fresh, task="text")
    entries = {task: method_of_a_page(fresh, pages[task], name, task) for name, task in shown}
    conforms(fresh, (NAME, "text"), *shown)
    for task, entry in entries.items():
        is_an_entry_of(fresh, experiments[task], entry)
