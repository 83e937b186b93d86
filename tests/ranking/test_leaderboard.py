"""The leaderboard: who is ranked, what is marked, what it says that it cannot say, and its forms for readers."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from made_tables import declared, settings, table

from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.report.critical_difference import critical_difference_diagram
from unlearnkit.report.leaderboard import leaderboard_markdown, leaderboard_page, leaderboard_rows
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv

SETS = [f"set_{number}" for number in range(8)]
VALUES = {
    name: {
        "near": 0.2 + number / 1000,
        "middle": 2.0 + number / 100,
        "far": 6.0 + number / 100,
        "alike": 2.0 + number / 100,
    }
    for number, name in enumerate(SETS)
}


def made(*variants: str, values: Any = None, metrics: tuple[str, ...] = ("gap",), **options: Any) -> dict[str, Any]:
    """The leaderboard of tables whose values are VALUES."""
    outside = options.pop("outside", None)
    direction = options.pop("direction", "lower")
    own = settings(*variants, outside=outside, metrics=metrics)
    rows = table(values or VALUES, **options)
    return leaderboard(own, dict.fromkeys(metrics, declared(direction)), dict.fromkeys(metrics, rows), seed=1)


WHOLE = made("near", "middle", "far", "alike", "copies", outside={"copies": "reads oracles"}, metrics=("gap", "more"))


def entries(document: dict[str, Any], of: str = "overall") -> dict[str, dict[str, Any]]:
    (ranking,) = (own for own in document["rankings"] if own["of"] == of)
    return {entry["method"]: entry for entry in ranking["entries"]}


def test_ranks_ties_and_groups_are_those_of_the_values() -> None:
    assert [ranking["of"] for ranking in WHOLE["rankings"]] == ["overall", "gap", "more"]
    for of in ("overall", "gap"):
        own = entries(WHOLE, of)
        assert [own[name]["rank"] for name in ("near", "middle", "alike", "far")] == [1, 2, 2, 4]
        assert [own[name]["tied"] for name in ("near", "middle", "alike", "far")] == [False, True, True, False]
        assert [own[name]["group"] for name in ("near", "middle", "alike", "far")] == ["G1", "G2", "G2", "G3"]
        assert own["near"]["confidence"]["G1"] > 0.95
    assert entries(WHOLE)["far"]["score"] == 4 and entries(WHOLE)["middle"]["mean_rank"] == 2.5
    # half of the distance is that on validation samples, 0.5 for all
    assert entries(WHOLE, "gap")["far"]["score"] == pytest.approx((6.035 + 0.5) / 2)


def test_what_cannot_be_distinguished_from_the_floor_or_from_the_best_is_marked() -> None:
    own = entries(WHOLE)
    assert (own["near"]["at_floor"], own["near"]["compared_with_floor"]) == (16, 16)
    assert own["far"]["at_floor"] == 0
    assert own["near"]["like_the_best"] and not own["far"]["like_the_best"]
    (ranking,) = (ranking for ranking in WHOLE["rankings"] if ranking["of"] == "overall")
    assert ["middle", "alike"] in [sorted(names, reverse=True) for names in ranking["cliques"]]
    pairs = {(pair["a"], pair["b"]): pair["p_holm"] for pair in ranking["pairs"]}
    assert pairs["middle", "alike"] == 1 and pairs["near", "far"] < 0.05


def test_baselines_and_failed_variants_stand_outside_with_the_reason() -> None:
    values = {name: {**own, "broken": None} for name, own in VALUES.items()}
    document = made("near", "far", "broken", "nothing", values=values, outside={"nothing": "a baseline"})
    assert document["outside"] == {"nothing": "a baseline", "broken": "2 of 4 models failed on set_0"}
    assert entries(document).keys() == {"near", "far"}


@pytest.mark.parametrize(
    ("variants", "sets", "options", "said"),
    [
        (("near", "far"), 8, {}, "need three variants, and there are 2."),
        (
            ("near", "far", "middle"),
            1,
            {},
            "tests need two comparisons (forget set × metric) or more, and there is one.",
        ),
        (("near", "far", "middle"), 1, {"error": None}, "How sure the group of a variant is remains unknown"),
        (("near", "far", "middle"), 4, {}, "with 4 comparisons (forget set × metric) none can be below 0.125."),
        (("near", "far", "middle"), 4, {"error": None}, "gap has no intervals over models."),
        (("near", "far", "middle"), 4, {"floor": None}, "Whether 12 of 12 values are at the floor cannot be tested"),
    ],
)
def test_what_cannot_be_said_is_said(variants: tuple[str, ...], sets: int, options: dict[str, Any], said: str) -> None:
    document = made(*variants, values={name: VALUES[name] for name in SETS[:sets]}, **options)
    overall = document["rankings"][0]
    assert any(said in text for text in overall["cannot"])
    assert said in leaderboard_markdown(document)
    few = len(variants) < 3
    assert all((entry["group"] is None) == few for entry in overall["entries"])
    assert (overall["critical_difference"] is None) == (few or sets == 1)
    critical_difference_diagram(overall)


def test_a_metric_without_a_target_ranks_nothing() -> None:
    document = made("near", "far", "middle", direction="match", floor=None)
    assert document["rankings"] == [] and "no oracles" in document["metrics_left_out"]["gap"]
    assert "no variant and metric is left" in leaderboard_page(document, svg(critical_difference_diagram(None)))
    assert len(leaderboard_rows(document)) == 1 and "no oracles" in leaderboard_markdown(document)


def test_a_metric_whose_headline_has_no_value_says_why() -> None:
    nothing = {"mean": None, "mean_models_low": None, "mean_models_high": None}
    metric, rows = declared("match"), [{**row, **nothing} for row in table(VALUES)]
    metric.MEASURES["gap"]["undefined"] = "where no classifier is named"
    document = leaderboard(settings("near", "far"), {"gap": metric}, {"gap": rows}, seed=1)
    assert document["metrics_left_out"] == {"gap": "it has no value where no classifier is named"}


def test_it_is_plain_json_and_the_same_for_the_same_seed() -> None:
    again = made(
        "near", "middle", "far", "alike", "copies", outside={"copies": "reads oracles"}, metrics=("gap", "more")
    )
    assert json.dumps(WHOLE, allow_nan=False) == json.dumps(again)


def test_csv_markdown_and_page_state_the_same_ranks() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(leaderboard_rows(WHOLE)))))
    assert len(rows) == 3 * 4 and {row["ranking"] for row in rows} == {"overall", "gap", "more"}
    assert [row["rank"] for row in rows[:4]] == ["1", "2", "2", "4"]
    text = leaderboard_markdown(WHOLE)
    assert "| 1 | near | method_near | G1 (" in text and "| 2 = | middle |" in text
    assert "| copies | reads oracles |" in text
    page = leaderboard_page(WHOLE, svg(critical_difference_diagram(WHOLE["rankings"][0])))
    assert "<td>near</td>" in page and "<svg role=" in page and "critical difference" in page
    assert 'src="' not in page and "http" not in page.replace("http://www.w3.org/", "")


@pytest.mark.parametrize(
    ("direction", "heading", "column", "shown"),
    [
        ("lower", "gap: mean of gap [nats], lower is better, 8 comparisons", "mean value", ["0.352", "3.27"]),
        ("higher", "gap: mean of gap [nats], higher is better, 8 comparisons", "mean value", ["3.27", "0.352"]),
        (
            "match",
            "gap: mean of gap [nats], to match the oracles, a lower distance is better, 8 comparisons",
            "distance from the oracles",
            ["0.00175", "2.92"],
        ),
    ],
)
def test_a_metric_shows_its_values_in_the_direction_that_its_heading_states(
    direction: str, heading: str, column: str, shown: list[str]
) -> None:
    document = made("near", "far", direction=direction)
    text = leaderboard_markdown(document)
    first, *lines = text.split(f"### {heading}\n\n")[1].splitlines()[:4]
    header = [cell.strip() for cell in first.split("|")]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines[1:]]
    assert [row[header.index(column)] for row in rows] == shown
    assert f'<th scope="col">{column}</th>' in leaderboard_page(document, svg(critical_difference_diagram(None)))
    by_metric = [row for row in leaderboard_rows(document) if row["ranking"] == "gap"]
    assert [f"{row['score' if direction == 'match' else 'value']:#.3g}" for row in by_metric] == shown


def test_overall_no_column_is_shown_twice() -> None:
    header = leaderboard_markdown(WHOLE).split("### overall")[1].splitlines()[2]
    assert header == "| rank | variant | method | group | mean rank | like the best | at the floor |"


def test_hostile_names_stay_text() -> None:
    name = "<script>alert(1)</script>|=cmd"
    values = {key: {**own, name: 3.0} for key, own in VALUES.items()}
    document = made("near", "far", "middle", name, values=values)
    page = leaderboard_page(document, svg(critical_difference_diagram(document["rankings"][0])))
    assert "<script" not in page and "<script" not in leaderboard_markdown(document)


def tuned(on: list[str]) -> dict[str, Any]:
    own = {**settings("near", "far", metrics=("gap",)), "tuned_on": {"far": on}}
    return leaderboard(own, {"gap": declared("lower")}, {"gap": table(VALUES)}, seed=1)


def test_forget_sets_that_settings_were_searched_on_rank_nothing() -> None:
    document = tuned(SETS[:2])
    assert {row["forget_set"] for row in document["cells"]} == {*SETS[2:]}
    for text in (leaderboard_markdown(document), leaderboard_page(document, svg(critical_difference_diagram(None)))):
        assert "settings of far were searched on it" in text and "†" not in text
    assert WHOLE["forget_sets_left_out"] == {}


def test_variants_that_were_tuned_on_all_that_they_are_ranked_by_are_marked() -> None:
    document = tuned(SETS)
    note = f"† tuned on forget sets that are ranked by (far on {', '.join(SETS)}), which flatters it."
    for text in (leaderboard_markdown(document), leaderboard_page(document, svg(critical_difference_diagram(None)))):
        assert note in text
        assert "far †" in text and "near †" not in text
    assert {row["variant"]: row["tuned_on"] for row in leaderboard_rows(document)} == {
        "near": "",
        "far": " ".join(SETS),
    }
    assert "†" not in leaderboard_markdown(WHOLE)
    assert "tuned_on" not in leaderboard_rows(WHOLE)[0]
