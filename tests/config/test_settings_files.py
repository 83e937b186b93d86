"""Settings of a method from a file: what they are, what is refused, and what a file that is yet to be made needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError
from unlearnkit.training.unlearning_recipe import UnlearningRecipe
from unlearnkit.workflow.graph import Graph

MADE = "results/files/study/chosen.yaml"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def graph(**entry: Any) -> Graph:
    """Return the graph of an experiment with one variant, "tuned", whose entry has these keys."""
    own = {"method": "fine_tune", "settings_file": "chosen.yaml", **entry}
    return Graph(
        load_experiment(
            {
                "experiment": "files",
                "data": {"name": "digits"},
                "model": {"name": "mlp"},
                "training": {},
                "num_models": 2,
                "held_out_oracles": 2,
                "shard_size": 2,
                "forget_sets": {"random_50": {"kind": "random", "size": 50}},
                "methods": {"tuned": own},
                "metrics": {"margin_distance": {}},
            }
        )
    )


def write(path: str, **settings: Any) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(yaml.safe_dump(settings))


def test_a_files_settings_are_those_of_the_entry() -> None:
    write("chosen.yaml", lr=0.03, epochs=3)
    inside = graph(momentum=0.5).unlearning_slice("tuned")
    plain = graph(settings_file=None, momentum=0.5, lr=0.03, epochs=3).unlearning_slice("tuned")
    assert inside == plain
    assert inside["snapshots"] == [3]


def test_the_content_counts_and_not_the_place_or_the_form() -> None:
    write("chosen.yaml", lr=0.03, epochs=3)
    before = graph().unlearning_slice("tuned")
    Path("chosen.yaml").rename("moved.yaml")
    Path("moved.yaml").write_text("# by hand\nepochs: 3\nlr: 3.0e-2\n")
    moved = graph(settings_file="moved.yaml")
    assert moved.unlearning_slice("tuned") == before
    assert moved.settings_file("tuned") == []
    write("moved.yaml", lr=0.04, epochs=3)
    assert graph(settings_file="moved.yaml").unlearning_slice("tuned") != before


def test_a_grid_varies_other_settings() -> None:
    write("chosen.yaml", lr=0.03)
    variants = graph(grid={"momentum": [0.0, 0.5]}).variants
    assert {name: variant.settings.model_dump()["lr"] for name, variant in variants.items()} == {
        "tuned.momentum0.0": 0.03,
        "tuned.momentum0.5": 0.03,
    }


@pytest.mark.parametrize(
    ("text", "entry", "says"),
    [
        ("learning_rate: 1", {}, "learning_rate in chosen.yaml is not a setting of fine_tune. Known names: batch_size"),
        ("lrr: 1", {}, "lrr in chosen.yaml is not a setting of fine_tune. Did you mean 'lr'?"),
        ("method: scrub", {}, "method in chosen.yaml is not a setting of fine_tune"),
        ("lr: fast", {}, "in chosen.yaml, lr is 'fast'; expected a number, at least 0"),
        ("lr: true", {}, "in chosen.yaml, lr is true; expected a number"),
        ("lr: 010", {}, "lr in line 1 of chosen.yaml is 010, which YAML reads as 8"),
        ("lr: [", {}, "chosen.yaml is not valid YAML"),
        ("lr: 1\nlr: 2", {}, "lr stands twice, in lines 1 and 2 of chosen.yaml"),
        ("", {}, "chosen.yaml holds no keys at its top level; expected settings of fine_tune, one `key: value` a line"),
        ("- lr", {}, "chosen.yaml holds no keys at its top level"),
        ("lr: 1", {"lr": 2}, "lr is set in chosen.yaml and in the entry. Keep one of the two"),
        ("lr: 1", {"grid": {"lr": [2, 3]}}, "lr is set in chosen.yaml and in the entry. Keep one of the two"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_and_key(text: str, entry: dict[str, Any], says: str) -> None:
    Path("chosen.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        graph(**entry)
    assert f"methods.tuned.settings_file: {says}" in str(caught.value)


def test_all_problems_of_a_file_are_listed() -> None:
    write("chosen.yaml", lr="fast", epochs=0)
    with pytest.raises(ConfigError) as caught:
        graph()
    assert "lr is 'fast'" in str(caught.value) and "epochs is 0" in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"chosen\.yaml cannot be read: No such file.* Correct settings_file"):
        graph()
    Path("chosen.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"chosen\.yaml cannot be read: Is a directory"):
        graph()


def test_snapshots_past_the_last_epoch_of_the_file_are_refused() -> None:
    write("chosen.yaml", epochs=2)
    with pytest.raises(ConfigError, match=r"methods\.tuned\.snapshots has epoch 3, past the last epoch"):
        graph(snapshots=[3])


def test_a_file_that_a_rule_makes_is_read_once_it_is_there() -> None:
    planned = graph(settings_file=MADE, snapshots=[2], momentum=0.5)
    assert planned.settings_file("tuned") == [MADE]
    pending = planned.unlearning_slice("tuned")
    assert pending["pending"] == MADE
    with pytest.raises(Exception, match=f"the settings of fine_tune are not known: {MADE} was not there"):
        UnlearningRecipe.from_slice(pending)
    for rate in (0.03, 0.04):  # it may also be made again in a later run that still holds the former values
        write(MADE, lr=rate, epochs=2)
        known = planned.unlearning_slice("tuned")
        assert "pending" not in known
        assert (known["settings"]["lr"], known["settings"]["momentum"]) == (rate, 0.5)
        assert known == graph(settings_file=MADE, snapshots=[2], momentum=0.5).unlearning_slice("tuned")


def test_before_it_is_made_the_last_epoch_and_the_inputs_must_be_known() -> None:
    with pytest.raises(ConfigError, match=r"is not there yet, so the last epoch is not known; expected .*snapshots"):
        graph(settings_file=MADE)
    with pytest.raises(ConfigError, match=r"the settings of oracle_matching decide what it reads \(oracle_pool\)"):
        graph(method="oracle_matching", settings_file=MADE, snapshots=[2])


def test_a_path_that_snakemake_cannot_take_is_refused_for_a_file_that_a_rule_makes() -> None:
    with pytest.raises(ConfigError, match=r"tuned\.settings_file is results/\{x\}\.yaml, which has a brace"):
        graph(settings_file="results/{x}.yaml", snapshots=[2])
    write("{x}.yaml", lr=0.03)
    assert graph(settings_file="{x}.yaml").unlearning_slice("tuned")["settings"]["lr"] == 0.03
