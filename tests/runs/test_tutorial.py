"""The tutorials are followed, command by command, at toy size."""

from __future__ import annotations

import pytest
from checkout import CONFIG, Checkout
from walked_page import followed

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_the_tutorial_ends_with_a_ranked_method_and_planned_runs(finished: Checkout) -> None:
    # the finished tiny experiment takes the place of the digits that `make demo` computes
    (finished.root / CONFIG).rename(finished.root / "config.yaml")
    ended = followed(finished, finished.root / "docs/tutorial.md", {"results/digits": "results/tiny"})
    table, board = (ended[f"cat results/digits/{name}.md"] for name in ("tables/klom", "leaderboard/leaderboard"))
    assert "| scrub | 2 |" in table.output and "confuse" not in table.output
    assert "| confuse |" in board.output

    made, more = (ended[f"snakemake vision_all --configfile confuse.yaml{option}"].counts for option in ("", " -n"))
    # two forget sets in two shards each; then another variant of it, and nothing else
    assert made["unlearn"] == more["unlearn"] == 4 and "original" not in made
    checked = ended["unlearnkit check --only configuration --only data my_pictures.yaml"]
    assert "image_folder is sound: 300 entries" in checked.output


def test_the_tutorial_for_language_models_ends_with_a_method_on_own_text(fresh: Checkout) -> None:
    ended = followed(fresh, fresh.root / "docs/tutorial-language.md")
    made = ended["snakemake margin_distance_all --configfile my_text.yaml flatten.yaml"].counts
    assert made["unlearn"] == 1 and "original" not in made
    assert "| flatten |" in ended["cat results/my_text/tables/margin_distance.md"].output
    assert "flatten" in ended["cat results/my_text/leaderboard/leaderboard.md"].output
    assert (fresh.root / "results/my_text/report/index.html").is_file()
    checked = ended["unlearnkit check --only configuration --only data my_pairs.yaml"]
    assert "pair_files is sound: 45 train, 10 validation" in checked.output
