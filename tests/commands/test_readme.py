"""The README is two screens whose counts, rows, links and commands are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unlearnkit import registry

KINDS = {"methods": "method", "metrics": "metric", "attacks": "attack", "data sets": "data set", "models": "model"}
RUN_BY = {
    "make demo": (".ci/run", "make --jobs 3 --output-sync lint docs demo"),
    "make test": (".ci/run", "make test"),
    **dict.fromkeys(
        (
            "unlearnkit init study",
            "cd study",
            "unlearnkit new-method mine --here",
            "unlearnkit plan klom_all",
            "snakemake klom_all --configfile shrink.yaml -n",
            "snakemake klom_all --profile slurm -n",
        ),
        ("tests/commands/test_init.py", "def test_the_commands_of_the_readme_work_in_a_working_folder("),
    ),
}
"""Command -> where it is run: a file, and a line in it."""


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def test_it_fits_two_screens(readme: str) -> None:
    assert len(readme.splitlines()) <= 120
    assert len(readme.split()) <= 900


def test_every_command_is_run(readme: str, repository: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    commands = [line.partition("  #")[0].rstrip() for block in blocks for line in block.splitlines()]
    assert commands == [*RUN_BY]
    for file, line in RUN_BY.values():
        assert any(own.startswith(line) for own in (repository / file).read_text().splitlines()), (file, line)


def test_the_counts_are_those_of_the_registries(readme: str, repository: Path) -> None:
    stated = dict(re.findall(r"^\| \[([\w ]+)\]\(docs/\S+\) \| (\d+) \|", readme, re.MULTILINE))
    counts = {name: len(registry.OURS[kind]) for name, kind in KINDS.items()}
    counts["experiments"] = len([*(repository / "experiments").glob("*.yaml")])
    assert {name: int(count) for name, count in stated.items()} == counts


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_the_rows_of_the_demo_are_those_that_it_wrote(page: str, repository: Path) -> None:
    text = (repository / page).read_text(encoding="utf-8")
    excerpt = text.split("<!-- klom-excerpt -->")[1].split("<!-- /klom-excerpt -->")[0]
    written = (repository / "docs/demo/klom.md").read_text(encoding="utf-8").split("\n### ")
    (nines,) = (rows_of(section) for section in written if "nines" in section.partition("\n")[0])
    shown = rows_of(excerpt)
    assert len(shown) >= 6
    assert all(row in [{key: other[key] for key in row} for other in nines] for row in shown)


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows of the one table in a text: column -> cell."""
    names, _, *rows = ([*map(str.strip, line.strip("|").split("|"))] for line in text.splitlines() if line[:1] == "|")
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_links_lead_somewhere(readme: str, repository: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", readme) if not link.startswith("https://")]
    assert len(links) > 30
    for link in links:
        file, _, place = link.partition("#")
        assert (repository / file).is_file(), link
        assert not place or place in anchors((repository / file).read_text(encoding="utf-8")), link


def anchors(page: str) -> set[str]:
    """Return what headings of a page are linked as."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
