"""What looks on while models are trained, and changes nothing.

Code that hands something to an `observer` is left out of the fingerprints of code: parameters, keywords and fields of
this name, statements that call it, and this module (`unlearnkit.fingerprint`). So what is observed may change without
making a weight stale. In return nothing may come back: a statement that uses what an observer returns counts as code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from unlearnkit.artifacts.curves import EPOCH_COLUMNS
from unlearnkit.artifacts.resume import ResumeFolder

ENTRY = "curves"
"""Name of the entry of the resume folder that holds what was observed."""
LOOKED_AT = 4
"""Steps of an epoch that are looked at, at most: for small models, what is observed costs as much as a step's loss."""


class Observer:
    """One that sees nothing: what every training has unless another is given."""

    def begin(self, model_indices: Sequence[int]) -> None:
        """Note the models of the stack that is trained next."""

    def step(self, number: int, steps: int, logits: Tensor, labels: Tensor, lr: float) -> None:
        """Note step 0, 1, ... of the `steps` of an epoch, before its update.

        Logits are [..., batch, classes], labels [..., batch].
        """

    def end_epoch(self, epoch: int) -> None:
        """Note that epoch 1, 2, ... is over."""

    def save(self) -> None:
        """Keep what was noted, in case the job is interrupted."""


NOBODY = Observer()


class EpochCurves(Observer):
    """Collects loss and accuracy per model and epoch from the logits that training computes anyway.

    They are means over the samples of the steps that are looked at, every n-th of an epoch, before the update of each:
    losses of -log softmax(z)_y, in nats, without label smoothing, accuracies in [0, 1] of right answers, ties included.
    Nothing is drawn, and no model is evaluated.
    """

    def __init__(self, resume: ResumeFolder) -> None:
        self._resume, self._models = resume, np.array([], np.int64)
        self._rows: dict[int, dict[int, tuple[float, ...]]] = {}
        self._said = ""
        if held := resume.load(ENTRY):
            for row in zip(*(held[name] for name in ("model", *EPOCH_COLUMNS)), strict=True):
                self._put(*row)
        self._start()

    def begin(self, model_indices: Sequence[int]) -> None:
        """Note the models of the stack that is trained next; what was seen of them after a saved state is replaced."""
        self._models = np.array(model_indices)

    def step(self, number: int, steps: int, logits: Tensor, labels: Tensor, lr: float) -> None:
        """Count a step, and add its losses and right answers if it is looked at."""
        self._samples, self._lr = self._samples + labels.shape[-1], lr
        if number % -(-steps // LOOKED_AT):
            return
        self._seen += labels.shape[-1]
        with torch.no_grad():
            # classes before samples, so that sums over classes run over neighbours in memory
            z = logits.detach().float().transpose(-1, -2).contiguous()
            best, true = z.amax(-2), z.gather(-2, labels.unsqueeze(-2)).squeeze(-2)
            right = (true == best).sum(-1, dtype=torch.float32)
            losses = z.sub_(best.unsqueeze(-2)).exp_().sum(-2).log_().add_(best).sub_(true).sum(-1)
            self._loss, self._right = self._loss + losses.double(), self._right + right.double()

    def end_epoch(self, epoch: int) -> None:
        """Note the means of the epoch."""
        count = len(self._models)
        loss, accuracy = (
            np.broadcast_to(np.asarray(torch.as_tensor(total).cpu()) / self._seen, count)
            for total in (self._loss, self._right)
        )
        for position, model in enumerate(self._models):
            self._put(model, epoch, epoch * self._samples, loss[position], accuracy[position], self._lr)
        self._said = f", loss {loss.mean():.3f}, accuracy {accuracy.mean():.3f}"
        self._start()

    def save(self) -> None:
        """Store all rows in the resume folder."""
        self._resume.save(ENTRY, self._arrays())

    def said(self, text: str) -> str:
        """Return a line of a log with the means of the epoch that it reports, over the models of the stack."""
        text, self._said = text + self._said, ""
        return text

    def curves(self, model_indices: Sequence[int]) -> dict[int, Mapping[str, np.ndarray]]:
        """Return model -> column -> values [epochs], of the models of which something was seen."""
        table = self._arrays()
        return {
            model: {name: table[name][table["model"] == model] for name in EPOCH_COLUMNS}
            for model in model_indices
            if model in self._rows
        }

    def _start(self) -> None:
        self._loss: Tensor | float = 0.0
        self._right: Tensor | float = 0.0
        self._samples, self._seen, self._lr = 0, 0, 0.0

    def _put(self, model: float, epoch: float, *values: float) -> None:
        self._rows.setdefault(int(model), {})[int(epoch)] = (epoch, *values)

    def _arrays(self) -> dict[str, np.ndarray]:
        rows = [(model, *row) for model, by_epoch in self._rows.items() for _, row in sorted(by_epoch.items())]
        values = np.array(rows, np.float64).reshape(-1, 1 + len(EPOCH_COLUMNS))
        return {name: values[:, number].copy() for number, name in enumerate(("model", *EPOCH_COLUMNS))}
