"""The miniature of adapters in experiments/smoke moves as the published tables do: who forgets, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from memory import Memory
from torch import nn

from unlearnkit.artifacts.base import MANIFEST, making_base
from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import merged, read_yaml
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.data.text.pair_loading import load_pairs, prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.data.text.unit_forget_sets import make_unit_forget_set
from unlearnkit.methods.language.token_steps import TokenBatch
from unlearnkit.models.base_making import fill_base
from unlearnkit.training.language.sequence_values import values_of_sequences
from unlearnkit.training.language.token_losses import token_sum
from unlearnkit.training.unlearning import sets_of
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.text_graph import TextGraph

EXPERIMENTS = Path(__file__).resolve().parents[3] / "experiments"


@dataclass(frozen=True)
class Shown:
    """Shares of answer tokens that a model ranks first, forgotten and retained, and what it says of forgotten prompts.

    `entropy` is that of its next tokens, `refusal` its mean loss on refusals, nats.
    """

    forget: float
    retain: float
    entropy: float
    refusal: float


class Miniature:
    """An original and an oracle of an overlay, by its own recipe, and its variants."""

    def __init__(self, name: str, folder: Path) -> None:
        files = (read_yaml(EXPERIMENTS / f"{part}{name}.yaml") for part in ("", "smoke/"))
        experiment = load_experiment(merged(*files))
        assert isinstance(experiment, TextExperiment)
        self.variants, data = experiment.variants, experiment.data
        assert data.tokenizer is not None
        with making_base(folder / MANIFEST, {}) as empty:
            fill_base(experiment.model_settings.source, empty, lambda _: None)  # pyright: ignore
        pairs, _ = load_pairs(data.name, None, experiment.pair_settings)
        taken = pairs.part(0, data.train_size, data.validation_size)
        file, tokenizer = prepared(taken, experiment.pair_settings, data.tokenizer)
        text = text_set_of_pairs(TextGraph(Graph(experiment)).dataset_slice(), file, tokenizer)
        (block,) = experiment.forget_sets.values()
        self.forget = make_unit_forget_set(block, text, None)
        model = {**experiment.described_model, "source": {"folder": str(folder)}}
        self.memory = Memory(folder, text, model, experiment.training, self.forget)

    def unlearned(self, variant: str) -> Shown:
        """Return what a variant shows."""
        own = self.variants[variant]
        return self.shown(self.memory.unlearned(own.method, own.settings.model_dump()))

    @torch.no_grad()
    def shown(self, model: nn.Module) -> Shown:
        """Return what a model shows."""
        rows = torch.arange(self.memory.text.train_size)
        right = np.asarray(values_of_sequences(model, self.memory.task.source, rows)["correct"])
        forget, refusals = self._batch("forget"), self._batch("refusals")
        log_p = model(forget.inputs)[forget.labels != IGNORE].log_softmax(-1)
        return Shown(
            forget=float(right[self.forget].mean()),
            retain=float(np.delete(right, self.forget).mean()),
            entropy=float(-(log_p.exp() * log_p).sum(-1).mean()),
            refusal=float(token_sum(model(refusals.inputs), refusals.labels) / refusals.targets),
        )

    def _batch(self, name: str) -> TokenBatch:
        draws = sets_of(self.memory.task, self.memory.split, ("refusals",), [0]).by_name[name]
        return TokenBatch.whole(*next(draws.unshuffled(len(draws))))


@pytest.mark.slow
def test_the_directions_of_published_tables(tmp_path: Path) -> None:
    mini = Miniature("lora_me_gd", tmp_path)
    original, oracle = mini.shown(mini.memory.original), mini.shown(mini.memory.oracle)
    print(f"original {original}\noracle {oracle}")
    assert original.forget > 0.9 > 0.3 > oracle.forget and oracle.retain > 0.9
    ascent, difference, npo = (mini.unlearned(name) for name in ("ga", "grad_diff", "npo_gd"))
    print(f"ga {ascent}\ngrad_diff {difference}\nnpo_gd {npo}")
    # ascent takes the rest with it; a retain loss keeps more of it, and preference most
    assert max(ascent.forget, difference.forget, npo.forget) < 0.6 * original.forget
    assert ascent.retain < difference.retain < npo.retain
    assert npo.forget > ascent.forget and npo.retain > 0.8
    uncertain, refusing = mini.unlearned("me_gd"), mini.unlearned("idk_ap")
    print(f"me_gd {uncertain}\nidk_ap {refusing}")
    assert uncertain.entropy > original.entropy + 1 and uncertain.retain > 0.8
    assert refusing.refusal < original.refusal - 4
