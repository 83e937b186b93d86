"""Epochs of a method for language models, after each of which it looks at what the model still knows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.config.methods.stopping import StoppedSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.errors import TrainingError
from unlearnkit.models.parts import sharing
from unlearnkit.training.language.memorised import memorised
from unlearnkit.training.processes.agreement import agreed
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

Seen = Mapping[str, Tensor]
"""Column -> a value of each forget sequence, in their order; `unlearnkit.artifacts.stops.COLUMNS` has all columns."""


class EpochWatch(ABC):
    """Ends the epochs of a run, puts what is seen of the forget set after each into its curve, and stops it.

    What it sees costs seconds, and no sample passes: it is evaluation. `limits` are what means have to come below.
    Of several processes each evaluates the whole set, and what the leading one sees counts for all.
    """

    def __init__(self, data: Sets[Sequences], settings: StoppedSettings, context: Context, steps: int) -> None:
        self.data, self.settings, self.context, self.steps = data, settings, context, steps
        self.rows = data.forget.indices
        self.limits: dict[str, float] = {}
        self._refuse_short(self.rows, "forget", "choose longer sequences (data.sequence_length)")
        if settings.thresholds == "holdout":
            self._refuse_short(self._held_out, "validation", "set thresholds: fixed")

    @abstractmethod
    def see(self, model: nn.Module, rows: Tensor) -> Seen:
        """Return what a model in eval mode shows on sequences."""

    @abstractmethod
    def reason(self, seen: Seen) -> str:
        """Return why a run stops after what was seen, "" if it goes on."""

    def judged(self, seen: Seen) -> Seen:
        """Return further columns that follow from what was seen; what they say holds for the next epoch."""
        return {}

    def fixed(self) -> dict[str, float]:
        """Return the limits that the settings state, by the columns that they are about."""
        return {"accuracy": self.settings.max_accuracy, "likelihood": self.settings.max_likelihood}

    def begin(self, model: nn.Module) -> bool:
        """Compute the limits, and look at the model before the first step."""
        self.limits = self.fixed()
        if self.settings.thresholds == "holdout":
            rows = self._held_out
            means = means_of(agreed(self.context.group, self.see(sharing(self.context.original).eval(), rows)))
            self.limits = {name: means[name] for name in self.limits}
            stated = ", ".join(f"{name} {value:.4f}" for name, value in self.limits.items())
            self.context.note(f"thresholds of the reference on {len(rows)} validation sequences: {stated}")
        return self._look(0, model)

    def end(self, step: int, model: nn.Module, stopped: bool) -> bool:
        """Look at the model where an epoch ends, unless the run was stopped before."""
        epoch, within = divmod(step, self.steps)
        if within:
            return False
        stops = not stopped and self._look(epoch, model)
        self.context.end_epoch(epoch, model)
        return stops

    def captured(self) -> dict[str, Tensor]:
        """Return the limits, which an interrupted run does not compute again."""
        return {f"limit/{name}": torch.tensor(value, dtype=torch.float64) for name, value in self.limits.items()}

    def restored(self, stored: Mapping[str, Tensor]) -> None:
        """Take them back."""
        self.limits = {name: float(stored[f"limit/{name}"]) for name in self.fixed()}

    def memory(self, model: nn.Module, rows: Tensor) -> dict[str, Tensor]:
        """Return loss, accuracy and likelihood of sequences."""
        settings = self.settings
        how = {"n": settings.n, "first_prefix": settings.first_prefix, "batch_size": settings.decoded_together}
        return memorised(model, self.data.forget.tokens, rows, **how)

    @property
    def _held_out(self) -> Tensor:
        return self.data.validation.indices[: self.settings.holdout]

    @property
    def sign(self) -> str:
        """How values compare with their limits where a sequence or a set is forgotten.

        What is unseen is often not reproduced at all, and no value is below 0: so values of held-out text are reached.
        """
        return "<=" if self.settings.thresholds == "holdout" else "<"

    def under(self, name: str, values: Tensor) -> Tensor:
        """Return which values of a column are below their limit, or with limits from held-out text no higher."""
        return values <= self.limits[name] if self.sign == "<=" else values < self.limits[name]

    def forgotten(self, means: Mapping[str, float]) -> str:
        """Return what the means of accuracy and likelihood are where both are under their limits, else ""."""
        names = ("accuracy", "likelihood")
        if not all(bool(self.under(name, torch.tensor(means[name], dtype=torch.float64))) for name in names):
            return ""
        return " and ".join(f"{name} {means[name]:.4f} {self.sign} {self.limits[name]:.4f}" for name in names)

    def _look(self, epoch: int, model: nn.Module) -> bool:
        settings, seen = self.settings, agreed(self.context.group, self.see(model.eval(), self.rows))
        seen |= self.judged(seen)
        where = {"epoch": torch.full((len(self.rows),), epoch), "row": self.rows}
        self.context.record({name: values.numpy() for name, values in {**where, **seen}.items()})
        means = means_of(seen)
        self.context.report(f"epoch {epoch}: " + ", ".join(f"{name} {value:.4f}" for name, value in means.items()))
        why = self.reason(seen) if epoch >= settings.min_epochs else ""
        if why:
            self.context.note(f"stopped after epoch {epoch}: {why}")
        elif epoch == settings.epochs:
            limits = ", ".join(f"{name} {means[name]:.4f} (limit {value:.4f})" for name, value in self.limits.items())
            self.context.note(f"ran all {epoch} epochs, which are the most that it may: {limits}")
        return bool(why)

    def _refuse_short(self, rows: Tensor, which: str, remedy: str) -> None:
        settings, text = self.settings, self.data.forget.tokens.text_set
        lengths, prompts = torch.from_numpy(text.lengths)[rows], torch.from_numpy(text.prompts)[rows]
        # no prefix of an answer is shorter than its prompt
        left = lengths - prompts.clamp(min=settings.first_prefix)
        if not (left >= settings.n).any():
            raise TrainingError(
                f"EL_{settings.n} from prefixes of {settings.first_prefix} tokens or more stops the run, but no "
                f"{which} sequence has so many; the longest has {max(lengths.tolist(), default=0)} tokens",
                expected=f"at least {settings.n + settings.first_prefix}, "
                f"and of an answer {settings.n} behind its prompt",
                remedy=f"lower first_prefix or n of the method, or {remedy}",
            )


def means_of(seen: Seen) -> dict[str, float]:
    """Return the mean of every column over all sequences that have a value; no column without any."""
    return {name: float(values.double().nanmean()) for name, values in seen.items() if not bool(values.isnan().all())}


def loop_settings(settings: StoppedSettings, batch_size: int, steps: int) -> LanguageSettings:
    """Return the settings of the loop for `epochs` epochs of `steps` steps: no decay, no clipping, a constant rate."""
    return LanguageSettings.model_validate(
        {
            "steps": settings.epochs * steps,
            "lr": settings.lr,
            "schedule": "constant",
            "batch_size": batch_size,
            "weight_decay": 0.0,
            "clip": None,
            "precision": settings.precision,
        }
    )
