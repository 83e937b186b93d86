"""What a page is made of: the results of an experiment, and figures ready to be embedded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from unlearnkit.report.model_counts import Counts
from unlearnkit.report.resisting import Explorer

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """What the page shows besides the settings.

    `tables` metric -> rows of report.tables.metric_rows; `costs` rows of report.cost.cost_rows; `figures`
    (forget set, figure) -> SVG; `kinds` figure -> (metric or "", kind); `records` provenance records; `contenders`
    variants that may be called best; `files` heading -> paths relative to the page; `on_request` target -> paths of
    what is made only if it is asked for; `board` the leaderboard of the same tables (ranking.leaderboard); `documented`
    "method" or "metric" -> name -> what its docstrings say (sources.described), `modules` -> name -> the module it is
    in; `hero` the opening figure as SVG, "" if there is none; `explorers` forget set -> its samples, for those that
    have values per sample; `counts` metric -> its values against the number of models; `configuration`
    the option by which a command names the configuration (config.reading.option).
    """

    tables: Mapping[str, Sequence[Row]]
    costs: Sequence[Row]
    figures: Mapping[tuple[str, str], str]
    kinds: Mapping[str, Sequence[str]]
    records: Sequence[Row]
    contenders: Collection[str]
    files: Mapping[str, Sequence[str]]
    on_request: Mapping[str, Sequence[str]]
    board: Mapping[str, Any]
    documented: Mapping[str, Mapping[str, Sequence[str]]]
    modules: Mapping[str, Mapping[str, str]]
    hero: str
    explorers: Mapping[str, Explorer]
    counts: Mapping[str, Counts]
    configuration: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure: its kind, which determines the caption, its <svg> element, and a description for screen readers."""

    kind: str
    svg: Markup
    alt: str
