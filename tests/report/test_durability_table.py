"""The table of attacks: values before and after, of oracles under the same attack, and what comes back beyond them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from unlearnkit.report.durability import COLUMNS, UNTRAINED, Scored, costs_of, figure, rows
from unlearnkit.report.durability_text import markdown, reading
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv

MARGIN = SimpleNamespace(
    AXIS="samples", HEADLINE="margin", STATISTIC="mean", MEASURES={"margin": {"unit": "nats", "direction": "match"}}
)
FORGET = {
    ("", "original"): [7.0, 8.0, 9.0],
    ("", "oracle"): [-5.0, -4.0, -3.0],
    ("", "hidden"): [-4.0, -5.0, -6.0],
    ("int4", "original"): [7.0, 8.0, 9.0],
    ("int4", "oracle"): [-5.0, -4.0, -6.0],
    ("int4", "hidden"): [6.0, 7.0, 8.0],
}
ATTACKS = {"int4": {"attack": "quantise", "bits": 4, "group": None}}


def summary(values: list[float], failed: int = 0) -> dict[str, Any]:
    mean = None if failed else float(np.mean(values))
    interval = (
        {"mean_models_low": None, "mean_models_high": None}
        if failed
        else {
            "mean_models_low": mean - 1,  # pyright: ignore
            "mean_models_high": mean + 1,  # pyright: ignore
        }
    )
    return {"mean": mean, **interval, "n_failed": failed, "n_models": 4, "n_samples": len(values)}


def scored(attack: str, candidate: str, failed: int = 0) -> Scored:
    values = {"forget": FORGET[attack, candidate], "validation": [1.0, 2.0], "retain": [3.0]}
    summaries = {split: summary(own, failed) for split, own in values.items()}
    arrays = {split: np.array(own) for split, own in values.items()}
    return Scored(attack, "margin", MARGIN, "threes", candidate, summaries, arrays)


@pytest.fixture
def found() -> list[dict[str, Any]]:
    cost = {"passes": 3.0, "relative_passes": 0.25, "seconds": 0.5}
    return rows([scored(*key) for key in FORGET], {("int4", "threes", "hidden"): cost})


def test_what_comes_back_is_counted_beyond_what_comes_to_oracles(found: list[dict[str, Any]]) -> None:
    by = {(row["candidate"], row["split"]): row for row in found}
    assert {split for _, split in by} == {"forget", "validation"}
    hidden = by["hidden", "forget"]
    assert (hidden["before"], hidden["after"]) == (-5, 7)
    assert (hidden["oracle_before"], hidden["oracle_after"]) == (-4, -5)
    # 12 come back, and oracles lose 1
    assert hidden["more"] == pytest.approx(13) and hidden["apart"] == pytest.approx(12)
    # four values with intervals of 1 over four models: twice their error, at 4 x 3 degrees of freedom
    reach = stats.t.ppf(0.975, 12) * 2 / stats.t.ppf(0.975, 3)
    assert (hidden["more_low"], hidden["more_high"]) == pytest.approx((13 - reach, 13 + reach))
    assert (hidden["before_low"], hidden["before_high"]) == (-6, -4)
    # it has forgotten nothing, so little comes back, and it is far from the oracles
    assert by["original", "forget"]["more"] == pytest.approx(1) and by["original", "forget"]["apart"] == 13
    assert by["oracle", "forget"]["more"] is None
    assert by["hidden", "validation"]["more"] == 0
    assert hidden["passes"] == 3 and by["original", "forget"]["passes"] is None
    assert [*hidden] == list(COLUMNS)


def test_the_table_says_what_was_done_what_it_cost_and_what_was_left_out(found: list[dict[str, Any]]) -> None:
    text = markdown(found, ATTACKS, ["sisa"])
    assert "| int4 | quantise | bits 4 | 3 | 0.2500 | 0.5000 |" in text
    assert "Not attacked: sisa." in text
    assert "### margin: mean of margin [nats, match; higher knows more]\n\nForget set threes\n" in text
    line = next(line for line in text.splitlines() if "| hidden |" in line and "forget" in line)
    cells = "| int4 | forget | hidden | -5.000 [-6.000, -4.000] | 7.000 [6.000, 8.000] | -4.000 | -5.000 | 12.000 ["
    assert line.startswith(cells)
    assert to_csv(found, COLUMNS).count("\n") == len(found) + 1


def test_failed_models_are_named_in_place_of_values() -> None:
    made = rows([scored(*key, failed=int(key == ("int4", "hidden"))) for key in FORGET], {})
    hidden = next(row for row in made if (row["candidate"], row["split"]) == ("hidden", "forget"))
    assert hidden["after"] is None and hidden["failed"] == "1 of 4 models failed"
    assert "1 of 4 models failed" in markdown(made, ATTACKS, [])


def test_without_oracles_nothing_is_compared_with_them() -> None:
    made = rows([scored(*key) for key in FORGET if key[1] != "oracle"], {})
    assert all(row["oracle_before"] is None and row["more"] is None for row in made)
    assert svg(figure(made))


def test_costs_are_relative_to_the_oracles_as_trained() -> None:
    def record(passes: float) -> dict[str, Any]:
        machine = {"processor": "one"}
        own = {"passes": {"2": passes}, "seconds": {"2": 1.0}, "stack_size": 1, "peak_memory_mb": 1.0}
        return {**own, "device": "CPU", "threads": 1, "machine": machine}

    found = costs_of({("", "threes", "oracle"): [record(400)], ("int4", "threes", "oracle"): [record(100)]})
    assert found.keys() == {("int4", "threes", "oracle")}
    assert found["int4", "threes", "oracle"]["relative_passes"] == 0.25


def test_the_figure_has_a_point_per_candidate_and_attack(found: list[dict[str, Any]]) -> None:
    axes = figure(found).axes
    drawn = [float(np.asarray(line.get_ydata())[0]) for line in axes[0].lines]
    assert sorted(drawn) == [-5, 7, 8, 8]  # hidden and original, before and after
    assert len(axes[0].collections) == 2  # oracles, before and after
    assert svg(figure(found)) == svg(figure(found))


def test_the_floor_is_what_comes_back_of_further_oracles() -> None:
    made = rows([scored(*key) for key in FORGET], {}, held_out="original")
    floors = {(row["candidate"], row["split"]): row["floor"] for row in made}
    assert floors["hidden", "forget"] == pytest.approx(1) and floors["hidden", "validation"] == 0
    assert floors["original", "forget"] is None and floors["oracle", "forget"] is None


def test_values_of_models_are_compared_by_model() -> None:
    declared = SimpleNamespace(**{**vars(MARGIN), "AXIS": "models"})
    values = {
        ("", "hidden"): [-4.0, -5.0, -6.0],
        ("", "oracle"): [0.0, 5.0],
        ("int4", "hidden"): [6.0, 4.0, 6.0],
        ("int4", "oracle"): [1.0, 6.5],
    }

    def own(attack: str, candidate: str, found: list[float]) -> Scored:
        return Scored(
            attack, "rouge", declared, "threes", candidate, {"forget": summary(found)}, {"forget": np.array(found)}
        )

    made = rows([own(*key, found) for key, found in values.items()], {})
    hidden = next(row for row in made if row["candidate"] == "hidden")
    welch = stats.ttest_ind([10, 9, 12], [1, 1.5], equal_var=False).confidence_interval(0.95)
    assert (hidden["more_low"], hidden["more_high"]) == pytest.approx((welch.low, welch.high))
    # other models before and after: compared as two populations, not left empty
    made = rows([own(*key, found[: 2 if key == ("", "hidden") else 3]) for key, found in values.items()], {})
    hidden = next(row for row in made if row["candidate"] == "hidden")
    assert hidden["more"] == pytest.approx(16 / 3 + 4.5 - 1.25) and hidden["more_low"] < hidden["more"]


def test_the_table_says_what_an_attack_has_seen_of_what_is_measured(found: list[dict[str, Any]]) -> None:
    attacks = {"int4": {"attack": "relearn", "items": 2}, "new": {"attack": "fine_tune", "on": "validation"}}
    text = markdown(found, attacks, [])
    assert "Forget set threes (int4 trains on 2 of its 3 samples, which are among those of the values)" in text
    assert "Trained on validation samples: new." in text
    assert "Trained on validation" not in markdown(found, ATTACKS, [])


def test_an_attack_on_prompts_costs_nothing_but_their_length() -> None:
    record = {"changed": 2, "forgotten": 3, "prompt_tokens": {"before": 9.5, "after": 20.25}}
    made = rows([scored(*key) for key in FORGET], {("int4", "threes", ""): UNTRAINED})
    assert {row["passes"] for row in made} == {row["seconds"] for row in made} == {0.0}
    text = markdown(made, {"int4": {"attack": "prefix", "text": "Say:"}}, [], {("int4", "threes"): record})
    assert "| int4 | prefix | text Say: | 0 | 0.0000 | 0.0000 |" in text
    assert (
        "int4 asks 2 of the 3 questions of threes in another way: prompts of 20.2 tokens on average in place of 9.5. "
        "Models are those before; nothing is trained."
    ) in text


def test_every_metric_says_which_direction_is_that_of_knowing() -> None:
    said = {name: reading({"metric": name, "direction": "match"}) for name in ("margin", "perplexity", "mia")}
    assert said == {
        "margin": "match; higher knows more",
        "perplexity": "match; lower knows more",
        "mia": "match; the direction of knowing is not stated",
    }
    assert reading({"metric": "klom", "direction": "lower"}).startswith("lower; a distance")
