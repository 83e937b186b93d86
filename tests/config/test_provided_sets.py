"""Named sets: what a method reads is checked against what the data set provides."""

from __future__ import annotations

import pytest

from unlearnkit.config.blocks import declared
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError

EXPERIMENT = {
    "experiment": "views",
    "data": {"name": "digits"},
    "model": {"name": "mlp"},
    "training": {},
    "num_models": 10,
    "held_out_oracles": 10,
    "shard_size": 10,
    "forget_sets": {"random_50": {"kind": "random", "size": 50}},
    "methods": {"mine": {"method": "scrub"}},
    "metrics": {"klom": {}},
}


@pytest.fixture(autouse=True)
def _reads_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declared("method", "scrub"), "VIEWS", ("validation", "refusals"))


def views_of_digits(monkeypatch: pytest.MonkeyPatch, *views: str) -> None:
    monkeypatch.setattr(declared("data set", "digits"), "VIEWS", views, raising=False)


def test_a_set_that_the_data_set_provides_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    views_of_digits(monkeypatch, "refusals")
    assert load_experiment(EXPERIMENT).variants["mine"].method == "scrub"


@pytest.mark.parametrize(
    ("views", "nearest"), [((), "known names: validation"), (("refusal",), r"did you mean 'refusal'\?")]
)
def test_a_set_that_it_does_not_provide_is_refused(
    monkeypatch: pytest.MonkeyPatch, views: tuple[str, ...], nearest: str
) -> None:
    views_of_digits(monkeypatch, *views)
    message = rf"methods\.mine: scrub reads the set 'refusals', which data set 'digits' does not provide; .*{nearest}"
    with pytest.raises(ConfigError, match=message):
        load_experiment(EXPERIMENT)
