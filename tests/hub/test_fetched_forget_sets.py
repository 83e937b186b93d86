"""Forget sets of EasyDUB from the hub: the published file of the pinned commit, recognised by its checksum."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer, used_here
from pydantic import TypeAdapter, ValidationError

from unlearnkit.config.forget_sets.images import ForgetSet
from unlearnkit.data.forget_sets import easydub_forget_set
from unlearnkit.errors import DataError
from unlearnkit.hub.forget_sets import from_hub

PATHS = {
    "easydub_1": "forget_set_indices/CIFAR10/forget_set_4.npy",
    "easydub_2": "forget_sets/cifar10/forget_set_4.npy",
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch)
        yield hub


def forget_set(commit: str, layout: str, name: str = "cifar10/4") -> ForgetSet:
    place = {"repository": "owner/pool", "revision": commit, "layout": layout}
    return TypeAdapter(ForgetSet).validate_python({"kind": "easydub", "name": name, "hub": place})


@pytest.mark.parametrize("layout", PATHS)
def test_the_published_file_is_fetched_and_recorded(server: HubServer, shared_data: Path, layout: str) -> None:
    content = (shared_data / "easydub_forget_sets/CIFAR10/forget_set_4.npy").read_bytes()
    commit = server.publish("owner/pool", {PATHS[layout]: content})
    settings = forget_set(commit, layout)
    assert settings.input_file() is None
    with from_hub(settings, print) as (own, facts):
        indices = easydub_forget_set(own)
    assert [*indices[:3]] == [3799, 9235, 22321] and len(indices) == 10
    [source] = facts["sources"]
    assert (source["path"], source["revision"]) == (f"owner/pool/{PATHS[layout]}", commit)


def test_another_file_is_refused_by_its_name_on_the_hub(server: HubServer, shared_data: Path) -> None:
    other = (shared_data / "easydub_forget_sets/CIFAR10/forget_set_7.npy").read_bytes()
    commit = server.publish("owner/pool", {PATHS["easydub_1"]: other})
    with (
        pytest.raises(DataError, match=r"'owner/pool/forget_set_indices/CIFAR10/forget_set_4\.npy' holds 10 indices"),
        from_hub(forget_set(commit, "easydub_1"), print) as (own, _),
    ):
        easydub_forget_set(own)


def test_sets_that_are_drawn_ask_the_hub_for_nothing(server: HubServer) -> None:
    settings = forget_set("0" * 40, "easydub_1", "cifar10/1")
    with from_hub(settings, print) as (own, facts):
        assert own is settings and facts == {}
    assert not server.requests


def test_our_own_layout_has_no_such_files() -> None:
    with pytest.raises(ValidationError, match="layout is unlearnkit, which has no files of EasyDUB's"):
        forget_set("0" * 40, "unlearnkit")
