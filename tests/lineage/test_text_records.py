"""Records of language models: which keys and draws they hang on, and a tokenizer that looks like a record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from by_hand import ByHand

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.lineage.causes import config_key
from unlearnkit.lineage.seeding import seeding
from unlearnkit.places import place_of, record_of
from unlearnkit.seeds import derive_seed

SHARD = "0000-0001.safetensors"


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("data/tokenizer.json", "tokenizer"),
        ("data/train.bin", "training tokens"),
        ("data/validation.bin", "validation tokens"),
        ("data/units.parquet", "units"),
    ],
)
def test_files_of_text_have_their_places(name: str, stage: str) -> None:
    place = place_of(name)
    assert place is not None and place.stage == stage
    assert record_of(f"results/a/{name}") == f"results/a/{name}.json"


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [
        ("data/train.bin", "tokenizer.kind", "data.tokenizer.kind"),
        ("data/dataset.safetensors", "unit_sequences", "training.batch_size"),
        ("data/dataset.safetensors", "forget_unit", "data.forget_unit"),
        ("original/0000-0001.margins.parquet", "width", "model.width"),
        ("original/0000-0001.margins.parquet", "model.width", "model.width"),
        ("original/0000-0001.margins.parquet", "evaluated.retain", "data.retain_evaluated"),
        ("unlearned/some/ga/0000-0001.margins.parquet", "evaluated.retain", "data.retain_evaluated"),
        ("unlearned/some/ga/0000-0001.margins.parquet", "settings.lr", "methods.ga.lr"),
        (
            "unlearned/some/ga/0000-0001.continuations.parquet",
            "settings.batch_size",
            "observations.continuations.batch_size",
        ),
        ("scores/klom/some/ga.parquet", "value", "value"),
        ("scores/klom/some/ga.parquet", "settings.bins", "metrics.klom.bins"),
        ("tables/klom.parquet", "settings.bins", "metrics.klom.bins"),
    ],
)
def test_a_changed_setting_is_told_by_its_key(name: str, path: str, key: str) -> None:
    place = place_of(name)
    assert place is not None and config_key(place, path) == key


def record(role: str, **recipe: Any) -> dict[str, Any]:
    settings = {"role": role, "seed": 7, "seed_scheme": 1}
    settings["training"] = {"order": "stream", "forgotten": "delete", "paired": True, **recipe}
    return {"settings": settings, "seed_scheme": 1}


@pytest.mark.parametrize(
    ("folder", "record", "role", "stages"),
    [
        ("original", record("original"), "original", ["initial_weights"]),
        ("oracle/some", record("oracle", order="shuffled"), "original", ["initial_weights", "order/0"]),
        ("oracle/some", record("oracle", paired=False), "oracle", ["initial_weights"]),
        ("held_out_oracle/some", record("held_out_oracle"), "held_out_oracle", ["initial_weights"]),
        ("oracle/some", record("oracle", forgotten="refill"), "original", ["initial_weights", "refill/0"]),
    ],
)
def test_draws_of_language_models(folder: str, record: dict[str, Any], role: str, stages: list[str]) -> None:
    place = place_of(f"{folder}/{SHARD}")
    assert place
    found = seeding(place, record)
    assert found and (found["role"], found["stages"]) == (role, stages)
    assert found["first"]["initial_weights"] == derive_seed(7, role, 0, "initial_weights")


def test_a_sample_of_retained_sequences_is_a_draw() -> None:
    settings = {"model": {}, "evaluated": {"retain": 3, "train_size": 9}, "seed": 7, "seed_scheme": 1}
    place = place_of("original/0000-0001.margins.parquet")
    assert place
    found = seeding(place, {"settings": settings, "seed_scheme": 1})
    assert found and (found["role"], found["stages"]) == ("evaluation", ["retained_samples"])


def test_a_tokenizer_is_verified_like_any_artifact(
    tmp_path: Path, raw: Path, call: Callable[..., tuple[int, str]]
) -> None:
    by_hand = ByHand(tmp_path / "hand")
    by_hand.write("data/tokenizer.json", '{"a": 1}', raw={str(raw): sha256_of(raw)})
    by_hand.write("data/dataset.safetensors", "cuts", ("data/tokenizer.json",), raw={})
    by_hand.write("tables/cost.parquet", "costs", ("data/dataset.safetensors",))
    status, output = call(by_hand.root, "verify", "results/hand")
    assert status == 0 and "no rule makes this file" not in output
    assert "every cell comes from raw.gz" in output
    status, output = call(by_hand.root, "trace", "results/hand/data/dataset.safetensors")
    assert status == 0 and "data/tokenizer.json" in output and "no record" not in output
    (by_hand.root / "results/hand/data/tokenizer.json").write_text('{"a": 2}')
    status, output = call(by_hand.root, "verify", "results/hand")
    assert status == 1 and "data/tokenizer.json is damaged or was replaced" in output
    (by_hand.root / "results/hand/data/tokenizer.json.json").unlink()
    status, output = call(by_hand.root, "verify", "results/hand")
    assert status == 1 and "data/tokenizer.json has no provenance record" in output


def test_what_an_observation_of_another_states_is_its_own(tmp_path: Path, call: Callable[..., tuple[int, str]]) -> None:
    by_hand = ByHand(tmp_path / "hand")
    weights, read, derived = (
        f"unlearned/some/ga/0000-0001.{kind}" for kind in ("safetensors", "continuations.parquet", "judged.parquet")
    )
    by_hand.write(weights, "weights", settings={"method": "ga", "settings": {"batch_size": 6}})
    own = {"observation": "continuations", "settings": {"batch_size": 8}}
    by_hand.write(read, "read", (weights,), settings=own)
    by_hand.write(derived, "judged", (read,), settings={"observation": "judged", "settings": {"batch_size": 4}})
    _, output = call(by_hand.root, "verify", "results/hand")
    assert "states other settings" not in output
