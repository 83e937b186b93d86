"""The Python side: what a user calls, by autodoc, and what a plug-in of each kind has to define."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator

from page_text import code, escaped, table

from unlearnkit.declarations import PACKAGES

CALLED = {
    "Results": (
        "unlearnkit.load",
        "unlearnkit.experiment_results.ExperimentResults",
        "unlearnkit.artifacts.margins.Margins",
    ),
    "Metrics": (
        "unlearnkit.klom",
        "unlearnkit.wasserstein",
        "unlearnkit.gaussian_kl",
        "unlearnkit.margins_from_logits",
    ),
    "Errors": ("unlearnkit.errors.UnlearnkitError",),
}
GIVEN = (
    "unlearnkit.training.sets.Sets",
    "unlearnkit.data.images.batches.Samples",
    "unlearnkit.data.text.sequences.Sequences",
    "unlearnkit.training.unlearning.Context",
    "unlearnkit.training.evaluation.Subjects",
    "unlearnkit.metrics.population.Population",
    "unlearnkit.config.settings.Settings",
    "unlearnkit.config.settings.MethodSettings",
    "unlearnkit.config.settings.ModelSettings",
    "unlearnkit.config.settings.ObservationSettings",
)
"""What plug-ins are given, or derive from."""
_ENTRY = re.compile(r"^    (\S.*?)(?:  +(.*))?$")


def pages() -> dict[str, str]:
    """Return the page of what is called, and the page of the contracts."""
    api = ["# Python\n", "What `import unlearnkit` has; [python.md](../python.md) shows it in use.\n"]
    for title, names in CALLED.items():
        api.append(f"## {title}\n\n{''.join(map(_documented, names))}")
    contracts = [
        "# What a plug-in defines\n",
        "From the docstrings of the packages. [where-does-my-code-go.md](../where-does-my-code-go.md) shows a file of "
        "each kind, and `unlearnkit new-method NAME` begins one.\n",
    ]
    for kind, package in PACKAGES.items():
        text = inspect.getdoc(importlib.import_module(package)) or ""
        contracts.append(f"## {kind.capitalize()}\n\n" + "\n".join(_as_markdown(text)))
    contracts.append(f"## What plug-ins are given\n\n{''.join(map(_documented, GIVEN))}")
    return {"python": "\n".join(api), "plug-ins": "\n".join(contracts)}


def _documented(name: str) -> str:
    module, _, attribute = name.rpartition(".")
    kind = "class" if inspect.isclass(getattr(importlib.import_module(module), attribute)) else "function"
    options = "\n   :members:" if kind == "class" else ""
    return f"```{{eval-rst}}\n.. auto{kind}:: {name}{options}\n```\n\n"


def _as_markdown(docstring: str) -> Iterator[str]:
    """Yield paragraphs as they are, and indented lists of names and meanings as tables."""
    for block in docstring.split("\n\n"):
        if not block.startswith("    "):
            yield escaped(block) + "\n"
            continue
        rows: list[list[str]] = []
        for line in block.splitlines():
            if entry := _ENTRY.match(line):
                rows.append([entry[1], entry[2] or ""])
            else:
                rows[-1][1] += f" {line.strip()}"
        yield table(("name", "meaning"), [(code(name), escaped(meaning)) for name, meaning in rows])
