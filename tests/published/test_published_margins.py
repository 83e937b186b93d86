"""Margins of both editions of EasyDUB, fetched from a server on loopback by the client's own library, and tested."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made_pools
import numpy as np
import pytest
from hub_server import HubServer, used_here
from made_pools import FORGET, MODELS, data_set, first_edition, second_edition

from unlearnkit.artifacts.margins import Margins, write_margins
from unlearnkit.errors import DataError, HubError
from unlearnkit.lineage.published_oracles import oracle_facts
from unlearnkit.published.margins import facts_of_oracles, fetched_margins
from unlearnkit.published.pool import Pool

NAME = "owner/pool"
SHARD = range(MODELS)
BOTH = {"easydub_1": first_edition, "easydub_2": second_edition}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch)
        yield hub


def pool(commit: str, layout: str, number: int | None = None, evaluated: str = "margins") -> Pool:
    names = {"data_set": "noise", "model": "mlp", "epoch": made_pools.EPOCHS - 1}
    stated = {"repository": NAME, "revision": commit, "layout": layout, **names}
    return Pool({**stated, "forget_set": number, "evaluated": evaluated}, lambda line: None)


def originals(commit: str, layout: str, **more: Any) -> Margins:
    return fetched_margins(pool(commit, layout, **more), data_set(), SHARD, "original")[0]


def oracles(commit: str, layout: str, forget: Any = FORGET, **more: Any) -> Margins:
    return fetched_margins(pool(commit, layout, 1, **more), data_set(), SHARD, "oracle", forget, "known")[0]


def evaluated(first: int, *, without_forget: bool) -> np.ndarray:
    return np.stack([made_pools.margins(first + model, without_forget=without_forget) for model in SHARD])


@pytest.mark.parametrize("layout", BOTH)
def test_margins_are_those_of_the_models_sample_by_sample(server: HubServer, layout: str) -> None:
    commit = server.publish(NAME, BOTH[layout]())
    found, without = originals(commit, layout), oracles(commit, layout)
    np.testing.assert_array_equal(found.margins, evaluated(0, without_forget=False))
    np.testing.assert_array_equal(without.margins, evaluated(100, without_forget=True))
    assert [*np.unique(found.split, return_counts=True)[1]] == [160, 80]
    assert [*found.sample_index[[0, 159, 160, 239]]] == [0, 159, 0, 79]


@pytest.mark.parametrize("order", [np.sort, lambda indices: indices])
def test_forget_columns_are_aligned_whether_sorted_or_as_in_the_file(server: HubServer, order: Any) -> None:
    commit = server.publish(NAME, second_edition(order=order))
    np.testing.assert_array_equal(oracles(commit, "easydub_2").margins, evaluated(100, without_forget=True))


def test_forget_columns_in_an_unknown_order_are_refused(server: HubServer) -> None:
    commit = server.publish(NAME, second_edition(order=lambda indices: indices[::-1]))
    with pytest.raises(DataError, match="are not those that it has on the same samples among all training samples"):
        oracles(commit, "easydub_2")


def test_logits_decide_what_margins_leave_open(server: HubServer) -> None:
    commit = server.publish(NAME, first_edition())
    known, exact = originals(commit, "easydub_1"), originals(commit, "easydub_1", evaluated="logits")
    np.testing.assert_allclose(exact.margins, known.margins, atol=1e-4)
    right = np.stack([made_pools.trained(model, without_forget=False)[1].argmax(1) for model in SHARD])
    np.testing.assert_array_equal(exact.correct, right == data_set().labels)
    decided = ~np.isnan(known.correct)
    assert not decided.all() and exact.correct.dtype == bool
    # where a margin says something, it says the truth; where it does not, it lies between the two bounds
    np.testing.assert_array_equal(known.correct[decided], exact.correct[decided])
    assert (known.margins[~decided] <= 0).all() and (known.margins[~decided] >= -np.log(3)).all()


@pytest.mark.parametrize("layout", BOTH)
def test_oracles_that_lack_the_forget_set_pass(server: HubServer, layout: str) -> None:
    commit = server.publish(NAME, BOTH[layout]())
    found = facts_of_oracles({0: originals(commit, layout)}, {0: oracles(commit, layout)}, FORGET, "known", "there")
    assert found["verdict"] == "lack it" and found["models"] == MODELS
    # of the arithmetic: means over models of (mean on forget - mean on retained samples)
    retained = np.setdiff1d(np.arange(160), FORGET)
    gap = [values[:, FORGET].mean() - values[:, retained].mean() for values in map(evaluated_of, (False, True))]
    assert found["drop"] == pytest.approx(gap[0] - gap[1], abs=1e-3)
    assert found["klom_p95_of_originals"]["forget"] > found["klom_p95_of_originals"]["validation"]


def evaluated_of(without_forget: bool) -> np.ndarray:
    return evaluated(100 * without_forget, without_forget=without_forget).astype(np.float64)


@pytest.mark.parametrize("layout", BOTH)
def test_oracles_that_were_trained_on_the_forget_set_are_refused(server: HubServer, layout: str) -> None:
    commit = server.publish(NAME, BOTH[layout](removed=False))
    with pytest.raises(DataError) as caught:
        facts_of_oracles({0: originals(commit, layout)}, {0: oracles(commit, layout)}, FORGET, "known", "owner/pool")
    assert "the oracles of owner/pool were trained on forget set 'known'" in str(caught.value)
    assert "oracles.forget_sets: {known: null}" in str(caught.value) and "\n" not in str(caught.value)


def test_one_model_is_not_tested(server: HubServer) -> None:
    commit = server.publish(NAME, first_edition(removed=False))
    one = {0: originals(commit, "easydub_1").take_models([0])}
    assert facts_of_oracles(one, one, FORGET, "known", "there") == {"verdict": "not tested", "models": 1}


@pytest.mark.parametrize("removed", [True, False])
def test_oracles_that_are_evaluated_here_are_tested_on_the_samples_of_both(tmp_path: Path, *, removed: bool) -> None:
    split, index = np.repeat(["train", "validation"], [160, 80]), data_set().sample_index
    forget, margins = tmp_path / "known.npy", tmp_path / "original.margins.parquet"
    np.save(forget, FORGET)
    values = evaluated(0, without_forget=False)
    write_margins(margins, {0: Margins(values, values > 0, (*SHARD,), split, index)}, {"unit": "nats"})
    own = evaluated(100, without_forget=removed)[:, ::-1]
    oracles = {0: Margins(own, own > 0, (*SHARD,), split[::-1], index[::-1]).observed}
    weights = tmp_path / "0000-0003.safetensors"
    sources = [{"path": f"owner/pool/{name}", "revision": "0" * 40} for name in ("forget_set_1.npy", "sd_3.pt")]
    (tmp_path / f"{weights.name}.json").write_text(json.dumps({"sources": sources}))
    found = functools.partial(
        oracle_facts, oracles, [str(forget), str(margins)], str(weights), "oracle/known", lambda line: None
    )
    if removed:
        assert found()["oracles"]["verdict"] == "lack it"
    else:
        with pytest.raises(DataError, match=r"of owner/pool/sd_3\.pt at 0{12}, .* were trained on forget set 'known'"):
            found()
    assert oracle_facts(oracles, [], "", "oracle/known", lambda line: None) == {}


FULL, ONLY = "full_models/NOISE", "oracle_models/NOISE/only_margins/forget_set_1"
OF_ONE = "margins/noise/oracle/forget_1/retain/mlp/id_2_epoch_2.npy"


def stored(path: str, values: np.ndarray) -> bytes:
    return made_pools.saved(values) if path.endswith(".pt") else made_pools.array(values)


@pytest.mark.parametrize(
    ("path", "values", "says"),
    [
        (
            f"{FULL}/train_margins_all.pt",
            np.zeros((4, 159), "f4"),
            "of shape [4, 159]; expected floating numbers [4, 160",
        ),
        (f"{FULL}/train_margins_all.pt", np.zeros((3, 160), "f4"), "holds 3 models, and model 3 is asked for"),
        (f"{FULL}/train_margins_all.pt", np.zeros((4, 160), "i8"), "holds int64 of shape [4, 160]"),
        (f"{FULL}/val_margins_all.pt", np.full((4, 80), np.nan, "f4"), "holds 320 values that are NaN or infinite"),
        (f"{ONLY}/train_margins_all.pt", np.zeros((4, 150), "f4"), "made of the retained samples alone"),
        (
            "forget_set_indices/NOISE/forget_set_1.npy",
            FORGET[:9],
            "has 9 samples, and forget set 'known' has 10; 9 are",
        ),
        ("forget_set_indices/NOISE/forget_set_1.npy", FORGET + 150, "expected every index once, in 0..159"),
        ("forget_set_indices/NOISE/forget_set_1.npy", FORGET / 2, "holds float64 of shape [10]; expected indices"),
        (OF_ONE, np.zeros(160, "f4"), "holds float32 of shape [160]; expected floating numbers [150]"),
    ],
)
def test_what_is_not_as_expected_is_refused_by_name(
    server: HubServer, path: str, values: np.ndarray, says: str
) -> None:
    layout = "easydub_2" if path == OF_ONE else "easydub_1"
    commit = server.publish(NAME, {**BOTH[layout](), path: stored(path, values)})
    with pytest.raises(DataError) as caught:
        originals(commit, layout)
        oracles(commit, layout)
    assert (
        f"{path} of {NAME} at {commit[:12]} h" in str(caught.value)
        and says in str(caught.value)
        and "\n" not in str(caught.value)
    )


def test_logits_of_samples_in_another_order_are_refused(server: HubServer) -> None:
    files = first_edition()
    for model in SHARD:
        logits = made_pools.trained(model, without_forget=False)[1][:160]
        files[f"{FULL}/train_logits_{model}.pt"] = made_pools.saved(np.roll(logits, 1, axis=0))
    commit = server.publish(NAME, files)
    with pytest.raises(
        DataError, match=r"are right on 2\d\.\d% of the training samples, which is chance for 4 classes"
    ):
        originals(commit, "easydub_1", evaluated="logits")


def test_every_file_is_recorded_and_only_needed_ones_are_fetched(server: HubServer) -> None:
    commit = server.publish(NAME, first_edition())
    own = pool(commit, "easydub_1")
    fetched_margins(own, data_set(), SHARD, "original")
    assert [source["path"] for source in own.sources] == [
        f"{NAME}/{FULL}/{split}_margins_all.pt" for split in ("train", "val")
    ]
    assert {source["revision"] for source in own.sources} == {commit}
    content = server.repos["dataset", NAME].commits[commit][f"{FULL}/val_margins_all.pt"]
    assert own.sources[1]["sha256"] == hashlib.sha256(content).hexdigest() and own.sources[1]["bytes"] == len(content)
    assert not server.asked("sd_0|logits|oracle_models")


def test_an_interrupted_download_goes_on_where_it_ended(server: HubServer) -> None:
    files = first_edition()
    commit, path = server.publish(NAME, files), f"{FULL}/train_margins_all.pt"
    whole = f"GET /storage/{hashlib.sha256(files[path]).hexdigest()}"
    server.fail(whole, cut=700)
    server.fail("GET /storage", times=99, status=403)
    with pytest.raises(HubError):
        originals(commit, "easydub_1")
    server.faults.clear()
    server.requests.clear()
    np.testing.assert_array_equal(originals(commit, "easydub_1").margins, evaluated(0, without_forget=False))
    first = server.asked(whole)[0]
    assert first.range and first.sent < len(files[path])


def test_offline_the_cache_serves_and_a_file_that_it_lacks_is_named(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = server.publish(NAME, first_edition())
    originals(commit, "easydub_1")
    server.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert originals(commit, "easydub_1").margins.shape == (MODELS, 240)
    with pytest.raises(HubError, match=r"forget_set_indices/NOISE/forget_set_1\.npy"):
        oracles(commit, "easydub_1")
    assert not server.requests
