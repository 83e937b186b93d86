"""Requests one after another through the workflow: what is made, of what, and that it is what one does by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from checkout import RESULTS, Checkout

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.seeds import derive_seed
from unlearnkit.training.originals import train_shard
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import ShardResult, Worker
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

MORE = {
    "forget_sets.more": {"kind": "random", "size": 25, "after": "random_10"},
    "continual": {"reference": "original"},
}
SHARD = "0000-0001.safetensors"
FOLDER = f"{RESULTS}/unlearned/more"


def worker(path: Path) -> Worker:
    return Worker(torch.device("cpu"), lambda: 0.0, ResumeFolder(str(path), "key"), lambda _: None)


def holds(path: Path, result: ShardResult) -> bool:
    """Return whether a weight file holds the models of a result, to the bit."""
    file = WeightFile(path)
    return all(
        np.array_equal(array, file.state(*key)[name])
        for key, state in result.states.items()
        for name, array in state.items()
    )


def test_a_chain_of_requests_is_made_as_by_hand(finished: Checkout, tmp_path: Path) -> None:
    finished.configure(MORE)
    wanted = f"{FOLDER}/scrub/{SHARD}", f"{RESULTS}/oracle/more/{SHARD}"
    # the request before, originals and data are there
    made = finished.make(*wanted)
    assert made.counts == {"request_rows": 1, "forget_set_after": 1, "unlearn": 1, "oracle": 1}
    assert finished.plan(*wanted).nothing_to_do

    first, so_far = (read_array(finished.result(f"forget_sets/{name}.npy")) for name in ("random_10", "more"))
    asked = read_array(finished.result("requests/more.npy"))
    assert len(first) == 10 and len(asked) == len(so_far) == 25 and {*first} < {*so_far} == {*asked}

    dataset = read_image_set(finished.result("data/dataset.safetensors"))
    record = json.loads(finished.result(f"unlearned/more/scrub/{SHARD}.json").read_text())
    settings = record["settings"]
    kept, new = (
        torch.from_numpy(np.setdiff1d(whole, less)) for whole, less in ((np.arange(200), so_far), (so_far, first))
    )
    seed = derive_seed(0, "unlearned", 2, "request")
    by_hand = unlearn_shard(
        task_for(dataset, settings["model"], seed, torch.device("cpu")),
        UnlearningRecipe.from_slice(settings),
        UnlearningSplit(kept, new, {"validation": torch.arange(200, 260)}),
        originals=WeightFile(finished.result(f"unlearned/random_10/scrub/{SHARD}")),
        held_out_oracles=None,
        model_indices=range(2),
        worker=worker(tmp_path / "unlearned"),
        reference=WeightFile(finished.result(f"original/{SHARD}")),
    )
    assert holds(finished.result(f"unlearned/more/scrub/{SHARD}"), by_hand)

    trained = json.loads(finished.result(f"oracle/more/{SHARD}.json").read_text())["settings"]
    oracles = train_shard(
        task_for(dataset, trained["model"], 0, torch.device("cpu")),
        Recipe.model_validate(trained["training"]),
        kept,
        role="oracle",
        model_indices=range(2),
        worker=worker(tmp_path / "oracle"),
    )
    assert holds(finished.result(f"oracle/more/{SHARD}"), oracles)

    traced = finished.unlearnkit("trace", wanted[0])
    assert traced.status == 0 and f"base {seed}" in traced.output and "unlearned/random_10/scrub" in traced.output
    verified = finished.unlearnkit("verify", RESULTS, "--quick")
    assert verified.status == 0, verified.output

    # a reference is that of later requests alone
    finished.configure({"continual": {"reference": "previous"}})
    assert finished.plan(*wanted, f"{RESULTS}/unlearned/random_10/scrub/{SHARD}").counts == {"unlearn": 1}
    assert finished.plan("sustainability_all").counts["sustainability"] == 1
