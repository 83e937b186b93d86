"""eval.yaml: the tables as tasks of a benchmark of the hub, on which its leaderboards rest.

Source: huggingface/hub-docs, docs/hub/eval-results.md (commit 064c7548): name, description, evaluation_framework
("could be your own"), and tasks with id, config and split of the data set.
"""

from __future__ import annotations

import yaml

from unlearnkit.publication.card import SPLIT
from unlearnkit.publication.items import Facts

NAME = "eval.yaml"


def benchmark(facts: Facts) -> bytes:
    """Return the file: one task per table of a metric."""
    content = {
        "name": facts.title,
        "description": facts.summary,
        "evaluation_framework": "unlearnkit",
        "tasks": [{"id": name, "config": name, "split": SPLIT} for name in facts.tables() if name != "cost"],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100).encode()
