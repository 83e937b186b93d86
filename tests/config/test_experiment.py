"""A valid configuration becomes a typed experiment; plug-ins bring their own settings and rules."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError, UnlearnkitError


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
    assert experiment.sample_shape == (1, 8, 8)


def test_default_snapshot_is_the_last_epoch(valid: dict[str, Any]) -> None:
    for name in ("retrain", "scrub"):
        del valid["methods"][name]["snapshots"]
    variants = load_experiment(valid).variants
    assert variants["retrain"].snapshots == (10,)
    assert variants["scrub"].snapshots == (5,)


def test_subsets_and_metric_sizes_are_honoured(changed: Callable[[str], dict[str, Any]]) -> None:
    change = "{data: {train_size: 500, validation_size: 100}, metrics: {klom: {num_models: 10}}}"
    experiment = load_experiment(changed(change))
    assert (experiment.train_size, experiment.validation_size, experiment.models_compared("klom")) == (500, 100, 10)


@pytest.mark.parametrize(
    ("change", "sizes", "shape"),
    [
        ("data: {name: cifar100, split: deep_unlearn}", (42_500, 7_500, 10_000), (3, 32, 32)),
        ("data: {name: cifar10, split: deep_unlearn}", (42_500, 7_500, 10_000), (3, 32, 32)),
        (
            "data: {name: mnist, split: deep_unlearn, image: {side: 32, channels: 3}}",
            (51_000, 9_000, 10_000),
            (3, 32, 32),
        ),
        (
            "data: {name: fashion_mnist, split: deep_unlearn, image: {channels: 3}}",
            (51_000, 9_000, 10_000),
            (3, 28, 28),
        ),
        ("data: {name: utkface, split: deep_unlearn, image: {side: 224}}", (16_121, 2_846, 4_741), (3, 224, 224)),
        ("data: {name: utkface}", (18_967, 4_741, 0), (3, 200, 200)),
        ("data: {name: living17, image: {side: 160}}", (44_200, 3_400, 0), (3, 160, 160)),
        ("data: {name: living17_imagenet}", (44_200, 3_400, 0), (3, 224, 224)),
    ],
)
def test_splits_and_shapes_are_planned(
    changed: Callable[[str], dict[str, Any]], change: str, sizes: tuple[int, int, int], shape: tuple[int, int, int]
) -> None:
    experiment = load_experiment(changed(f"{{{change}, forget_sets: {{eights: {{label: 4}}}}}}"))
    assert experiment.split_sizes == sizes
    assert (experiment.train_size, experiment.validation_size) == sizes[:2]
    assert experiment.sample_shape == shape


def test_values_from_a_nested_command_line_value_are_text(valid: dict[str, Any]) -> None:
    # snakemake --config training='{epochs: 12, lr: 1e-2}' data='{train_size: null}' leaves the inner values as text
    valid["training"] |= {"epochs": "12", "lr": "1e-2"}
    valid["data"]["train_size"] = "null"
    experiment = load_experiment(valid)
    assert (experiment.training.epochs, experiment.training.lr, experiment.train_size) == (12, 0.01, 1437)


def test_a_model_that_just_fits_the_images_is_accepted(valid: dict[str, Any]) -> None:
    valid["model"] = {"name": "small_cnn", "channels": [4, 4, 4, 4]}
    assert load_experiment(valid).model_settings.model_dump() == {"channels": (4, 4, 4, 4)}


def test_an_overlay_takes_a_forget_set_out_with_null(changed: Callable[[str], dict[str, Any]]) -> None:
    assert list(load_experiment(changed("forget_sets: {eights: null}")).forget_sets) == ["random_50"]
    with pytest.raises(ConfigError, match="forget_sets is"):
        load_experiment(changed("forget_sets: {eights: null, random_50: null}"))


def test_an_overlay_takes_a_variant_out(changed: Callable[[str], dict[str, Any]]) -> None:
    whole = load_experiment(changed("{}")).variants
    name = next(iter(whole))
    assert list(load_experiment(changed(f"methods: {{{name}: null}}")).variants) == [
        other for other in whole if other != name
    ]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_all_samples_may_be_asked_for_by_word(split: str, changed: Callable[[str], dict[str, Any]]) -> None:
    said, unsaid = (load_experiment(changed(f"data: {{{split}_size: {size}}}")) for size in ("all", "null"))
    assert said.data.model_dump() == unsaid.data.model_dump()
    assert getattr(said.data, f"{split}_size") is None


def test_several_sets_may_name_the_same_one(changed: Callable[[str], dict[str, Any]]) -> None:
    sets = "{eights: {disjoint_from: [random_50]}, x: {kind: class, label: 1, disjoint_from: [eights, random_50]}}"
    assert len(load_experiment(changed(f"forget_sets: {sets}")).forget_sets) == 3


def test_a_metric_without_a_least_number_takes_one_sample(changed: Callable[[str], dict[str, Any]]) -> None:
    experiment = load_experiment(changed("{data: {validation_size: 1}, forget_sets: {random_50: {size: 1}}}"))
    assert (experiment.validation_size, experiment.forget_sets["random_50"].planned_size()) == (1, 1)


def test_two_samples_are_enough_to_attack(changed: Callable[[str], dict[str, Any]]) -> None:
    change = "{data: {validation_size: 2}, forget_sets: {random_50: {size: 2}}, metrics: {mia: {}}}"
    assert list(load_experiment(changed(change)).metric_settings) == ["klom", "mia"]


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
        "from unlearnkit.config.load import load_experiment\n"
        "load_experiment(yaml.safe_load(sys.stdin.read())).variants\n"
        "print([name for name in ('torch', 'torchvision', 'sklearn', 'matplotlib', 'pyarrow') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=valid_text, cwd=repository, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_home_and_variables_in_paths_are_replaced(
    changed: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("SCRATCH", "/scratch/me")
    sets = "{x: {kind: file, file: $HOME/i.txt}, y: {kind: scores, file: ~/s.npy, top: 3}}"
    found = load_experiment(
        changed(f"{{data: {{root: ~/faces}}, forget_sets: {sets}, embedding: {{model: '${{SCRATCH}}/clip'}}}}")
    )
    assert (found.data.root, found.embedding.model) == ("/home/me/faces", "/scratch/me/clip")
    assert [found.forget_sets[name].input_file() for name in "xy"] == ["/home/me/i.txt", "/home/me/s.npy"]


@pytest.mark.parametrize("change", ["training: {batch_size: 60, drop_last: true}", "training: {batch_size: 59}"])
def test_batches_of_two_or_more_are_accepted(change: str, changed: Callable[[str], dict[str, Any]]) -> None:
    model = "model: {name: small_cnn, hidden: REMOVED, channels: [4, 4, 4, 4]}"
    load_experiment(changed(f"data: {{train_size: 121}}\n{change}\n{model}"))


def test_a_batch_of_one_larger_image_is_accepted(changed: Callable[[str], dict[str, Any]]) -> None:
    model = "model: {name: small_cnn, hidden: REMOVED, channels: [4, 4, 4]}"
    load_experiment(changed(f"data: {{train_size: 121}}\ntraining: {{batch_size: 60}}\n{model}"))
