"""Names of experiments, forget sets and variants stay in the results folder and mean nothing to a shell or a page."""

from __future__ import annotations

import html
import re
import shlex
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.report_graph import ReportGraph

TINY = Path(__file__).parents[1] / "runs/tiny.yaml"
HOSTILE = {
    "parent": "..",
    "above": "../x",
    "far above": "../../../../tmp/x",
    "inside": "a/../../x",
    "absolute": "/tmp/x",
    "folder": "a/b",
    "windows folder": "a\\b",
    "drive": "C:x",
    "nothing": "",
    "dot": ".",
    "hidden": ".a",
    "dot at the end": "a.",
    "two dots": "a..b",
    "home": "~root",
    "nul byte": "a\x00b",
    "newline": "a\nb",
    "newline at the end": "a\n",
    "return": "a\r",
    "tab": "a\tb",
    "blank": "a b",
    "substitution": "$(touch canary)",
    "variable": "$HOME",
    "backticks": "`touch canary`",
    "command": "a;touch canary",
    "background": "a&touch canary",
    "pipe": "a|touch canary",
    "redirection": "a>canary",
    "quote": "a'b",
    "double quote": 'a"b',
    "option": "-n",
    "long option": "--config",
    "glob": "a*",
    "any": "a?",
    "class": "[ab]",
    "comment": "#a",
    "history": "!1",
    "wildcard": "{forget_set}",
    "attribute": "{wildcards.__class__}",
    "format": "%s",
    "markup": "<script>",
    "entity": "&lt;",
    "formula": "=1+1",
    "cyrillic": "\u0430bc",
    "full width": "\uff41bc",
    "digit of another script": "\u0661",
    "combining": "e\u0301",
    "right to left": "a\u202eb",
    "zero width": "a\u200bb",
    "byte order mark": "\ufeffa",
    "long": "a" * 201,
    "very long": "a" * 100_000,
    "device": "NUL",
    "small device": "con",
    "device with an ending": "aux.x",
    "port": "com1",
}
KINDS = ("experiment", "forget set", "variant")


def configuration(kind: str, *names: str) -> dict[str, Any]:
    content = yaml.safe_load(TINY.read_text())
    for name in names:
        if kind == "experiment":
            content["experiment"] = name
        elif kind == "forget set":
            content["forget_sets"][name] = {"kind": "random", "size": 5}
        else:
            content["methods"][name] = {"method": "do_nothing"}
    return content


def files(kind: str, name: str) -> list[str]:
    """Return every path that depends on a name, by the graph's own functions."""
    graph = Graph(load_experiment(configuration(kind, name)))
    sets = [graph.path(layout.FORGET_SET, forget_set=other) for other in graph.forget_sets]
    return [*sets, *graph.results(*graph.metrics), *ReportGraph(graph).cost_records(), graph.path(layout.REPORT)]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, name, id=f"{kind}-{what}", marks=() if (number + place) % 3 == 0 else pytest.mark.slow)
        for number, (what, name) in enumerate(HOSTILE.items())
        for place, kind in enumerate(KINDS)
    ],
)
def test_a_hostile_name_is_refused(kind: str, name: str) -> None:
    with pytest.raises(ConfigError):
        load_experiment(configuration(kind, name))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(name=st.text(st.sampled_from("aZ0_-. /\\$;'\"<>&|{}\n\x00~*"), min_size=1, max_size=8))
def test_an_accepted_name_is_one_plain_part_of_a_path(kind: str, name: str) -> None:
    try:
        paths = files(kind, name)
    except ConfigError:
        return
    assert PurePosixPath(name).parts == PureWindowsPath(name).parts == (name,)
    assert html.escape(name) == name == shlex.quote(name)
    for path in paths:
        assert path == shlex.quote(path)
        assert re.match(r"results/[a-z0-9][a-z0-9_-]*/", path)
        assert ".." not in PurePosixPath(path).parts


@pytest.mark.parametrize("kind", ["forget set", "variant"])
def test_names_that_differ_by_capitals_are_refused(kind: str) -> None:
    with pytest.raises(ConfigError, match="'Same', which is the same file as 'same'"):
        load_experiment(configuration(kind, "same", "Same"))


def test_a_grid_puts_only_plain_values_into_names() -> None:
    content = configuration("variant", "plain")
    for value in ("../x", "a/b", "constant\n", "$(touch canary)"):
        content["methods"]["grid"] = {"method": "fine_tune", "epochs": 1, "grid": {"schedule": [value]}}
        with pytest.raises(ConfigError):
            load_experiment(content)


@pytest.mark.parametrize("shard", ["../0000-0001", "0000-0001/../x", "0001-0000", "0-1\n"])
def test_a_shard_is_two_numbers(shard: str) -> None:
    with pytest.raises(ConfigError, match="is not a shard"):
        layout.shard_indices(shard)
