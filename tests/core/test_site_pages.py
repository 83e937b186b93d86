"""The pages of the site that are made of the code, and their order. Sphinx itself runs in `make docs`, not here."""

from __future__ import annotations

import re
from pathlib import Path

import page_text
import plug_in_facts
import plug_in_pages
import pytest
import setting_pages

from unlearnkit import registry
from unlearnkit.declarations import declarations
from unlearnkit.report.passive import require_passive


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return setting_pages.pages() | plug_in_pages.pages()


def test_the_index_names_every_page_once(repository: Path) -> None:
    named = re.findall(r"^- \[[^\]]+\]\(([\w-]+\.md)\)", (repository / "docs/index.md").read_text(), re.MULTILINE)
    assert sorted([*named, "index.md"]) == sorted(path.name for path in (repository / "docs").glob("*.md"))


def test_the_index_names_every_page_that_is_made(repository: Path, pages: dict[str, str]) -> None:
    named = set(re.findall(r"\(reference/([\w-]+)\.md\)", (repository / "docs/index.md").read_text()))
    assert named == {*pages, "commands", "python", "plug-ins"}


def test_a_key_has_type_range_default_and_meaning(pages: dict[str, str]) -> None:
    assert "| `num_models` | integer, ≥ 1 | required | N: originals, oracles per forget set" in pages["settings"]
    assert "| `seed` | integer, ≥ 0 | `0` | base seed, from which" in pages["settings"]
    assert "| `training` | [training](#key-recipe) | required |" in pages["settings"]
    assert re.search(r"\| `temperature` \| number, > 0 \| `\S+` \|", section(pages["methods"], "method-scrub"))


@pytest.mark.parametrize("kind", [kind for kind in registry.OURS if kind != "data set"])
def test_every_plug_in_has_a_section_with_its_settings(pages: dict[str, str], kind: str) -> None:
    page = pages[plug_in_pages.PAGES[kind][0]]
    shared = page.partition("(" + kind)[0]
    for name, module in registry.OURS[kind].items():
        if name == registry.ALWAYS_OBSERVED:
            continue  # no configuration has settings of it
        text = shared + section(page, f"{kind}-{name}")
        fields = getattr(declarations(module), "Settings").model_fields  # noqa: B009
        assert [field for field in fields if f"| `{field}` |" not in text] == [], name


def test_every_data_set_has_a_row_and_a_section_with_its_facts_and_code(pages: dict[str, str]) -> None:
    page = pages[plug_in_pages.PAGES["data set"][0]]
    assert re.findall(r"^\| \[`(\w+)`\]\(#data-set-\1\) \| \S", page, re.MULTILINE) == [*registry.DATASETS]
    for name, module in registry.DATASETS.items():
        text = section(page, f"data-set-{name}")
        declared = vars(declarations(module))
        facts = {word for word, constant in plug_in_facts.FACTS.items() if declared.get(constant)}
        assert {*re.findall(r"^\| ([\w, ]+) \| \S", text, re.MULTILINE)} == facts, name
        assert f"../../{module.replace('.', '/')}.py)" in text


def section(page: str, anchor: str) -> str:
    """Return the text of a section, up to the next anchor."""
    return re.split(r"^\(", page.split(f"\n({anchor})=\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_only_backticks_have_a_meaning() -> None:
    assert page_text.escaped("a|b <c> *d*, `e|f *g*`") == r"a\|b \<c\> \*d\*, `e\|f *g*`"


def test_pictures_are_passive_and_described(repository: Path) -> None:
    pictures = sorted((repository / "docs").glob("*/*.svg"))
    assert repository / "docs/concepts/floor.svg" in pictures
    for picture in pictures:
        require_passive(picture.read_text(encoding="utf-8"), str(picture))
    for page in (repository / "docs").glob("*.md"):
        assert not re.search(r"!\[\s*\]\(", page.read_text(encoding="utf-8")), page


@pytest.mark.parametrize("page", ["tutorial", "tutorial-language"])
def test_what_no_test_runs_of_a_tutorial_is_marked_as_long(repository: Path, page: str) -> None:
    parts = (repository / f"docs/{page}.md").read_text(encoding="utf-8").split("\n```")
    unrun = [before for before, block in zip(parts[::2], parts[1::2], strict=False) if block.startswith("\n")]
    assert unrun and all(re.search(r"\blong\b", before.rstrip().rpartition("\n\n")[2]) for before in unrun)
