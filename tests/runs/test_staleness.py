"""What makes an artifact stale: exactly its inputs, its slice of the configuration, and the code that it runs."""

from __future__ import annotations

import os
from typing import Any

import pytest
from checkout import DELETED, Checkout

pytestmark = pytest.mark.workflow

SETS = ("random_10", "nines")
SHARDS = ("0000-0001", "0002-0003")
VARIANTS = ("do_nothing", "load_oracle", "scrub")
CANDIDATES = ("original", "oracle", *VARIANTS)


def unlearning(*variants: str) -> set[str]:
    return {f"{variant} on {name}, models {shard}" for variant in variants for name in SETS for shard in SHARDS}


def scores(metric: str, *candidates: str, sets: tuple[str, ...] = SETS) -> set[str]:
    return {f"{metric} of {candidate} on {name}" for candidate in candidates for name in sets}


SCRUB = unlearning("scrub") | scores("klom", "scrub") | scores("mia", "scrub")
EVERY_SCORE = scores("klom", *CANDIDATES) | scores("mia", *CANDIDATES)
TRAINING = {f"Originals {shard}" for shard in SHARDS} | {
    f"Oracles {shard} of {name} ({role})" for shard in SHARDS for name in SETS for role in ("oracle", "held_out_oracle")
}
MARGINS = {f"Margins of original, models {shard}" for shard in SHARDS} | {
    f"Margins of {role}/{name}, models {shard}"
    for shard in SHARDS
    for name in SETS
    for role in ("oracle", "held_out_oracle")
}
EVERYTHING_TRAINED = TRAINING | MARGINS | unlearning(*VARIANTS) | EVERY_SCORE


def test_a_finished_experiment_has_nothing_to_do(completed: Checkout) -> None:
    assert completed.plan().nothing_to_do


@pytest.mark.slow
def test_touching_large_weights_makes_nothing_stale(fresh: Checkout) -> None:
    margins = fresh.result("original/0000-0001.margins.parquet").relative_to(fresh.root)
    fresh.configure({"model.hidden": [4096]})
    fresh.make(str(margins))
    weights = fresh.result("original/0000-0001.safetensors")
    assert weights.stat().st_size > 1_000_000  # Snakemake's own limit for comparing by content
    os.utime(weights)
    assert fresh.plan(str(margins)).nothing_to_do


# lost files


