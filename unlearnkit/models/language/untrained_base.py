"""A base without pretraining: a network of transformers by its config.json, with random weights, for trials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from unlearnkit.errors import DataError, suggest

SEED = 0
"""Of the weights, which so depend on the configuration of the network alone."""


def save_untrained(stated: Mapping[str, Any], folder: Path) -> None:
    """Write a network with random weights as transformers does; `stated` is what its config.json states.

    Raises DataError for a kind of model that transformers does not have, for unknown keys and for values that it
    refuses.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    settings = dict(stated)
    kind = settings.pop("model_type")
    try:
        known = AutoConfig.for_model(kind).to_dict()
        if unknown := [key for key in settings if key not in known]:
            raise DataError(f"model.source.untrained has no key '{unknown[0]}'", remedy=suggest(unknown[0], known))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            network = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings))
    # it calls code of many models, each with errors of its own
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, ZeroDivisionError) as error:
        raise DataError(
            f"model.source.untrained is no model that transformers can build ({' '.join(str(error).split())[:300]})",
            expected="keys and values of the config.json of such a model",
        ) from None
    network.save_pretrained(folder)
