"""The page, the tables and the figures show hostile text as text: no element, no formula, no cell of its own."""

from __future__ import annotations

import csv
import html.parser
import io
import re
from typing import Any

import pytest

from unlearnkit.errors import ArtifactError
from unlearnkit.metrics.distribution import klom
from unlearnkit.metrics.summary import INTERVALS, STATISTICS
from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.report.cost import cost_rows
from unlearnkit.report.figures import metric_figure
from unlearnkit.report.markup import part, policy
from unlearnkit.report.model_counts import Counts
from unlearnkit.report.passive import require_passive
from unlearnkit.report.shown import Results
from unlearnkit.report.site import site
from unlearnkit.report.style import svg
from unlearnkit.report.tables import cost_markdown, metric_markdown, metric_rows, to_csv

ATTACKS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "'><svg onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "{{ 7001 * 7001 }}{% import os %}",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href='https://example.org/'>x</a>",
    "<base href='https://example.org/'>",
    "<meta http-equiv=refresh content=0>",
    "\u2028<iframe src=//example.org>",
    "| cell | of | its own |\n| --- |",
    "=HYPERLINK(0)",
)
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "footer", "main", "section", "nav", "div"),
    *("h1", "h2", "h3", "h4", "p", "dl", "dt", "dd", "a", "small", "em", "code", "wbr", "ul", "li"),
    *("details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"),
    *("button", "span", "br", "script"),
    *("svg", "defs", "g", "path", "use", "text", "clippath", "rect", "image"),
}

OWN = ("#", "../", "data:image/png;base64,")
PAGE = re.compile(r"(?:(?:forget_sets|methods|metrics)/)?[\w.~%/-]+\.html(?:#[\w-]+)?")
"""What addresses may be: places on the page, files below the results, pictures, and other pages."""


