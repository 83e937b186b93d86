"""Every wrong configuration is refused with the key's path and a remedy; a valid one becomes a typed experiment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit.config.experiment import load_experiment
from unlearnkit.config.reading import merged
from unlearnkit.errors import ConfigError, UnlearnkitError

# change to the valid configuration ("REMOVED": the key is taken out), and what the message has to say
WRONG: dict[str, tuple[str, list[str]]] = {
    "unknown top-level key": ("seeed: 1", ["seeed is not a known key", "did you mean 'seed'"]),
    "unknown key in a section": ("training: {epoch: 3}", ["training.epoch is not", "did you mean 'epochs'"]),
    "unknown key in data": ("data: {roots: x}", ["data.roots", "did you mean 'root'"]),
    "unknown setting of a method": ("methods: {scrub: {alfa: 1}}", ["methods.scrub.alfa", "did you mean 'alpha'"]),
    "unknown setting of a model": ("model: {hiden: [3]}", ["model.hiden", "did you mean 'hidden'"]),
    "unknown setting of a metric": ("metrics: {klom: {bin: 3}}", ["metrics.klom.bin is", "did you mean 'bins'"]),
    "unknown key of a forget set": (
        "forget_sets: {random_50: {sise: 3}}",
        ["forget_sets.random_50.sise", "did you mean 'size'"],
    ),
    "unknown data set": ("data: {name: cifar}", ["data.name is 'cifar'", "did you mean 'cifar10'"]),
    "unknown model": ("model: {name: resnet}", ["model.name is 'resnet'", "did you mean 'resnet9'"]),
    "unknown method": ("methods: {x: {method: scrubb}}", ["methods.x.method is 'scrubb'", "did you mean 'scrub'"]),
    "unknown metric": ("metrics: {klm: {}}", ["metrics.klm is not", "did you mean 'klom'"]),
    "unknown kind of forget set": (
        "forget_sets: {x: {kind: randm}}",
        ["forget_sets.x.kind is 'randm'", "did you mean 'random'"],
    ),
    "unknown choice": ("training: {schedule: cosin}", ["training.schedule is 'cosin'", "did you mean 'cosine'"]),
    "missing key": ("num_models: REMOVED", ["num_models is missing", "whole number, at least 2"]),
    "missing section": ("training: REMOVED", ["training is missing", "block of keys"]),
    "missing method": ("methods: {x: {}}", ["methods.x.method is missing", "'do_nothing', "]),
    "missing key of a forget set": (
        "forget_sets: {x: {kind: random}}",
        ["forget_sets.x.size is missing", "at least 1"],
    ),
    "text for a number": ("num_models: many", ["num_models is 'many'", "whole number, at least 2"]),
    "fraction for a whole number": ("num_models: 20.5", ["num_models is 20.5", "whole number"]),
    "true for a number": ("seed: true", ["seed is true", "a number"]),
    "number for a section": ("training: 3", ["training is 3", "block of keys"]),
    "list for a section": ("methods: [scrub]", ['methods is ["scrub"]', "block of keys"]),
    "text for a list": ("methods: {scrub: {milestones: x}}", ["methods.scrub.milestones is 'x'", "list"]),
    "wrong item of a list": ("model: {hidden: [3, x]}", ["model.hidden.1 is 'x'", "whole number"]),
    "not finite": ("training: {lr: .nan}", ["training.lr is NaN", "a number, above 0"]),
    "empty value": ("metrics: {klom: null}", ["metrics.klom is null", "block of keys"]),
    "N = 1": ("num_models: 1", ["num_models is 1", "at least 2"]),
    "negative seed": ("seed: -1", ["seed is -1", "at least 0"]),
    "learning rate out of range": ("training: {lr: -0.1}", ["training.lr is -0.1", "above 0 and at most 100"]),
    "momentum out of range": ("training: {momentum: 1.5}", ["training.momentum is 1.5", "at least 0 and below 1"]),
    "unusable device": ("execution: {device: gpu}", ["execution.device is 'gpu'", "'cuda:1'"]),
    "experiment name with spaces": ("experiment: my run", ["experiment is 'my run'", "text like 'digits'"]),
    "name that leaves the folder": (
        "forget_sets: {../x: {kind: class, label: 1}}",
        ["forget_sets", "'../x'", "single dots"],
    ),
    "name with two dots": ("methods: {a..b: {method: do_nothing}}", ["methods has the name 'a..b'", "single dots"]),
    "name that is a number": (
        "forget_sets: {5: {kind: class, label: 1}}",
        ["forget_sets has the name '5'", "in quotes"],
    ),
    "reserved name": (
        "methods: {oracle: {method: do_nothing}}",
        ["methods.oracle", "reserved", "any but original, oracle"],
    ),
    "no forget set": ("forget_sets: {random_50: REMOVED, eights: REMOVED}", ["forget_sets is {}", "not empty"]),
    "no metric": ("metrics: {klom: REMOVED}", ["metrics: no metric", "klom"]),
    "forget set as large as the data": (
        "forget_sets: {x: {kind: random, size: 1437}}",
        ["forget_sets.x", "1437", "at most 1436"],
    ),
    "forget set larger than the subset": (
        "{data: {train_size: 100}, forget_sets: {random_50: {size: 100}}}",
        ["forget_sets.random_50 has 100", "at most 99"],
    ),
    "label that does not exist": (
        "forget_sets: {eights: {label: 10}}",
        ["forget_sets.eights.label is 10", "from 0 to 9"],
    ),
    "forget set's own rule": (
        "forget_sets: {x: {kind: subpopulation, label: 1, clusters: 3, pick: 3}}",
        ["forget_sets.x: pick is 3", "0..2"],
    ),
    "wrong member of a union": (
        "forget_sets: {x: {kind: subpopulation, label: 1, pick: biggest}}",
        ["forget_sets.x.pick is 'biggest'", "'smallest', 'largest' or a whole number"],
    ),
    "disjoint from an unknown set": (
        "forget_sets: {eights: {disjoint_from: [random_5]}}",
        ["forget_sets.eights.disjoint_from names 'random_5'", "did you mean 'random_50'"],
    ),
    "disjoint from itself": (
        "forget_sets: {eights: {disjoint_from: [eights]}}",
        ["forget_sets.eights.disjoint_from names the set itself", "remove 'eights'"],
    ),
    "subset larger than the data": (
        "data: {train_size: 2000}",
        ["data.train_size is 2000", "digits has 1437", "at most 1437"],
    ),
    "batch larger than the data": ("training: {batch_size: 5000}", ["training.batch_size is 5000", "at most 1437"]),
    "warm-up longer than training": ("training: {warmup_epochs: 11}", ["training.warmup_epochs is 11", "at most 10"]),
    "shards that do not fit": (
        "shard_size: 3",
        ["shard_size is 3", "divide num_models = 20", "set num_models to 21", "held_out_oracles = 20"],
    ),
    "metric compares too many": ("metrics: {klom: {num_models: 30}}", ["metrics.klom.num_models is 30", "at most 20"]),
    "too few oracles for the floor": (
        "{held_out_oracles: 0, methods: {floor: REMOVED}}",
        [
            "held_out_oracles is 0",
            "noise floor of metrics.klom",
            "raise held_out_oracles to 20",
            "metrics.klom.num_models to 10",
        ],
    ),
    "too few held-out oracles for a method": (
        "{num_models: 40, held_out_oracles: 10, metrics: {klom: {num_models: 20}}}",
        ["held_out_oracles is 10", "methods.floor", "raise held_out_oracles to 20"],
    ),
    "snapshot past the method's last epoch": (
        "methods: {scrub: {snapshots: [3, 6]}}",
        ["methods.scrub.snapshots has epoch 6", "from 1 to 5"],
    ),
    "snapshot past training": (
        "methods: {retrain: {snapshots: [11]}}",
        ["methods.retrain.snapshots", "11", "from 1 to 10"],
    ),
    "snapshot of a method without epochs": (
        "methods: {nothing: {snapshots: [1]}}",
        ["methods.nothing.snapshots", "no epochs", "remove it"],
    ),
    "snapshot 0": ("methods: {scrub: {snapshots: [0, 1]}}", ["methods.scrub.snapshots.0 is 0", "at least 1"]),
    "snapshots out of order": (
        "methods: {scrub: {snapshots: [5, 3, 3]}}",
        ["methods.scrub.snapshots is [5, 3, 3]", "[3, 5]"],
    ),
    "grid over a plain setting": (
        "methods: {scrub: {grid: {lr: [0.1]}}}",
        ["methods.scrub.grid.lr", "methods.scrub.lr", "keep one of the two"],
    ),
    "grid over an unknown setting": (
        "methods: {scrub: {grid: {alfa: [1]}}}",
        ["methods.scrub.grid.alfa", "did you mean 'alpha'"],
    ),
    "grid value out of range": (
        "methods: {scrub: {grid: {alpha: [0.1, -1]}}}",
        ["methods.scrub.grid.alpha.1 is -1", "at least 0"],
    ),
    "grid value that is no list": (
        "methods: {scrub: {grid: {alpha: 0.1}}}",
        ["methods.scrub.grid.alpha is 0.1", "a list"],
    ),
    "empty grid value": ("methods: {scrub: {grid: {alpha: []}}}", ["methods.scrub.grid.alpha is []", "not empty"]),
    "grid value twice": (
        "methods: {scrub: {grid: {alpha: [0.1, 0.10]}}}",
        ["methods.scrub.grid.alpha has the value 0.1 2 times", "every value once"],
    ),
    "grid of a method without settings": (
        "methods: {nothing: {grid: {lr: [1]}}}",
        ["methods.nothing.grid is not a known key"],
    ),
    "grid name that is taken": (
        "methods: {scrub: {grid: {alpha: [1]}}, scrub.alpha1.0: {method: do_nothing}}",
        ["2 variants are called 'scrub.alpha1.0'", "rename"],
    ),
}


def changed(valid: dict[str, Any], change: str) -> dict[str, Any]:
    """Return `valid` with a change given in YAML."""

    def kept(node: Any) -> Any:
        return (
            {key: kept(value) for key, value in node.items() if value != "REMOVED"} if isinstance(node, dict) else node
        )

    return kept(merged(valid, yaml.safe_load(change)))


@pytest.mark.parametrize("case", WRONG)
def test_wrong_configuration_names_key_and_remedy(valid: dict[str, Any], case: str) -> None:
    change, says = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        load_experiment(changed(valid, change))
    message = str(caught.value).lower()
    missing = [words for words in says if words.lower() not in message]
    assert not missing, f"{caught.value}\nlacks {missing}"
    assert "pydantic" not in message
    assert "input should" not in message


def test_all_problems_are_listed_at_once(valid: dict[str, Any]) -> None:
    change = "{seeed: 1, training: {lr: 0}, methods: {scrub: {alfa: 1}}, metrics: {klm: {}}}"
    with pytest.raises(ConfigError, match="4 problems") as caught:
        load_experiment(changed(valid, change))
    for key in ("seeed", "training.lr", "methods.scrub.alfa", "metrics.klm"):
        assert f"\n- {key} " in str(caught.value)


def test_problems_between_keys_are_listed_at_once(valid: dict[str, Any]) -> None:
    change = "{shard_size: 3, training: {batch_size: 5000}, methods: {retrain: {snapshots: [99]}}}"
    with pytest.raises(ConfigError, match="4 problems"):
        load_experiment(changed(valid, change))


def test_empty_configuration_lists_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="experiment is missing") as caught:
        load_experiment({})
    assert "forget_sets is missing" in str(caught.value)


def test_valid_configuration_becomes_typed(valid: dict[str, Any]) -> None:
    experiment = load_experiment(valid)
    assert list(experiment.variants) == ["nothing", "floor", "retrain", "scrub"]
    assert experiment.variants["nothing"].snapshots == (0,)
    assert experiment.variants["retrain"].snapshots == (4, 8)
    assert experiment.variants["scrub"].settings.model_dump()["lr"] == 0.01
    assert list(experiment.metric_settings) == ["klom"]
    assert experiment.models_compared("klom") == 20
    assert experiment.model_settings.model_dump() == {"hidden": (32,)}
    assert (experiment.train_size, experiment.validation_size, experiment.num_classes) == (1437, 360, 10)
    assert experiment.image_shape == (1, 8, 8)


def test_default_snapshot_is_the_last_epoch(valid: dict[str, Any]) -> None:
    for name in ("retrain", "scrub"):
        del valid["methods"][name]["snapshots"]
    variants = load_experiment(valid).variants
    assert variants["retrain"].snapshots == (10,)
    assert variants["scrub"].snapshots == (5,)


def test_subsets_and_metric_sizes_are_honoured(valid: dict[str, Any]) -> None:
    experiment = load_experiment(
        changed(valid, "{data: {train_size: 500, validation_size: 100}, metrics: {klom: {num_models: 10}}}")
    )
    assert (experiment.train_size, experiment.validation_size, experiment.models_compared("klom")) == (500, 100, 10)


def test_values_from_a_nested_command_line_value_are_text(valid: dict[str, Any]) -> None:
    # snakemake --config training='{epochs: 12, lr: 1e-2}' data='{train_size: null}' leaves the inner values as text
    valid["training"] |= {"epochs": "12", "lr": "1e-2"}
    valid["data"]["train_size"] = "null"
    experiment = load_experiment(valid)
    assert (experiment.training.epochs, experiment.training.lr, experiment.train_size) == (12, 0.01, 1437)


def test_the_experiment_is_frozen(valid: dict[str, Any]) -> None:
    experiment = load_experiment(valid)
    with pytest.raises(ValueError, match="frozen"):
        experiment.num_models = 3  # pyright: ignore[reportAttributeAccessIssue]


RULED_SETTINGS = """
from pydantic import Field, model_validator
from unlearnkit.config.settings import Settings as BaseSettings

