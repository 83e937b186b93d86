"""Rows divided by rules: what is forgotten, retained, kept for validation, or left out, with quotas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unlearnkit.config.data.pairs import PairRule
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.errors import DataError


def divided(
    rows: Sequence[tuple[Mapping[str, Any], str]],
    rules: Sequence[PairRule],
    raw_files: tuple[Path, ...],
    pairs_in: Callable[[Mapping[str, Any], str], list[Pair]],
) -> PairSet:
    """Return the pairs of rows (row, where it is), each as the first of `rules` says that it meets and that has room.

    `pairs_in` reads the pairs of a row. Training pairs are those to retain, then those to forget; the latter are the
    forget list `forget`. `notes` count the rows of every rule, and questions that are both forgotten and retained.
    Raises DataError if no rule says what becomes of a row, or a row is no pair.
    """
    taken: Counter[int] = Counter()
    used: dict[str, list[Pair]] = {"retain": [], "forget": [], "validation": []}
    for row, where in rows:
        number = _rule_of(row, where, rules, taken)
        taken[number] += 1
        if (use := rules[number].use) != "drop":
            used[use] += pairs_in(row, where)
    retained, asked = ({pair.question for pair in used[use] if not pair.document} for use in ("retain", "forget"))
    notes = {f"rows by rule {number} ({rule.use})": taken[number] for number, rule in enumerate(rules)}
    notes["questions both forgotten and retained"] = len(retained & asked)
    kept, forgotten = used["retain"], used["forget"]
    lists = {"forget": tuple(range(len(kept), len(kept) + len(forgotten)))} if forgotten else {}
    splits = {"train": (*kept, *forgotten), "validation": tuple(used["validation"])}
    return PairSet(splits, lists, raw_files, notes)


def _rule_of(row: Mapping[str, Any], where: str, rules: Sequence[PairRule], taken: Mapping[int, int]) -> int:
    for number, rule in enumerate(rules):
        if _meets(row, where, rule) and (rule.most is None or taken[number] < rule.most):
            return number
    raise DataError(
        f"no rule says what becomes of {where}",
        expected="every row to meet the condition of a rule of data.pairs.rules, within its quota",
        remedy="add a last rule without a condition, such as {use: drop}",
    )


def _meets(row: Mapping[str, Any], where: str, rule: PairRule) -> bool:
    if rule.field is None:
        return True
    if rule.field not in row:
        return False
    value = row[rule.field]
    # True is 1 for Python, but not for who writes a rule
    if rule.equals is not None and (value != rule.equals or isinstance(value, bool) != isinstance(rule.equals, bool)):
        return False
    if rule.at_least is None and rule.below is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(
            f"the field {rule.field} of {where} is {value!r}, but data.pairs.rules compare it with a number",
            expected="a number",
        )
    return (rule.at_least is None or value >= rule.at_least) and (rule.below is None or value < rule.below)