class Inspector(html.parser.HTMLParser):
    """Collects what a page could act by: elements, attributes that run or load, addresses, scripts and their policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self.policies: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if tag == "script":
            self.scripts.append("")
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policies.append(dict(attrs)["content"] or "")
            return
        for name, value in attrs:
            if name.startswith("on") or name in ("srcdoc", "formaction", "http-equiv", "srcset"):
                self.handlers.append(f"{tag} {name}")
            if name in ("href", "src", "xlink:href", "action", "data", "poster", "background"):
                self.addresses.append(value or "")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data


def inspect(text: str) -> None:
    """Assert that a page has no element, attribute or address that acts."""
    found = Inspector(text)
    assert found.elements <= ALLOWED, found.elements - ALLOWED
    assert found.handlers == []
    assert found.scripts == [part("page.js")]
    assert found.policies == [policy(part("page.js"))]
    assert [link for link in found.addresses if not (link.startswith(OWN) or PAGE.fullmatch(link))] == []


def summaries(*candidates: str, forget_set: str) -> list[dict[str, Any]]:
    return [
        {
            **dict.fromkeys((*STATISTICS, *INTERVALS), 1.0),
            "forget_set": forget_set,
            "candidate": candidate,
            "epoch": 1,
            "measure": measure,
            "split": split,
            "n_models": 4,
            "n_oracles": 4,
            "n_samples": 3,
            "n_failed": 0,
        }
        for candidate in candidates
        for measure in ("klom", "klom_reverse")
        for split in ("forget", "retain", "validation")
    ]


def record(text: str) -> dict[str, Any]:
    """A provenance record in which every text is `text`."""
    return {
        **dict.fromkeys(("rule", "code", "device", "python", "started", "sha256"), text),
        "artifact": f"results/x/unlearned/{text}/{text}/0000-0003.safetensors",
        "settings": {"method": text, text: text},
        "wall_seconds": 1.0,
        "packages": {"unlearnkit": text, text: text},
        "machine": {"system": text, "processor": text, "cores": text},
        "stack_size": 1,
        "threads": 1,
        "peak_memory_mb": 1.0,
        "passes": {"1": 1.0},
        "seconds": {"1": 1.0},
    }


def costs(text: str) -> list[dict[str, Any]]:
    return cost_rows({(text, "oracle"): [record(text)], (text, text): [record(text)]})


def hostile_pages(text: str, figure: str | None = None) -> dict[str, str]:
    """A report on which every text from configuration, tables and records is `text`."""
    variant = {"method": text, "snapshots": [text], "settings": {text: text}}
    rows = metric_rows(summaries("original", "oracle", text, forget_set=text), costs(text), has_floor=True)
    drawn = figure or svg(metric_figure("trade_off", klom, rows, {}, {text: text}))
    settings: dict[str, Any] = {
        **dict.fromkeys(("experiment", "seed", "num_models", "held_out_oracles", "shard_size"), text),
        "data": {"name": text, text: text},
        "model": {"name": text, text: [text]},
        "training": {text: text},
        "forget_sets": {text: {"kind": text, "file": text, text: [text]}},
        "variants": {text: variant},
        "metrics": {"klom": {text: text}},
    }
    board = leaderboard({**settings, "protocol": {}, "outside": {}}, {"klom": klom}, {"klom": rows}, seed=0)
    return site(
        settings,
        {"klom": klom},
        Results(
            tables={"klom": rows},
            costs=costs(text),
            figures={(text, "klom_trade_off"): drawn},
            kinds={"klom_trade_off": ("klom", "trade_off")},
            records=[record(text)],
            contenders=[text],
            files={text: [f"../tables/{text}"]},
            on_request={text: [f"../tables/{text}"]},
            board=board,
            documented={"method": {text: [text]}, "metric": {"klom": [text]}},
            modules={"method": {text: text}, "metric": {"klom": text}},
            hero=drawn,
            explorers={},
            counts={"klom": Counts(why=text)},
        ),
    )


def test_the_inspector_sees_an_attack() -> None:
    for text in ("<script>x</script>", "<p onclick='x'>", "<a href='javascript:x'>", "<meta http-equiv=refresh>"):
        with pytest.raises(AssertionError):
            inspect(f"<html><body>{text}</body></html>")


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_the_page_shows_hostile_text_as_text(text: str) -> None:
    shown = hostile_pages(text)
    assert len(shown) == 5
    for page in shown.values():
        inspect(page)
        assert "49014001" not in page  # 7001 x 7001


# figures come from files

PLAIN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">{}</svg>'
ACTIVE = {
    "script": "<script>alert(1)</script>",
    "script of another name": '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
    "handler": '<rect onclick="alert(1)"/>',
    "animation": '<animate attributeName="href" values="javascript:alert(1)"/>',
    "set": '<set attributeName="onmouseover" to="alert(1)"/>',
    "foreign": "<foreignObject><p>x</p></foreignObject>",
    "link": '<a href="javascript:alert(1)"><text>x</text></a>',
    "use of another file": '<use href="https://example.org/x.svg#a"/>',
    "use by the old name": '<use xlink:href="https://example.org/x.svg#a"/>',
    "use of data": '<use href="data:image/svg+xml;base64,AAAA"/>',
    "image": '<image href="https://example.org/x.png"/>',
    "image that is an svg": '<image href="data:image/svg+xml;base64,AAAA"/>',
    "style that loads": "<style>@import 'https://example.org/x.css';</style>",
    "style that loads an address": "<style>rect { fill: url(https://example.org/x) }</style>",
    "style in another spelling": r"<style>rect { fill: \75rl(https://example.org/x) }</style>",
    "attribute that loads": '<rect style="fill: URL(https://example.org/x)"/>',
    "comment that ends early": "<!--><script>alert(1)</script>-->",
    "character data": "<text><![CDATA[<script>alert(1)</script>]]></text>",
    "processing": "<?xml-stylesheet href='https://example.org/x.css'?>",
    "html in a title": "<title><img src='x' onerror='alert(1)'/></title>",
    "breaking out": "<p/><img src='x'/>",
    "not closed": "<g>",
    "closed early": "</svg><script>alert(1)</script><svg>",
}


@pytest.mark.parametrize("content", ACTIVE.values(), ids=ACTIVE)
def test_an_active_figure_is_refused(content: str) -> None:
    figure = PLAIN.format(content)
    with pytest.raises(ArtifactError, match=r"the figure nines/klom_trade_off\.svg .* Delete it"):
        require_passive(figure, "nines/klom_trade_off.svg")
    with pytest.raises(ArtifactError, match="the figure"):
        hostile_pages("name", figure)


@pytest.mark.parametrize(
    "prefix", ["<!DOCTYPE svg [<!ENTITY a 'x'>]>", "<?xml version='1.0'?>", "<script>alert(1)</script>", "text"]
)
def test_a_figure_is_one_svg_element(prefix: str) -> None:
    with pytest.raises(ArtifactError, match="is not a plain <svg> element"):
        require_passive(prefix + PLAIN.format(""), "figure")


def test_figures_of_hostile_names_are_passive() -> None:
    for text in ATTACKS:
        rows = metric_rows(summaries("original", "oracle", text, forget_set="a"), [], has_floor=True)
        require_passive(svg(metric_figure("trade_off", klom, rows, {}, {text: text})), "figure")


# tables


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_no_text_in_a_csv_is_a_formula(text: str) -> None:
    rows = costs(text)
    for row in csv.DictReader(io.StringIO(to_csv(rows), newline="")):
        for name in ("forget_set", "device"):
            assert row[name] == "'" + text.replace("\r", " ")


def test_numbers_in_a_csv_stay_numbers() -> None:
    assert to_csv([{"a": -1.5, "b": -2, "c": None, "d": "plain-text"}]) == "a,b,c,d\n-1.5,-2,,plain-text\n"


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_markdown_keeps_text_in_its_cell(text: str) -> None:
    rows = metric_rows(summaries("original", "oracle", text, forget_set=text), costs(text), has_floor=True)
    tables = (
        (12, cost_markdown(costs(text))),
        (10, metric_markdown(rows, klom)),
    )
    for columns, table in tables:
        assert "<" not in table
        assert ">" not in table
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert lines
        assert {line.replace(r"\|", "").count("|") for line in lines} == {columns + 1}
