"""ICU: three losses on active sequences and their partners, flags after every epoch, and a run that ends."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bench import CPU, Bench, same, word_tokenizer
from made_readers import save_reader
from made_text import made_text
from memory import Memory
from torch import Tensor, nn

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.stops import SEEN, read_stops, write_stops
from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.partnered import Partnered
from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.errors import TrainingError
from unlearnkit.models.building import states_of
from unlearnkit.registry import load
from unlearnkit.training.shard import StackResults, Worker
from unlearnkit.training.unlearning import run_method, sets_of
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

FORGET = np.arange(3, 30, 3)
LEARNING = {"epochs": 60, "batch_size": 10, "order": "shuffled", "lr": 1e-2, "warmup_steps": 5, "schedule": "linear"}
SETTINGS: dict[str, Any] = {"lr": 1e-3, "epochs": 20, "batch_size": 4, "prefix": 5, "suffix": 5, "beams": 1}
SETTINGS |= {"n": 3, "first_prefix": 5}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    """A model that knows thirty sequences by heart."""
    text = made_text(30, 8, vocabulary=60, shortest=10, longest=10, per_unit=1)
    recipe = TextRecipe.model_validate({**LEARNING, "weight_decay": 0.0})
    return Memory(
        tmp_path_factory.mktemp("memory"),
        text,
        {"name": "gpt2", "layers": 1, "width": 32, "heads": 2},
        recipe,
        FORGET,
    )


def run(memory: Memory, folder: Path, **settings: Any) -> StackResults:
    """What is kept of every epoch."""
    folder.mkdir(exist_ok=True)
    chosen = load("method", "icu").Settings.model_validate({**SETTINGS, **settings})
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(folder / "out"), "key"), lambda _: None)
    split = replace(memory.split, views={**memory.split.views, "partners": memory.split.retain[: len(FORGET)]})
    procedure = UnlearningRecipe("icu", chosen, tuple(range(1, chosen.epochs + 1)))
    references = {"tokenizer": word_tokenizer(60, folder)}
    return run_method(memory.task, procedure, split, memory.original, references, (0,), worker)


def by_epoch(kept: StackResults, column: str) -> list[np.ndarray]:
    (curve,) = kept.curves
    return [curve[column][curve["epoch"] == epoch] for epoch in range(curve["epoch"].max() + 1)]


def stopped_after(kept: StackResults) -> int:
    found = [re.search(r"stopped after epoch (\d+):", note) for note in kept.notes]
    return next(int(match[1]) for match in found if match)


def test_sequences_become_inactive_until_the_run_stops(memory: Memory, tmp_path: Path) -> None:
    kept = run(memory, tmp_path, stop="set", max_accuracy=0.0, batch_size=1)
    active = [own.mean() for own in by_epoch(kept, "active")]
    last = stopped_after(kept)
    assert active[0] == 1  # the original writes every suffix
    assert active[-1] == 0 < max(active[1:])
    assert kept.notes[-2].endswith(f"stopped after epoch {last}: no sequence is active")
    assert re.fullmatch(
        r"model 0: [1-9]\d* steps were skipped, since no sequence of their batch was active", kept.notes[-1]
    )
    assert same(kept.states[last][0], kept.states[20][0])
    assert all(np.isfinite(array).all() for array in kept.states[20][0].values())
    # what an active pair costs, each with the pass of the original
    assert kept.passes[20] == pytest.approx(7 / 3 * 9 * sum(active[:-1]), rel=1e-6)
    known = memory.known(memory.task.architecture.load(kept.states[last][0]).eval())
    assert known.forget_loss > memory.known(memory.original).forget_loss + 1
    assert known.retain_loss < known.forget_loss - 0.5


def test_the_published_rule_stops_by_the_means_of_the_set(memory: Memory, tmp_path: Path) -> None:
    kept = run(memory, tmp_path, sample_rule="and", min_bleu=0.0, min_bert_score=-1.0, max_likelihood=0.4)
    last = stopped_after(kept)
    accuracy, likelihood = ([own.mean() for own in by_epoch(kept, name)] for name in ("accuracy", "likelihood"))
    below = [a < 0.5994 and e < 0.4 for a, e in zip(accuracy, likelihood, strict=True)]
    assert below == [False] * last + [True]
    assert np.concatenate(by_epoch(kept, "active")).all()
    # the divergence that is stated is 0 at the original, and true after
    divergence = by_epoch(kept, "divergence")
    assert not divergence[0].any()
    assert (divergence[1] > 0).all()


def test_stopping_by_samples_waits_for_every_one(memory: Memory, tmp_path: Path) -> None:
    kept = run(
        memory, tmp_path, stop="samples", min_bleu=0.0, min_bert_score=-1.0, max_likelihood=0.4, max_accuracy=0.7
    )
    last = stopped_after(kept)
    accuracy, likelihood = by_epoch(kept, "accuracy"), by_epoch(kept, "likelihood")
    every = [bool(((a < 0.7) & (e < 0.4)).all()) for a, e in zip(accuracy, likelihood, strict=True)]
    assert every == [False] * last + [True]


def test_a_run_that_does_not_forget_ends_with_its_epochs(memory: Memory, tmp_path: Path) -> None:
    kept = run(memory, tmp_path, lr=0.0, epochs=2)
    assert any("ran all 2 epochs, which are the most that it may" in note for note in kept.notes)
    assert kept.notes[1].endswith("BERTScore by states of the reference after its last block")
    assert same(kept.states[2][0], states_of(memory.original)[0])


def test_one_comparison_or_both_make_a_sequence_inactive(memory: Memory, tmp_path: Path) -> None:
    # no text is unlike itself by BLEU, and every one by a score above 1
    either, both = (
        run(memory, tmp_path / rule, sample_rule=rule, min_bert_score=1.0, min_bleu=1.0, lr=1e-3, epochs=2, stop="set")
        for rule in ("or", "and")
    )
    for kept, rule in ((either, np.logical_or), (both, np.logical_and)):
        for active, bleu, score in zip(
            *(by_epoch(kept, name) for name in ("active", "bleu", "bert_score")), strict=True
        ):
            assert (active == 0).tolist() == rule(bleu < 1, score < 1).tolist()


def test_thresholds_from_validation_sequences_are_noted(memory: Memory, tmp_path: Path) -> None:
    kept = run(memory, tmp_path, thresholds="holdout", holdout=6, epochs=1)
    assert re.search(
        r"thresholds of the reference on 6 validation sequences: accuracy 0\.\d{4}, likelihood 0\.\d{4}, "
        r"bleu 0\.\d{4}, bert_score -?\d\.\d{4}$",
        kept.notes[2],
    )


def test_the_files_that_texts_are_compared_with_are_noted(memory: Memory, tmp_path: Path) -> None:
    save_reader(folder := tmp_path / "reader")
    encoder = {"kind": "encoder", "source": {"folder": str(folder)}}
    kept = run(memory, tmp_path, encoder=encoder, encoder_layer=1, epochs=1)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert "BERTScore by reader, layer 1; SHA-256 of its files: config.json " in kept.notes[1]
    assert f"model.safetensors {digest}" in kept.notes[1]


def test_a_batch_leaves_out_inactive_sequences_with_their_partners(memory: Memory) -> None:
    views = {**memory.split.views, "partners": memory.split.retain[: len(FORGET)]}
    sets = sets_of(memory.task, replace(memory.split, views=views), ("partners",), [0])
    draws = Partnered(sets.forget, sets.partners)
    whole = [next(each) for each in [draws.endless(4)] for _ in range(6)]
    assert [len(batch[0]) for batch in whole] == [4, 4, 1] * 2  # the last one is kept
    draws.active[:] = False
    draws.active[2] = True
    some = [batch for batch in draws.epoch(4) if len(batch[0])]
    assert draws.skipped == 2
    assert draws.passes == 0
    ((inputs, labels, other, _),) = some
    text = memory.text
    for found, row in ((inputs, FORGET[2]), (other, int(views["partners"][2]))):
        true = text.tokens[text.starts[row] : text.starts[row] + text.lengths[row]].astype(int).tolist()
        assert found[0].tolist() == true
    assert (labels != IGNORE).sum() == text.lengths[FORGET[2]] - 1


@pytest.mark.parametrize("learn", ["partners", "mismatched"])
def test_a_step_follows_the_gradient_of_the_three_losses(learn: str, bench_of: Callable[..., Bench]) -> None:
    bench, gradients = bench_of("gpt2"), list[dict[str, Tensor]]()
    models: list[nn.Module] = []

    def keep(step: int, moved: nn.Module) -> None:
        gradients.append({name: p.grad.clone() for name, p in moved.named_parameters() if p.grad is not None})
        models.append(copy.deepcopy(moved))

    model = bench.model()
    own = {"epochs": 2, "lr": 0.02, "batch_size": 10, "gamma": 2.0, "partner_weight": 3.0, "alpha": 5.0}
    bench.call("icu", model, replace(bench.context(), keep=keep), None, **own, learn=learn)
    sets = sets_of(bench.task, bench.split, ("partners",), [0])
    batches: Any = Partnered(sets.forget, sets.partners).endless(10)
    _, (inputs, labels, other, others) = next(batches), next(batches)
    slow, original = copy.deepcopy(models[0]).double().train(), copy.deepcopy(model).double().eval()
    slow.zero_grad()
    chosen = others != IGNORE
    log_p, log_q = (each(other).log_softmax(-1)[chosen] for each in (slow, original))
    kl = (log_q.exp() * (log_q - log_p)).sum() / chosen.sum()
    if learn == "partners":
        learned = -log_p.gather(1, others[chosen][:, None]).mean()
    else:
        width = min(inputs.shape[1], other.shape[1])
        both = (labels[:, :width] != IGNORE) & chosen[:, :width]
        on_forget = slow(inputs)[:, :width].log_softmax(-1)
        rows = [
            -own[fits].gather(1, label[fits][:, None]).mean()
            for own, label, fits in zip(on_forget, others[:, :width], both, strict=True)
        ]
        learned = torch.stack(rows).mean()
    forget = labels != IGNORE
    nll = -slow(inputs).log_softmax(-1)[forget].gather(1, labels[forget][:, None]).mean()
    (-2 * nll + 3 * learned + 5 * kl).backward()
    for name, parameter in slow.named_parameters():
        if parameter.grad is not None:
            np.testing.assert_allclose(gradients[1][name].double(), parameter.grad, atol=2e-5, err_msg=name)


def test_targets_shorter_than_prefix_and_suffix_are_refused(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as refused:
        run(memory, tmp_path, prefix=7)
    assert re.match(
        r"icu continues the last 12 tokens of forget sequences \(prefix 7, suffix 5\), but 9 of 9 have fewer, such as "
        r"training sequence 3 with 10; expected forget sequences of 12 tokens or more",
        str(refused.value),
    )


def test_answers_to_questions_are_refused(bench_of: Callable[..., Bench]) -> None:
    with pytest.raises(TrainingError, match="icu continues documents, but 10 of 10 forget sequences are answers"):
        bench_of("gpt2", method="dpo").kept("icu")


def test_what_was_seen_is_written_and_read_again(memory: Memory, tmp_path: Path) -> None:
    kept = run(memory, tmp_path, epochs=1)
    write_stops(tmp_path / "stops.parquet", {3: kept.curves[0]})
    seen = read_stops([tmp_path / "stops.parquet"])
    assert {*seen["model"].tolist()} == {3}
    assert seen["row"].tolist() == [*FORGET, *FORGET]
    for name in SEEN:
        np.testing.assert_array_equal(seen[name], kept.curves[0][name], err_msg=name)
