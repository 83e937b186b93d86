"""An experiment with language models through the workflow: a whole run on generated text, and what changes remake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkout import CONFIG, Checkout

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.artifacts.scores import read_final_scores
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.tables import read_table

pytestmark = pytest.mark.workflow

TRAIN, VALIDATION, RETAIN = 48, 8, 12
EXPERIMENT = {
    "experiment": "tiny",
    "data": {
        "name": "text_files",
        "root": "corpus",
        "tokenizer": {"kind": "characters"},
        "sequence_length": 16,
        "train_size": TRAIN,
        "validation_size": VALIDATION,
        "retain_evaluated": RETAIN,
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2},
    "training": {"epochs": 2, "batch_size": 8, "order": "shuffled", "lr": 0.01},
    "num_models": 2,
    "held_out_oracles": 2,
    "shard_size": 2,
    "forget_sets": {"some": {"kind": "random_units", "size": 6}},
    "methods": {"ga": {"method": "ga", "steps": 2, "lr": 1.0e-3, "batch_size": 4, "snapshots": [1, 2]}},
    "metrics": {"klom": {}, "mia": {}},
}
TRAINED = ("tokens", "dataset", "original", "oracle")
"""Rules whose jobs a change of the evaluation never reruns."""


@pytest.fixture(scope="module")
def ran(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy in which the experiment is finished."""
    checkout = pristine.copy(tmp_path_factory.mktemp("text") / "copy")
    (checkout.root / CONFIG).write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))
    words = np.random.RandomState(0).choice(["ba", "do", "fi", "gu", "ne", "so"], 800)
    for split, chosen in (("train", words[:700]), ("validation", words[700:])):
        folder = checkout.root / "corpus" / split
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text(" ".join(chosen))
    checkout.make("klom_all", "mia_all", "report", "units")
    return checkout


@pytest.fixture
def text(ran: Checkout, tmp_path: Path) -> Checkout:
    """A copy of it, to be changed."""
    return ran.copy(tmp_path / "copy")


def test_a_run_ends_with_tables_and_page_and_then_there_is_nothing_to_do(ran: Checkout) -> None:
    assert ran.plan().nothing_to_do
    rows, _ = read_table(ran.result("tables/klom.parquet"))
    found = {(row["candidate"], row["epoch"]) for row in rows.to_pylist()}
    assert found == {("original", 2), ("oracle", 2), ("ga", 1), ("ga", 2)}
    assert all(row["floor_p95"] is not None for row in rows.to_pylist())
    assert {row["split"]: row["n_samples"] for row in rows.to_pylist()} == {
        "forget": 6,
        "retain": RETAIN,
        "validation": VALIDATION,
    }
    units, _ = read_table(ran.result("data/units.parquet"))
    assert units["sequences"].to_pylist() == [1] * (TRAIN + VALIDATION)
    assert "| candidate | step | N |" in ran.result("tables/klom.md").read_text()
    page = ran.result("report/index.html").read_text()
    assert "Numbers of sequences" in page and ">forget sequences<" in page and "forget samples" not in page


def test_margins_are_those_of_forget_set_some_retained_and_validation(ran: Checkout) -> None:
    forget = read_array(ran.result("forget_sets/some.npy"))
    files = [
        f"{population}/0000-0001.margins.parquet" for population in ("original", "oracle/some", "unlearned/some/ga")
    ]
    first, *others = (next(iter(read_margins([ran.result(name)]).values())) for name in files)
    training = first.sample_index[first.split == "train"]
    assert set(forget) < set(training) and len(training) == len(forget) + RETAIN
    assert (first.split == "validation").sum() == VALIDATION
    assert first.targets is not None and (first.targets == 15).all()
    for other in others:
        np.testing.assert_array_equal(other.sample_index, first.sample_index)
    _, mia = read_table(ran.result("scores/mia/some/ga.parquet")), first.losses
    assert mia is not None and (mia > 0).all()


