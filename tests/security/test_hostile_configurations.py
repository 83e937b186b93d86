"""`unlearnkit check` reads a configuration from elsewhere without running it or being overrun by it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from snakemake.common.configfile import load_configfile

from unlearnkit.__main__ import main
from unlearnkit.config.reading import read_yaml
from unlearnkit.config.yaml_text import MOST_VALUES
from unlearnkit.errors import ConfigError

TAGS = {
    "call": '!!python/object/apply:os.mkdir ["{canary}"]',
    "new": '!!python/object/new:os.mkdir ["{canary}"]',
    "object": "!!python/object:os._wrap_close {{}}",
    "name": "!!python/name:os.mkdir",
    "module": "!!python/module:os",
    "own": "!x y",
}
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)
OVERRUNS = {
    "laughs": (LAUGHS, "its aliases make more than"),
    "circle": ("a: &a {b: *a}", "its aliases make more than"),
    "circle of a list": ("a: &a [*a]", "its aliases make more than"),
    "deep": (f"a: {'[' * 5000}{']' * 5000}", "nested too deeply"),
    "deep blocks": (f"a: {'{b: ' * 5000}{'}' * 5000}", "nested too deeply"),
}
YTE = "__use_yte__: true\n__definitions__:\n  - import os\n  - os.mkdir('{canary}')\nexperiment: digits\n"


@pytest.mark.parametrize("tag", TAGS.values(), ids=TAGS)
def test_a_tag_makes_no_object(tag: str, canary: Path, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("seed: " + tag.format(canary=canary))
    with pytest.raises(ConfigError, match=r"a\.yaml is not valid YAML"):
        read_yaml(tmp_path / "a.yaml")
    assert not canary.exists()


def test_the_unsafe_loader_makes_it(canary: Path) -> None:
    yaml.unsafe_load(TAGS["call"].format(canary=canary))
    assert canary.exists()


@pytest.mark.parametrize(("content", "message"), OVERRUNS.values(), ids=OVERRUNS)
def test_a_file_that_multiplies_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_yaml(tmp_path / "a.yaml")


def test_aliases_within_bounds_are_fine(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &a {b: [1, 2]}\nc: *a\nd: {<<: *a, e: 3}\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": {"b": [1, 2], "e": 3}}
    assert MOST_VALUES > 10_000


@pytest.mark.slow
def test_check_refuses_a_template_without_running_it(
    canary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(YTE.format(canary=canary))
    assert main(["check", str(tmp_path / "a.yaml")]) != 0
    assert "__definitions__ is not a known key" in "".join(capsys.readouterr())
    assert not canary.exists()


def test_snakemake_runs_a_template(canary: Path, tmp_path: Path) -> None:
    # why docs/security.md says to check a configuration from elsewhere first; if this fails, the advice can go
    (tmp_path / "a.yaml").write_text(YTE.format(canary=canary))
    load_configfile(str(tmp_path / "a.yaml"))
    assert canary.exists()
