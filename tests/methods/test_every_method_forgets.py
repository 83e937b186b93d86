"""Every method of experiments/digits_methods.yaml moves the forget set toward the oracles and keeps accuracy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pools import Pool

from unlearnkit import registry
from unlearnkit.config.load import load_experiment
from unlearnkit.config.methods.variants import Variant

SOURCE = Path(__file__).parents[2] / "experiments" / "digits_methods.yaml"
EXPERIMENT = load_experiment(yaml.safe_load(SOURCE.read_text()))

REMAINING_GAP = 0.8
"""Of the gap between originals and oracles on the forget set, at most this part may be left..."""
LOST_ACCURACY = 0.03
"""...and validation accuracy may be this much lower than that of the oracles."""

NOT_MOVING: dict[str, str] = {
    "do_nothing": "it is the lower baseline",
    "fisher": "its noise knows the retain set only, and costs accuracy before it reaches the forget set",
}
"""Methods that are documented as baselines which do not move the forget set, and why."""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """Originals and oracles, trained once."""
    return Pool(EXPERIMENT, tmp_path_factory.mktemp("pool"))


@pytest.mark.slow
@pytest.mark.parametrize("variant", [pytest.param(own, id=name) for name, own in EXPERIMENT.variants.items()])
def test_the_forget_set_moves_toward_the_oracles(variant: Variant, pool: Pool) -> None:
    settings = variant.settings.model_dump(mode="json")
    last = max(variant.snapshots)
    unlearned = pool.unlearned(variant.method, last, **settings)[last]
    originals = pool.margins["original"]
    left = pool.gap(unlearned) / pool.gap(originals)
    lost = pool.accuracy(pool.margins["oracle"]) - pool.accuracy(unlearned)
    print(f"{variant.name}: {left:.2f} of the gap is left, {-lost:+.3f} validation accuracy beside the oracles")
    assert (left <= REMAINING_GAP) != (variant.method in NOT_MOVING)
    assert lost <= LOST_ACCURACY


def test_every_registered_method_for_images_is_there() -> None:
    for_images = {name for name in registry.METHODS if "image" in registry.tasks_of(registry.load("method", name))}
    assert {variant.method for variant in EXPERIMENT.variants.values()} == for_images
