"""The commands of docs/commands.md resolve from the root of a clone, for every target and profile."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from checkout import Checkout, Outcome

pytestmark = pytest.mark.workflow


def literal(copy: Checkout, *arguments: str) -> Outcome:
    """Run `snakemake <arguments>` with no configuration but the repository's own."""
    return copy.run(sys.executable, "-m", "snakemake", *arguments)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("-n",),
        ("klom_all", "-n"),
        ("--profile", "slurm", "klom_all", "-n"),
        ("--profile", "local", "-n"),
        ("--profile", "smoke", "-n"),
    ],
    ids=" ".join,
)
def test_a_literal_command_plans_the_whole_experiment(pristine: Checkout, arguments: tuple[str, ...]) -> None:
    planned = literal(pristine, *arguments)
    assert planned.status == 0, planned.output
    assert set(planned.counts) >= {
        "dataset",
        "forget_set",
        "original",
        "oracle",
        "margins",
        "unlearn",
        "score",
        "table",
        "klom_all" if "klom_all" in arguments else "all",
    }


def test_names_of_profiles_are_links_at_the_root(pristine: Checkout) -> None:
    for name in ("slurm", "local", "smoke"):
        assert (pristine.root / name).is_symlink()
        assert (pristine.root / name).readlink() == Path("profiles") / name


@pytest.mark.parametrize(
    ("target", "last"),
    [
        ("margin_distance_all", {"table", "margin_distance_all"}),
        ("report", {"table", "cost"}),
        ("unlearned", {"unlearn"}),
    ],
)
def test_a_public_target_plans_what_it_is_named_after(pristine: Checkout, target: str, last: set[str]) -> None:
    assert last <= set(pristine.plan(target).counts)


@pytest.mark.slow
def test_training_targets_plan_no_more_than_training(pristine: Checkout) -> None:
    assert pristine.plan("originals").counts.keys() == {"dataset", "original", "originals"}
    assert pristine.plan("oracles").counts == {"dataset": 1, "forget_set": 2, "oracle": 4, "oracles": 1}


def test_the_code_that_runs_is_that_of_the_copy(pristine: Checkout) -> None:
    imported = pristine.run(sys.executable, "-c", "import unlearnkit; print(unlearnkit.__file__)")
    assert imported.output.strip() == str(pristine.root / "unlearnkit/__init__.py")


def test_the_rules_are_linted_and_formatted(pristine: Checkout) -> None:
    linted = pristine.snakemake("--lint")
    assert linted.status == 0, linted.output
    pytest.importorskip("snakefmt")
    formatted = pristine.run(sys.executable, "-m", "snakefmt", "--check", "Snakefile", "rules")
    assert formatted.status == 0, formatted.output


@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_no_matter(fresh: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/dev/null/home")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert fresh.plan().counts
    assert fresh.unlearnkit("plan", "--configfile", "tiny.yaml").status == 0
