"""Extras of the package: what the core install leaves out, and which extra brings it.

The core reads, scores, checks and explains results. Training needs torch and Snakemake, and packages of its task.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator, Mapping

from unlearnkit.errors import UnlearnkitError

WORKFLOW = ("snakemake", "torch", "sklearn", "threadpoolctl", "optuna", "matplotlib", "jinja2", "rich", "pylatexenc")
"""Modules that either task needs, by the names they are imported by."""
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "images": ("torchvision", "PIL"),
    "language": ("transformers", "tokenizers", "datasets", "peft", "rouge_score", "sacrebleu"),
}
"""Extra -> modules that it brings beside WORKFLOW. The extra `all` is both."""
OF_TASK: Mapping[str, str] = {"image": "images", "text": "language"}
"""Task of an experiment -> the extra that it needs."""


def lacking(task: str) -> list[str]:
    """Return the modules that an experiment of a task needs and that are not installed; none is imported."""
    return [name for name in (*WORKFLOW, *EXTRAS[OF_TASK[task]]) if importlib.util.find_spec(name) is None]


def refuse_lacking(task: str) -> None:
    """Raise UnlearnkitError, naming the extra, if packages for experiments of a task are not installed."""
    if absent := lacking(task):
        raise UnlearnkitError(
            f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed",
            expected=f"what experiments on {'text' if task == 'text' else 'images'} need beside the core",
            remedy=f"install the extra: {install(OF_TASK[task])}",
        )


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f'pip install "unlearnkit[{extra}]" (in a clone: make -B .venv/.core)'


def absence(error: ImportError) -> UnlearnkitError | None:
    """Return the error of a module that an extra brings and that is not installed, None for any other failure."""
    name = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if name in modules), "images")
    known = name in WORKFLOW or name in EXTRAS[extra]
    if not known or not isinstance(error, ModuleNotFoundError) or importlib.util.find_spec(name):
        return None
    others = "" if name not in WORKFLOW else "; for experiments on text [language], for both [all]"
    return UnlearnkitError(
        f"this needs {name}, which the core install leaves out", remedy=f"install the extra: {install(extra)}{others}"
    )


@contextlib.contextmanager
def needing() -> Iterator[None]:
    """Raise UnlearnkitError, naming the extra, if the block imports a module that only an extra brings."""
    try:
        yield
    except ImportError as error:
        raise absence(error) or error from None
