"""Every configuration in the repository is valid, and the JSON Schema describes them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.config.outside import anchored
from unlearnkit.config.schema import json_schema
from unlearnkit.user_plug_ins import adopt

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = sorted([REPOSITORY / "config.yaml", *(REPOSITORY / "experiments").glob("*.yaml")])


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_configuration_is_valid(path: Path, schema: dict[str, Any]) -> None:
    raw = yaml.safe_load(path.read_text())
    # files of plug-ins lie beside the configuration
    load_experiment(anchored(raw, [(path.parent, raw)]))
    adopt({})
    jsonschema.Draft202012Validator(schema).validate(raw)


def test_the_published_protocol_has_its_size() -> None:
    experiment = load_experiment(yaml.safe_load((REPOSITORY / "experiments" / "easydub_cifar10.yaml").read_text()))
    sizes = [forget_set.planned_size() for forget_set in experiment.forget_sets.values()]
    assert sizes == [10, 100, 1000, 10, 100, 500, 10, 100, 500, 100]
    methods = [variant.method for variant in experiment.variants.values()]
    assert [methods.count(name) for name in ("ascent_forget", "ascent_descent", "scrub")] == [7, 16, 16]
    assert (experiment.num_models, experiment.models_compared("klom")) == (200, 100)


@pytest.mark.parametrize(
    ("name", "recipe", "sizes", "forget", "models"),
    [
        ("deep_unlearn_mnist", (50, 256, 0.1), (51_000, 9_000, 10_000), [5_100], 10),
        ("deep_unlearn_fashion_mnist", (50, 256, 0.1), (51_000, 9_000, 10_000), [5_100], 10),
        ("deep_unlearn_cifar10", (182, 256, 0.1), (42_500, 7_500, 10_000), [4_250], 10),
        ("deep_unlearn_cifar100", (182, 256, 0.1), (42_500, 7_500, 10_000), [4_250], 10),
        ("deep_unlearn_utkface", (50, 256, 0.1), (16_121, 2_846, 4_741), [1_613], 10),
        ("easydub_living17", (25, 1024, 0.6), (44_200, 3_400, 0), [500, 200, 200], 100),
        ("challenge_cifar10", (100, 64, 0.01), (50_000, 10_000, 0), [1_000], 100),
        ("datamodel_matching", (24, 256, 0.4), (50_000, 10_000, 0), [10, 100, 1_000, 500], 100),
    ],
)
def test_the_other_published_protocols_have_their_size(
    name: str, recipe: tuple[int, int, float], sizes: tuple[int, int, int], forget: list[int], models: int
) -> None:
    experiment = load_experiment(yaml.safe_load((REPOSITORY / "experiments" / f"{name}.yaml").read_text()))
    training = experiment.training
    assert (training.epochs, training.batch_size, training.lr) == recipe
    assert experiment.split_sizes == sizes and experiment.num_models == models
    assert [forget_set.planned_size() for forget_set in experiment.forget_sets.values()] == forget


SOLUTIONS = {"fcs", "msg", "cfw", "prmq", "ct", "kde", "rni"}
OF_DEEP_UNLEARN = SOLUTIONS | {
    *("fine_tune", "ascent_forget", "neg_grad_plus", "random_labels", "salun", "bad_teacher", "scrub"),
    *("cf_k", "eu_k", "influence", "fisher"),
}
MATCHING = {"oracle_matching", "dm_direct", "datamodel_matching", "ascent_forget", "fine_tune", "scrub"}


@pytest.mark.parametrize(
    ("name", "methods"),
    [
        *((f"deep_unlearn_{data}", OF_DEEP_UNLEARN) for data in ("mnist", "fashion_mnist", "cifar10", "cifar100")),
        ("deep_unlearn_utkface", OF_DEEP_UNLEARN),
        ("challenge_cifar10", SOLUTIONS | {"challenge_fine_tune", "challenge_head_reset", "fine_tune"}),
        ("datamodel_matching", MATCHING),
    ],
)
def test_the_published_protocols_have_all_their_methods(name: str, methods: set[str]) -> None:
    experiment = load_experiment(yaml.safe_load((REPOSITORY / "experiments" / f"{name}.yaml").read_text()))
    assert {variant.method for variant in experiment.variants.values()} == methods | {"do_nothing", "load_oracle"}


def test_deep_unlearn_is_one_protocol_on_five_data_sets() -> None:
    """Methods and their settings differ only where the data do."""
    names = ("mnist", "fashion_mnist", "cifar10", "cifar100", "utkface")
    raw = [yaml.safe_load((REPOSITORY / "experiments" / f"deep_unlearn_{name}.yaml").read_text()) for name in names]
    validation = [load_experiment(one).split_sizes[1] for one in raw]
    assert [one["methods"]["scrub"].pop("rewind_samples") for one in raw] == validation
    assert [one["methods"]["fisher"].pop("classes", None) for one in raw] == [None, None, None, 100, 5]
    assert all(one["methods"] == raw[0]["methods"] for one in raw)


def test_teachers_of_oracle_matching_are_not_those_that_load_oracle_returns() -> None:
    path = REPOSITORY / "experiments" / "datamodel_matching.yaml"
    raw = yaml.safe_load(path.read_text())
    assert raw["methods"]["oracle_matching"]["pool_start"] == raw["num_models"]


def test_committed_schema_is_current(schema: dict[str, Any], repository: Path) -> None:
    committed = json.loads((repository / "docs" / "config.schema.json").read_text())
    assert committed == schema, "run: unlearnkit schema > docs/config.schema.json"


def test_schema_is_one_and_refuses_what_the_loader_refuses(schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    raw = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    for wrong in (
        {"seeed": 1},
        {"num_models": 0},
        {"methods": {"x": {"method": "scrub", "lrr": 1}}},
        {"methods": {"x y": {"method": "scrub"}}},
        {"model": {"name": "mlp", "channels": [3]}},
        {"metrics": {}},
    ):
        assert not validator.is_valid({**raw, **wrong}), wrong


def test_schema_lets_blocks_name_plug_ins_from_outside(schema: dict[str, Any], repository: Path) -> None:
    page = (repository / "docs/where-does-my-code-go.md").read_text()
    own = yaml.safe_load(page.rpartition("```yaml\n")[2].partition("```")[0])
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(own)
    for change in ({"model": {"name": "nothing"}}, {"metrics": {"spread": {}}}, {"methods": {"own": {"lr": 1}}}):
        assert not validator.is_valid({**own, **change})


def test_every_key_is_described(schema: dict[str, Any]) -> None:
    blank = [path for path, key in _keys(schema) if not key.get("description")]
    assert not [path for path in blank if not path.endswith((".kind", ".source"))]


def _keys(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, block in {"": schema, **schema["$defs"]}.items():
        for key, value in block.get("properties", {}).items():
            yield f"{name}.{key}", value
