"""Values of sequences: against transformers, whatever shares a batch with them, and within their forget units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.models.building import states_of
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.language import sequence_values
from unlearnkit.training.language.sequence_values import target_counts, values_of_sequences
from unlearnkit.training.language.token_losses import token_margins
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

CPU = torch.device("cpu")
LENGTHS = (8, 8, 4, 5, 8, 8, 2, 8, 3, 6)
UNITS = (0, 0, 0, 1, 2, 2, 2, 3, 4, 5)
GOES_ON = (True, True, False, False, True, True, False, False, False, False)
VOCABULARY = 29
SMALL = {"layers": 2, "width": 16, "heads": 2}


@pytest.fixture(scope="module")
def text_set() -> TextSet:
    """Documents of one to three sequences, those of a document one after the other; the last three validate."""
    starts = np.cumsum([0, *LENGTHS[:-1]])
    tokens = np.random.RandomState(0).randint(VOCABULARY, size=sum(LENGTHS)).astype(np.uint16)
    return TextSet(
        tokens=tokens,
        starts=starts.astype(np.int64),
        lengths=np.array(LENGTHS, np.int32),
        units=np.array(UNITS, np.int64),
        train_size=7,
        validation_size=3,
        vocabulary_size=VOCABULARY,
        length=8,
    )


@pytest.fixture(scope="module")
def model(text_set: TextSet) -> nn.Module:
    """A model whose logits are large enough to tell tokens apart."""
    model = task_for(text_set, {"name": "gpt2", **SMALL}, 0, CPU).architecture.build(3).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


ROWS = torch.arange(len(LENGTHS))


def test_targets_lie_within_the_forget_unit(text_set: TextSet) -> None:
    tokens = Tokens(text_set, CPU)
    _, labels = tokens.batch(ROWS, tokens.within(None))
    for row, (start, length, goes_on) in enumerate(zip(text_set.starts, LENGTHS, GOES_ON, strict=True)):
        own = labels[row][labels[row] != IGNORE]
        positions = np.arange(start + 1, start + length + goes_on)
        np.testing.assert_array_equal(own.numpy(), text_set.tokens[positions])
        inside = [UNITS[np.searchsorted(text_set.starts, position, side="right") - 1] for position in positions]
        assert set(inside) == {UNITS[row]}
    np.testing.assert_array_equal(target_counts(tokens, ROWS), (labels != IGNORE).sum(1).numpy())
    assert target_counts(tokens, ROWS).dtype == np.int32


def test_loss_sum_is_that_of_transformers(text_set: TextSet) -> None:
    transformers = pytest.importorskip("transformers", reason="the extra language is not installed")
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=8, n_embd=16, n_layer=2, n_head=2, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0
    )
    torch.manual_seed(0)
    theirs = transformers.GPT2LMHeadModel(config).eval()

    class Logits(nn.Module):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return theirs(tokens).logits

    tokens = Tokens(text_set, CPU)
    found = values_of_sequences(Logits(), tokens, ROWS)
    for row, (start, length) in enumerate(zip(text_set.starts, LENGTHS, strict=True)):
        inputs = torch.from_numpy(text_set.tokens[start : start + length].astype(np.int64))[None]
        with torch.no_grad():
            loss = theirs(inputs, labels=inputs).loss.item() * (length - 1)
            if GOES_ON[row]:
                following = int(text_set.tokens[start + length])
                loss -= theirs(inputs).logits[0, -1].log_softmax(-1)[following].item()
        assert found["loss_sum"][row] == pytest.approx(loss, rel=1e-5)


def test_values_are_those_of_the_margins_of_their_targets(text_set: TextSet, model: nn.Module) -> None:
    tokens = Tokens(text_set, CPU)
    found = values_of_sequences(model, tokens, ROWS)
    for row in ROWS:
        inputs, labels = tokens.batch(row[None], tokens.within(None))
        with torch.no_grad():
            logits = model(inputs).double()
        margins = token_margins(logits, labels)[0][labels != IGNORE].double()
        right = (logits.argmax(-1) == labels)[labels != IGNORE]
        assert found["margins"][row] == pytest.approx(margins.mean().item(), rel=1e-4, abs=1e-5)
        assert found["margin_min"][row] == pytest.approx(margins.min().item(), rel=1e-4, abs=1e-5)
        assert found["correct"][row] == pytest.approx(right.double().mean().item())
        log_p = logits.log_softmax(-1)[labels != IGNORE].gather(1, labels[labels != IGNORE][:, None])
        assert found["loss_sum"][row] == pytest.approx(-log_p.sum().item(), rel=1e-4)
    assert all(values.dtype == np.float32 for values in found.values())


@pytest.mark.parametrize("rows", [[3], [6, 0], [9, 3, 1], [2, 2, 7], [*range(9, -1, -1)]])
def test_values_do_not_depend_on_what_shares_the_batch(text_set: TextSet, model: nn.Module, rows: list[int]) -> None:
    """The losses of the reference follow the order of the data, and so does its ranking of steps by them (D-32)."""
    tokens = Tokens(text_set, CPU)
    whole, part = (values_of_sequences(model, tokens, chosen) for chosen in (ROWS, torch.tensor(rows)))
    for name, values in part.items():
        np.testing.assert_allclose(values, whole[name][rows], rtol=2e-5, atol=2e-5)


def test_values_do_not_depend_on_the_size_of_a_forward_pass(
    text_set: TextSet, model: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No size leaves a rest out, as the last partial chunk of the reference is (D-31)."""
    tokens = Tokens(text_set, CPU)
    whole = values_of_sequences(model, tokens, ROWS)
    for logits in (1, 3 * 8 * VOCABULARY):
        monkeypatch.setattr(sequence_values, "MOST_LOGITS", {"cpu": logits})
        for name, values in values_of_sequences(model, tokens, ROWS).items():
            np.testing.assert_allclose(values, whole[name], rtol=2e-5, atol=2e-5)


