"""Knowledge unlearning (Jang et al. 2023, arXiv 2210.01504): ascent on all forget tokens until they are not known.

    minimise - CE(forget), all sequences in one step per epoch, until mean MA < max_accuracy and mean EL_n <
    max_likelihood

MA and EL_n are the memorisation accuracy and the extraction likelihood of `training.language.memorised` over the whole
forget set, which the run computes after every epoch from `min_epochs` on. The full batch is the method: execution.
micro_batch_size divides it for memory, which changes the result by rounding at most. Adam with beta2 0.98 at a constant
rate, no decay, no clipping. The published thresholds are means of unseen text under models of one size; `thresholds:
holdout` computes them. Corrected: EL and MA are of all forget sequences, not of one validation batch; padding counts
nowhere. Cost: the forget sequences once per epoch; what stops the run is evaluation, and counts no passes.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.methods.stopping import StoppedSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.epoch_watch import EpochWatch, Seen, loop_settings, means_of
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import ascent
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
STOPS = True
NEEDS = ()
VIEWS = ("validation",)


class Settings(StoppedSettings):
    """Settings of knowledge unlearning; defaults of the authors' configurations."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the forget sequences of `epoch` epochs."""
        return self.planned_samples(forget, epoch)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return a space around the published rate; ours."""
        return {"lr": LogUniform(1e-6, 1e-3)}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Maximise the cross entropy of the forget set, one step per epoch, until it is forgotten."""
    loop = loop_settings(settings, batch_size=len(data.forget), steps=1)
    watch = Forgotten(data, settings, context, steps=1)
    return descend(model, [Term(data.forget, ascent)], loop, context, beta2=settings.beta2, watch=watch)


class Forgotten(EpochWatch):
    """Stops a run once the means over the forget set are below both limits."""

    def see(self, model: nn.Module, rows: Tensor) -> Seen:
        """Return loss, accuracy and likelihood."""
        return self.memory(model, rows)

    def reason(self, seen: Seen) -> str:
        """Return why a run stops after what was seen, "" if it goes on."""
        return self.forgotten(means_of(seen))
