"""Which pages there are, and what they are made of."""

from __future__ import annotations

import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.places import owner_of, place_of_path
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present


def present(repository, **changes) -> Present:
    raw = yaml.safe_load((repository / "tests/runs/tiny.yaml").read_text())
    return Present(Graph(load_experiment({**raw, **changes})))


def test_the_configuration_decides_which_pages_there_are(repository):
    site = present(repository).site
    sets, methods = ["random_10", "nines"], ["do_nothing", "load_oracle", "scrub"]
    assert site.pages() == [
        "index",
        "provenance",
        *(f"forget_sets/{name}" for name in sets),
        *(f"methods/{name}" for name in methods),
        "metrics/klom",
        "metrics/mia",
    ]
    variants = {name: {"method": "scrub", "epochs": 2, "ascent_epochs": 1} for name in ("slow", "fast")}
    assert "methods/scrub" in present(repository, methods=variants).site.pages()


def test_every_page_has_its_record_in_that_of_the_front_page_and_is_known(repository):
    own = present(repository)
    for path in own.site.files():
        place = place_of_path(path)
        assert place is not None and own.unknown(place) is None and own.code(place) == own.site.code()
        assert owner_of(path.removeprefix("results/tiny/")) == "report/index.html"
    stranger = place_of_path("results/tiny/report/methods/stranger.html")
    assert stranger is not None and own.unknown(stranger) is not None


def test_trials_are_made_for_the_report_only_if_their_sizes_are_configured(repository):
    assert present(repository).site.sizes() == []
    asked = present(repository, arena={"sizes": [2, 4]}).site
    assert asked.sizes() == ["results/tiny/tables/sizes.parquet"]


def test_curves_are_of_metrics_with_a_value_per_model(repository):
    assert {*present(repository).site.references()} == {"mia"}
