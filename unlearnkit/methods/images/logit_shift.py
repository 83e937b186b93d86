"""What a linear datamodel subtracts from the original's logits for the forget set (Georgiev et al. 2024)."""

from __future__ import annotations

import torch
from torch import Tensor

from unlearnkit.config.methods.matching import DatamodelSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.errors import TrainingError
from unlearnkit.training.unlearning import Context


def logit_shift(settings: DatamodelSettings, samples: Samples, context: Context) -> Tensor:
    """Return -m times the sum over i in F of beta_{i,c}(x), float32 [samples of the data set, classes], nats.

    With `terms: own` only beta_{x,c}(x) of the forget samples themselves. Raises TrainingError if the effects are not
    those of this data set.
    """
    effects = context.references["attribution"]
    shift = -settings.multiplier * torch.from_numpy(effects.effect if settings.terms == "all" else effects.self_effect)
    rows = len(samples.pixels.labels)
    if len(shift) != rows:
        raise TrainingError(
            f"the effects of attribution '{settings.attribution}' are those of {len(shift)} samples, the data set has "
            f"{rows}",
            remedy="delete the file with the effects, so that it is made again",
        )
    return shift.to(samples.pixels.device)
