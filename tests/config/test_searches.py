"""Searches in the configuration: what is refused, in which words, and what variants make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from unlearnkit.config.load import load_experiment
from unlearnkit.config.searches.spaces import spaces_of
from unlearnkit.errors import ConfigError
from unlearnkit.facts.search_space import Choice, Integers, LogUniform, Uniform, fitted

Change = Callable[[str], dict[str, Any]]
SEARCH = "method: fine_tune, forget_sets: [eights], trials: 5"
CHOSEN = Path("results/small/studies/ft/chosen.yaml")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def tuned(entry: str = "") -> str:
    return (
        f"{{searches: {{ft: {{{SEARCH}}}}}, "
        f"methods: {{own: {{method: fine_tune, tuned_by: ft{', ' * bool(entry)}{entry}}}}}}}"
    )


def searches(blocks: Iterable[str]) -> str:
    """Return searches s0, s1, ..."""
    return "searches: {" + ", ".join(f"s{number}: {{{block}}}" for number, block in enumerate(blocks)) + "}"


SINGLE = {
    "method: fine_tune, forget_sets: [], trials: 5": "searches.s0.forget_sets is []",
    "method: fine_tune, forget_sets: [eights]": "searches.s1.trials is missing",
    "method: fine_tune, forget_sets: [eights], trials: 0": "searches.s2.trials is 0",
    f"{SEARCH}, sampler: nsga2": "searches.s3.sampler is 'nsga2'; expected",
    f"{SEARCH}, space: {{lr: {{low: 0.1}}}}": "s4.space.lr: it lacks low or high; expected both, or choices.",
    f"{SEARCH}, space: {{lr: {{low: 0.1, high: 0.1}}}}": "s5.space.lr: it goes from 0.1 to 0.1; expected low",
    f"{SEARCH}, space: {{lr: {{low: 0, high: 0.1, log: true}}}}": "s6.space.lr: it goes from 0 to 0.1; expected low",
    f"{SEARCH}, space: {{lr: {{low: 0.1, choices: [1]}}}}": "s7.space.lr: it has choices beside low, high or log; keep",
}
"""Block -> what is said of one of its keys."""

BETWEEN = {
    "method: fine_tun, forget_sets: [eights], trials: 5": "searches.s0.method is fine_tun, which is unknown. Did you "
    "mean 'fine_tune'?",
    "method: ga, forget_sets: [eights], trials: 5": "searches.s1.method is ga, which is not for images; expected",
    "method: load_oracle, forget_sets: [eights], trials: 5": "searches.s2.method is load_oracle, which reads "
    "held_out_oracles, and trials provide none; expected a method that reads no oracle and no attribution.",
    "method: ct, forget_sets: [eights], trials: 5": "searches.s3: ct changes the kernels of convolutions, and mlp has",
    "method: do_nothing, forget_sets: [eights], trials: 5": "searches.s4 has nothing to search: do_nothing declares no "
    "space.",
    "method: fine_tune, forget_sets: [eight], trials: 5": "searches.s5.forget_sets has 'eight', which is not among "
    "forget_sets. Did you mean 'eights'?",
    f"{SEARCH}, objective: oracle": "searches.s6.objective is oracle, which is unknown",
    f"{SEARCH}, seeds: 21": "searches.s7 has 21 seeds of 1 models, but num_models is 20; expected at least 21. Raise "
    "num_models to 30, or lower searches.s7.seeds.",
    f"{SEARCH}, fixed: {{lrr: 0.1}}": "searches.s8.fixed.lrr is not a setting of fine_tune",
    f"{SEARCH}, space: {{lrr: {{low: 1, high: 2}}}}": "searches.s9.space.lrr is not a setting of fine_tune",
    f"{SEARCH}, fixed: {{lr: 0.1}}, space: {{lr: {{low: 0.1, high: 2}}}}": "searches.s10.fixed.lr is set beside "
    "searches.s10.space.lr. Keep one of the two.",
    f"{SEARCH}, fixed: {{momentum: 2}}": "searches.s11.fixed.momentum is 2",
    f"{SEARCH}, space: {{epochs: {{low: 1, high: 2.5}}}}": "searches.s12.space.epochs has a log scale or a fraction, "
    "but epochs takes whole numbers; expected whole numbers without log, or choices.",
    f"{SEARCH}, space: {{epochs: {{low: 0, high: 2}}}}": "searches.s13: at an end of the space, epochs is 0",
    "method: fine_tune, forget_sets: [again], trials: 5": "searches.s14.forget_sets has 'again', which holds the same "
    "samples as 'eights': settings would be tuned on what is reported without a mark. Give one of them another seed",
}
"""Block -> what is said of several of its keys, or of others."""

TUNED = {
    "method: fine_tune, tuned_by: fe": "methods.m0.tuned_by is fe, which is not among searches. Known names: ft.",
    "method: scrub, tuned_by: ft": "methods.m1.tuned_by is ft, which searches settings of fine_tune, but "
    "methods.m1.method is scrub; expected one method.",
    "method: fine_tune, tuned_by: ft, lr: 0.1": "methods.m2.lr is set, but searches.ft says what it is. Remove "
    "methods.m2.lr.",
    "method: fine_tune, tuned_by: ft, grid: {lr: [0.1]}": "methods.m3.lr is set, but searches.ft says what it is.",
    "method: fine_tune, tuned_by: ft, snapshots: [1]": "methods.m4.snapshots is set, but searches.ft says how long "
    "fine_tune runs. Remove methods.m4.snapshots: models are evaluated after the last epoch.",
    "method: fine_tune, tuned_by: ft, settings_file: results/a.yaml": "methods.m5.settings_file is set beside "
    "methods.m5.tuned_by. Keep one of the two.",
}
"""Entry of `methods` -> what is said of it."""


def problems_of(configuration: dict[str, Any]) -> list[str]:
    """Return what is said of a wrong configuration, a problem each."""
    with pytest.raises(ConfigError) as refused:
        load_experiment(configuration)
    first, *more = str(refused.value).splitlines()
    return [line.removeprefix("- ") for line in more if line.startswith("- ")] or [first]


@pytest.mark.parametrize(
    ("budget", "more", "least"),
    [
        # an epoch is a tenth of retraining
        ("0.05", "method: fine_tune, forget_sets: [fifty]", "0.1"),
        ("0.05", "method: fine_tune, forget_sets: [fifty], fixed: {epochs: 9}", "0.1"),
        # 950 retained and 2 x 50 forgotten samples
        ("0.1", "method: salun, forget_sets: [fifty]", "0.111"),
        # the size of a class is not known: one sample
        ("0.1", "method: salun, forget_sets: [eights]", "0.101"),
        # with batches of 256, each of four batches goes with one of 50
        ("0.02", "method: neg_grad_plus, forget_sets: [fifty], fixed: {epochs: 2}", "0.122"),
    ],
)
def test_a_budget_that_no_settings_fit_is_refused(budget: str, more: str, least: str, changed: Change) -> None:
    sets = "data: {train_size: 1000}, forget_sets: {fifty: {kind: random, size: 50, seed: 3}}"

    def with_budget(number: str) -> dict[str, Any]:
        return changed(f"{{{sets}, searches: {{ft: {{{more}, trials: 5, budget: {number}}}}}}}")

    assert problems_of(with_budget(budget)) == [
        f"searches.ft.budget is {budget}, which no settings of its space fit; expected at least {least}, which the "
        "cheapest ones cost, relative to retraining. Raise searches.ft.budget."
    ]
    load_experiment(with_budget(least))


def test_a_fixed_setting_that_is_refused_is_named_once(changed: Change) -> None:
    search = f"searches: {{ft: {{{SEARCH}, fixed: {{epochs: 0}}}}}}"
    assert problems_of(changed(f"{{{search}}}")) == [
        "searches.ft.fixed.epochs is 0; expected a whole number, at least 1."
    ]


@pytest.mark.parametrize("blocks", [SINGLE, BETWEEN])
def test_what_is_refused_of_a_search(blocks: dict[str, str], changed: Change) -> None:
    with pytest.raises(ConfigError) as refused:
        load_experiment(changed(f"{{forget_sets: {{again: {{kind: class, label: 8}}}}, {searches(blocks)}}}"))
    assert [words for words in blocks.values() if words not in str(refused.value)] == []


def test_what_is_refused_of_a_variant_that_is_tuned(changed: Change) -> None:
    methods = ", ".join(f"m{number}: {{{entry}}}" for number, entry in enumerate(TUNED))
    with pytest.raises(ConfigError) as refused:
        load_experiment(changed(f"{{searches: {{ft: {{{SEARCH}}}}}, methods: {{{methods}}}}}"))
    assert [words for words in TUNED.values() if words not in str(refused.value)] == []
    with pytest.raises(
        ConfigError, match=r"methods\.own\.tuned_by is ft, which is not among searches\. Add searches\.ft"
    ):
        load_experiment(changed("{methods: {own: {method: fine_tune, tuned_by: ft}}}"))


def test_a_mistyped_setting_of_a_space_is_named_also_where_a_variant_uses_the_search(changed: Change) -> None:
    space = "space: {lrr: {low: 1, high: 2}}"
    methods = "methods: {own: {method: fine_tune, tuned_by: ft}}"
    with pytest.raises(ConfigError, match=r"searches\.ft\.space\.lrr is not a setting of fine_tune"):
        load_experiment(changed(f"{{searches: {{ft: {{{SEARCH}, {space}}}}}, {methods}}}"))


def test_a_search_that_compares_with_oracles_needs_some(changed: Change) -> None:
    without = "oracles: none, metrics: {klom: REMOVED, mia: {}}, methods: {floor: REMOVED, retrain: REMOVED}"
    search = f"searches: {{ft: {{{SEARCH}, objective: deep_unlearn}}}}"
    with pytest.raises(ConfigError, match="objective is deep_unlearn, which compares with oracles, but there are none"):
        load_experiment(changed(f"{{held_out_oracles: 0, {without}, {search}}}"))


def test_the_space_is_that_of_the_method_but_what_is_fixed_or_searched_elsewhere(changed: Change) -> None:
    space = "{lr: {low: 0.1, high: 0.2}, momentum: {choices: [0, 0.9]}, batch_size: {low: 8, high: 16}}"
    more = f"fixed: {{weight_decay: 0}}, space: {space}"
    search = load_experiment(changed(f"{{searches: {{ft: {{{SEARCH}, {more}}}}}}}")).searches["ft"]
    found = spaces_of(search)
    assert {name: type(space) for name, space in found.items()} == {
        "lr": Uniform,
        "batch_size": Integers,
        "epochs": Integers,
        "momentum": Choice,
    }
    plain = load_experiment(changed(tuned())).searches["ft"]
    assert isinstance(spaces_of(plain)["lr"], LogUniform)


def test_a_tuned_variant_is_pending_until_its_search_has_chosen(changed: Change) -> None:
    experiment = load_experiment(changed(tuned()))
    before = experiment.variants["own"]
    assert (before.pending, before.made_file, experiment.tuned_on("own")) == (True, str(CHOSEN), ("eights",))
    CHOSEN.parent.mkdir(parents=True)
    CHOSEN.write_text("lr: 0.25\nepochs: 2\n")
    after: Any = experiment.settled("own")
    assert (after.pending, after.settings.lr, after.snapshots) == (False, 0.25, (2,))
    assert experiment.tuned_on("scrub") == ()


def test_a_choice_that_was_made_for_another_method_is_made_again(changed: Change) -> None:
    CHOSEN.parent.mkdir(parents=True)
    for content in ("gamma: 0.5\n", "lr: many\n", "[1\n"):
        CHOSEN.write_text(content)
        assert load_experiment(changed(tuned())).variants["own"].pending


def test_a_trial_gets_the_most_epochs_that_fit() -> None:
    def cost(values: Any) -> float:
        if values.get("epochs") == 3:
            raise ValueError("not three")
        return 100.0 * values.get("epochs", 1)

    assert fitted({"epochs": 9, "lr": 0.1}, cost, 350.0) == {"epochs": 2, "lr": 0.1}
    assert fitted({"epochs": 9}, cost, 1000.0) == {"epochs": 9}
    assert fitted({"epochs": 9}, cost, 99.0) is None
    assert fitted({"lr": 0.1}, cost, 100.0) == {"lr": 0.1}
    assert fitted({"lr": 0.1}, cost, 99.0) is None
