"""The network of a base model, from a folder in the format of transformers: loaded once per process, code never run."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules.dropout import _DropoutNd

from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError, TrainingError

BASES_HELD = 2
"""Bases that a process holds at a time; a job has one."""


@functools.lru_cache(maxsize=BASES_HELD)
def shared_network(folder: str, dtype: str) -> Any:
    """Return the network of the base in `folder`, frozen and in eval mode, with weights of the type `dtype`.

    Calls with equal arguments return the same network. There is no dropout in it. Raises DataError if it cannot be
    loaded from safetensors alone, or if its files lack a tensor.
    """
    transformers = _transformers()
    # callers may be making models without memory for weights, or drawing some
    with torch.device("cpu"), torch.random.fork_rng(devices=[]):
        try:
            network, found = transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                config=configuration(folder),
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
        # it calls readers of many formats, each with errors of its own
        except Exception as error:
            raise _unreadable(folder, error) from None
    if lacking := sorted({*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])}):
        raise DataError(
            f"the weights in {folder} lack {len(lacking)} tensors that its config.json asks for, such as {lacking[0]}",
            expected="all weights of the model",
            remedy="fetch the files again",
        )
    return _without_dropout(network).requires_grad_(False).eval()


def empty_network(folder: str, dtype: str) -> Any:
    """Return the network of the base in `folder` without memory for its weights: names, shapes and types."""
    transformers = _transformers()
    with torch.device("meta"):
        network = transformers.AutoModelForCausalLM.from_config(
            configuration(folder), dtype=getattr(torch, dtype), trust_remote_code=False
        )
    return _without_dropout(network)


def configuration(folder: str) -> Any:
    """Return the configuration in `folder`, without dropout; raises DataError if it cannot be read."""
    transformers = _transformers()
    try:
        found = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise _unreadable(folder, error) from None
    _zero_dropout(vars(found))
    found.use_cache = False
    return found


def refuse_long(configuration: Any, length: int) -> None:
    """Raise TrainingError if a base takes no sequences of `length` tokens, by its configuration."""
    # that of a model which reads images as well has one of text in it
    longest = getattr(configuration.get_text_config(), "max_position_embeddings", None)
    if longest and length > longest:
        raise TrainingError(
            f"data.sequence_length is {length}, but the base takes sequences of at most {longest} tokens",
            remedy="lower data.sequence_length",
        )


def _zero_dropout(settings: dict[Any, Any]) -> None:
    """Set every rate of dropout to 0, in nested configurations too; layers take some rates without a module."""
    for name, value in settings.items():
        if isinstance(value, float) and "drop" in str(name):
            settings[name] = 0.0
        elif isinstance(value, dict):
            _zero_dropout(value)
        elif hasattr(value, "to_dict"):
            _zero_dropout(vars(value))


def _without_dropout(network: Any) -> Any:
    """Return the network after setting the rates of its dropout modules to 0, which may follow no setting."""
    for part in network.modules():
        if isinstance(part, _DropoutNd):
            part.p = 0.0
    return network


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise missing_package("transformers", "has the layers of pretrained language models", error) from None
    return transformers


def _unreadable(folder: str, error: Exception) -> DataError:
    own_code = "trust_remote_code" in str(error)
    reason = "it comes with code of its own" if own_code else " ".join(str(error).split())[:300]
    return DataError(
        f"the base model in {Path(folder)} cannot be loaded ({reason or type(error).__name__})",
        expected="a causal language model that transformers itself has, with weights in safetensors; code that comes "
        "with a model is never run",
    )
