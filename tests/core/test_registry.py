"""The registries name modules that exist and keep the contract of their kind."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from unlearnkit import registry
from unlearnkit.config.settings import Settings
from unlearnkit.declarations import CONTRACTS, incomplete_plug_ins
from unlearnkit.errors import ConfigError
from unlearnkit.sources import formulas

ENTRIES = [(kind, name) for kind, names in registry.REGISTRIES.items() for name in names]


ALIASES = {"grad_diff": "graddiff"}
"""Names of published tables for methods that had another name here first."""


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_entry_is_a_documented_module_of_its_name(kind: str, name: str) -> None:
    module = registry.load(kind, name)
    assert module.__name__.endswith(f".{ALIASES.get(name, name)}")
    assert inspect.getdoc(module)


@pytest.mark.parametrize("kind", ["method", "metric"])
def test_every_method_and_metric_states_its_formula(kind: str) -> None:
    """The report shows it: an indented paragraph of the docstring of the module or of one of its functions."""
    assert [name for name, module in registry.OURS[kind].items() if not formulas(module)] == []


def test_every_entry_keeps_its_contract() -> None:
    assert list(incomplete_plug_ins()) == []


@pytest.mark.parametrize(
    "name", [name for name in registry.DATASETS if registry.task_of(registry.load("data set", name)) == "text"]
)
def test_a_data_set_of_text_has_documents_shards_or_pairs_and_says_what_checks_it(name: str) -> None:
    module = registry.load("data set", name)
    made_of = {"TOKENISED": "shards", "PAIRS": "pairs"}
    declared = next((own for flag, own in made_of.items() if getattr(module, flag, False)), "documents")
    assert callable(getattr(module, declared))
    assert module.CONTENT_HASH or module.CHECKED_BY
    assert not module.DOWNLOAD_BYTES or module.DOWNLOAD_FOLDER


@pytest.mark.parametrize(("kind", "name"), [entry for entry in ENTRIES if "Settings" in CONTRACTS[entry[0]]])
def test_every_setting_is_described_and_has_its_own_class(kind: str, name: str) -> None:
    settings = registry.load(kind, name).Settings
    assert issubclass(settings, Settings)
    assert [field for field, info in settings.model_fields.items() if not info.description] == []
    assert settings.model_config.get("extra") == "forbid"
    assert settings.model_config.get("frozen") is True


def test_methods_share_one_signature() -> None:
    for name in registry.METHODS:
        parameters = inspect.signature(registry.load("method", name).unlearn).parameters
        assert list(parameters) == ["model", "data", "settings", "context"]


@pytest.mark.parametrize("kind", registry.REGISTRIES)
def test_an_unknown_name_is_answered_with_the_nearest(kind: str) -> None:
    known = next(iter(registry.REGISTRIES[kind]))
    with pytest.raises(ConfigError, match=f"unknown {kind} '{known}x'. Did you mean '{known}'?"):
        registry.locate(kind, f"{known}x")


def test_registries_cannot_be_changed_in_passing() -> None:
    with pytest.raises(TypeError):
        registry.METHODS["mine"] = "somewhere"  # pyright: ignore[reportIndexIssue]


METHOD_PAGES = ("methods-images", "methods-challenge", "methods-language")


def test_the_pages_of_methods_have_a_row_and_a_section_for_each_in_this_order(repository: Path) -> None:
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(([\w-]+)\.md#(\w+)\) \|", (repository / "docs/methods.md").read_text(), re.MULTILINE
    )
    assert [(name, anchor) for name, _, anchor in rows] == [(name, name) for name in registry.METHODS]
    for page in METHOD_PAGES:
        sections = re.findall(r"^## (\w+)$", (repository / f"docs/{page}.md").read_text(), re.MULTILINE)
        assert sections == [name for name, on, _ in rows if on == page]


BORROWED = {
    "challenge_head_reset": ("challenge_fine_tune",),
    "lfssd": ("ssd",),
    "datamodel_matching": ("oracle_matching", "dm_direct"),
    "grad_diff": ("graddiff",),
}
"""Methods whose sections name the tables of others instead of having their own."""


def test_the_pages_of_methods_state_every_setting_and_its_default(repository: Path) -> None:
    sections = [s for page in METHOD_PAGES for s in (repository / f"docs/{page}.md").read_text().split("\n## ")[1:]]
    named = {section.partition("\n")[0]: section for section in sections}
    tables = {name: stated_defaults(section) for name, section in named.items()}
    for name in registry.METHODS:
        fields = registry.load("method", name).Settings.model_fields
        common = ("Common settings",) if "(#common-settings)" in named[name] else ()
        sources = (*common, *BORROWED.get(name, ()), name)
        told = {field: text for table in sources for field, text in tables[table].items()}
        if name == "datamodel_matching":
            told = {field: text for field, text in told.items() if field not in ("oracles", "pool", "pool_start")}
        assert told.keys() == fields.keys(), name
        assert [field for field, text in told.items() if not says(text, fields[field].default)] == [], name


def stated_defaults(section: str) -> dict[str, str]:
    """Return setting -> default of a section's table, whose rows may be of several settings."""
    told: dict[str, str] = {}
    for settings, defaults in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \|", section, re.MULTILINE):
        names = re.findall(r"\w+", settings)
        told |= dict(zip(names, defaults.replace("`", "").split(", ", len(names) - 1), strict=True))
    return told


def says(text: str, value: object) -> bool:
    """Return whether a default is written as `text`, numbers in any form."""
    spelling = ", ".join(map(str, value)) if isinstance(value, tuple) else json.dumps(value).strip('"')
    try:
        return float(text) == float(spelling)
    except ValueError:
        return text == spelling
