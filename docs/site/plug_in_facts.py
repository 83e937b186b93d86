"""What a plug-in declares beside its settings, in the words of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from page_text import code, escaped, number, table

from unlearnkit.declarations import declarations
from unlearnkit.registry import tasks_of

FACTS = {
    "classes": "NUM_CLASSES",
    "shape": "IMAGE_SHAPE",
    "training samples": "TRAIN_SIZE",
    "validation samples": "VALIDATION_SIZE",
    "download, bytes": "DOWNLOAD_BYTES",
    "forget lists, pairs": "FORGET_LISTS",
}
"""What is said of a data set -> its constant."""
TASKS = {"image": "images", "text": "text"}


def of(kind: str, module: str) -> str:
    """Return Markdown about the plug-in of a kind that a module implements; nothing about a model."""
    return _WORDS[kind](declarations(module)) if kind in _WORDS else ""


def _metric(module: ModuleType) -> str:
    reads = ", ".join(map(code, getattr(module, "READS", ("margins",))))
    compared = {"NEEDS_ORACLE": "oracles", "NEEDS_ORIGINAL": "originals"}
    others = [models for name, models in compared.items() if getattr(module, name, False)]
    over = {"samples": "sample", "models": "model", "population": "population"}[module.AXIS]
    text = f"One value per {over}. Reads {reads}{', also of ' + ' and '.join(others) if others else ''}. "
    text += f"Ranked by {code(module.HEADLINE)}, its {module.STATISTIC}.\n\n"
    rows = [
        (code(name), escaped(measure["label"]), measure["direction"], _range(measure), escaped(measure["unit"]))
        for name, measure in module.MEASURES.items()
    ]
    return text + table(("measure", "label", "better", "range", "unit"), rows)


def _range(measure: Mapping[str, Any]) -> str:
    low, high = measure["low"], measure["high"]
    return f"{'unbounded' if low is None else f'{low:g}'} to {'unbounded' if high is None else f'{high:g}'}"


def _observation(module: ModuleType) -> str:
    rows = [(task, code(name), kind) for task, values in module.VALUES.items() for name, kind in values.items()]
    return table(("task", "value", "type"), rows)


def _method(module: ModuleType) -> str:
    needs = [*getattr(module, "NEEDS", ()), *getattr(module, "VIEWS", ())]
    also = f" Needs {', '.join(map(code, needs))} as well." if needs else ""
    return f"Works on {' and '.join(TASKS[task] for task in tasks_of(module))}.{also}\n"


def _dataset(module: ModuleType) -> str:
    known = {word: getattr(module, name) for word, name in FACTS.items() if getattr(module, name, None)}
    return table(("what it has", ""), [(word, _said(value)) for word, value in known.items()])


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(code(name) + (f": {number(size)}" if size else "") for name, size in value.items())
    return number(value) if isinstance(value, int) else " x ".join(map(str, value))


_WORDS: Mapping[str, Callable[[ModuleType], str]] = {
    "metric": _metric,
    "observation": _observation,
    "method": _method,
    "attack": _method,
    "data set": _dataset,
}
