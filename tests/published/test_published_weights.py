"""Weights of published models: names mapped, values kept, and what is no state dict of this model refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import made_pools
import numpy as np
import pytest
from hub_server import HubServer, used_here
from made_pools import MODELS, first_edition, second_edition

from unlearnkit.errors import DataError
from unlearnkit.models.building import Architecture
from unlearnkit.published.pool import Pool
from unlearnkit.registry import load
from unlearnkit.training.published import Fit, published_states

NAME = "owner/pool"


def architecture(model: str, classes: int, shape: tuple[int, int, int], **settings: object) -> Architecture:
    return Architecture(model, load("model", model).Settings.model_validate(settings), classes, shape)


PERCEPTRON = architecture("mlp", 4, (1, 8, 8), hidden=[made_pools.HIDDEN])


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch)
        yield hub


def pool(commit: str, layout: str, number: int | None = None) -> Pool:
    names = {"data_set": "noise", "model": "mlp", "epoch": made_pools.EPOCHS - 1, "forget_set": number, "key_map": {}}
    return Pool({"repository": NAME, "revision": commit, "layout": layout, **names}, lambda line: None)


@pytest.mark.parametrize("layout", ["easydub_1", "easydub_2"])
def test_weights_are_those_of_the_models(server: HubServer, layout: str) -> None:
    commit = server.publish(NAME, {"easydub_1": first_edition, "easydub_2": second_edition}[layout]())
    own = pool(commit, layout)
    states = published_states(own, PERCEPTRON, range(1, MODELS), "original", lambda line: None)
    assert [*states] == [1, 2, 3] and [source["model"] for source in own.sources] == ["1", "2", "3"]
    for model, state in states.items():
        expected = made_pools.trained(model, without_forget=False)[0]
        assert {*state} == {*expected}
        for name, tensor in expected.items():
            np.testing.assert_array_equal(state[name], tensor)


def test_oracles_have_files_of_their_own(server: HubServer) -> None:
    commit = server.publish(NAME, first_edition())
    states = published_states(pool(commit, "easydub_1", 1), PERCEPTRON, range(1), "oracle", lambda line: None)
    expected = made_pools.trained(100, without_forget=True)[0]
    np.testing.assert_array_equal(states[0]["1.weight"], expected["1.weight"])


def test_the_names_of_the_publishers_resnet9_are_ours() -> None:
    resnet = architecture("resnet9", 10, (3, 32, 32))
    ours = resnet.expected_state()
    for wrapper in ("", "model.", "module.", "model.module."):
        theirs = {wrapper + name.replace(".body.", ".module."): np.zeros_like(array) for name, array in ours.items()}
        assert any(".module." in name for name in theirs)
        assert {*Fit(resnet, {}, "originals").state(theirs, "sd_0____epoch_23.pt")} == {*ours}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK", "is not an archive as torch.save writes it"),
        (
            made_pools.saved({"model.1.weight": np.zeros((9, 64), "f4")}),
            "does not fit the model: missing 1.bias",
        ),
    ],
)
def test_a_file_of_another_model_is_refused_by_its_name(server: HubServer, content: bytes, says: str) -> None:
    path = "full_models/NOISE/sd_0____epoch_2.pt"
    commit = server.publish(NAME, {**first_edition(), path: content})
    with pytest.raises(DataError) as caught:
        published_states(pool(commit, "easydub_1"), PERCEPTRON, range(1), "original", lambda line: None)
    assert f"{path} of {NAME} at {commit[:12]} {says}" in str(caught.value) and "home" not in str(caught.value)


def test_weights_that_lie_nowhere_or_in_several_places_are_refused(server: HubServer) -> None:
    files = second_edition()
    path = f"models/noise/pretrain/mlp/id_0_epoch_{made_pools.EPOCHS - 1}.pt"
    twice = server.publish(NAME, {**files, path.replace("/mlp/", "/other/mlp/"): files[path]})
    gone = server.publish(NAME, {name: content for name, content in files.items() if name != path})
    array = server.publish(NAME, {**{n: c for n, c in files.items() if n != path}, path[:-2] + "npy": b""})
    for commit, says in ((twice, "has 2 files like"), (gone, "has no file"), (array, "would execute code")):
        with pytest.raises(DataError, match=says):
            published_states(pool(commit, "easydub_2"), PERCEPTRON, range(1), "original", lambda line: None)
