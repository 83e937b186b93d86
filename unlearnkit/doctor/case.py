"""What is examined, what is known of it so far, and what is found."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from unlearnkit.doctor.probe import Imports, probe_imports, requirements
from unlearnkit.errors import UnlearnkitError

SECTIONS = ("configuration", "environment", "root", "data", "devices", "cluster")
OK, WARNING, ERROR = "ok", "warning", "error"


SELDOM = ("torchvision", "transformers", "tokenizers", "datasets", "huggingface_hub", "optuna", "peft")
"""Packages that take seconds to import, and that few experiments use."""


@dataclass(frozen=True)
class Finding:
    """One fact: its level, and what to do about it unless it is in order."""

    level: str
    fact: str
    remedy: str = ""


@dataclass
class Case:
    """The configuration: files, KEY=VALUE arguments, both merged, and the experiment (None until known to be valid)."""

    configuration: list[Path]
    arguments: list[str] = field(default_factory=list)
    merged: Any = None
    experiment: Any = None

    @cached_property
    def imports(self) -> Imports:
        """Which packages can be imported, and what torch sees; found out in two other processes, once."""
        unused = _unused(self.experiment)
        modules = [module for module, _, _ in requirements(_task(self.experiment)) if module not in unused]
        groups = [[name for name in modules if name.startswith("torch") is heavy] for heavy in (True, False)]
        with ThreadPoolExecutor() as pool:
            heavy, light = pool.map(probe_imports, groups)
        return Imports({**light.errors, **heavy.errors}, heavy.torch)


def _task(experiment: Any) -> str:
    return experiment.task if experiment else ""


def _unused(experiment: Any) -> set[str]:
    """Return those of SELDOM that no code of an experiment with images imports."""
    if experiment is None or experiment.task != "image":
        return set()
    from unlearnkit.fingerprint import closure
    from unlearnkit.registry import locate
    from unlearnkit.sources import source_path

    modules = [locate("data set", experiment.data.name), locate("model", experiment.model.name)]
    modules += [locate("method", variant.method) for variant in experiment.variants.values()]
    sets = experiment.forget_sets.values()
    if any(settings.kind == "clip_neighbours" or getattr(settings, "by", "") == "clip" for settings in sets):
        modules.append("unlearnkit.attribution.embedding")
    if experiment.searches:
        modules.append("unlearnkit.search.study")
    source = "".join(source_path(module).read_text(encoding="utf-8") for module in closure(*modules))
    return {name for name in SELDOM if not re.search(rf"(import|from) {name}\b|[\"']{name}[\"']", source)}


def examine(section: str, case: Case) -> Iterator[Finding]:
    """Yield the findings of a section; any error that it meets is a finding as well."""
    try:
        yield from importlib.import_module(f"unlearnkit.doctor.{section}").examine(case)
    except UnlearnkitError as error:
        lines = [line for line in str(error).splitlines() if line]
        yield from (Finding(ERROR, line.removeprefix("- ")) for line in lines[1 if len(lines) > 1 else 0 :])
    except ImportError as error:
        yield Finding(ERROR, f"cannot be examined: {error}", "install the packages again: make -B .venv/.core")
    except Exception as error:  # a check that crashes helps nobody
        yield Finding(ERROR, f"cannot be examined ({type(error).__name__}: {error})", "report this as a bug")
