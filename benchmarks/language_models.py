"""Time one training step of every small language model: `python benchmarks/language_models.py`.

Writes benchmarks/results/language_models.md. Models take turns, so that other load on the machine affects all alike.
"""

from __future__ import annotations

import datetime
import importlib
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

SEQUENCES, LENGTH = 16, 128
ROUNDS = 20
RESULT = Path(__file__).parent / "results" / "language_models.md"

SMALL: Mapping[str, Any] = {"layers": 2, "width": 64, "heads": 4}
ROTARY: Mapping[str, Any] = {**SMALL, "kv_heads": 2, "mlp_width": 256}
OPTIONS: Mapping[str, Any] = {
    **SMALL,
    "value_embeddings": 1,
    "skips": True,
    "attention_window": 64,
    "document_mask": True,
    "end_of_text": 0,
}
MODELS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "`gpt2`": ("gpt2", SMALL),
    "`gpt_neo`": ("gpt_neo", SMALL),
    "`qwen2`": ("qwen2", ROTARY),
    "`llama`": ("llama", ROTARY),
    "`nanogpt`": ("nanogpt", SMALL),
    "`nanogpt` without logit cap": ("nanogpt", {**SMALL, "logit_cap": None}),
    "`nanogpt` with value embeddings, skips, window and document mask": ("nanogpt", OPTIONS),
    "`gpt2`, vocabulary padded by 47 rows": ("gpt2", {**SMALL, "pad_vocabulary_to": 47}),
}


def built(name: str, settings: Mapping[str, Any], vocabulary: int) -> nn.Module:
    """Return a model; a multiple to pad to stands for so many rows more than there are tokens."""
    module = importlib.import_module(f"unlearnkit.models.{name}")
    more = settings.get("pad_vocabulary_to")
    stated = {**settings, "pad_vocabulary_to": vocabulary + more} if more else settings
    torch.manual_seed(0)
    return module.build(vocabulary, (LENGTH,), module.Settings(**stated))


def of_transformers(vocabulary: int) -> dict[str, nn.Module]:
    """Return transformers' own causal language models of the same configurations."""
    transformers: Any = importlib.import_module("transformers")
    models: dict[str, nn.Module] = {}
    for name, causal in (("gpt2", "GPT2LMHeadModel"), ("gpt_neo", "GPTNeoForCausalLM"), ("llama", "LlamaForCausalLM")):
        body: Any = built(name, ROTARY if name == "llama" else SMALL, vocabulary)
        config = type(body.body.config)(**{**body.body.config.to_dict(), "tie_word_embeddings": True})
        config._attn_implementation = "eager" if name == "gpt_neo" else "sdpa"
        models[f"transformers' {causal}"] = getattr(transformers, causal)(config)
    return models


def milliseconds(models: Mapping[str, nn.Module], vocabulary: int) -> dict[str, float]:
    """Return the CPU time of a step with AdamW, milliseconds: the best of ROUNDS."""
    tokens = torch.randint(vocabulary, (SEQUENCES, LENGTH + 1))
    optimizers = {
        label: torch.optim.AdamW(model.parameters(), lr=1e-3, foreach=True) for label, model in models.items()
    }
    times: dict[str, list[float]] = {label: [] for label in models}
    for _ in range(ROUNDS):
        for label, model in models.items():
            start = time.process_time()
            outputs = model(tokens[:, :-1])
            logits = outputs if torch.is_tensor(outputs) else outputs.logits
            optimizers[label].zero_grad()
            functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
            optimizers[label].step()
            times[label].append(time.process_time() - start)
    return {label: min(seconds) * 1000 for label, seconds in times.items()}


def main() -> None:
    """Measure and write the result."""
    torch.set_num_threads(1)
    columns = {}
    parameters: dict[str, int] = {}
    for vocabulary in (512, 1024):
        models = {label: built(*model, vocabulary) for label, model in MODELS.items()}
        models |= of_transformers(vocabulary)
        parameters = {label: sum(one.numel() for one in model.parameters()) for label, model in models.items()}
        columns[vocabulary] = milliseconds(models, vocabulary)
        print(columns[vocabulary], flush=True)
    rows = "".join(
        f"| {label} | {parameters[label]:,} | {columns[512][label]:.0f} ms | {columns[1024][label]:.0f} ms |\n"
        for label in parameters
    )
    RESULT.write_text(
        "# A training step of every small language model\n\n"
        f"Made by `python benchmarks/language_models.py` on {datetime.date.today()}.\n"
        f"{os.cpu_count()} cores ({platform.machine()}), one thread used. Python {platform.python_version()},"
        f" torch {torch.__version__}.\n"
        f"Forward, backward and AdamW of {SEQUENCES} sequences of {LENGTH} tokens, float32, 2 layers, width 64.\n"
        f"CPU time, best of {ROUNDS}; models took turns. Parameters are for a vocabulary of 1,024.\n\n"
        "| model | parameters | 512 tokens | 1,024 tokens |\n| --- | --- | --- | --- |\n" + rows
    )


if __name__ == "__main__":
    main()
