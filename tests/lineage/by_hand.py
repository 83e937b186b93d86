"""Small experiments of text files with real records, to try what no run makes."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.provenance import write_provenance
from unlearnkit.artifacts.store import sha256_of


class ByHand:
    """An experiment of text files below `root`, with real records."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: str, inputs: tuple[str, ...] = (), **facts: Any) -> None:
        """Write a file and its record; `settings` and `code` may be among `facts`."""
        path = self.root / "results/hand" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        made_of = {
            path if path.startswith("/") else f"results/hand/{path}": self.root / "results/hand" / path
            for path in inputs
        }
        write_provenance(
            str(path),
            rule=facts.pop("rule", "score"),
            settings=facts.pop("settings", {}),
            code=facts.pop("code", "0" * 16),
            inputs={recorded: sha256_of(file) for recorded, file in made_of.items()},
            started=datetime.datetime(2026, 1, facts.pop("day", 2), tzinfo=datetime.UTC),
            wall_seconds=1.0,
            facts={**facts, "artifact": f"results/hand/{name}"},
        )

    def experiment(self, raw: Path, **changes: dict[str, Any]) -> ByHand:
        """Write a data set, a margin file, a score and a figure that follow one another; `changes` go to their records.

        The content of a file is that of its inputs with its own name and settings, as if it were computed from them.
        """
        plan = {
            "data/dataset.safetensors": (),
            "original/0000-0001.margins.parquet": ("data/dataset.safetensors",),
            "scores/mia/nines/original.parquet": ("original/0000-0001.margins.parquet",),
            "figures/nines/margins.svg": ("scores/mia/nines/original.parquet",),
        }
        for name, inputs in plan.items():
            own = changes.get(name, {})
            text = "".join((self.root / "results/hand" / each).read_text() for each in inputs)
            facts = {"raw": {str(raw): sha256_of(raw)}, **own} if name.startswith("data/") else own
            text += facts.get("content", f"{name} {own} {raw.read_text() if not inputs else ''}\n")
            self.write(name, text, inputs, **{key: value for key, value in facts.items() if key != "content"})
        return self
