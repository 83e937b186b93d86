"""The pages have every metric, and docs/configuration.md every setting of each."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.blocks import declared
from unlearnkit.registry import METRICS


def test_every_setting_of_a_metric_is_documented(repository: Path) -> None:
    section = (repository / "docs/configuration.md").read_text("utf-8").split("\n## metrics\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| ")]
    documented, metric = set[tuple[str, str]](), ""
    for name, setting in ([cell.strip(" `") for cell in row] for row in rows[1:]):
        metric = name or metric
        documented |= {(each.strip(" `"), setting) for each in metric.split(",")}
    # its row refers to those of `relative`
    documented |= {("representation", setting) for name, setting in documented if name == "relative"}
    settings = {name: declared("metric", name).Settings.model_fields or [""] for name in METRICS}
    assert {(name, key) for name, keys in settings.items() for key in keys} <= documented


def test_every_metric_is_on_a_page_of_metrics(repository: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in (repository / "docs").glob("metrics-*.md"))
    assert [name for name in METRICS if f"`{name}" not in text] == []
