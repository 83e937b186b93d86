"""A metric that reads hidden features is one file and one line: what it reads is made because it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from checkout import DELETED, Checkout

from unlearnkit.artifacts.observations import read_observation
from unlearnkit.artifacts.tables import read_table

pytestmark = pytest.mark.workflow

NAME = "centroids"
METRIC = '''"""How far the mean features of the forget samples lie from those of the oracle of the same index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("hidden",)
NEEDS_ORACLE = True
HEADLINE = "distance"
STATISTIC = "mean"
MEASURES = {
    "distance": {
        "direction": "lower",
        "low": 0.0,
        "high": None,
        "unit": "1",
        "label": "Distance of centroids",
        "splits": ("forget",),
    },
}


class Settings(BaseSettings):
    """The metric has no settings."""


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the Euclidean distance of the centroids, {measure: {split: [models]}}."""
    ours, theirs = (side.of_split("forget").observed["hidden"]["features"].mean(1) for side in (candidate, oracle))
    return {"distance": {"forget": np.linalg.norm(ours - theirs, axis=-1).astype(np.float64)}}
'''


def with_metric(copy: Checkout) -> None:
    """Add the metric to a copy whose experiment is as small as one can be."""
    (copy.root / f"unlearnkit/metrics/{NAME}.py").write_text(METRIC)
    copy.edit(
        "unlearnkit/registry.py",
        '        "klom": ',
        f'        "{NAME}": "unlearnkit.metrics.{NAME}",\n        "klom": ',
    )
    fewer = {"num_models": 2, "held_out_oracles": 2, "forget_sets.nines": DELETED, "methods.load_oracle": DELETED}
    copy.configure({**fewer, "methods.scrub": DELETED, "metrics": {NAME: {}}})


def centroid(copy: Checkout, population: str) -> np.ndarray:
    """Return the mean features [models, width] of the forget samples from the file of a population."""
    (part,) = read_observation([copy.result(f"{population}/0000-0001.hidden.parquet")], "hidden").values()
    return part.values["features"][:, part.split == "train"].mean(1)


@pytest.mark.slow
def test_a_metric_reads_what_is_observed(fresh: Checkout) -> None:
    with_metric(fresh)
    fresh.configure({"observations": {"hidden": {"items": ["forget", "validation"]}}})
    made = fresh.make(f"{NAME}_all", "--cores", "2")
    assert made.counts["hidden"] == 4 and made.counts["margins"] == 3
    difference = centroid(fresh, "unlearned/random_10/do_nothing") - centroid(fresh, "oracle/random_10")
    (row,) = [
        row
        for row in read_table(fresh.result(f"tables/{NAME}.parquet"))[0].to_pylist()
        if row["candidate"] == "do_nothing"
    ]
    assert row["mean"] == pytest.approx(np.linalg.norm(difference, axis=1).mean(), rel=1e-5)
    assert fresh.plan(f"{NAME}_all").nothing_to_do

    # an edit of the observation makes its files again, and nothing that does not read them
    fresh.edit("unlearnkit/observations/hidden.py", ".flatten(1)", ".flatten(1).mul(1)")
    assert {*fresh.plan(f"{NAME}_all").counts} == {"hidden", "score", "table", f"{NAME}_all"}


@pytest.mark.slow
def test_an_observation_that_is_asked_for_is_planned_of_all_models(fresh: Checkout) -> None:
    with_metric(fresh)
    planned = fresh.plan("hidden_all")
    # originals, oracles, held-out oracles and the models of one variant
    assert planned.counts["hidden"] == 4 and "score" not in planned.counts
    fresh.configure({"methods.shards": {"method": "sisa"}, "metrics": {"klom": {}}})
    refused = fresh.snakemake("-n", "hidden_all")
    assert refused.status == 1 and "Traceback" not in refused.output
    assert (
        "observations.hidden looks inside a network, but the models of methods.shards are no single" in refused.output
    )
