"""Metrics as functions of arrays of any kind: lists, NumPy, and tensors of torch on any device, with gradients too.

Margins are [models, samples]. Where the sizes show that one of the two is [samples, models], it is transposed, with a
warning: the other has as many samples as it has rows, and not the other way round.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import MetricError
from unlearnkit.metrics import margins
from unlearnkit.metrics.distribution import klom as _klom
from unlearnkit.metrics.distribution import margin_distance


def klom(unlearned: Any, oracle: Any, **settings: Any) -> NDArray[np.float64]:
    """Return KLOM of every sample, [samples] in nats, 0 or more, lower is closer (`metrics.distribution.klom.klom`).

    `unlearned` and `oracle` are margins [models, samples], in nats. Raises MetricError as the metric does.
    """
    return _klom.klom(**_upright(unlearned, oracle), **settings)


def wasserstein(unlearned: Any, oracle: Any) -> NDArray[np.float64]:
    """Return the distance of the margins of every sample, [samples] in nats, 0 or more, lower is closer.

    See `metrics.distribution.margin_distance.wasserstein`. `unlearned` and `oracle` are margins [models, samples].
    """
    return margin_distance.wasserstein(**_upright(unlearned, oracle))


def gaussian_kl(unlearned: Any, oracle: Any, **settings: Any) -> NDArray[np.float64]:
    """Return the divergence of normal laws fitted to the margins of every sample, [samples] in nats, lower is closer.

    See `metrics.distribution.margin_distance.gaussian_kl`. `unlearned` and `oracle` are margins [models, samples].
    """
    return margin_distance.gaussian_kl(**_upright(unlearned, oracle), **settings)


def margins_from_logits(logits: Any, labels: Any) -> NDArray[np.floating]:
    """Return the lead of the true class over all others, in nats (`metrics.margins.margins_from_logits`).

    `logits` [..., classes] and integer `labels` [...]; higher is more confident, the range is unbounded.
    """
    return margins.margins_from_logits(_measured("logits", logits), array_of("labels", labels))


def array_of(name: str, values: Any) -> NDArray:
    """Return lists, arrays or a tensor of torch as a NumPy array; numbers of 16 bits that NumPy lacks in 32.

    Raises MetricError, which names the argument, of what is no array, such as lists of different lengths.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":
            values = values.float()
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        expected = "an array or a tensor, or lists of equal lengths"
        raise MetricError(f"{name} is no array: {error}", expected=expected) from None


def _measured(name: str, values: Any) -> NDArray:
    """Return an array whose whole numbers are real ones: a list may well have no others."""
    array = array_of(name, values)
    return array.astype(np.float64) if array.dtype.kind in "iu" else array


def _upright(unlearned: Any, oracle: Any) -> dict[str, NDArray]:
    """Return both as arrays by name, [models, samples]; what does not fit is left for the metric to refuse."""
    arrays = {"unlearned": _measured("unlearned", unlearned), "oracle": _measured("oracle", oracle)}
    mine, theirs = arrays.values()
    if mine.ndim == theirs.ndim == 2 and mine.shape[1] != theirs.shape[1]:
        fits = {"unlearned": len(mine) == theirs.shape[1], "oracle": len(theirs) == mine.shape[1]}
        turned = [name for name, fit in fits.items() if fit]
        if len(turned) == 1:
            (name,) = turned
            said = f"{name} has shape {arrays[name].shape}, [samples, models], and is transposed to [models, samples]"
            warnings.warn(said, stacklevel=3)
            arrays[name] = arrays[name].T
    return arrays