def test_a_broken_sequence_leaves_the_others(text_set: TextSet, model: nn.Module) -> None:
    """What is no number stays none, where the reference makes it 0 (D-27)."""
    tokens = Tokens(text_set, CPU)
    sound = values_of_sequences(model, tokens, ROWS)

    class Broken(nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            logits = model(inputs)
            logits[4, 1, 0] = torch.inf
            return logits

    found = values_of_sequences(Broken(), tokens, ROWS)
    for name in ("margins", "margin_min", "loss_sum"):
        assert np.isnan(found[name][4])
        np.testing.assert_array_equal(np.delete(found[name], 4), np.delete(sound[name], 4))


def test_margins_of_a_shard_say_which_sequences_they_are(text_set: TextSet, worker_of: Callable[..., Worker]) -> None:
    task = task_for(text_set, {"name": "gpt2", **SMALL}, 0, CPU)
    states = {index: states_of(task.architecture.build(index))[0] for index in (4, 5)}
    rows = np.array([0, 2, 6, 8, 9])
    whole, part = (
        margins_of_models(lambda model, _: states[model], (4, 5), (10,), text_set, task, worker_of(), rows=chosen)[10]
        for chosen in (None, rows)
    )
    assert whole.split.tolist() == ["train"] * 7 + ["validation"] * 3
    assert part.split.tolist() == ["train"] * 3 + ["validation"] * 2
    assert part.sample_index.tolist() == [0, 2, 6, 1, 2]
    assert part.targets is not None and whole.targets is not None
    np.testing.assert_array_equal(part.targets, whole.targets[rows])
    np.testing.assert_allclose(part.margins, whole.margins[:, rows], rtol=2e-5, atol=2e-5)
    assert part.model_indices == (4, 5) and not np.array_equal(part.margins[0], part.margins[1])
