"""The pages of the report: complete, escaped, self-contained, and the same bytes for the same inputs."""

from __future__ import annotations

import html.parser
import posixpath
import re
from dataclasses import replace

import pytest

from unlearnkit.layout import FRONT_PAGE as FRONT
from unlearnkit.metrics.distribution import klom
from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.report.figures import metric_figure
from unlearnkit.report.markup import inline, setting
from unlearnkit.report.model_counts import Counts
from unlearnkit.report.resisting import Explorer
from unlearnkit.report.shown import Results
from unlearnkit.report.site import site
from unlearnkit.report.style import svg
from unlearnkit.report.tables import metric_rows
from unlearnkit.sources import described

HOSTILE = "<script>alert('x')</script>"


def _record(rule: str, artifact: str = "results/tiny/data/dataset.safetensors", **settings) -> dict:
    return {
        "artifact": artifact,
        "sha256": "5ha256",
        "rule": rule,
        "settings": settings,
        "code": "c0de",
        "device": "CPU",
        "python": "3.11.7",
        "started": "2026-01-02T03:04:05+00:00",
        "wall_seconds": 1.5,
        "packages": {"unlearnkit": "0.1.0", "numpy": "2.4"},
        "machine": {"system": "Linux", "processor": "x86_64", "cores": 2},
    }


@pytest.fixture(scope="module")
def settings():
    variant = {"method": "scrub", "snapshots": [3], "settings": {"lr": 0.01, "note": HOSTILE}}
    return {
        "experiment": "tiny",
        "seed": 7,
        "num_models": 4,
        "held_out_oracles": 4,
        "shard_size": 4,
        "data": {"name": "digits", "train_size": None},
        "model": {"name": "mlp", "hidden": [16]},
        "training": {"epochs": 6, "lr": 0.2},
        "forget_sets": {"first": {"kind": "file", "file": HOSTILE}, "second": {"kind": "random", "size": 2}},
        "variants": {"good": variant, "bad": variant, "broken": variant},
        "metrics": {"klom": {"bins": 20, "compat": None}},
    }


def _board(settings, rows, **outside) -> dict:
    ranked = {**settings, "protocol": {}, "outside": outside}
    return leaderboard(ranked, {"klom": klom}, {"klom": rows}, seed=0)


@pytest.fixture(scope="module")
def results(settings, summaries, costs):
    rows = metric_rows(summaries, costs, has_floor=True)
    renamed = [row | {"candidate": HOSTILE} if row["candidate"] == "bad" else row for row in rows]
    figure = svg(metric_figure("trade_off", klom, rows[:36], {}, {"good": "scrub"}))
    return Results(
        tables={"klom": renamed},
        costs=costs,
        figures={(name, "klom_trade_off"): figure for name in ("first", "second")},
        kinds={"klom_trade_off": ("klom", "trade_off")},
        records=[
            _record("original", "results/tiny/original/0000-0003.safetensors", role="original"),
            _record("unlearn", "results/tiny/unlearned/first/good/0000-0003.safetensors", method="scrub"),
            _record("score", "results/tiny/scores/klom/first/good.parquet", metric="klom"),
        ],
        contenders=["good"],
        files={"Tables": ["../tables/klom.csv"]},
        on_request={"vision_all": ["../leaderboard/leaderboard.html"]},
        board=_board(settings, renamed),
        documented={
            "method": {"scrub": ["Distils `twice`.", HOSTILE]},
            "metric": {"klom": described("unlearnkit.metrics.distribution.klom")},
        },
        modules={"method": {"scrub": "unlearnkit.methods.images.scrub"}},
        counts={"klom": Counts(why="Every number `N` for itself.")},
        hero=figure,
        explorers={},
    )


def _pages(settings, results):
    return site(settings, {"klom": klom}, results)


@pytest.fixture(scope="module")
def pages(settings, results):
    return _pages(settings, results)


@pytest.fixture(scope="module")
def text(pages):
    return "".join(pages.values())


def test_copies_of_forgotten_samples_are_stated(settings, results):
    record = _record("forget_set") | {"artifact": "results/tiny/forget_sets/second.npy"}
    shown = []
    for copies in ({}, {"copies": {"retain": 0, "validation": 0}}, {"copies": {"retain": 1200, "validation": 0}}):
        made = _pages(settings, replace(results, records=[*results.records, record | copies]))
        shown.append(re.findall(r"<strong>(.*)</strong>", made["forget_sets/second"]))
    assert shown == [[], [], ["Some of these samples have an exact copy outside the forget set (1,200 in retain)."]]


class _Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.ids, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action", "data")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in ("meta", "br", "link", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def parsed(pages):
    found = {}
    for name, text in pages.items():
        found[name] = _Reader()
        found[name].feed(text)
    return found


def test_there_is_a_page_for_every_forget_set_method_and_metric(pages):
    named = {"forget_sets/first", "forget_sets/second", "methods/scrub", "metrics/klom"}
    assert {*pages} == {FRONT, "provenance", *named}


def test_text_from_configuration_is_escaped(pages, text):
    assert text.count("<script") == len(pages) and "<script>alert" not in text
    assert text.count("&lt;script&gt;") >= 4  # forget set twice, variants' settings, candidate


def test_nothing_is_loaded_from_elsewhere(text, parsed):
    addresses = [link for own in parsed.values() for link in own.links]
    assert [link for link in addresses if ":" in link and not link.startswith("data:image/png")] == []
    assert "../tables/klom.csv" in parsed["provenance"].links
    assert not re.search(r"@import|url\((?!#)", text)


