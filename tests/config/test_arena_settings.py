"""The block `arena` of a configuration: what is refused of the parts whose oracles are planted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError

Change = Callable[[str], dict[str, Any]]
SETS = """
fewer: {kind: random, size: 5}
other: {kind: random, size: 5, seed: 1}
sevens: {kind: class, label: 7}
some_eights: {kind: class, label: "8", size: 20}
cluster: {kind: subpopulation, label: 8}
named: {kind: file, file: named.npy}
"""


def with_parts(changed: Change, whole: str, part: str) -> dict[str, Any]:
    sets = ", ".join(SETS.strip().splitlines())
    return changed(f"{{forget_sets: {{{sets}}}, arena: {{kept: {{{whole}: {part}}}}}}}")


@pytest.mark.parametrize(
    ("whole", "part", "why"),
    [
        ("fewer", "random_50", "they have 50 and 5 samples"),
        ("random_50", "other", "they are drawn with different seeds"),
        ("eights", "sevens", "they hold the classes 7 and 8"),
        ("sevens", "cluster", "they hold the classes 8 and 7"),
        ("sevens", "some_eights", "they hold the classes 8 and 7"),
        ("eights", "fewer", "one of them is drawn from all classes, the other from one"),
        ("random_50", "some_eights", "one of them is drawn from all classes, the other from one"),
    ],
)
def test_a_forget_set_that_is_no_part_of_the_other_is_refused(whole: str, part: str, why: str, changed: Change) -> None:
    with pytest.raises(ConfigError) as refused:
        load_experiment(with_parts(changed, whole, part))
    assert str(refused.value) == (
        f"arena.kept: '{part}' is no part of '{whole}': {why}; expected a forget set whose samples are all in "
        f"'{whole}', but which has fewer. Correct arena.kept.{whole}."
    )


@pytest.mark.parametrize(
    ("whole", "part"),
    [("random_50", "fewer"), ("eights", "some_eights"), ("eights", "cluster"), ("named", "other"), ("sevens", "named")],
)
def test_what_may_be_a_part_is_left_to_the_job_which_compares_the_samples(
    whole: str, part: str, changed: Change
) -> None:
    assert load_experiment(with_parts(changed, whole, part)).arena.kept == {whole: part}
