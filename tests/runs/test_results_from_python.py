"""`unlearnkit.load`, and metrics as functions of arrays of any kind."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from checkout import Checkout

import unlearnkit
from unlearnkit.artifacts.tables import read_table
from unlearnkit.errors import ArtifactError, MetricError
from unlearnkit.metrics.distribution.klom import klom


def test_a_finished_experiment_gives_frames_arrays_models_and_records(completed: Checkout) -> None:
    results = unlearnkit.load(completed.root / "results" / "tiny")
    frame = results.table("klom")
    table, _ = read_table(results.folder / "tables" / "klom.parquet")
    assert frame.shape == (table.num_rows, table.num_columns)
    assert frame["p95"].tolist() == pytest.approx(table["p95"].to_pylist(), nan_ok=True)
    forget_set = results.forget_sets[0]
    variant = next(name for name in results.populations if name.startswith(f"unlearned/{forget_set}/"))
    margins = results.margins(variant)
    assert margins.margins.shape == (len(margins.model_indices), len(margins.sample_index))
    assert len(results.forget_set(forget_set)) > 0
    model = results.model(variant, 0)
    assert not model.training
    assert results.provenance("tables/klom.parquet")["rule"] == "table"


def test_what_is_not_there_is_named(completed: Checkout) -> None:
    results = unlearnkit.load(completed.root / "results" / "tiny")
    with pytest.raises(ArtifactError, match=r"has no table kloom\. Did you mean 'klom'"):
        results.table("kloom")
    with pytest.raises(ArtifactError, match="has no weights of model 999"):
        results.model("original", 999)
    with pytest.raises(ArtifactError, match=r"has no hidden.*snakemake hidden_all"):
        results.observation("original", "hidden")
    with pytest.raises(ArtifactError, match="holds no results"):
        unlearnkit.load(completed.root / "nowhere")


def test_metrics_take_lists_arrays_and_tensors() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(8, 5)), rng.normal(size=(8, 5))
    expected = klom(unlearned=ours, oracle=theirs)
    for form in (np.asarray, np.ndarray.tolist, lambda a: torch.tensor(a, requires_grad=True)):
        assert unlearnkit.klom(form(ours), form(theirs)).tolist() == expected.tolist()
    brief = unlearnkit.wasserstein(torch.tensor(ours).bfloat16(), theirs)
    assert brief == pytest.approx(unlearnkit.wasserstein(ours, theirs), abs=0.02)
    assert unlearnkit.gaussian_kl(ours, ours) == pytest.approx(0, abs=1e-12)
    assert unlearnkit.margins_from_logits([[1.0, 0.0]], [0]) == pytest.approx([1.0])
    with pytest.raises(MetricError, match=r"Transpose them: margins are \[models, samples\]"):
        unlearnkit.klom(rng.normal(size=(5, 8)), rng.normal(size=(5, 9)))


def test_whole_numbers_are_margins_and_ragged_lists_are_none() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.integers(-9, 9, (8, 5)), rng.integers(-9, 9, (8, 5))
    expected = klom(unlearned=ours.astype(np.float64), oracle=theirs.astype(np.float64)).tolist()
    for form in (np.asarray, np.ndarray.tolist, torch.tensor):
        assert unlearnkit.klom(form(ours), form(theirs)).tolist() == expected
    assert unlearnkit.margins_from_logits([[1, 0]], [0]) == pytest.approx([1.0])
    with pytest.raises(MetricError, match=r"^oracle is no array: .*; expected an array or a tensor, or lists of equal"):
        unlearnkit.wasserstein(ours, [[1.0, 2.0], [3.0]])
    with pytest.raises(MetricError, match=r"^labels is no array"):
        unlearnkit.margins_from_logits([[1, 0]], [[0], [0, 1]])


def test_a_transposed_array_is_recognised_where_sizes_tell() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(8, 5)), rng.normal(size=(9, 5))
    expected = unlearnkit.wasserstein(ours, theirs).tolist()
    for pair, named in (((ours.T, theirs), r"unlearned has shape \(5, 8\)"), ((ours, theirs.T), "oracle has shape")):
        with pytest.warns(UserWarning, match=named):
            assert unlearnkit.wasserstein(*pair).tolist() == expected
    # either of the two may be the transposed one
    with pytest.raises(MetricError, match="samples"):
        unlearnkit.wasserstein(rng.normal(size=(8, 5)), rng.normal(size=(5, 8)))


def test_the_package_imports_nothing_before_it_is_asked() -> None:
    code = "import sys, unlearnkit; sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'pyarrow')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'kloom'"):
        _ = unlearnkit.kloom