def test_html_is_well_formed_and_ids_are_unique_and_found(parsed):
    for own in parsed.values():
        assert own.open == []
        assert len(set(own.ids)) == len(own.ids)


def test_links_lead_to_pages_and_places_on_them(parsed):
    """Artifacts lie beside the report's folder, so that links to them leave it."""
    for name, own in parsed.items():
        for link in own.links:
            page, _, place = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), page)) if page else f"{name}.html"
            if target.startswith("..") or link.startswith("data:"):
                continue
            assert target.removesuffix(".html") in parsed, (name, link)
            assert not place or place in parsed[target.removesuffix(".html")].ids, (name, link)


def test_formulas_of_a_docstring_keep_their_lines(pages):
    stated = "KLOM = sum over bins with p &gt; 0 of p log(p / max(q, floor))"
    assert f'<pre class="formula">{stated}\n</pre>' in pages["metrics/klom"]
    assert pages["metrics/klom"].count("<pre") == 1  # the function states it too
    assert described("unlearnkit.metrics.utility.calibration")[-1].startswith("    brier = mean over samples")


def test_a_metric_says_why_it_has_no_curve(pages):
    assert "Every number <code>N</code> for itself." in pages["metrics/klom"]


def test_failed_candidates_and_floor_are_shown(pages):
    for name in ("forget_sets/first", "forget_sets/second"):
        assert pages[name].count("2 of 4 models failed") >= 2  # two tables
        assert pages[name].count("oracles: noise floor") == 2


def test_only_splits_that_the_data_have_are_listed(settings, results, text):
    assert '<th scope="col">validation</th><th scope="col" class="text">' in text
    tested = [row | {"split": "test"} for row in results.tables["klom"] if row["split"] == "validation"]
    with_test = replace(results, tables={"klom": [*results.tables["klom"], *tested]})
    assert '<th scope="col">validation</th><th scope="col">test</th>' in _pages(settings, with_test)[FRONT]


def test_figures_are_described(text):
    assert text.count('<svg role="img" aria-label="Scatter plot for ') == 2


def test_forgotten_samples_are_shown_unless_no_variant_has_a_value(settings, results):
    def explorer(**tested: int) -> Explorer:
        found = {"good": 2, "bad": 0, "broken": 0}
        return Explorer("klom", "KLOM", "nats", (), (*found,), (), found, tested, 7, 98)

    own = {"first": explorer(good=5, bad=7, broken=0), "second": explorer(good=0, bad=0, broken=0)}
    text = "".join(_pages(settings, replace(results, explorers=own)).values())
    assert "How many of 7 resist: good 2 (5 have a value), bad 0, broken (no value)." in text
    assert text.count("and which resisted") == 1


def test_what_is_made_only_if_asked_for_is_linked_with_its_command(text, parsed):
    assert "../leaderboard/leaderboard.html" in parsed["provenance"].links
    assert "<code>snakemake vision_all</code>" in text


def test_provenance_is_shown(text):
    assert all(word in text for word in ("c0de", "2.4", "Linux, x86_64, 2 cores", "2026-01-02 03:04:05"))


def test_originals_from_elsewhere_need_not_have_the_recipe_of_the_oracles(settings, results, text):
    assert "What cannot be said here" not in text
    given = _pages({**settings, "originals": {"source": "path", "path": "runs"}}, results)[FRONT]
    assert "What cannot be said here" in given and "the recipes differ" in given


def test_same_inputs_give_the_same_text(settings, results, pages):
    assert _pages(settings, results) == pages


def test_inline_prefixes_ids_and_their_references():
    drawn = inline(
        '<svg viewBox="0 0 9 8" width="9pt" height="8pt"><g id="a" clip-path="url(#b)"/><use xlink:href="#a"/></svg>',
        "p",
        '"<',
    )
    assert drawn == (
        '<svg role="img" aria-label="&#34;&lt;" viewBox="0 0 9 8">'
        '<g id="p-a" clip-path="url(#p-b)"/><use xlink:href="#p-a"/></svg>'
    )


def test_a_name_is_found_as_it_is_written_and_no_two_columns_of_the_costs_share_a_heading(settings, results):
    named = [row | {"candidate": "a_name.1"} if row["candidate"] == "good" else row for row in results.tables["klom"]]
    made = _pages(settings, replace(results, tables={"klom": named}))
    text = "".join(made.values())
    shown = re.sub(r"<[^>]*>", "", text)
    assert "\u200b" not in text and shown.count("a_name.1") >= 4
    (header,) = set(re.findall(r"<thead><tr>(.*?seconds.*?)</tr>", made["methods/scrub"]))
    headings = re.findall(r">([^<]+)</th>", header)
    assert len(headings) == len(set(headings)) == 11


def test_settings_read_as_text():
    assert setting({"lr": 5e-4, "hidden": [64, 32], "root": None, "split": {}}) == (
        "lr 0.0005, hidden 64, 32, root null, split none"
    )


def test_variants_that_were_tuned_on_a_forget_set_are_marked_in_its_section(settings, results, text):
    tuned = _pages({**settings, "tuned_on": {"good": ["second"]}}, results)
    first, second = tuned["forget_sets/first"], tuned["forget_sets/second"]
    assert "Tuned on this forget set: good." in second
    assert "good †" in second
    assert "†" not in first
    assert "†" not in text
