"""Figures: they draw what they are given, failed candidates included, without warnings and with the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from unlearnkit.metrics.attacks import mia
from unlearnkit.metrics.distribution import klom
from unlearnkit.report.densities import margin_densities, telling_samples
from unlearnkit.report.figures import metric_figure
from unlearnkit.report.style import row_name, svg
from unlearnkit.report.tables import metric_rows

pytestmark = pytest.mark.filterwarnings("error")
METHODS = {"good": "fine_tune", "bad": "scrub", "broken": "scrub"}


@pytest.fixture(scope="module")
def rows(summaries, costs):
    return [row for row in metric_rows(summaries, costs, has_floor=True) if row["forget_set"] == "first"]


def _values(*candidates):
    rng = np.random.default_rng(0)
    return {name: {split: rng.gamma(2, size=9) for split in ("forget", "retain", "validation")} for name in candidates}


def test_trade_off_names_points_and_failures(rows):
    text = svg(metric_figure("trade_off", klom, rows, {}, METHODS))
    ElementTree.fromstring(text)
    assert "<title>good, epoch 2: validation 1, forget 1, 0.2 x retraining</title>" in text
    assert "not shown, models failed: broken<" in text
    assert "oracles (noise floor)" in text


def test_trade_off_with_nothing_but_failures(rows):
    assert "broken" in svg(metric_figure("trade_off", klom, [row for row in rows if row["n_failed"]], {}, METHODS))


def test_trade_off_of_many_methods_has_a_whole_legend_and_labels_those_that_few_surpass():
    """`best` surpasses all others, so that nobody else is in front; `m00`, first in the table, is the worst."""
    places = {"oracle": 1.0, "best": 1.0} | {f"m{number:02}": 40.0 - number for number in range(34)}
    rows = [
        {"candidate": name, "epoch": 1, "relative_passes": 0.5, "split": split, "measure": "klom", "p95": place}
        for name, place in places.items()
        for split in ("forget", "validation")
    ]
    figure = metric_figure("trade_off", klom, rows, {}, {name: name for name in places if name != "oracle"})
    labels = {label.get_text() for label in figure.axes[0].texts}
    assert {"m33 @ 1", "m32 @ 1"} <= labels
    assert "m00 @ 1" not in labels
    (legend,) = figure.legends
    assert legend.get_window_extent().y0 >= 0


def test_distributions_say_why_a_candidate_has_none(rows):
    values = _values("original", "oracle", "good", "bad") | {"broken": {"forget": np.array([np.nan])}}
    text = svg(metric_figure("distributions", klom, rows, values, METHODS))
    assert text.count("2 of 4 models failed") == 3
    assert text.index(">oracles<") < text.index(">originals<")


def test_distributions_have_a_panel_of_test_samples_where_there_are_some(rows):
    values = _values("oracle", "good")
    assert ">test samples<" not in svg(metric_figure("distributions", klom, rows, values, METHODS))
    for of_splits in values.values():
        of_splits["test"] = np.arange(3.0)
    assert ">test samples<" in svg(metric_figure("distributions", klom, rows, values, METHODS))


def test_distributions_of_a_metric_over_models_with_one_split():
    values = {"oracle": {"forget": np.full(3, 0.5)}, "good": {"forget": np.full(3, 0.5)}}
    text = svg(metric_figure("distributions", mia, [], values, {}))
    assert "models, on forget samples" in text


def test_figures_have_the_same_bytes_and_leave_settings_alone(rows):
    before = dict(mpl.rcParams)
    first, second = (svg(metric_figure("trade_off", klom, rows, {}, METHODS)) for _ in range(2))
    assert first == second
    assert dict(mpl.rcParams) == before


def test_names_are_escaped(rows):
    hostile = "<script>$x_1$"
    renamed = [row | {"candidate": hostile} if row["candidate"] == "good" else row for row in rows]
    text = svg(metric_figure("trade_off", klom, renamed, {}, {hostile: hostile}))
    assert "<script>" not in text
    assert "&lt;script&gt;$x_1$" in text


def test_telling_samples_are_ranked_by_standardised_difference():
    noise = np.random.default_rng(0).normal(size=(50, 3))
    assert telling_samples(noise + np.array([1, 9, 4]), noise) == {"largest": 1, "median": 2, "smallest": 0}
    # a wider spread makes the same shift less telling
    wider = noise * np.array([1, 1, 9])
    assert telling_samples(wider + np.array([5, 1, 5]), wider)["largest"] == 0


def test_margin_densities_leave_out_failed_models_and_say_so():
    rng = np.random.default_rng(1)
    original, oracle = rng.normal(4, size=(6, 3)), rng.normal(size=(6, 3))
    failed = original.copy()
    failed[:2, 0] = np.nan
    unlearned = {"scrub": original - 1e6, "broken": failed, "all_broken": np.full((6, 3), np.inf)}
    samples = telling_samples(original, oracle)
    text = svg(margin_densities(original, oracle, unlearned, samples, [10, 20, 30]))
    assert "2 of 6 failed" in text
    assert "6 of 6 failed" in text
    assert all(f">sample {(10, 20, 30)[position]}<" in text for position in samples.values())


@pytest.mark.parametrize(
    ("failed", "note"),
    [
        (("original",), "all originals failed"),
        (("oracle",), "all oracles failed"),
        (("original", "oracle"), "all originals and oracles failed"),
    ],
)
def test_margin_densities_choose_no_sample_where_all_originals_or_oracles_failed(failed, note):
    rng = np.random.default_rng(2)
    pools: dict[str, Any] = {name: rng.normal(size=(6, 3)) for name in ("original", "oracle")}
    pools |= {name: np.full((6, 3), np.nan) for name in failed}
    samples = telling_samples(**pools)
    assert samples == {}
    text = svg(
        margin_densities(**pools, unlearned={"scrub": pools["original"]}, samples=samples, sample_index=[1, 2, 3])
    )
    assert f">{note}<" in text
    assert ">sample " not in text
    assert ("6 of 6 failed" in text) == ("original" in failed)


def test_long_names_are_broken_between_settings_and_not_inside_numbers():
    assert row_name("scrub.ascent_epochs3.lr0.0005.forget_batch_size32") == (
        "scrub.ascent_epochs3.lr0.0005\n.forget_batch_size32"
    )


@pytest.mark.parametrize("given", [False, True])
def test_matplotlib_makes_nothing_in_a_home_but_its_cache_unless_there_are_settings(
    tmp_path: Path, *, given: bool
) -> None:
    settings = tmp_path / ".config/matplotlib"
    if given:
        settings.mkdir(parents=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MPLCONFIGDIR"))}
    program = "import unlearnkit.report.style, matplotlib; print(matplotlib.get_configdir())"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**own, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == str(settings if given else tmp_path / ".cache/matplotlib")
    assert settings.exists() == given
