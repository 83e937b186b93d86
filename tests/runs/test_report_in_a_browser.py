"""The page of a finished experiment in Chromium: it sorts, filters, opens drawers, follows links, and logs no error."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    with api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, completed: Checkout) -> Iterator[Any]:
    """The page, opened from disk without a network; what it logs and asks for is empty in the end."""
    context = browser.new_context(offline=True)
    opened, problems, asked = context.new_page(), [], []
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(completed.result("report/index.html").resolve().as_uri())
    yield opened
    assert problems == []
    assert {url for url in asked if not url.startswith("data:")} == {asked[0]}
    context.close()


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
    page.keyboard.press("Escape")
    assert drawer.count() == 0


def test_links_lead_to_what_is_there(page: Any, completed: Checkout) -> None:
    addresses = page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
    ids = {*page.eval_on_selector_all("[id]", "found => found.map(one => one.id)")}
    assert {address[1:] for address in addresses if address.startswith("#")} <= ids
    on_request = page.eval_on_selector_all(
        "#on-request ~ dl a", "links => links.map(link => link.getAttribute('href'))"
    )
    folder = Path(completed.result("report"))
    files = {address for address in addresses if not address.startswith("#")} - {*on_request}
    assert files and [address for address in files if not (folder / address).resolve().exists()] == []
    page.get_by_role("link", name="Methods").click()
    assert page.url.endswith("#methods")


def test_forgotten_samples_are_pictures_and_the_theme_changes(page: Any) -> None:
    pictures = page.locator("table.samples img")
    assert pictures.count() > 0
    pictures.first.scroll_into_view_if_needed()
    assert pictures.first.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 8
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="dark colours").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_never_scrolls_sideways(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