def test_commands_know_every_file(ran: Checkout) -> None:
    verified = ran.unlearnkit("verify", "results/tiny", "--configfile", CONFIG)
    assert verified.status == 0 and verified.output.endswith("sound\n"), verified.output
    assert "note:" not in verified.output and "every cell comes from a.txt" in verified.output
    traced = ran.unlearnkit("trace", "results/tiny/tables/klom.md", "--configfile", CONFIG)
    assert traced.status == 0, traced.output
    for told in (
        "tokenizer: rule tokens",
        "role original, model indices 0 to 1, stages initial_weights, order/0",
        "role evaluation, model indices 0 to 0, stages retained_samples",
    ):
        assert told in traced.output
    assert "the present code is another one" not in traced.output
    plan = ran.unlearnkit("plan", "-F", "--configfile", CONFIG, "--json", "-")
    stages = {stage["stage"]: stage for stage in json.loads(plan.output)["stages"]}
    assert {"tokens", "dataset", "units", "unlearn ga", "margins"} <= set(stages)
    assert stages["original"]["sample_passes"] == 2 * 2 * TRAIN
    checked = ran.unlearnkit("check", CONFIG, "--only", "data")
    assert checked.output == "ok       data: text_files is sound: 2 documents\n"
    assert ran.unlearnkit("diff", "results/tiny", "results/tiny").output.endswith("the same\n")


def test_a_change_remakes_what_depends_on_it(text: Checkout) -> None:
    text.configure({"methods.ga.lr": 2.0e-3})
    counts = text.plan().counts
    assert (counts["unlearn"], counts["score"]) == (1, 2)
    assert not {*TRAINED, "margins"} & counts.keys()
    text.configure({"methods.ga.lr": 1.0e-3, "value": "loss_mean"})
    counts = text.plan().counts
    assert counts["score"] == 6 and not {*TRAINED, "margins", "unlearn"} & counts.keys()
    text.configure({"value": "margin_mean", "num_models": 4, "held_out_oracles": 4})
    counts = text.plan().counts
    assert [counts[rule] for rule in ("original", "oracle", "unlearn", "margins")] == [1, 2, 1, 3]
    assert "tokens" not in counts and "dataset" not in counts
    text.configure({"num_models": 2, "held_out_oracles": 2, "forget_sets.some.size": 7})
    counts = text.plan().counts
    assert [counts[rule] for rule in ("oracle", "unlearn", "margins")] == [2, 1, 3]
    assert "original" not in counts
    text.configure({"forget_sets.some.size": 6})
    assert text.plan().nothing_to_do


def test_a_new_forget_set_evaluates_originals_again_and_leaves_the_scores_of_others(text: Checkout) -> None:
    text.configure({"forget_sets.other": {"kind": "random_units", "size": 5, "seed": 1, "disjoint_from": ["some"]}})
    counts = text.plan().counts
    # trained: oracles of the new set, and its unlearned models
    assert [counts[rule] for rule in ("oracle", "unlearn", "margins")] == [2, 1, 3]
    assert "original" not in counts
    score = text.result("scores/klom/some/original.parquet")
    before = read_final_scores(score, "klom")
    made = text.make(str(score.relative_to(text.root)))
    assert made.counts["margins"] == 1 and "oracle" not in made.counts
    margins = next(iter(read_margins([text.result("original/0000-0001.margins.parquet")]).values()))
    assert set(read_array(text.result("forget_sets/other.npy"))) < set(margins.sample_index[margins.split == "train"])
    after = read_final_scores(score, "klom")
    assert {name: len(values) for name, values in after.items()} == {"forget": 6, "retain": RETAIN, "validation": 8}
    for name, values in before.items():
        np.testing.assert_allclose(after[name], values, rtol=1e-6)


def test_lost_and_damaged_files(text: Checkout) -> None:
    margins = text.result("oracle/some/0000-0001.margins.parquet")
    content = margins.read_bytes()
    margins.unlink()
    made = text.make()
    assert made.counts["margins"] == 1 and not {*TRAINED, "unlearn"} & made.counts.keys()
    assert margins.read_bytes() == content
    shard = text.result("data/train.bin")
    shard.write_bytes(shard.read_bytes()[:-2] + b"\0\0")
    text.result("data/dataset.safetensors").unlink()
    refused = text.snakemake("results/tiny/data/dataset.safetensors")
    assert refused.status
    assert "results/tiny/data/train.bin was damaged or replaced after its job wrote it" in refused.output
