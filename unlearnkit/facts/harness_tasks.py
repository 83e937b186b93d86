"""Named lists of tasks of lm-evaluation-harness (github.com/EleutherAI/lm-evaluation-harness)."""

from __future__ import annotations

from collections.abc import Iterable

LISTS = {
    "icu_nine": (
        *("hellaswag", "piqa", "winogrande", "copa", "arc_easy", "arc_challenge", "mathqa", "pubmedqa"),
        "lambada_openai",
    ),
}
"""Name of a list -> its tasks. icu_nine: the tasks of Iterative Contrastive Unlearning (arXiv 2407.20271) and of
Knowledge Unlearning (arXiv 2210.01504), which read `acc`: the likeliest answer by its sum of log p."""


def tasks_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the tasks that are named, those of a list in its place, each once."""
    return tuple(dict.fromkeys(task for name in names for task in LISTS.get(name, (name,))))
