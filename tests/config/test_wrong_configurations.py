"""Every wrong configuration is refused with the key's path and a remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError

Changed = Callable[[str], dict[str, Any]]

# change to the valid configuration ("REMOVED": the key is taken out), and what the message has to say
WRONG: dict[str, tuple[str, list[str]]] = {
    "unknown top-level key": ("seeed: 1", ["seeed is not a known key", "did you mean 'seed'"]),
    "unknown key in a section": ("training: {epoch: 3}", ["training.epoch is not", "did you mean 'epochs'"]),
    "unknown key in data": ("data: {roots: x}", ["data.roots", "did you mean 'root'"]),
    "unknown setting of a method": ("methods: {scrub: {alfa: 1}}", ["methods.scrub.alfa", "did you mean 'alpha'"]),
    "setting too small to compute with": (
        "methods: {scrub: {temperature: 1.0e-200}}",
        ["methods.scrub.temperature: 1e-200 overflows", "from 1e-30 to 1e30"],
    ),
    "setting too large to compute with": ("methods: {scrub: {lr: 1.0e+300}}", ["methods.scrub.lr: 1e+300 overflows"]),
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
    "missing key": ("num_models: REMOVED", ["num_models is missing", "whole number, at least 1"]),
    "missing section": ("training: REMOVED", ["training is missing", "block of keys"]),
    "missing method": ("methods: {x: {}}", ["methods.x.method is missing", "'do_nothing', "]),
    "missing key of a forget set": (
        "forget_sets: {x: {kind: random}}",
        ["forget_sets.x.size is missing", "at least 1"],
    ),
    "text for a number": ("num_models: many", ["num_models is 'many'", "whole number, at least 1"]),
    "fraction for a whole number": ("num_models: 20.5", ["num_models is 20.5", "whole number"]),
    "true for a number": ("seed: true", ["seed is true", "a number"]),
    "number for a section": ("training: 3", ["training is 3", "block of keys"]),
    "list for a section": ("methods: [scrub]", ['methods is ["scrub"]', "block of keys"]),
    "text for a list": ("methods: {scrub: {milestones: x}}", ["methods.scrub.milestones is 'x'", "list"]),
    "wrong item of a list": ("model: {hidden: [3, x]}", ["model.hidden.1 is 'x'", "whole number"]),
    "layer without units": ("model: {hidden: [32, 0]}", ["model.hidden.1 is 0", "whole number, at least 1"]),
    "layer of negative width": ("model: {hidden: [-3]}", ["model.hidden.0 is -3", "at least 1"]),
    "block without channels": (
        "model: {name: small_cnn, hidden: REMOVED, channels: [0]}",
        ["model.channels.0 is 0", "at least 1"],
    ),
    "images too small for the model": (
        "model: {name: resnet9, hidden: REMOVED}",
        ["model.name is resnet9", "11 x 11", "digits have 8 x 8", "change model.name, or choose a data set"],
    ),
    "images pooled to nothing": (
        "model: {name: small_cnn, hidden: REMOVED, channels: [4, 4, 4, 4, 4]}",
        ["model.name is small_cnn", "16 x 16", "digits have 8 x 8", "change model.name or model.channels"],
    ),
    "not finite": ("training: {lr: .nan}", ["training.lr is NaN", "a number, above 0"]),
    "empty value": ("metrics: {klom: null}", ["metrics.klom is null", "block of keys"]),
    "N = 0": ("num_models: 0", ["num_models is 0", "at least 1"]),
    "negative seed": ("seed: -1", ["seed is -1", "at least 0"]),
    "learning rate out of range": ("training: {lr: -0.1}", ["training.lr is -0.1", "above 0 and at most 100"]),
    "large bound": ("training: {epochs: 20000}", ["training.epochs is 20000", "at least 1 and at most 10,000"]),
    "seed of another generator": (
        "forget_sets: {random_50: {seed: 4294967296}}",
        ["forget_sets.random_50.seed is 4294967296", "at least 0 and below 4,294,967,296"],
    ),
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
    "class that does not exist": (
        "data: {name: cifar10}\nmodel: {name: resnet9, hidden: REMOVED}\nforget_sets: {eights: {label: dear}}",
        ["forget_sets.eights.label is 'dear', which is not a class of cifar10", "did you mean 'deer'"],
    ),
    "batch of one sample": (
        "data: {train_size: 121}\ntraining: {batch_size: 60}\n"
        "model: {name: small_cnn, hidden: REMOVED, channels: [4, 4, 4, 4]}",
        [
            "of the 121 samples that train originals one is alone in a batch",
            "small_cnn's batch norm",
            "drop_last: true",
        ],
    ),
    "batch of one sample of oracles": (
        "data: {train_size: 171}\ntraining: {batch_size: 60}\n"
        "model: {name: small_cnn, hidden: REMOVED, channels: [4, 4, 4, 4]}",
        ["of the 121 samples that train oracles without forget_sets.random_50 one is alone"],
    ),
    "no batch is left": (
        "data: {train_size: 100}\ntraining: {batch_size: 60, drop_last: true}",
        ["drop_last leaves out the only batch of the 50 samples that train oracles without forget_sets.random_50"],
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
    "test samples without a test split": (
        "data: {test_size: 5}",
        ["data.test_size is 5", "'official' has no test samples", "data.split: deep_unlearn"],
    ),
    "more test samples than there are": (
        "data: {split: deep_unlearn, test_size: 361}",
        ["data.test_size is 361", "digits has 360", "at most 360"],
    ),
    "more training samples than the split leaves": (
        "data: {split: deep_unlearn, train_size: 1222}",
        ["data.train_size is 1222", "digits has 1221", "at most 1221"],
    ),
    "unknown split": ("data: {split: deep_unlern}", ["data.split is 'deep_unlern'", "did you mean 'deep_unlearn'"]),
    "image without pixels": ("data: {image: {side: 0}}", ["data.image.side is 0", "at least 4"]),
    "image of two channels": ("data: {image: {channels: 2}}", ["data.image.channels is 2", "3"]),
    "image resized below the model": (
        "{data: {image: {side: 10}}, model: {name: resnet9, hidden: REMOVED}}",
        ["model.name is resnet9", "11 x 11", "10 x 10"],
    ),
    "patches that do not fit the image": (
        "model: {name: vit_b, patch_size: 3, hidden: REMOVED}",
        [
            "model.name is vit_b",
            "patches of 3 x 3 pixels",
            "digits have 8 x 8",
            "choose a patch size that divides 8 and 8",
        ],
    ),
    "patches larger than the image": (
        "model: {name: vit_b, hidden: REMOVED}",
        ["model.name is vit_b", "takes images of 16 x 16 pixels or more", "digits have 8 x 8"],
    ),
    "content hash that is none": ("data: {content_hash: abc}", ["data.content_hash is 'abc'"]),
    "published forget set of another data set": (
        "forget_sets: {x: {kind: easydub, name: cifar10/4}}",
        ["forget_sets.x holds positions", "of cifar10", "data.name is digits", "data.name: cifar10"],
    ),
    "published forget set in another split": (
        "{data: {name: cifar10, split: deep_unlearn}, forget_sets: {x: {kind: easydub, name: cifar10/4}}}",
        ["forget_sets.x", "data.split is deep_unlearn", "data.split: official"],
    ),
    "published forget set of a part": (
        "{data: {name: cifar10, train_size: 1000}, forget_sets: {x: {kind: easydub, name: cifar10/4}}}",
        ["forget_sets.x", "data.train_size is 1000", "data.train_size: null"],
    ),
    "published forget set that does not exist": (
        "forget_sets: {x: {kind: easydub, name: cifar10/11}}",
        ["forget_sets.x.name is 'cifar10/11'", "did you mean 'cifar10/1"],
    ),
    "published forget set for the other Living-17": (
        "{data: {name: living17_imagenet}, forget_sets: {x: {kind: easydub, name: living17/1}}}",
        ["data.name is living17_imagenet", "data.name: living17"],
    ),
    "disjoint from an unknown set": (
        "forget_sets: {eights: {disjoint_from: [random_5]}}",
        ["forget_sets.eights.disjoint_from names 'random_5'", "did you mean 'random_50'"],
    ),
    "disjoint from itself": (
        "forget_sets: {eights: {disjoint_from: [eights]}}",
        ["forget_sets.eights.disjoint_from names the set itself", "remove 'eights'"],
    ),
    "disjoint from each other": (
        "forget_sets: {random_50: {disjoint_from: [eights]}, eights: {disjoint_from: [random_50]}}",
        ["random_50", "eights", ".disjoint_from leads back", "state it once, in one of them"],
    ),
    "disjoint in a circle": (
        "forget_sets: {random_50: {disjoint_from: [x]}, eights: {disjoint_from: [random_50]}, "
        "x: {kind: class, label: 1, disjoint_from: [eights]}}",
        ["random_50 -> x", ".disjoint_from leads back", "state it once, in one of them"],
    ),
    "forget set too small for a metric": (
        "{forget_sets: {random_50: {size: 1}}, metrics: {mia: {}}}",
        ["forget_sets.random_50 asks for 1 of the 2", "at least 2", "remove metrics.mia"],
    ),
    "too few validation samples for a metric": (
        "{data: {validation_size: 1}, metrics: {mia: {}}}",
        ["data.validation_size asks for 1 of the 2", "at least 2", "remove metrics.mia"],
    ),
    "subset larger than the data": (
        "data: {train_size: 2000}",
        ["data.train_size is 2000", "digits has 1437", "at most 1437"],
    ),
    "batch larger than the data": ("training: {batch_size: 5000}", ["training.batch_size is 5000", "at most 1437"]),
    "resolution of a perceptron": (
        "training: {resolution: 16}",
        ["training.resolution is 16", "model.name is mlp", "set training.resolution to null"],
    ),
    "resolution too small for the model": (
        "{data: {name: cifar10}, model: {name: resnet9, hidden: REMOVED}, training: {resolution: 10}}",
        ["training.resolution is 10", "11 x 11", "null or at least 11"],
    ),
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
    "distributions of one model": (
        "{num_models: 1, held_out_oracles: 1, shard_size: 1}",
        ["metrics.klom compares distributions over 2 models", "there is 1 (num_models)", "remove metrics.klom"],
    ),
    "comparison without oracles": ("oracles: none", ["metrics.klom compares with oracles", "there are none"]),
    "held-out oracles without oracles": ("oracles: none", ["held_out_oracles is 20", "oracles is none"]),
    "method that reads oracles without oracles": (
        "oracles: none",
        ["methods.floor: load_oracle reads oracles", "remove methods.floor"],
    ),
    "unknown source of oracles": ("oracles: some", ["oracles.source is 'some'", "none"]),
    "too few held-out oracles for a method": (
        "{num_models: 40, held_out_oracles: 10, metrics: {klom: {num_models: 20}}}",
        ["held_out_oracles is 10", "methods.floor", "raise held_out_oracles to 20"],
    ),
    "oracle pool beyond the held-out oracles": (
        "methods: {matched: {method: oracle_matching, pool_start: 5, pool: 20}}",
        ["methods.matched", "held-out oracles 5 to 24", "is 20", "raise held_out_oracles to 30"],
    ),
    "unknown attribution": (
        "methods: {predicted: {method: dm_direct, attribution: trak_scores}}",
        ["methods.predicted.attribution", "trak_scores"],
    ),
    "more teachers than the pool has": (
        "methods: {matched: {method: oracle_matching, pool: 8, grid: {oracles: [4, 9]}}}",
        ["methods.matched.oracles9", "oracles is 9", "has 8"],
    ),
    "more classes than the data set has": (
        "methods: {noise: {method: fisher, grid: {classes: [10, 11]}}}",
        ["methods.noise.classes11.classes is 11", "has 10 classes", "set it to 10"],
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


@pytest.mark.parametrize("case", WRONG)
def test_wrong_configuration_names_key_and_remedy(changed: Changed, case: str) -> None:
    change, says = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        load_experiment(changed(change))
    message = str(caught.value).lower()
    missing = [words for words in says if words.lower() not in message]
    assert not missing, f"{caught.value}\nlacks {missing}"
    assert "pydantic" not in message
    assert "input should" not in message


def test_all_problems_are_listed_at_once(changed: Changed) -> None:
    change = "{seeed: 1, training: {lr: 0}, methods: {scrub: {alfa: 1}}, metrics: {klm: {}}}"
    with pytest.raises(ConfigError, match="4 problems") as caught:
        load_experiment(changed(change))
    for key in ("seeed", "training.lr", "methods.scrub.alfa", "metrics.klm"):
        assert f"\n- {key} " in str(caught.value)


def test_problems_between_keys_are_listed_at_once(changed: Changed) -> None:
    change = "{shard_size: 3, training: {batch_size: 5000}, methods: {retrain: {snapshots: [99]}}}"
    with pytest.raises(ConfigError, match="4 problems"):
        load_experiment(changed(change))


@pytest.mark.parametrize("further", [{}, {"seed": 1, "num_models": 50, "metrics": {"klom": {}}}])
def test_a_name_alone_is_told_to_stand_alone(further: dict[str, Any]) -> None:
    # what `snakemake --config experiment=mine` comes to
    with pytest.raises(ConfigError, match=r"problems:\n- data is missing") as caught:
        load_experiment({"experiment": "mine", **further})
    advice = str(caught.value).splitlines()[-1]
    for words in ("names its `experiment` stands alone", "leave that key out", "`--configfile config.yaml`"):
        assert words in advice


@pytest.mark.parametrize("change", ["{data: REMOVED, model: REMOVED}", "{experiment: REMOVED, data: REMOVED}"])
def test_a_configuration_with_most_keys_gets_no_such_advice(changed: Changed, change: str) -> None:
    with pytest.raises(ConfigError, match="2 problems") as caught:
        load_experiment(changed(change))
    assert "stands alone" not in str(caught.value)


def test_empty_configuration_lists_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="experiment is missing") as caught:
        load_experiment({})
    assert "forget_sets is missing" in str(caught.value)
