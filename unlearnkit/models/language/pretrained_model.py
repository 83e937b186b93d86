"""A network of transformers as a language model here, whose base weights all models of a process share."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from unlearnkit.config.models.pretrained import LoraSettings
from unlearnkit.errors import ArtifactError, TrainingError
from unlearnkit.models.adapter import Adapter, Block
from unlearnkit.models.language.low_rank_layers import Clock, DropoutState, add_dropout, add_low_rank_terms

BASE = "base_sha256"
"""The buffer with the SHA-256 of the base that low-rank terms belong to, uint8 [32]."""


class PretrainedModel(nn.Module):
    """A causal language model of transformers: tokens [B, n] -> logits [B, n, V].

    With low-rank terms only these are trained and in the state, with the SHA-256 of the base that they belong to, and
    copies share the tensors of the base. Without them everything is trained, and the state has every tensor once: a
    tied head is that of the embedding.
    """

    base_sha256: Tensor

    def __init__(self, network: Any, vocabulary: int, sha256: str, lora: LoraSettings | None) -> None:
        super().__init__()
        self.network, self.vocabulary, self.clock = network, vocabulary, Clock()
        self.draws = DropoutState() if lora is not None and lora.dropout else None
        if lora is not None:
            add_low_rank_terms(network, lora)
            # a value, also where models are made without memory for weights
            digest = torch.tensor(list(bytes.fromhex(sha256)), dtype=torch.uint8, device="cpu")
            self.register_buffer(BASE, digest)
            if lora.dropout:
                add_dropout(network, lora.dropout, self.clock)
        self._lent = frozenset(_lent_names(self) if lora is not None else _repeated_names(self))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the vocabulary [B, n, V]; rows of the head beyond it are computed and cut off."""
        if self.training and self.draws is not None:
            self.clock.seed, self.clock.count = self.draws.draws.tolist()
            self.draws.draws[1].add_(1)
        logits = self.network(input_ids=tokens, use_cache=False).logits
        return logits[..., : self.vocabulary]

    def checkpoint_blocks(self) -> None:
        """Keep no activations of blocks in training: the backward pass computes them again, to the same bits."""
        self.network.activation_checkpointing_enable({"use_reentrant": False, "context_fn": self.clock.contexts})

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        """Return what is trained and what training depends on, without the tensors of the base."""
        state, prefix = super().state_dict(*arguments, **options), options.get("prefix", "")
        for name in self._lent:
            state.pop(prefix + name, None)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Take a state that `state_dict` gave; raises ArtifactError if it belongs to another base."""
        if hasattr(self, BASE) and BASE in state_dict:
            refuse_other_base(state_dict[BASE], self.base_sha256)
        found = super().load_state_dict(state_dict, strict=False, assign=assign)
        missing = [name for name in found.missing_keys if name not in self._lent]
        if strict and (missing or found.unexpected_keys):
            raise RuntimeError(f"missing keys {missing}, unexpected keys {found.unexpected_keys}")
        return found

    def __deepcopy__(self, memo: dict[int, Any]) -> PretrainedModel:
        if hasattr(self, BASE):
            for tensor in self._base_tensors():
                memo.setdefault(id(tensor), tensor)
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__setstate__(copy.deepcopy(self.__dict__, memo))
        return copied

    def _base_tensors(self) -> Iterator[Tensor]:
        yield from (parameter for name, parameter in self.named_parameters() if name in self._lent)
        yield from (buffer for name, buffer in self.named_buffers() if not name.startswith((BASE, "draws.")))


def refuse_other_base(stated: Tensor, present: Tensor) -> None:
    """Raise ArtifactError if the base that low-rank terms belong to is not the one that they are used with."""
    if stated.tolist() != present.tolist():
        raise ArtifactError(
            "low-rank terms belong to another base than the one that they are used with",
            expected=f"the base of SHA-256 {_hexadecimal(stated)}, but this one has {_hexadecimal(present)}",
            remedy="restore the files of the base, or delete the weight file, which the same snakemake command makes",
        )


def _hexadecimal(digest: Tensor) -> str:
    return bytes(digest.tolist()).hex()


def _lent_names(model: nn.Module) -> Iterator[str]:
    """Yield the names of the tensors in a state that belong to the base."""
    trained = {name for name, parameter in model.named_parameters(remove_duplicate=False) if parameter.requires_grad}
    for name in nn.Module.state_dict(model):
        if name not in trained and not name.startswith((BASE, "draws.")):
            yield name


def _repeated_names(model: nn.Module) -> Iterator[str]:
    """Yield the further names of parameters that have several."""
    seen: set[int] = set()
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if id(parameter) in seen:
            yield name
        seen.add(id(parameter))


def parts_of(model: nn.Module) -> Adapter:
    """Return the parts: embeddings, every transformer block, and the last normalisation with the head, if it has one.

    Raises TrainingError if the network is not built of one list of blocks.
    """
    assert isinstance(model, PretrainedModel)
    network = model.network
    names = {id(part): name for name, part in model.named_modules()}
    lists = [(name, part) for name, part in model.named_modules() if isinstance(part, nn.ModuleList) and len(part)]
    if not lists:
        raise TrainingError(f"the network {type(network).__name__} has no list of blocks", expected="a transformer")
    name, blocks = max(lists, key=lambda found: len(found[1]))
    around = model.get_submodule(name.rpartition(".")[0])
    beside = [part for part in around.children() if part is not blocks and any(True for _ in part.parameters())]
    embeddings = tuple(names[id(part)] for part in beside if isinstance(part, nn.Embedding))
    norms = tuple(names[id(part)] for part in beside if not isinstance(part, nn.Embedding))
    head = network.get_output_embeddings()
    tied = head.weight is network.get_input_embeddings().weight
    last = () if tied else (names[id(head)],)
    layers = [(f"{name}.{number}",) for number in range(len(blocks))]
    groups: tuple[Block, ...] = (embeddings, *layers, (*norms, *last))
    return Adapter(classifier=(*last, embeddings[0])[0], first_layer=embeddings[0], blocks=groups, stages=groups)
