"""The report in Chromium: pages sort, filter, open drawers, lead to each other, log no error and are accessible."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import tiny_pairs
import tiny_village
from checkout import CONFIG, Checkout, MadeOnce

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCHEMES = ("light", "dark")
WIDTHS = (390, 1280)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]

RUNS = {"pairs": tiny_pairs, "village": tiny_village}
LINKS = "[...document.querySelectorAll('a[href]')].map(a => [a.href, Boolean(a.closest('#on-request ~ dl'))])"
"""All addresses on a page, each with whether it is of what is made only if it is asked for."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    with api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=["images", *RUNS])
def run(request: pytest.FixtureRequest, pristine: Checkout, made_once: MadeOnce) -> Checkout:
    """A copy with a finished experiment: the embedded one, TOFU or the village, in small."""
    if request.param == "images":
        return request.getfixturevalue("completed")
    return made_once(request.param, pristine, RUNS[request.param].finish)


@contextmanager
def watched(browser: Any, **settings: Any) -> Iterator[Any]:
    """A page without a network; in the end it has logged nothing, and asked for nothing but pages."""
    context = browser.new_context(offline=True, **settings)
    opened, problems, asked = context.new_page(), [], []
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    assert problems == []
    assert [url for url in asked if not url.startswith("data:") and not urlsplit(url).path.endswith(".html")] == []
    context.close()


@pytest.fixture
def page(browser: Any, run: Checkout) -> Iterator[Any]:
    """The front page of an experiment."""
    with watched(browser) as opened:
        opened.goto(run.result("report/index.html").resolve().as_uri())
        yield opened


def pages_of(run: Checkout) -> list[Path]:
    return sorted(run.result("report").resolve().rglob("*.html"))


def test_every_page_is_accessible_in_both_themes_and_never_scrolls_sideways(browser: Any, run: Checkout) -> None:
    checker = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    assert len(pages_of(run)) >= 5
    # the checker is a script of its own, which the policy of the pages would not let run
    with watched(browser, bypass_csp=True) as opened:
        for path in pages_of(run):
            opened.goto(path.as_uri())
            for width in WIDTHS:
                opened.set_viewport_size({"width": width, "height": 800})
                assert opened.evaluate("document.documentElement.scrollWidth") == width, path
            for scheme in SCHEMES:
                opened.emulate_media(color_scheme=scheme)
                found = checker.run(opened)
                assert found.violations_count == 0, f"{path}, {scheme}: {found.generate_report()}"


def test_links_lead_to_pages_places_and_files_that_are_there(browser: Any, run: Checkout) -> None:
    ids: dict[Path, set[str]] = {}
    links: dict[Path, list[tuple[str, bool]]] = {}
    with watched(browser) as opened:
        for path in pages_of(run):
            opened.goto(path.as_uri())
            links[path] = opened.evaluate(LINKS)
            ids[path] = {*opened.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")}
    reached = {run.result("report/index.html").resolve()}
    for path, addresses in links.items():
        for address, on_request in ((urlsplit(text), on_request) for text, on_request in addresses):
            target = Path(unquote(address.path))
            if on_request and not target.exists():
                continue
            assert address.scheme == "file" and target.is_file(), (path, target)
            assert not address.fragment or unquote(address.fragment) in ids[target], (path, address)
            reached.add(target)
    assert reached >= {*ids}


def order(page: Any, column: int) -> list[float]:
    script = """column => [...document.querySelectorAll("#overview-table tbody.contender tr:not(.part)")]
        .filter(row => !row.hidden).map(row => Number(row.cells[column].dataset.order))"""
    return page.evaluate(script, column)


def test_a_heading_sorts_by_keyboard_and_again_the_other_way(page: Any) -> None:
    page.get_by_label("last snapshots only").uncheck()
    heading = page.locator("#overview-table th").filter(has_text="mean").locator("button")
    heading.focus()
    heading.press("Enter")
    assert len(order(page, 4)) > 1 and order(page, 4) == sorted(order(page, 4))
    heading.press("Enter")
    assert order(page, 4) == sorted(order(page, 4), reverse=True)
    assert page.locator('#overview-table [aria-sort="descending"]').count() == 1


def test_rows_are_filtered_by_text_and_by_numbers(page: Any) -> None:
    table = page.locator("#overview-table")
    page.get_by_label("last snapshots only").uncheck()
    rows = table.locator("tbody tr:not(.part):visible")
    every = rows.count()
    page.get_by_label("Filter rows of: Every method on every forget set").fill("originals")
    assert rows.count() == 1 < every
    page.get_by_label("Filter rows of: Every method on every forget set").fill("")
    page.locator(".tools").first.get_by_role("button", name="Filter columns").click()
    page.locator("#overview-table").get_by_label("Filter mean:").fill(">-1000000")
    numbers = rows.count()
    page.locator("#overview-table").get_by_label("Filter mean:").fill("<-1000000")
    assert numbers > 0 and rows.count() == 0
    assert page.locator(".tools output").first.inner_text() == f"0 of {every} rows"


def test_a_number_opens_what_is_behind_it_and_escape_closes_it(page: Any) -> None:
    number = page.locator("#overview-table button.number").first
    number.focus()
    number.press("Enter")
    drawer = page.locator(".drawer:popover-open")
    assert drawer.count() == 1
    content = drawer.inner_text()
    assert all(word in content for word in ("SHA-256", "base seed", "snakemake --force results/", "unlearnkit trace"))
    assert f".parquet --configfile {CONFIG}" in content
    page.keyboard.press("Escape")
    assert drawer.count() == 0


def test_a_name_from_the_table_is_found_by_trace(page: Any, run: Checkout) -> None:
    name = page.locator("#overview-table tbody.contender th a").first.inner_text()
    metric = page.locator("#metrics + .scroll a").first.inner_text()
    traced = run.unlearnkit("trace", f"results/tiny/tables/{metric}.md", "--cell", f"candidate={name}")
    assert traced.status == 0 and f"/{name}/" in traced.output, traced.output


def test_a_forget_set_shows_its_samples_and_the_theme_changes(page: Any) -> None:
    page.locator("#forget-sets + .scroll a").first.click()
    assert page.locator("h1").inner_text().startswith("Forget set ")
    sample = page.locator("table.samples td.wrap").first
    sample.scroll_into_view_if_needed()
    pictures = sample.locator("img")
    if pictures.count():
        assert pictures.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 8
    else:
        assert len(sample.inner_text().split()) > 3
    page.locator("button.behind").first.click()
    assert page.locator(".drawer:popover-open").count() == 1
    page.keyboard.press("Escape")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="dark colours").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_the_opening_figure_has_a_point_for_every_method(page: Any) -> None:
    names = page.locator("#overview-table tbody.contender tr:not(.earlier) th a").all_inner_texts()
    titles = page.locator("figure.hero svg title").all_text_contents()
    assert names and all(any(title.startswith(f"{name}, ") for title in titles) for name in names)
