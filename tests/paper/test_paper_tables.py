"""LaTeX of any text is escaped, and bold is what the ranking cannot distinguish from its best."""

from __future__ import annotations

from typing import Any

import pytest

from unlearnkit.paper.latex import code, escape, prose
from unlearnkit.paper.tables import leaders


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a_b", "a\\_b"),
        (
            "50 % & $ # {x} ~ ^ \\",
            "50 \\% \\& \\$ \\# \\{x\\} {\\textasciitilde} {\\textasciicircum} {\\textbackslash}",
        ),
        ("KL(p ‖ q) ≤ ε", "KL(p \\ensuremath{\\Vert} q) \\ensuremath{\\leq} \\ensuremath{\\varepsilon}"),
        ("漢", "{\\bfseries ?}"),
    ],
)
def test_texts_are_escaped(text: str, latex: str) -> None:
    assert escape(text) == latex


def test_docstrings_keep_their_marks() -> None:
    assert prose("the *mean* of `a_b`, 5 %") == f"the \\emph{{mean}} of {code('a_b')}, 5 \\%"


def test_names_may_be_broken_after_marks_that_are_no_part_of_commands() -> None:
    assert code("x₁=a_b") == "\\texttt{x\\ensuremath{_1}=\\allowbreak{}a\\_\\allowbreak{}b}"


def board(friedman: float | None, difference: float | None) -> dict[str, Any]:
    entries = [
        {"method": name, "rank": rank, "like_the_best": None if difference is None else rank < 3}
        for rank, name in enumerate("abc", start=1)
    ]
    test = None if friedman is None else {"p": friedman}
    ranking = {"of": "klom", "entries": entries, "friedman": test, "critical_difference": difference}
    return {"rankings": [ranking], "metrics_left_out": {"mia": "it has no value"}}


@pytest.mark.parametrize(
    ("friedman", "difference", "bold", "why"),
    [
        (0.01, 1.0, {"a", "b"}, "Nemenyi"),
        (0.2, 1.0, set(), "shows no difference"),
        (None, None, {"a"}, "no test was possible"),
    ],
)
def test_bold_follows_the_ranking(friedman: float | None, difference: float | None, bold: set[str], why: str) -> None:
    found, sentence = leaders(board(friedman, difference), "klom")
    assert found == bold and why in sentence


def test_a_variant_that_is_ranked_alone_is_not_bold() -> None:
    alone = board(None, None)
    del alone["rankings"][0]["entries"][1:]
    assert leaders(alone, "klom") == (set(), "One variant is ranked, so none is bold.")


def test_a_metric_that_ranks_nothing_says_why() -> None:
    assert leaders(board(0.01, 1.0), "mia") == (set(), "Not ranked: it has no value.")
