"""Settings of forget sets: told apart by kind, bounded, and sized before any data is read."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from unlearnkit.config.forget_sets.images import ForgetSet

ADAPTER = TypeAdapter(ForgetSet)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"kind": "random", "size": 100, "seed": 1}, 100),
        ({"kind": "class", "label": 3}, None),
        ({"kind": "class", "label": 3, "size": 40}, 40),
        ({"kind": "subpopulation", "label": 3, "pick": 2}, None),
        ({"kind": "scores", "file": "pc1.npy", "top": 250, "bottom": 250}, 500),
        ({"kind": "file", "file": "set_4.npy", "disjoint_from": ["a", "b"]}, None),
        ({"kind": "file", "file": "set_4.npy", "size": 10}, 10),
        ({"kind": "easydub", "name": "cifar10/3"}, 1000),
        ({"kind": "easydub", "name": "living17/2", "folder": "elsewhere"}, 647),
    ],
)
def test_planned_size(settings: dict, size: int | None) -> None:
    forget_set = ADAPTER.validate_python(settings)
    assert forget_set.kind == settings["kind"]
    assert forget_set.planned_size() == size
    assert ADAPTER.validate_json(forget_set.model_dump_json()) == forget_set


@pytest.mark.parametrize(
    ("settings", "file"),
    [
        ({"kind": "random", "size": 100}, None),
        ({"kind": "scores", "file": "pc1.npy", "top": 5}, "pc1.npy"),
        ({"kind": "file", "file": "set_4.npy"}, "set_4.npy"),
        ({"kind": "easydub", "name": "cifar10/3"}, None),
        ({"kind": "easydub", "name": "cifar10/10"}, "data/easydub_forget_sets/CIFAR10/forget_set_10.npy"),
        ({"kind": "easydub", "name": "living17/1", "folder": "x"}, "x/LIVING17/forget_set_1.npy"),
    ],
)
def test_input_file(settings: dict, file: str | None) -> None:
    assert ADAPTER.validate_python(settings).input_file() == file


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"kind": "radnom", "size": 10},
            "'random', 'class', 'subpopulation', 'scores', 'principal_component', 'clip_neighbours', 'file'",
        ),
        ({"size": 10}, "kind"),
        ({"kind": "random"}, "size"),
        ({"kind": "random", "size": 0}, "greater than or equal to 1"),
        ({"kind": "random", "size": 10, "seed": 2**32}, "less than 4294967296"),
        ({"kind": "random", "size": 10, "sede": 1}, "Extra inputs"),
        ({"kind": "class", "label": -1}, "greater than or equal to 0"),
        ({"kind": "subpopulation", "label": 0, "clusters": 1}, "greater than or equal to 2"),
        ({"kind": "subpopulation", "label": 0, "pick": "middle"}, "'smallest' or 'largest'"),
        ({"kind": "subpopulation", "label": 0, "clusters": 3, "pick": 3}, r"3 clusters have the ranks 0\.\.2"),
        ({"kind": "scores", "file": "s.npy"}, "at least one must be positive"),
        ({"kind": "scores", "file": "s.npy", "top": -1}, "greater than or equal to 0"),
        ({"kind": "file", "file": ""}, "at least 1 character"),
    ],
)
def test_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ADAPTER.validate_python(settings)


def test_every_field_is_described() -> None:
    for definition in ADAPTER.json_schema()["$defs"].values():
        for name, field in definition["properties"].items():
            assert name == "kind" or field.get("description"), f"{definition['title']}.{name}"
