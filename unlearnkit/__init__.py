"""unlearnkit: distributional evaluation of machine unlearning, as a Snakemake workflow and a package.

From Python: `unlearnkit.load("results/digits")`, and the metrics as functions of arrays, `klom`, `wasserstein`,
`gaussian_kl` and `margins_from_logits` (docs/python.md). They are imported when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_FROM = {
    "load": "unlearnkit.experiment_results",
    "klom": "unlearnkit.metric_functions",
    "wasserstein": "unlearnkit.metric_functions",
    "gaussian_kl": "unlearnkit.metric_functions",
    "margins_from_logits": "unlearnkit.metric_functions",
}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'unlearnkit' has no attribute '{name}'")
    return getattr(importlib.import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FROM])
