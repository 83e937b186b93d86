"""Pools through the workflow: membership, models on samples of their own, and what a change makes again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from checkout import RESULTS, Checkout, MadeOnce

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.artifacts.membership import read_membership
from unlearnkit.artifacts.tables import read_table

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CONFIGURATION = {
    "pools": {"halves": {"kind": "random", "models": 4, "forget": 20}},
    "methods": {"do_nothing": {"method": "do_nothing"}, "floor": {"method": "load_oracle"}},
}
REQUESTS = {
    "shard_size": 4,
    "pools.halves": {"kind": "random", "models": 8},
    "pools.requests": {"kind": "draws", "of": "halves", "draws": 2, "fraction": 0.5},
}


@pytest.fixture(scope="module")
def pooled(pristine: Checkout, made_once: MadeOnce) -> Checkout:
    def make(copy: Checkout) -> None:
        copy.configure(CONFIGURATION)
        copy.make("pools")

    return made_once("pooled", pristine, make)


def test_models_are_trained_on_halves_and_everything_is_recorded(pooled: Checkout) -> None:
    own = read_membership(pooled.result("membership/halves/0002-0003.safetensors"), 2, 200)
    assert own.member.sum(axis=1).tolist() == [100, 100]
    assert own.forgotten.sum(axis=1).tolist() == [20, 20]
    record = json.loads(pooled.result("pool/halves/0002-0003.safetensors.json").read_text())
    assert record["passes"] == {"2": 200.0}
    unlearned, trained = (
        read_margins([pooled.result(f"{folder}/0002-0003.margins.parquet")])
        for folder in ("unlearned/halves/do_nothing", "pool/halves")
    )
    # nothing was done: batches of another size round otherwise
    np.testing.assert_allclose(unlearned[0].margins, trained[2].margins, atol=1e-5)
    assert pooled.plan("pools").nothing_to_do
    refused = pooled.snakemake("-n", f"{RESULTS}/unlearned/halves/floor/0000-0001.safetensors")
    assert "which has no variant for pools 'floor'. Known names: do_nothing" in refused.output
    told = pooled.unlearnkit("verify", RESULTS, "--configfile", "tiny.yaml")
    assert (told.status, told.output.splitlines()[-1]) == (0, "sound"), told.output
    traced = pooled.unlearnkit("trace", f"{RESULTS}/pool/halves/0000-0001.margins.parquet")
    assert "role pool/halves" in traced.output
    assert "part/halves/0000-0001.safetensors" in traced.output
    planned = pooled.unlearnkit("plan", "pools", "--forceall", "--configfile", "tiny.yaml")
    assert planned.status == 0, planned.output
    assert "| pool " in planned.output


def test_more_models_make_only_their_own_shard(pooled: Checkout, tmp_path: Path) -> None:
    copy = pooled.copy(tmp_path / "copy")
    copy.configure({"pools.halves.models": 6})
    assert copy.plan("pools").counts == {"part": 1, "membership": 1, "pool": 1, "margins": 1, "unlearn": 1, "pools": 1}


def test_what_is_forgotten_trains_no_model_again(pooled: Checkout, tmp_path: Path) -> None:
    copy = pooled.copy(tmp_path / "copy")
    copy.configure({"pools.halves.forget": 30})
    assert copy.plan("pools").counts == {"membership": 2, "unlearn": 2, "pools": 1}


def test_a_membership_of_the_users_own(pooled: Checkout, tmp_path: Path) -> None:
    copy = pooled.copy(tmp_path / "copy")
    member = np.zeros((4, 200), dtype=bool)
    for model, size in enumerate((100, 150, 200, 50)):
        member[model, :size] = True
    np.save(copy.root / "mine.npy", member)
    copy.configure({"pools": {"mine": {"kind": "file", "models": 4, "file": "mine.npy"}}})
    copy.make(f"{RESULTS}/pool/mine/0000-0001.margins.parquet")
    assert read_margins([copy.result("pool/mine/0000-0001.margins.parquet")])[2].margins.shape == (2, 260)
    np.save(copy.root / "mine.npy", member[:, :199])
    refused = copy.snakemake(f"{RESULTS}/membership/mine/0000-0001.safetensors")
    assert refused.status != 0
    assert "'mine.npy' holds values of shape [4, 199]; expected boolean values [4 models, 200" in refused.output
    assert "Traceback" not in refused.output


def test_metrics_on_a_pool_of_requests(pristine: Checkout, tmp_path: Path) -> None:
    copy = pristine.copy(tmp_path / "copy")
    copy.configure({**CONFIGURATION, **REQUESTS, "metrics": {"klom": {}, "ulira": {}, "lira": {}}})
    copy.make("ulira_all", "lira_all")
    membership = read_membership(copy.result("membership/requests/0012-0015.safetensors"), 4, 200)
    parts = read_membership(copy.result("part/halves/0004-0007.safetensors"), 4, 200)
    assert np.array_equal(membership.member, np.repeat(parts.member[2:], 2, axis=0))
    assert membership.forgotten.sum(axis=1).tolist() == [50] * 4
    record = json.loads(copy.result("oracle/requests/0012-0015.safetensors.json").read_text())
    assert record["passes"] == {"2": 100.0}, "retrained on half of a half"
    unlearned, trained = (
        read_margins([copy.result(path)])
        for path in ("unlearned/requests/do_nothing/0008-0011.margins.parquet", "pool/halves/0004-0007.margins.parquet")
    )
    np.testing.assert_allclose(unlearned[0].margins, np.repeat(trained[2].margins[:2], 2, axis=0), atol=1e-5)
    rows = read_table(copy.result("tables/ulira.parquet"))[0].to_pylist()
    own = {row["candidate"]: row for row in rows if row["measure"] == "accuracy"}
    assert {*own} == {"original", "oracle", "do_nothing"}
    # nothing was done, so both are the same models
    assert own["original"]["mean"] == pytest.approx(own["do_nothing"]["mean"], abs=0.01)
    assert own["oracle"]["floor_mean"] == own["oracle"]["mean"] and own["oracle"]["n_samples"] > 60
    assert "### Pool `requests`" in copy.result("tables/ulira.md").read_text()
    assert copy.plan("ulira_all", "lira_all").nothing_to_do
    told = copy.unlearnkit("verify", RESULTS, "--configfile", "tiny.yaml")
    assert (told.status, told.output.splitlines()[-1]) == (0, "sound"), told.output
    traced = copy.unlearnkit("trace", f"{RESULTS}/summaries/ulira/requests/do_nothing.parquet")
    assert "part/halves/0000-0003.safetensors" in traced.output
    refused = copy.snakemake("-n", f"{RESULTS}/scores/ulira/random_10/do_nothing.parquet")
    assert "which has no forget set 'random_10'. Known names: requests" in refused.output
