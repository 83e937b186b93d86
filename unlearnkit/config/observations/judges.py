"""The block `judge` of observations that a judge makes: settings of any registered judge, distinguished by `kind`."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from unlearnkit.config.settings import Settings
from unlearnkit.declarations import declarations
from unlearnkit.facts.judging import BLOCK
from unlearnkit.judges import JUDGES

JUDGED = ("judged", "judged_continuations")
"""The observations that a judge makes."""
NOT_COMPARABLE = "not comparable with judges that are language models"
"""What is stated wherever a judge is named that is none."""

if TYPE_CHECKING:

    class Judge(Settings):
        """The settings of a judge; each has a kind."""

        kind: str
else:
    _SETTINGS = (declarations(module).Settings for module in JUDGES.values())
    Judge = Annotated[functools.reduce(operator.or_, _SETTINGS), Field(discriminator="kind")]


def described_judge(judge: Any) -> str:
    """Return who judges, in words, from the settings of a judge: its kind, its name or address, and what it is not."""
    source = getattr(judge, "source", None)
    named = getattr(judge, "model", None) or (source and (source.package or source.hub or "a folder"))
    kind = f"{judge.kind} ({named})" if named else judge.kind
    if declarations(JUDGES[judge.kind]).LANGUAGE_MODEL:
        return kind
    return f"{kind}, {NOT_COMPARABLE}"


def judge_with_files(judges: Mapping[str, Any]) -> str:
    """Return the observation, of those with a judge, whose judge reads files, the first of them if none does.

    `judges` maps observations to the settings of their judges. All that name a source name the same one.
    """
    reading = [name for name, judge in judges.items() if declarations(JUDGES[judge.kind]).HAS_BASE]
    return next(iter([*reading, *judges]))


def named_source(observations: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the key of the first judge in a block `observations` that names a source of its files, and the source."""
    judges = {name: (observations.get(name) or {}).get("judge") or {} for name in JUDGED}
    name = next(name for name, judge in judges.items() if judge.get("source"))
    return f"{BLOCK.format(name)}.source", judges[name]["source"]
