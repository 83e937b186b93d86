"""KLOM from published originals and oracles, by the workflow: fetched, mixed with what is trained here, and refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import made_pools
import numpy as np
import pytest
import yaml
from checkout import CONFIG, RESULTS, Checkout, Outcome
from hub_server import HubServer

from unlearnkit.artifacts.margins import read_margins

PUBLISHED = Path(made_pools.__file__).parent


MARGINS_OF_KNOWN = "known/0000-0003.margins.parquet"


def configuration(commit: str, layout: str = "easydub_2", **more: Any) -> dict[str, Any]:
    source = {"source": "published", "repository": "owner/pool", "revision": commit, "layout": layout, "models": 4}
    source |= more
    return {
        "experiment": "tiny",
        "data": {"name": "noise.py"},
        "model": {"name": "mlp", "hidden": [made_pools.HIDDEN]},
        "training": {"epochs": made_pools.EPOCHS, "batch_size": 20, "lr": 0.1, "warmup_epochs": 1},
        "originals": source,
        "oracles": {**source, "forget_sets": {"known": 1}},
        "num_models": 8,
        "shard_size": 4,
        "forget_sets": {"known": {"kind": "file", "file": "forget.npy"}},
        "methods": {"fine_tune": {"method": "fine_tune", "epochs": 1}},
        "metrics": {"klom": {"num_models": 4}},
    }


def offline(checkout: Checkout, *targets: str) -> Outcome:
    return checkout.run(*["env", "HF_HUB_OFFLINE=1", *checkout.command(*targets)])


@pytest.mark.slow
@pytest.mark.workflow
def test_published_models_are_scored_beside_those_that_are_trained(
    fresh: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PUBLISHED / "noise.py", fresh.root / "noise.py")
    np.save(fresh.root / "forget.npy", made_pools.FORGET)
    with HubServer() as hub:
        for name, value in hub.environment(tmp_path / "home").items():
            monkeypatch.setitem(os.environ, name, value)
        wrong = hub.publish("owner/pool", made_pools.second_edition(removed=False))
        (fresh.root / CONFIG).write_text(yaml.safe_dump(configuration(wrong)))
        margins = f"{RESULTS}/oracle/{MARGINS_OF_KNOWN}"
        refused = fresh.snakemake(margins)
        assert refused.status and "were trained on forget set 'known'" in refused.output
        assert "Traceback" not in refused.output and not (fresh.root / margins).exists()

        commit = hub.publish("owner/pool", made_pools.second_edition())
        (fresh.root / CONFIG).write_text(yaml.safe_dump(configuration(commit)))
        made = fresh.make("klom_all").counts
        # of eight models of each kind four are published: the other oracles, which are the floor, are trained
        assert (made["published_original_margins"], made["published_oracle_margins"]) == (1, 1)
        assert (made["published_originals"], made["oracle"], made["margins"]) == (1, 1, 1)
        assert "original" not in made
        assert not hub.asked("models/noise/oracle|id_[4-9]")

    record = json.loads((fresh.root / f"{margins}.json").read_text())
    assert record["oracles"]["verdict"] == "lack it" and {own["revision"] for own in record["sources"]} == {commit}
    [read] = read_margins([fresh.root / margins]).values()
    expected = [made_pools.margins(100 + model, without_forget=True) for model in range(4)]
    np.testing.assert_array_equal(read.margins, expected)
    assert fresh.unlearnkit("verify", RESULTS, "--configfile", CONFIG).status == 0

    # the server is gone: what was fetched is in the cache, and what was not is named
    (fresh.root / margins).unlink()
    assert offline(fresh, margins).status == 0
    held = yaml.safe_load((fresh.root / CONFIG).read_text())
    held["originals"]["evaluated"] = "logits"
    (fresh.root / CONFIG).write_text(yaml.safe_dump(held))
    missing = offline(fresh, f"{RESULTS}/original/0000-0003.margins.parquet")
    assert missing.status and "logits/noise/pretrain/retain/mlp/id_0_epoch_2.npy" in missing.output


@pytest.mark.slow
@pytest.mark.workflow
def test_published_weights_of_another_forget_set_and_of_models_that_saw_it_are_refused(
    fresh: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PUBLISHED / "noise.py", fresh.root / "noise.py")
    np.save(fresh.root / "forget.npy", made_pools.FORGET)
    np.save(fresh.root / "other.npy", made_pools.FORGET[1:])
    weights, margins = (f"{RESULTS}/oracle/{name}" for name in ("other/0000-0003.safetensors", MARGINS_OF_KNOWN))
    with HubServer() as hub:
        for name, value in hub.environment(tmp_path / "home").items():
            monkeypatch.setitem(os.environ, name, value)
        wrong = hub.publish("owner/pool", made_pools.first_edition(removed=False))
        own = configuration(wrong, "easydub_1", evaluated="weights")
        own["forget_sets"]["other"] = {"kind": "file", "file": "other.npy"}
        own["oracles"]["forget_sets"]["other"] = 1
        (fresh.root / CONFIG).write_text(yaml.safe_dump(own))
        refused = fresh.snakemake("--keep-going", weights, margins)
        stated = f"forget_set_indices/NOISE/forget_set_1.npy of owner/pool at {wrong[:12]}"
        assert refused.status and f"{stated} has 10 samples, and forget set 'other' has 9" in refused.output
        place = f"owner/pool/oracle_models/NOISE/forget_set_1/sd_3____epoch_2.pt at {wrong[:12]}"
        assert f"the oracles of {place}" in refused.output and "were trained on forget set 'known'" in refused.output
        assert "Traceback" not in refused.output
        assert not (fresh.root / weights).exists() and not (fresh.root / margins).exists()

        right = hub.publish("owner/pool", made_pools.first_edition())
        (fresh.root / CONFIG).write_text(yaml.safe_dump(configuration(right, "easydub_1", evaluated="weights")))
        fresh.make(margins)
    assert json.loads((fresh.root / f"{margins}.json").read_text())["oracles"]["verdict"] == "lack it"
