"""Benches for methods for language models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bench import CPU, Bench
from made_pairs import made_pairs
from pretrained_bases import VOCABULARY, base_of, pretrained

from unlearnkit.data.text.sequences import Tokens
from unlearnkit.training.shard import Task


@pytest.fixture
def adapted(tmp_path: Path) -> Bench:
    """A bench whose models are adapters on one tiny base."""
    bench = Bench(made_pairs(40, 4, vocabulary=VOCABULARY), "pretrained", np.arange(0, 40, 5), tmp_path)
    architecture = pretrained(base_of()[0])
    bench.__dict__["task"] = Task(Tokens(bench.dataset, CPU), architecture, 0)
    return bench
