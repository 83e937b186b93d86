"""What `check` finds in a repository on the hub, and pools that unlearnkit itself published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made_pools
import numpy as np
import pytest
from hub_server import HubServer, used_here
from made_pools import FORGET, MODELS, array, data_set, first_edition

from unlearnkit.artifacts.margins import Margins, write_margins
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.artifacts.weights import write_weights
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ArtifactError, DataError
from unlearnkit.models.building import Architecture
from unlearnkit.published.examining import pool_findings
from unlearnkit.published.margins import fetched_margins, gaps_of
from unlearnkit.published.pool import Pool
from unlearnkit.registry import load
from unlearnkit.training.published import published_states
from unlearnkit.workflow.graph import Graph

NAME = "owner/pool"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch)
        yield hub


def graph(commit: str, *, shard_size: int = MODELS, oracles: Any = "train", **source: Any) -> Graph:
    stated = {"source": "published", "repository": NAME, "revision": commit, "layout": "easydub_1", **source}
    raw = {
        "experiment": "tiny",
        "data": {"name": "digits"},
        "model": {"name": "mlp", "hidden": [8]},
        "training": {"epochs": made_pools.EPOCHS, "batch_size": 20, "lr": 0.1, "warmup_epochs": 1},
        "originals": stated,
        "oracles": {**stated, **oracles} if isinstance(oracles, dict) else oracles,
        "num_models": MODELS,
        "held_out_oracles": MODELS,
        "shard_size": shard_size,
        "forget_sets": {"known": {"kind": "random", "size": 10}},
        "methods": {"do_nothing": {"method": "do_nothing"}},
        "metrics": {"klom": {}},
    }
    return Graph(load_experiment(raw))


def named_digits() -> dict[str, bytes]:
    return {path.replace("NOISE", "DIGITS"): content for path, content in first_edition().items()}


def test_a_repository_with_all_files_is_sound(server: HubServer) -> None:
    commit = server.publish(NAME, named_digits())
    [(level, fact)] = pool_findings(graph(commit), "original")
    assert level == "ok" and fact.endswith("has 4 models of original")
    [(level, _)] = pool_findings(graph(commit, evaluated="weights"), "original")
    assert level == "ok" and not server.asked("resolve")


def test_what_a_repository_lacks_is_named(server: HubServer) -> None:
    files = {path: content for path, content in named_digits().items() if "sd_3" not in path}
    found = [*pool_findings(graph(server.publish(NAME, files), evaluated="weights"), "original")]
    assert found[0][0] == "error" and "has no full_models/DIGITS/sd_3____epoch_2.pt" in found[0][1]


def test_oracles_that_no_test_can_reach_are_a_warning(server: HubServer) -> None:
    commit, oracles = server.publish(NAME, named_digits()), {"forget_sets": {"known": 1}}
    for evaluated in ("margins", "weights"):
        own = graph(commit, shard_size=1, oracles=oracles, evaluated=evaluated)
        [sound, (level, fact, remedy)] = pool_findings(own, "oracle")
        assert sound == ("ok", f"{NAME} at {commit[:12]} has 4 models of oracle/known")
        assert level == "warning" and "is not tested, since a shard has a single model" in fact
        assert remedy.startswith("set shard_size to 2 or more")
        assert len([*pool_findings(graph(commit, oracles=oracles, evaluated=evaluated), "oracle")]) == 1


def test_a_repository_that_cannot_be_asked_is_a_warning(server: HubServer) -> None:
    [(level, fact)] = pool_findings(graph("0" * 40), "original")
    assert level == "warning" and "could not be examined" in fact


# pools in our own layout: the working folder of an experiment

OURS = {"repository": NAME, "layout": "unlearnkit", "data_set": "noise", "model": "mlp", "epoch": 2, "key_map": {}}
ARCHITECTURE = Architecture(
    "mlp", load("model", "mlp").Settings.model_validate({"hidden": [made_pools.HIDDEN]}), 4, (1, 8, 8)
)


def published_folder(folder: Path, shards: list[range]) -> Path:
    sizes = data_set().split_sizes
    split, index = np.repeat([*sizes], [*sizes.values()]), data_set().sample_index
    for models in shards:
        values = np.stack([made_pools.margins(model, without_forget=False) for model in models])
        margins = {0: Margins(values, values > 0, tuple(models), split, index)}
        states = {(model, 0): made_pools.trained(model, without_forget=False)[0] for model in models}
        for population in ("original", "oracle/known"):
            own = folder / f"results/theirs/{population}/{models[0]:04d}-{models[-1]:04d}"
            write_margins(f"{own}.margins.parquet", margins, {"unit": "nats", **gaps_of(margins)})
            write_weights(f"{own}.safetensors", states, {"role": "original"})
    (folder / "results/theirs/forget_sets").mkdir()
    (folder / "results/theirs/forget_sets/known.npy").write_bytes(array(FORGET))
    return folder


def test_our_own_pools_are_read_whatever_their_shards(server: HubServer, tmp_path: Path) -> None:
    commit = server.publish(NAME, published_folder(tmp_path / "pool", [range(2), range(2, 4)]))
    stated = {**OURS, "revision": commit, "evaluated": "margins"}
    for number, role, forget in ((None, "original", None), ("known", "oracle", FORGET)):
        own = Pool({**stated, "forget_set": number}, lambda line: None)
        [found] = fetched_margins(own, data_set(), range(1, 3), role, forget, "known").values()
        expected = [made_pools.margins(model, without_forget=False) for model in (1, 2)]
        np.testing.assert_array_equal(found.margins, expected)
        assert found.correct.dtype == bool and found.model_indices == (1, 2)
        states = published_states(own, ARCHITECTURE, range(1, 3), role, lambda line: None)
        first = made_pools.trained(1, without_forget=False)[0]
        assert [*states] == [1, 2] and np.array_equal(states[1]["1.weight"], first["1.weight"])


def test_our_own_pools_are_what_their_manifest_lists(server: HubServer, tmp_path: Path) -> None:
    folder = published_folder(tmp_path / "pool", [range(2)])
    (folder / "results/older/original").mkdir(parents=True)
    for path in (folder / "results/theirs/original").iterdir():
        (folder / "results/older/original" / path.name).write_bytes(path.read_bytes())

    def pool() -> Pool:
        stated = {**OURS, "revision": server.publish(NAME, folder), "evaluated": "weights", "forget_set": None}
        return Pool(stated, lambda line: None)

    with pytest.raises(DataError, match=r"has model 0 twice, in results/older/\S+ and results/theirs/"):
        published_states(pool(), ARCHITECTURE, range(2), "original", lambda line: None)
    listed = [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in folder.glob("results/theirs/original/*")
    ]
    manifest = {"format": 1, "layout": "unlearnkit", "experiment": "theirs", "files": listed}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert not [path for path in pool().paths if path.startswith("results/older")]
    assert [*published_states(pool(), ARCHITECTURE, range(2), "original", lambda line: None)] == [0, 1]
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(ArtifactError, match="is no publication of unlearnkit"):
        published_states(pool(), ARCHITECTURE, range(2), "original", lambda line: None)


def test_our_own_pools_without_a_model_or_with_other_samples_are_refused(server: HubServer, tmp_path: Path) -> None:
    commit = server.publish(NAME, published_folder(tmp_path / "pool", [range(2)]))
    own = Pool({**OURS, "revision": commit, "evaluated": "margins", "forget_set": None}, lambda line: None)
    with pytest.raises(DataError, match=r"has no original/<shard>\.margins\.parquet with model 2"):
        fetched_margins(own, data_set(), range(4), "original")
    digits = load("data set", "digits").load(None)
    with pytest.raises(DataError, match="has margins of 160 train, 80 validation samples, and the data set here has"):
        fetched_margins(own, digits, range(2), "original")