@pytest.mark.parametrize(
    ("lost", "tables"),
    [
        (
            {
                "unlearned/nines/scrub/0000-0001.margins.parquet": {
                    "scrub on nines, models 0000-0001",
                    "klom of scrub on nines",
                    "mia of scrub on nines",
                }
            },
            {"klom", "mia", "cost"},
        ),
        pytest.param(
            {
                "oracle/nines/0002-0003.margins.parquet": {
                    "Margins of oracle/nines, models 0002-0003",
                    "mia of oracle on nines",
                    *scores("klom", *CANDIDATES, sets=("nines",)),
                }
            },
            {"klom", "mia"},
            marks=pytest.mark.slow,
        ),
        (
            {
                "held_out_oracle/nines/0002-0003.margins.parquet": {
                    "Margins of held_out_oracle/nines, models 0002-0003",
                    "klom of oracle on nines",
                },
                "original/0000-0001.margins.parquet": {
                    "Margins of original, models 0000-0001",
                    *scores("klom", "original"),
                    *scores("mia", "original"),
                },
                "summaries/mia/nines/scrub.parquet": {"mia of scrub on nines"},
            },
            {"klom", "mia"},
        ),
        pytest.param(
            {"scores/klom/nines/scrub.parquet": {"klom of scrub on nines"}, "tables/mia.csv": set()},
            {"klom", "mia"},
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda value: " and ".join(value) if isinstance(value, dict) else "",
)
def test_a_lost_file_costs_its_own_job_and_those_below_it(
    finished: Checkout, lost: dict[str, set[str]], tables: set[str]
) -> None:
    """Files whose jobs have none in common are lost together: then all jobs are those of each."""
    for name in lost:
        finished.result(name).unlink()
    planned = finished.plan()
    assert planned.jobs == set().union(*lost.values())
    assert sum(map(len, lost.values())) == len(planned.jobs)
    assert planned.tables == tables


@pytest.mark.slow
def test_a_lost_margin_file_comes_back_as_it_was(finished: Checkout) -> None:
    kinds = ("unlearned/**/*.*", "scores/**/*.parquet", "summaries/**/*.parquet")
    before = finished.artifacts(*kinds)
    finished.result("unlearned/nines/scrub/0000-0001.margins.parquet").unlink()
    finished.make()
    assert finished.artifacts(*kinds) == before
    assert finished.plan().nothing_to_do


# edited code

LOSS = "take_step(settings.gamma * cross_entropy(logits, labels) + settings.alpha * divergence)"


@pytest.mark.slow
def test_an_edited_loss_costs_the_jobs_of_its_method_and_the_copy_is_what_runs(finished: Checkout) -> None:
    weights = finished.result("unlearned/nines/scrub/0000-0001.safetensors")
    before = weights.read_bytes()
    finished.edit("unlearnkit/methods/images/scrub.py", LOSS, LOSS.replace("settings.gamma *", "2 * settings.gamma *"))
    planned = finished.plan()
    assert planned.jobs == SCRUB
    assert planned.tables == {"klom", "mia", "cost"}
    finished.make(str(weights.relative_to(finished.root)))
    assert weights.read_bytes() != before


def test_what_changes_no_code_costs_nothing(finished: Checkout) -> None:
    """Comments, docstrings and layout; rules and scripts; a further method; and all files touched, in any order."""
    edits = {
        LOSS: f"# a comment\n            {LOSS}  # and another",
        '"""Drive the student': '"""Push the student',
        "    student = copy.deepcopy(model)\n": "\n    student = copy.deepcopy(\n        model\n    )\n\n",
    }
    for old, new in edits.items():
        finished.edit("unlearnkit/methods/images/scrub.py", old, new)
    finished.edit("rules/unlearn.smk", '"{wildcards.variant} on ', '"{wildcards.variant}  on ')
    finished.edit("workflow_scripts/unlearn.py", "settings = snakemake", "settings  = snakemake")
    register(finished)
    sources = [path for path in finished.root.rglob("*") if path.is_file() and ".snakemake" not in path.parts]
    results = sorted((finished.root / "results").rglob("*.*"), key=lambda path: path.stat().st_mtime)
    # the oldest artifact last, so that every input is newer than the outputs made of it
    for path in [*sources, *reversed(results)]:
        os.utime(path)
    assert finished.plan().nothing_to_do


def test_an_edited_metric_costs_its_scores(finished: Checkout) -> None:
    finished.edit("unlearnkit/metrics/attacks/mia.py", 'AXIS = "models"', 'AXIS = "models"\nUNUSED = 1')
    planned = finished.plan()
    assert planned.jobs == scores("mia", *CANDIDATES)
    assert planned.tables == {"mia"}


SHRINK = '''"""Weights scaled towards zero."""

import copy

import torch
from pydantic import Field
from torch import nn

from unlearnkit.config.settings import MethodSettings

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of shrinking."""

    factor: float = Field(0.5, gt=0, le=1, description="what every parameter is multiplied by")


def unlearn(model: nn.Module, data, settings: Settings, context) -> nn.Module:
    """Return the model with every parameter multiplied by the factor."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(settings.factor)
    return model.eval()
'''


def register(finished: Checkout) -> None:
    """Write the file of a method, and its line in the registry."""
    (finished.root / "unlearnkit/methods/images/shrink.py").write_text(SHRINK)
    line = '        "scrub": "unlearnkit.methods.images.scrub",\n'
    finished.edit("unlearnkit/registry.py", line, line + line.replace("scrub", "shrink"))


@pytest.mark.slow
def test_a_method_is_one_file_one_line_and_one_entry(finished: Checkout) -> None:
    register(finished)
    finished.configure({"methods.shrink": {"method": "shrink"}})
    planned = finished.plan()
    assert planned.jobs == unlearning("shrink") | scores("klom", "shrink") | scores("mia", "shrink")
    assert planned.tables == {"klom", "mia", "cost"}

    finished.make("results/tiny/scores/klom/nines/shrink.parquet")
    assert finished.result("scores/klom/nines/shrink.parquet").exists()


# changed configuration


@pytest.mark.parametrize(
    ("changes", "jobs", "tables"),
    [
        ({"methods.scrub.lr": 0.02}, SCRUB, {"klom", "mia", "cost"}),
        pytest.param({"metrics.klom.bins": 10}, scores("klom", *CANDIDATES), {"klom"}, marks=pytest.mark.slow),
        ({"training.lr": 0.2}, EVERYTHING_TRAINED, {"klom", "mia", "cost"}),
        pytest.param(
            {"unlearned_from": "first"},
            unlearning(*VARIANTS) | scores("klom", *VARIANTS) | scores("mia", *VARIANTS),
            {"klom", "mia", "cost"},
            marks=pytest.mark.slow,
        ),
        (
            {
                "methods.scrub.lr": 0.01,  # its default
                "unlearned_from": "each",  # its default
                "data.root": "elsewhere",
                "metrics.mia": DELETED,
                "execution": {
                    "device": "cpu",
                    "threads": 2,
                    "memory_mb": 3000,
                    "runtime_minutes": 9,
                    "stack_size": 1,
                    "checkpoint_seconds": 1,
                },
            },
            set(),
            set(),
        ),
        pytest.param({"methods.do_nothing": DELETED}, set(), {"klom", "mia", "cost"}, marks=pytest.mark.slow),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_changed_key_costs_what_reads_it(
    finished: Checkout, changes: dict[str, Any], jobs: set[str], tables: set[str]
) -> None:
    finished.configure(changes)
    planned = finished.plan()
    assert planned.jobs == jobs
    assert planned.tables == tables
