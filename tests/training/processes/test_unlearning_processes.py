"""Several processes that unlearn together: model, cost and notes of one process, and an error if one of them fails."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_pairs import made_pairs
from pretrained_bases import VOCABULARY, base_of

from unlearnkit.artifacts.partners import write_partners
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import WeightFile, write_weights
from unlearnkit.config.execution import Execution
from unlearnkit.data.text.text_file import read_text_set, write_text_set
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import TrainingError
from unlearnkit.methods.language import icu, kumpr
from unlearnkit.models.building import states_of
from unlearnkit.training.processes.distributed import joined
from unlearnkit.training.processes.unlearning_part import UnlearningPart, unlearn_part
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import ShardResult, Worker
from unlearnkit.training.sharing import shares_batches, unlearn_in_processes
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe
from unlearnkit.training.unlearning_split import read_split

FORGET = np.arange(0, 40, 5)
TEXT = made_pairs(40, 4, vocabulary=VOCABULARY)
NANO = {"name": "nanogpt", "layers": 2, "width": 16, "heads": 2}
STEPS = {"steps": 6, "batch_size": 5, "lr": 0.003, "warmup_steps": 2}
"""Batches of five sequences, which processes share unequally; the last one of a pass over the forget set has three."""
STOPPED = {"epochs": 4, "lr": 0.003, "n": 2}
"""Settings of methods that look at the model after every epoch."""


def part_of(
    folder: Path, model: dict[str, Any], method: str, text: TextSet = TEXT, shared: Any = STEPS, **own: Any
) -> UnlearningPart:
    """A shard of one original with random weights, whose method is applied to text: pairs, unless another is given."""
    write_text_set(folder / "dataset.safetensors", text)
    np.save(folder / "forget.npy", FORGET)
    task = task_for(text, model, 0, torch.device("cpu"))
    write_weights(folder / "original.safetensors", {(0, 1): states_of(task.architecture.build(7))[0]}, {})
    settings = {
        "method": method,
        "settings": {**shared, **own},
        "snapshots": [2, {**shared, **own}.get("steps", 4)],
        "model": model,
        "seed": 0,
    }
    dataset, forget, original = (str(folder / f) for f in ("dataset.safetensors", "forget.npy", "original.safetensors"))
    return UnlearningPart(dataset, forget, [original], settings, "0000-0000")


def partnered(part: UnlearningPart, folder: Path) -> UnlearningPart:
    """The shard with partners of its forget set, and a tokenizer whose tokens are the words w0, w1, ..."""
    write_partners(folder / "partners.parquet", FORGET, FORGET[:, None] + 1, np.zeros((len(FORGET), 1)))
    words = {f"w{number}": number for number in range(VOCABULARY)}
    model = {"type": "WordLevel", "vocab": words, "unk_token": "w0"}
    own = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(own))
    return replace(part, partners=[str(folder / "partners.parquet")], tokenizer=[str(folder / "tokenizer.json")])


def alone(part: UnlearningPart, worker: Worker) -> ShardResult:
    text = read_text_set(part.dataset)
    inputs = {"forget_set": part.forget_set, "partners": part.partners, "membership": [], "earlier": []}
    return unlearn_shard(
        task_for(text, part.settings["model"], 0, worker.device),
        UnlearningRecipe.from_slice(part.settings),
        read_split(text, inputs, 1),
        originals=WeightFile(part.originals[0]),
        held_out_oracles=None,
        model_indices=[0],
        worker=worker,
        tokenizer=part.tokenizer[0] if part.tokenizer else None,
    )


def run(part: UnlearningPart, execution: Execution, resume: ResumeFolder, report: Callable[[str], None]) -> None:
    """Unlearn in processes, as a job does."""
    inputs = {"dataset": part.dataset, "base": [], "forget_set": part.forget_set, "originals": part.originals}
    inputs |= {"partners": part.partners, "tokenizer": part.tokenizer}
    worker = Worker(torch.device("cpu"), lambda: 0.0, resume, report)
    unlearn_in_processes(inputs, part.settings, part.settings["model"], part.shard, execution, 2, worker)


def difference(part: UnlearningPart, one: ShardResult, other: ShardResult) -> float:
    """How far the weights of two results are from each other, relative to how far the first moved from the original.

    A norm over all weights: single ones whose gradient is little more than rounding go their own way with Adam.
    """
    assert one.states.keys() == other.states.keys()
    start = WeightFile(part.originals[0]).state(0)
    apart, moved = [], []
    for key, state in one.states.items():
        assert state.keys() == other.states[key].keys()
        apart += [(array.astype(float) - other.states[key][name]).ravel() for name, array in state.items()]
        moved += [(array.astype(float) - start[name]).ravel() for name, array in state.items()]
    return float(np.linalg.norm(np.concatenate(apart)) / np.linalg.norm(np.concatenate(moved)))


def forked(part: UnlearningPart, folder: Path, worker: Worker, size: int, **own: Any) -> ShardResult:
    """What `size` forks of this process leave: they share what it has imported, which takes most of the time of one."""
    server = torch.distributed.TCPStore  # pyright: ignore[reportPrivateImportUsage]
    store = server("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    output = str(folder / f"out_{size}")
    orders = {"part": asdict(part), "execution": {"device": "cpu", **own}, "threads": 1, "output": output, "key": "key"}

    def run_one(rank: int) -> None:
        with joined(rank, size, store.port, "replicate") as group:
            unlearn_part(orders, group)

    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=run_one, args=(rank,)) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * size
    resume = ResumeFolder(output, "key")
    assert resume.load("models_0000-0000") is not None
    return alone(part, replace(worker, resume=resume))


@pytest.mark.parametrize(
    ("method", "own"),
    [
        ("idk_ap", {}),
        ("pdu", {"dual_warmup": 0.0, "eps": 1.0}),
        # only some of the weights have a gradient, and the others do not decay
        ("rmu", {"layer": 0, "weight_decay": 10.0}),
        # both stop before their third step
        ("ga", {"max_forget_nll": 5.0, "lr": 0.1, "schedule": "constant"}),
    ],
)
def test_two_and_four_processes_unlearn_the_model_of_one(
    method: str, own: dict[str, Any], tmp_path: Path, worker_of: Callable[..., Worker]
) -> None:
    part = part_of(tmp_path, NANO, method, **own)
    one = alone(part, worker_of())
    for size in (2, 4) if method == "idk_ap" else (2,):
        several = forked(part, tmp_path, worker_of(), size, micro_batch_size=1)
        assert 0 < difference(part, one, several) < 0.01
        assert several.passes == pytest.approx(one.passes) and several.all_passes == pytest.approx(one.all_passes)
        assert [note.split(" is ")[0] for note in several.notes] == [note.split(" is ")[0] for note in one.notes]


@pytest.mark.parametrize(
    ("method", "own"),
    [
        # stops after its second epoch
        ("kumpr", {"max_accuracy": 1.0, "max_likelihood": 1.0, "min_epochs": 2}),
        # some sequences are inactive
        (
            "icu",
            {"prefix": 4, "suffix": 6, "first_prefix": 2, "batch_size": 3, "beams": 1, "sample_rule": "and"}
            | {"min_bert_score": -0.2, "max_accuracy": 0.0},
        ),
    ],
)
def test_two_processes_stop_where_one_does_by_what_the_leading_one_sees(
    method: str,
    own: dict[str, Any],
    tmp_path: Path,
    worker_of: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = TEXT if method == "kumpr" else documents()
    part = partnered(part_of(tmp_path, NANO, method, text, STOPPED, **own), tmp_path)
    one = alone(part, worker_of())
    for watch in (kumpr.Forgotten, icu.Refining):
        monkeypatch.setattr(watch, "see", seen_otherwise(watch.see))
    two = forked(part, tmp_path, worker_of(), 2)
    assert 0 < difference(part, one, two) < 0.01
    assert two.passes == pytest.approx(one.passes)
    assert [note.split(" 0.")[0] for note in two.notes] == [note.split(" 0.")[0] for note in one.notes]
    assert one.curves[0].keys() == two.curves[0].keys()
    assert method == "kumpr" or 0 < one.curves[0]["active"].mean() < 1
    for name, values in one.curves[0].items():
        np.testing.assert_allclose(two.curves[0][name], values, atol=1e-3, err_msg=name)


def test_processes_move_the_factors_of_an_adapter(tmp_path: Path, worker_of: Callable[..., Worker]) -> None:
    folder, _ = base_of(vocabulary=VOCABULARY)
    model = {"name": "pretrained", "source": {"folder": str(folder)}, "adapter": {"rank": 2, "dropout": 0.0}}
    part = part_of(tmp_path, model, "npo_kl")
    one, two = alone(part, worker_of()), forked(part, tmp_path, worker_of(), 2)
    assert 0 < difference(part, one, two) < 0.01
    assert any("lora_B" in name and array.any() for name, array in two.states[0, 6].items())


def documents() -> TextSet:
    """Plain text of twelve tokens each."""
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, 44 * 12).astype(np.uint16)
    starts, lengths = np.arange(44) * 12, np.full(44, 12, np.int32)
    return TextSet(tokens, starts, lengths, np.arange(44), 40, 4, VOCABULARY, 12)


def seen_otherwise(see: Callable[..., Any]) -> Callable[..., Any]:
    """What is seen of sequences, but all of it 0 in processes that do not lead."""

    def seen(watch: Any, *given: Any) -> dict[str, torch.Tensor]:
        found = see(watch, *given)
        return found if watch.context.group.leads else {name: values * 0 for name, values in found.items()}

    return seen


@pytest.mark.slow
def test_processes_go_on_where_others_were_killed(tmp_path: Path, worker_of: Callable[..., Worker]) -> None:
    part = part_of(tmp_path, NANO, "npo_kl", steps=60)
    whole, resume = (ResumeFolder(str(tmp_path / name), "key") for name in ("whole", "killed"))
    execution = Execution.model_validate({"processes": 2, "sharding": "full", "device": "cpu", "checkpoint_seconds": 0})
    reports, killed = list[str](), threading.Event()
    run(part, execution, whole, reports.append)
    assert any("x processes 2)" in line for line in reports)
    assert any("holds the whole model" in line for line in reports)

    def kill_one(line: str) -> None:
        if "step 2/60" in line and not killed.is_set():
            killed.set()
            os.kill(max(children()), signal.SIGKILL)

    with pytest.raises(TrainingError, match=r"process \d of 2 that train together was killed by signal 9"):
        run(part, execution, resume, kill_one)
    assert killed.is_set() and resume.load("models_0000-0000.state") is not None
    reports.clear()
    run(part, execution, resume, reports.append)
    assert not any("step 2/" in line for line in reports)
    one, other = (alone(part, replace(worker_of(), resume=folder)) for folder in (whole, resume))
    assert difference(part, one, other) == 0


def children() -> list[int]:
    """The processes that unlearn for this one."""
    found = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True).stdout
    return [int(pid) for pid in found.split()]


def test_a_failing_process_states_its_cause(tmp_path: Path) -> None:
    part = part_of(tmp_path, NANO, "npo")
    text_set = Path(part.dataset)
    text_set.write_bytes(text_set.read_bytes()[:-3])
    execution = Execution.model_validate({"processes": 2, "device": "cpu"})
    with pytest.raises(TrainingError, match=r"process . of 2 that train together failed: .*dataset.safetensors"):
        run(part, execution, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None)


def test_a_job_with_other_inputs_is_left_to_one_process(tmp_path: Path) -> None:
    part, resume, reports = part_of(tmp_path, NANO, "npo"), ResumeFolder(str(tmp_path / "out"), "key"), list[str]()
    inputs = {"dataset": part.dataset, "forget_set": [], "membership": "members.npz", "originals": part.originals}
    execution = Execution.model_validate({"processes": 2, "device": "cpu"})
    worker = Worker(torch.device("cpu"), lambda: 0.0, resume, reports.append)
    unlearn_in_processes(inputs, part.settings, part.settings["model"], part.shard, execution, 2, worker)
    assert reports == ["in one process, since the job reads more than a forget set and originals: membership"]
    assert resume.load("models_0000-0000") is None


def test_only_methods_with_steps_share_batches() -> None:
    assert shares_batches("npo") and shares_batches("token_fine_tune")
    assert shares_batches("icu") and shares_batches("kumpr")
    assert not shares_batches("do_nothing") and not shares_batches("load_oracle") and not shares_batches("scrub")
