"""README.md of a publication: the hub's data card, with what its viewer shows, tables, provenance and commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from unlearnkit.publication.configuration import PLUG_INS
from unlearnkit.publication.items import Facts, Item, total

NAME = "README.md"
SPLIT = "test"
"""The only split of every configuration that the viewer shows; leaderboards of the hub expect this name."""
MOST_LINES = 120
"""Lines of a table that the card shows."""
SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"), (1e7, "1M<n<10M"))


def card(facts: Facts, items: Mapping[str, Item], address: str) -> bytes:
    """Return the card; `address` is where the data set lies on the hub."""
    sections = (
        _metadata(facts, items),
        _introduction(facts),
        _tables(facts, items),
        _origin(facts),
        _use(facts, items),
    )
    return ("\n".join(line for section in sections for line in section) + "\n").encode()


def shown(facts: Facts) -> dict[str, str]:
    """Return configuration of the viewer -> the file that it shows: tables, then margins, whose columns are models.

    Shards have columns of their own, so each is a configuration.
    """
    tables = {name: f"{facts.folder}/tables/{name}.parquet" for name in facts.tables()}
    margins = {name.removesuffix(".margins.parquet").replace("/", "."): name for name in facts.margins()}
    return tables | {f"margins.{key}": f"{facts.folder}/{name}" for key, name in margins.items()}


def _metadata(facts: Facts, items: Mapping[str, Item]) -> Iterator[str]:
    configs: list[dict[str, Any]] = [
        {"config_name": name, "data_files": [{"split": SPLIT, "path": path}]} for name, path in shown(facts).items()
    ]
    if configs:
        configs[0]["default"] = True
    rows = sum(_rows(items[path]) for path in shown(facts).values())
    content = {
        "license": facts.license,
        "pretty_name": facts.title,
        "tags": ["machine-unlearning", "unlearnkit", str(facts.configuration.keys["data"]["name"])],
        "size_categories": [next((name for limit, name in SIZES if rows < limit), "10M<n<100M")],
        "configs": configs,
    }
    yield f"---\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)}---"


def _rows(item: Item) -> int:
    assert not isinstance(item.source, bytes)
    return pq.read_metadata(item.source).num_rows


def _introduction(facts: Facts) -> Iterator[str]:
    yield f"\n# {facts.title}\n\n{facts.summary}\n"
    yield f"The page of the run is `{facts.folder}/report/index.html`; a row of a table is one value with its interval."
    if facts.selection.absent:
        yield f"\n**Unfinished**: {len(facts.selection.absent)} files that the configuration asks for were not made."


def _tables(facts: Facts, items: Mapping[str, Item]) -> Iterator[str]:
    for name in facts.tables():
        path = f"{facts.folder}/tables/{name}.md"
        source = items[path].source if path in items else b""
        lines = (source.read_text(encoding="utf-8") if isinstance(source, Path) else "").splitlines()
        yield f"\n## Table {name}\n"
        yield from lines[:MOST_LINES]
        if len(lines) > MOST_LINES:
            yield f"\n{len(lines) - MOST_LINES} more lines are in `{path}`."


def _origin(facts: Facts) -> Iterator[str]:
    yield "\n## Provenance\n"
    yield f"- made with unlearnkit {facts.versions('unlearnkit')}, torch {facts.versions('torch')}, Python "
    yield f"  {', '.join(dict.fromkeys(record['python'] for record in facts.records))}, on {facts.machines()}"
    yield f"- between {facts.started} and {facts.ended}"
    yield from (f"- {chain}" for chain in facts.selection.chains)
    yield "- beside every file lies its record, `<file>.json`: settings, code, inputs with SHA-256, machine, cost."
    yield "  Paths outside of the working folder are replaced by `elsewhere/...`, and names of machines are left out."
    for path in facts.configuration.given:
        yield f"- `config.yaml` names `{path}`, which is not published: what only its owner has"


def _use(facts: Facts, items: Mapping[str, Item]) -> Iterator[str]:
    name, metric = facts.repository, next(iter(facts.tables()), "klom")
    yield f"\n## What is here\n\n{len(items)} files, {total(items) / 1e6:,.2f} MB, laid out as a working folder:\n"
    yield "| folder | files | MB |\n| --- | --- | --- |"
    folders: dict[str, list[Item]] = {}
    for path, item in items.items():
        folders.setdefault("/".join(path.split("/")[:3]) if path.count("/") > 2 else "the others", []).append(item)
    for folder, in_folder in sorted(folders.items()):
        yield f"| {folder} | {len(in_folder)} | {sum(item.bytes for item in in_folder) / 1e6:,.2f} |"
    if code := [path for path in facts.configuration.files if path.startswith(f"{PLUG_INS}/")]:
        yield f"\n**{len(code)} files in `{PLUG_INS}/` are code of whoever published this.** Commands that read the"
        yield "configuration run it, `unlearnkit reproduce` only with `--trust-plug-ins`: read the files first."
    yield f"""
## Verify, reproduce, build on it

```bash
pip install "unlearnkit[all]"
hf download {name} --repo-type dataset --local-dir copy && cd copy
unlearnkit verify                    # is every file what its job wrote, back to the raw data?
unlearnkit reproduce . --cell {metric}/FORGET_SET/CANDIDATE      # price, then compute it again and compare
unlearnkit reproduce . --sample 5    # train random shards again
```

`unlearnkit reproduce {name}@COMMIT --cell ...` fetches only what the cell needs. In a configuration of your own,
these models take the place of training: `originals: {{source: published, repository: {name}, revision: COMMIT,
layout: unlearnkit}}`, and likewise `oracles`. In Python: `unlearnkit.load("copy/{facts.folder}")`."""
