"""The block `judge` of the observation `judged`: the settings of any registered judge, distinguished by `kind`."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from unlearnkit.config.settings import Settings
from unlearnkit.declarations import declarations
from unlearnkit.judges import JUDGES

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
