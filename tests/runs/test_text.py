"""An experiment with language models through the workflow: a whole run on generated text, and what changes remake."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from checkout import CONFIG, Checkout, MadeOnce
from tiny_corpus import EXPERIMENT, RETAIN, TRAIN, VALIDATION, finish

import unlearnkit
from unlearnkit.artifacts.margins import read_margins
from unlearnkit.artifacts.scores import read_final_scores
from unlearnkit.artifacts.store import read_array, sha256_of
from unlearnkit.artifacts.tables import read_table

pytestmark = pytest.mark.workflow

TRAINED = ("tokens", "dataset", "original", "oracle")
"""Rules whose jobs a change of the evaluation never reruns."""


@pytest.fixture(scope="module")
def ran(pristine: Checkout, made_once: MadeOnce) -> Checkout:
    """A copy in which the experiment is finished."""
    return made_once("text", pristine, finish)


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
    distances, _ = read_table(ran.result("tables/margin_distance.parquet"))
    assert {row["measure"] for row in distances.to_pylist()} == {"wasserstein", "gaussian_kl"}
    assert all(row["floor_p95"] is not None for row in distances.to_pylist())
    assert json.loads(ran.result("forget_sets/some.npy.json").read_text())["copies"] == {"retain": 0, "validation": 0}
    units, _ = read_table(ran.result("data/units.parquet"))
    assert units["sequences"].to_pylist() == [1] * (TRAIN + VALIDATION)
    assert "| candidate | step | N |" in ran.result("tables/klom.md").read_text()
    page = ran.result("report/forget_sets/some.html").read_text()
    assert "6 sequences to forget" in page and ">forget sequences<" in page and "forget samples" not in page


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


def test_results_on_text_are_loaded_as_those_on_images(ran: Checkout) -> None:
    results = unlearnkit.load(ran.root / "results/tiny")
    assert {*results.table("klom")["candidate"]} == {"original", "oracle", "ga"}
    assert results.populations[-1] == "unlearned/some/ga"
    margins = results.margins("unlearned/some/ga", epoch=1)
    assert margins.margins.shape == (2, 6 + RETAIN + VALIDATION)
    assert {*margins.split.tolist()} == {"train", "validation"}
    assert results.forget_set("some").shape == (6,)
    model = results.model("unlearned/some/ga", 1)
    assert model(torch.zeros(1, 16, dtype=torch.long)).shape[:2] == (1, 16)


@pytest.mark.slow
def test_a_value_is_computed_again_where_the_texts_are_not(ran: Checkout, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    published = ran.unlearnkit("publish", "results/tiny", "owner/tiny", "--partial", "--to", str(copy))
    assert published.status == 0, published.output
    assert not (copy / "corpus").exists() and "corpus" in (copy / "config.yaml").read_text()
    verified = ran.unlearnkit("verify", str(copy / "results/tiny"))
    assert verified.status == 0 and verified.output.endswith("sound\n"), verified.output
    again = ran.unlearnkit("reproduce", str(copy), "--cell", "klom/some/ga/forget", "--cores", "1")
    assert again.status == 0 and "1 of 1 files equal to the byte" in again.output, again.output


@pytest.mark.slow
def test_a_paper_is_made_of_results_on_text(ran: Checkout, tmp_path: Path) -> None:
    made = ran.unlearnkit("paper", "results/tiny", "--out", str(tmp_path / "paper"))
    # nobody but the user knows where their text is from
    assert made.status == 0 and "no source of the data set text_files is stated" in made.output, made.output
    methods = (tmp_path / "paper/methods.tex").read_text()
    assert f"{VALIDATION} validation sequences" in methods
    assert "variant & step & $N$" in (tmp_path / "paper/tables/klom_some.tex").read_text()
    assert (tmp_path / "paper/figures/some_loss_curves.pdf").is_file()


@pytest.mark.slow
def test_commands_know_every_file(ran: Checkout) -> None:
    verified = ran.unlearnkit("verify", "results/tiny", "--configfile", CONFIG)
    assert verified.status == 0 and verified.output.endswith("sound\n"), verified.output
    assert "note:" not in verified.output and "every cell comes from train/a.txt" in verified.output
    traced = ran.unlearnkit("trace", "results/tiny/tables/klom.md", "--configfile", CONFIG)
    assert traced.status == 0, traced.output
    for told in (
        "tokenizer: rule tokens",
        "role original, model indices 0 to 1, stages initial_weights, order/0",
        "role evaluation, model indices 0 to 0, stages retained_samples",
    ):
        assert told in traced.output
    assert "the present code is different" not in traced.output
    plan = ran.unlearnkit("plan", "-F", "--configfile", CONFIG, "--json", "-")
    stages = {stage["stage"]: stage for stage in json.loads(plan.output)["stages"]}
    assert {"tokens", "dataset", "units", "unlearn ga", "margins"} <= set(stages)
    assert stages["original"]["sample_passes"] == 2 * 2 * TRAIN
    checked = ran.unlearnkit("check", CONFIG, "--only", "data")
    assert checked.output == "ok       data: text_files is sound: 2 documents\n"
    assert ran.unlearnkit("diff", "results/tiny", "results/tiny").output.endswith("the same\n")


@pytest.mark.slow
def test_a_change_remakes_what_depends_on_it(text: Checkout) -> None:
    text.configure({"methods.ga.lr": 2.0e-3})
    counts = text.plan().counts
    assert (counts["unlearn"], counts["score"]) == (1, 3)
    assert not {*TRAINED, "margins"} & counts.keys()
    text.configure({"methods.ga.lr": 1.0e-3, "value": "loss_mean"})
    counts = text.plan().counts
    assert counts["score"] == 9 and not {*TRAINED, "margins", "unlearn"} & counts.keys()
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


@pytest.mark.slow
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


@pytest.mark.slow
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


EVERY_JOB = {"tokens", "dataset", "units", "forget_set", "original", "oracle", "margins", "unlearn", "score", "table"}


@pytest.mark.slow
def test_a_changed_text_makes_everything_anew_and_a_touched_one_nothing(text: Checkout) -> None:
    edited, original = text.root / "corpus/train/a.txt", text.result("original/0000-0001.safetensors")
    assert list(recorded(text)) == ["corpus/train/a.txt", "corpus/validation/a.txt"]
    edited.touch()
    assert text.plan().nothing_to_do
    before = original.read_bytes()
    edited.write_text("so so " + edited.read_text())
    verified = text.unlearnkit("verify", "results/tiny", "--configfile", CONFIG)
    assert verified.status == 1 and "corpus/train/a.txt was changed since" in verified.output
    counts = text.plan().counts
    assert counts.keys() >= EVERY_JOB and counts["tokens"] == 1
    assert "tokens" in text.unlearnkit("plan", "--configfile", CONFIG).output
    made = text.make(str(original.relative_to(text.root))).counts
    assert made == {"tokens": 1, "dataset": 1, "original": 1}
    assert original.read_bytes() != before
    assert recorded(text)["corpus/train/a.txt"] == sha256_of(edited)
    # what was not asked for is still to be made
    assert {"units", "oracle", "unlearn"} <= text.plan().counts.keys()


@pytest.mark.slow
def test_a_text_that_fails_is_not_forgotten(text: Checkout) -> None:
    edited = text.root / "corpus/train/a.txt"
    content = edited.read_bytes()
    edited.write_bytes(content + b"\xff")
    for _ in range(2):
        refused = text.snakemake()
        assert refused.status and "corpus/train/a.txt' cannot be read as text" in refused.output
        assert not text.result("data/train.bin").exists()
    assert text.plan().counts.keys() >= EVERY_JOB
    edited.write_bytes(content)
    made = text.make("results/tiny/data/train.bin")
    assert made.counts == {"tokens": 1}
    assert text.plan().nothing_to_do


@pytest.mark.slow
def test_more_and_fewer_texts_make_everything_anew(text: Checkout) -> None:
    folder = text.root / "corpus/train"
    (folder / "note.md").write_text("not read, so the job of the tokens will refuse it")
    assert text.plan().counts.keys() >= EVERY_JOB
    (folder / "note.md").unlink()
    assert text.plan().nothing_to_do
    # with a name that few files have
    (folder / "b\u200d\U0001f469 [a]* '.txt").write_text("fi fi")
    assert text.plan().counts.keys() >= EVERY_JOB
    data = "results/tiny/data/dataset.safetensors"
    assert text.make(data).counts == {"tokens": 1, "dataset": 1}
    assert len(recorded(text)) == 3 and text.plan(data).nothing_to_do
    (folder / "a.txt").unlink()
    assert text.plan(data).counts == {"tokens": 1, "dataset": 1}
    (folder / "b{a}.txt").write_text("a name that would be a wildcard")
    refused = text.snakemake("-n")
    assert refused.status and "b{a}.txt' contains a brace" in refused.output


@pytest.mark.slow
def test_an_older_text_in_the_place_of_another_is_refused(text: Checkout) -> None:
    folder, other = text.root / "corpus/validation", text.root / "other"
    shutil.copytree(folder, other)
    os.utime(other / "a.txt", (1e9, 1e9))
    shutil.rmtree(folder)
    other.rename(folder)
    assert text.plan().nothing_to_do
    (folder / "a.txt").write_text("ba do " * 60)
    os.utime(folder / "a.txt", (1e9, 1e9))
    for arguments in (["-n"], []):
        refused = text.snakemake(*arguments)
        assert refused.status and "Traceback" not in refused.output
        assert "corpus/validation/a.txt is not the file that results/tiny/data/train.bin was made of" in refused.output
    (folder / "a.txt").touch()
    assert text.plan().counts.keys() >= EVERY_JOB


@pytest.mark.slow
def test_only_the_files_that_are_asked_for_now_are_compared(text: Checkout) -> None:
    shutil.copytree(text.root / "corpus", text.root / "mine")
    text.configure({"data.root": "mine"})
    former = text.root / "corpus/train/a.txt"
    former.write_text("fi fi")
    os.utime(former, (1e9, 1e9))
    assert text.plan().counts.keys() >= EVERY_JOB


@pytest.mark.slow
def test_other_files_without_snakemakes_records_are_refused_and_moved_ones_are_not(text: Checkout) -> None:
    shutil.rmtree(text.root / ".snakemake")
    added = text.root / "corpus/train/b.txt"
    added.write_text("fi fi")
    os.utime(added, (1e9, 1e9))
    refused = text.snakemake("-n")
    assert refused.status and "data/train.bin was made of other files than" in refused.output
    assert "(corpus/train/a.txt is the first of 3)" in refused.output and "Traceback" not in refused.output
    added.unlink()
    assert text.plan().nothing_to_do
    (text.root / "corpus").rename(text.root / "mine")
    text.configure({"data.root": "mine"})
    assert text.plan().nothing_to_do
    # a newer one makes everything anew without being refused
    (text.root / "mine/train/b.txt").write_text("fi fi")
    assert text.plan().counts.keys() >= EVERY_JOB


@pytest.mark.slow
def test_text_that_is_gone_is_told_before_anything_is_removed(text: Checkout) -> None:
    (text.root / "corpus").rename(text.root / "elsewhere")
    for arguments in (["-n"], []):
        refused = text.snakemake(*arguments)
        assert refused.status and "Traceback" not in refused.output
        assert "train.bin was made of corpus/train/a.txt and 1 more, and there is no such file now" in refused.output
    assert text.result("data/train.bin").exists()
    verified = text.unlearnkit("verify", "results/tiny", "--configfile", CONFIG)
    assert verified.status == 0 and "note: corpus/train/a.txt is not on this machine" in verified.output
    # the way on that the message names
    shutil.rmtree(text.root / ".snakemake/metadata")
    assert text.plan().nothing_to_do


@pytest.mark.slow
def test_text_that_was_never_there_is_planned_with_and_told_by_the_job(pristine: Checkout, tmp_path: Path) -> None:
    fresh = pristine.copy(tmp_path / "copy")
    (fresh.root / CONFIG).write_text(yaml.safe_dump(EXPERIMENT))
    assert fresh.plan().counts.keys() >= EVERY_JOB
    told = ["data.root 'corpus' does not exist", "neither 'corpus' nor 'corpus/text_files' has the folders train and"]
    for message in told:
        refused = fresh.snakemake("results/tiny/data/train.bin")
        assert refused.status and "Traceback" not in refused.output and "MissingInput" not in refused.output
        assert message in refused.output
        (fresh.root / "corpus").mkdir(exist_ok=True)
    checked = fresh.unlearnkit("check", CONFIG, "--only", "data")
    assert checked.status == 1 and "neither 'corpus' nor 'corpus/text_files'" in checked.output


def recorded(copy: Checkout) -> dict[str, str]:
    """Return the raw files that the tokens were made of, as their record says; it says so once."""
    record = json.loads(copy.result("data/train.bin.json").read_text())
    assert record["raw"] == {} and record["input_times"].keys() == record["inputs"].keys()
    return record["inputs"]