class Settings(BaseSettings):
    lr: float = Field(gt=0, description="learning rate")
    epochs: int = Field(5, ge=1, description="epochs")
    ascent_epochs: int = Field(3, ge=0, description="epochs of ascent")

    @model_validator(mode="after")
    def _ascent_ends(self):
        if self.ascent_epochs > self.epochs:
            raise ValueError(f"ascent_epochs {self.ascent_epochs} is more than epochs {self.epochs}")
        return self
"""


def test_a_methods_own_rule_is_reported_with_its_variant(valid: dict[str, Any], register: Callable[..., None]) -> None:
    register("method", "ruled", RULED_SETTINGS)
    valid["methods"]["mine"] = {"method": "ruled", "lr": 1, "grid": {"ascent_epochs": [5, 8], "epochs": [5]}}
    with pytest.raises(
        ConfigError, match=r"methods\.mine\.epochs5\.ascent_epochs8: ascent_epochs 8 is more than epochs 5"
    ):
        load_experiment(valid)


def test_a_required_setting_may_come_from_the_grid(valid: dict[str, Any], register: Callable[..., None]) -> None:
    register("method", "ruled", RULED_SETTINGS)
    variant: dict[str, Any] = {"method": "ruled"}
    valid["methods"] = {"mine": variant}
    with pytest.raises(ConfigError, match=r"methods\.mine\.lr is missing"):
        load_experiment(valid)
    variant["grid"] = {"lr": [0.5]}
    assert list(load_experiment(valid).variants) == ["mine.lr0.5"]


def test_a_models_own_rule_is_reported(valid: dict[str, Any], register: Callable[..., None]) -> None:
    register("model", "ruled", RULED_SETTINGS)
    valid["model"] = {"name": "ruled", "ascent_epochs": 8}
    with pytest.raises(ConfigError, match=r"model\.lr is missing"):
        load_experiment(valid)
    valid["model"]["lr"] = 1
    with pytest.raises(ConfigError, match=r"model: ascent_epochs 8 is more than epochs 5"):
        load_experiment(valid)
    valid["model"]["epochs"] = 8
    assert load_experiment(valid).model_settings.model_dump() == {"lr": 1, "epochs": 8, "ascent_epochs": 8}


def test_a_plug_in_may_not_use_the_configurations_own_keys(
    valid: dict[str, Any], register: Callable[..., None]
) -> None:
    register("method", "greedy", RULED_SETTINGS.replace("lr:", "grid:"))
    with pytest.raises(UnlearnkitError, match="method 'greedy' declares a setting 'grid'"):
        load_experiment(valid)


def test_validation_imports_nothing_heavy(repository: Path, valid_text: str) -> None:
    program = (
        "import sys, yaml\n"
        "from unlearnkit.config.experiment import load_experiment\n"
        "load_experiment(yaml.safe_load(sys.stdin.read())).variants\n"
        "print([name for name in ('torch', 'torchvision', 'sklearn', 'matplotlib', 'pyarrow') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=valid_text, cwd=repository, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
