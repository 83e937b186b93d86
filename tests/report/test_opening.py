"""What the page opens with: distances to the floor, who is apart, the answer in words, and what is behind a number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from unlearnkit.layout import REFERENCE_CANDIDATES
from unlearnkit.metrics.distribution import klom
from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.report.about import about_methods, places_of
from unlearnkit.report.answer import answer, cannot, question
from unlearnkit.report.certificate import certificates
from unlearnkit.report.drawers import drawers_of
from unlearnkit.report.overview import Overview, leading_metric
from unlearnkit.report.shown import Results
from unlearnkit.report.tables import metric_rows
from unlearnkit.report.words import IMAGES

VARIANTS = {name: {"method": "scrub", "snapshots": [3], "settings": {}} for name in ("good", "bad", "broken")}


def board_of(rows: list[dict[str, Any]], **outside: str) -> dict[str, Any]:
    settings = {"experiment": "tiny", "protocol": {}, "variants": VARIANTS, "outside": outside, "metrics": {"klom": {}}}
    return leaderboard(settings, {"klom": klom}, {"klom": rows}, seed=0)


@pytest.fixture(scope="module")
def rows(summaries, costs):
    return metric_rows(summaries, costs, has_floor=True)


def shown(rows, costs, metric=klom, **outside: str) -> Overview:
    return Overview("klom", metric, rows, costs, board_of(rows, **outside), VARIANTS, {("first", "good"): "drawer-3"})


def test_distances_are_from_the_floor_and_cells_open_their_drawer(rows, costs):
    table = shown(rows, costs)
    assert table.columns == tuple((name, split) for name in ("first", "second") for split in ("forget", "validation"))
    line = next(own for own in table.groups()["contender"] if own.candidate == "good" and own.last)
    # p95 is twice the mean: 2 x 0.5 - 2 x 0.25 on the first set, 2 x 1.5 - 2 x 1.25 on the second
    assert [cell.order for cell in line.cells] == [0.5] * 4 and line.mean.order == 0.5
    assert line.cells[0].text == "0.500" and line.cells[0].small == "1.00 [0.750, 1.25]"
    assert [cell.drawer for cell in line.cells] == ["drawer-3", "drawer-3", "", ""]
    assert (line.epoch, line.passes.order) == ("2", 0.2)


@pytest.mark.parametrize(("direction", "distance"), [("lower", 0.5), ("higher", -0.5), ("match", 0.5)])
def test_the_direction_decides_what_is_far(rows, costs, direction, distance):
    headline = {**klom.MEASURES["klom"], "direction": direction}
    metric = SimpleNamespace(MEASURES={"klom": headline}, HEADLINE="klom", STATISTIC="p95", NEEDS_ORACLE=True)
    table = Overview("klom", metric, rows, costs, board_of(rows), VARIANTS)  # pyright: ignore[reportArgumentType]
    line = next(own for own in table.groups()["contender"] if own.candidate == "good" and own.last)
    assert line.cells[0].order == distance


def test_baselines_and_references_are_apart_and_failures_have_no_number(rows, costs):
    groups = shown(rows, costs, bad="a baseline").groups()
    assert [line.candidate for line in groups["reference"]] == ["oracle", "original"]
    assert {*REFERENCE_CANDIDATES}.isdisjoint(line.candidate for own in groups["contender"] for line in [own])
    apart = {line.candidate: line.note for line in groups["outside"]}
    assert apart["bad"] == "a baseline" and "2 of 4 models failed" in apart["broken"]
    failed = next(line for line in groups["outside"] if line.candidate == "broken")
    assert {cell.text for cell in failed.cells} == {"failed"} and failed.mean.text == ""


def test_without_oracles_values_are_shown(rows, costs):
    own = [row for row in rows if row["candidate"] != "oracle"]
    table = Overview("klom", klom, own, costs, board_of(rows), VARIANTS)
    line = next(line for line in table.groups()["contender"] if line.candidate == "good" and line.last)
    assert line.cells[0].order == 1.0 and line.cells[0].small == "[0.750, 1.25]"


def test_the_certificate_is_part_of_the_verdict_where_it_was_computed(rows, costs):
    def verdict(candidate: str, forget_set: str, word: str | None) -> dict[str, Any]:
        epoch = {"oracle": 6, "good": 2, "bad": 3}[candidate]
        return {"candidate": candidate, "epoch": epoch, "forget_set": forget_set, "nearer_to": word}

    mixed = [verdict("good", "first", "oracles"), verdict("good", "second", "undecided")]
    alike = [
        verdict("bad", "first", None),
        verdict("bad", "second", "originals"),
        verdict("oracle", "first", "oracles"),
    ]
    found = certificates([*mixed, *alike])
    table = Overview("klom", klom, rows, costs, board_of(rows), VARIANTS, certificates=found)
    verdicts = {line.candidate: line.verdict for own in table.groups().values() for line in own if line.last}
    assert verdicts["good"].endswith("; nearer to the oracles on 1 of 2, certificate undecided on 1 of 2")
    assert verdicts["bad"].endswith("; nearer to the originals") and verdicts["oracle"] == "nearer to the oracles"
    plain = shown(rows, costs).groups()
    assert not any("nearer" in line.verdict for own in plain.values() for line in own)


def test_the_page_opens_with_a_metric_that_can_be_tested(rows):
    metrics: dict[str, Any] = {"plain": SimpleNamespace(NEEDS_ORACLE=False), "klom": klom, "other": klom}
    tables = {name: rows for name in metrics}  # noqa: C420
    cells = [{"metric": "other", "floor_p_corrected": 0.2}, {"metric": "klom", "floor_p_corrected": None}]
    assert leading_metric(metrics, tables, {"metrics": metrics, "cells": cells}) == "other"
    assert leading_metric(metrics, tables, {"metrics": metrics, "cells": []}) == "klom"
    assert leading_metric(metrics, tables, {"metrics": {"plain": {}}, "cells": []}) == "plain"
    assert leading_metric({}, {}, {"metrics": {}, "cells": []}) is None


def entry(method: str, rank: int, *, like: bool | None, tied: bool = False, at: int = 0, of: int = 0) -> dict[str, Any]:
    return {
        "method": method, "rank": rank, "tied": tied, "mean_rank": float(rank), "like_the_best": like,
        "at_floor": at, "compared_with_floor": of,
    }  # fmt: skip


BY_METRIC = (("klom", 0), ("mia", 2))


def ranked(*entries: dict[str, Any], p: float | None = 0.01, **more: Any) -> dict[str, Any]:
    test = None if p is None else {"statistic": 1.0, "p": p}
    overall = {"of": "overall", "cells": 6, "entries": entries, "cannot": ["Whether it is chance."], "friedman": test}
    return {"rankings": [overall], "cannot": [], "metrics_left_out": {}, **more}


def test_the_answer_states_a_clear_winner_its_price_and_its_distance_to_retraining():
    board = ranked(entry("a", 1, like=True, at=2, of=6), entry("b", 2, like=False), entry("c", 3, like=False))
    board["rankings"] += [{"of": of, "entries": [entry("a", 1, like=True, at=at, of=3)]} for of, at in BY_METRIC]
    assert answer(board, {"a": 0.25}) == [
        "a ranks first of 3 variants, by mean rank (1.00) over 6 comparisons (forget set × metric).",
        "All others are behind it by more than chance (Friedman and Nemenyi, 5 %).",
        "a is at the floor, not distinguished from retraining, in 2 of 6 comparisons (klom 0 of 3, mia 2 of 3).",
        "a costs 0.25 of the passes of retraining.",
    ]
    assert cannot(board) == ["Whether it is chance."]


def test_the_answer_says_where_only_one_comparison_is_tested():
    said = answer(ranked(entry("a", 1, like=None, at=1, of=1), p=None), {})
    assert said[-1] == "a cannot be distinguished from retraining in the only comparison that is tested."


def test_the_answer_names_who_cannot_be_distinguished_from_the_first():
    said = answer(ranked(entry("a", 1, like=True), entry("b", 2, like=True), entry("c", 3, like=False)), {})
    assert said[1] == "b cannot be distinguished from it (Friedman and Nemenyi, 5 %); 1 other is behind."
    said = answer(ranked(entry("a", 1, like=True), entry("b", 2, like=True), entry("c", 3, like=True)), {})
    assert said[1].endswith("b and c cannot be distinguished from it (Friedman and Nemenyi, 5 %): "
                            "no method is shown to be the best.")  # fmt: skip


def test_the_answer_claims_nothing_without_a_test_a_rival_or_a_ranking():
    assert "cannot be tested" in answer(ranked(entry("a", 1, like=None), entry("b", 2, like=None), p=None), {})[1]
    assert "no other method here" in answer(ranked(entry("a", 1, like=None), p=None), {})[0]
    none = {"rankings": [], "cannot": ["Nothing is ranked."], "metrics_left_out": {"mia": "it has no value"}}
    assert answer(none, {}) == ["No method is called best here: nothing can be ranked."]
    assert cannot(none) == ["Nothing is ranked.", "Nothing is ranked by mia: it has no value."]


def test_the_answer_puts_nobody_behind_where_all_tie_or_friedmans_test_shows_no_difference():
    tied = ranked(*(entry(name, 1, like=True, tied=True) for name in "abc"), p=None)
    assert answer(tied, {})[1] == "No variant is better than another: all tie."
    unsure = ranked(entry("a", 1, like=True), entry("b", 2, like=True), entry("c", 3, like=False), p=0.0834)
    assert answer(unsure, {})[1] == "No variant is shown to be better than another (Friedman, p = 0.0834)."


def test_every_one_of_several_first_is_said_to_be_at_the_floor_or_not():
    first = [entry("a", 1, like=True, tied=True, at=2, of=6), entry("b", 1, like=True, tied=True, at=6, of=6)]
    assert answer(ranked(*first, entry("c", 3, like=False)), {})[1:] == [
        "The other is behind them by more than chance (Friedman and Nemenyi, 5 %).",
        "a is at the floor, not distinguished from retraining, in 2 of 6 comparisons.",
        "b cannot be distinguished from retraining in any of 6 comparisons.",
    ]


@pytest.mark.parametrize(("p", "verdict"), [(0.04, "behind the first"), (0.05, "like the first")])
def test_a_variant_is_behind_the_first_only_if_friedmans_test_shows_a_difference(rows, costs, p, verdict):
    board = board_of(rows)
    (overall, *_), test = board["rankings"], {"statistic": 1.0, "p": p}
    entries = [own | {"like_the_best": own["rank"] == 1} for own in overall["entries"]]
    board = {**board, "rankings": [{**overall, "entries": entries, "friedman": test}]}
    lines = Overview("klom", klom, rows, costs, board, VARIANTS).groups()["contender"]
    found = {line.candidate: line.verdict.split("; ")[0] for line in lines if line.rank.text}
    assert found == {"good": "first", "bad": verdict}


def test_values_below_the_floor_do_not_make_up_for_damage_in_the_mean(rows, costs):
    # on forget samples 0.3 below the oracles' p95, on validation samples 0.5 above it as before
    low = {("first", "forget"): 0.2, ("second", "forget"): 2.2}
    own = [
        row | {"p95": low[row["forget_set"], row["split"]]}
        if (row["candidate"], row["epoch"], row["split"]) == ("good", 2, "forget")
        else row
        for row in rows
    ]
    line = next(own for own in shown(own, costs).groups()["contender"] if own.candidate == "good" and own.last)
    assert [cell.order for cell in line.cells] == pytest.approx([-0.3, 0.5] * 2) and line.mean.order == 0.25


def test_the_question_says_what_was_compared():
    settings = {"variants": VARIANTS, "num_models": 4, "model": {"name": "mlp"}, "data": {"name": "digits"}}
    asked = question(settings, [25, 50], IMAGES)
    assert asked == (
        "Which of 3 variants of 1 method makes models behave as if they had never seen one of 2 forget sets of 25 to "
        "50 samples? Unlearned models (mlp, trained on digits) are compared with 4 originals, trained on all samples, "
        "and with 4 oracles per forget set, trained without it."
    )
    lone = question({**settings, "variants": {"good": VARIANTS["good"]}}, [25], IMAGES)
    assert lone.startswith("Does good make models behave as if they had never seen a forget set of 25 samples?")
    assert "no oracle was trained" in question({**settings, "limits": {"oracles": False}}, [25], IMAGES)


def test_a_drawer_states_files_hashes_seeds_intervals_and_commands(rows):
    def record(artifact: str, **settings: Any) -> dict[str, Any]:
        stated = {"settings": settings, "sha256": f"hash of {artifact[-7:]}", "code": "c0de", "seed_scheme": 1}
        return {"artifact": artifact, "started": "2026-01-02T03:04:05+00:00", "wall_seconds": 1.5, **stated}

    records = [
        record("results/tiny/unlearned/first/good/0000-0003.safetensors", method="scrub", seed=7),
        record("results/tiny/scores/klom/first/good.parquet", metric="klom"),
        record("results/tiny/unlearned/second/good/0000-0003.safetensors", method="scrub"),
    ]
    drawers = drawers_of({"klom": rows}, {"klom": klom}, VARIANTS, records, 7, " --configfile own.yaml")
    assert len({drawer.id for drawer in drawers.values()}) == len(drawers) == 2 * 5
    drawer = drawers["first", "good"]
    assert drawer.settings == {"method": "scrub"} and "base seed 7, scheme 1" in drawer.seeds
    assert "models 0 to 3" in drawer.seeds
    assert [file.link for file in drawer.models] == ["../unlearned/first/good/0000-0003.safetensors"]
    assert drawer.scores[0].sha256 == "hash of parquet"
    assert drawer.commands == [
        "snakemake --force results/tiny/scores/klom/first/good.parquet --configfile own.yaml",
        "unlearnkit trace results/tiny/scores/klom/first/good.parquet",
    ]
    value = next(own for own in drawer.values if (own.epoch, own.split) == (2, "forget"))
    assert (value.value, value.interval, value.floor, value.compared) == ("1.000", "[0.750, 1.250]", "0.500", "4 / 4")
    assert drawers["second", "bad"].commands == [] and drawers["first", "broken"].values[0].value == (
        "2 of 4 models failed"
    )


def test_a_method_is_said_to_win_and_fail_where_it_ranks_first_and_last(rows, costs):
    cells = [
        {"method": "good", "metric": "klom", "forget_set": "first", "rank": 1.0},
        {"method": "good", "metric": "mia", "forget_set": "second", "rank": 2.0},
    ]
    assert places_of("good", {"cells": cells}) == [
        "good: best on first by klom (rank 1), worst on second by mia (rank 2)."
    ]
    assert places_of("bad", {"cells": cells}) == []
    nothing: dict[str, Any] = {"tables": {}, "figures": {}, "kinds": {}, "files": {}, "on_request": {}, "explorers": {}}
    board = board_of(rows, bad="a baseline")
    results = Results(
        **nothing,
        costs=costs,
        records=(),
        contenders=(),
        board=board,
        documented={"method": {"scrub": ["What it does."]}},
        modules={},
        hero="",
        counts={},
    )
    (method,) = about_methods(VARIANTS, results)
    assert method.rank == 1 and {row["candidate"] for row in method.costs} == {"oracle", *VARIANTS}
    assert method.standings["good", "klom"]["second"].text == "1 of 1"
    assert method.name == "scrub" and [*method.variants] == [*VARIANTS] and "a baseline" in method.note
