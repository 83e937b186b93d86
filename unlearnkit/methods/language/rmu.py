"""RMU: representation misdirection for unlearning (Li et al. 2024, arXiv 2403.03218; OpenUnlearning).

    minimise gamma * mean over forget sequences of (1/n) sum_t ||h_t - c u||^2 / width + alpha * R(retain)
    R = the same with the original's h_t in place of c u (embed), CE, or KL(original || model)

h_t is the output of transformer block `layer` at the position of a target itself, before any final normalisation; u has
length 1, its entries are uniform draws from [0, 1) divided by their norm, from the generator of the method, so the same
seed gives the same u. Only the blocks up to `layer` move, except where R reads logits. Every sequence is divided by its
own number of tokens; OpenUnlearning divides a vector by a column there, which mixes the sums of one sequence with the
lengths of all others. Cost: the forget sequences of `steps` batches; 1 (nll) or 4/3 (embed, kl) for each retain
sequence.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.language import COST_OF_RETAIN
from unlearnkit.config.methods.search import Integers, LogUniform, Space
from unlearnkit.config.methods.two_losses import TwoLosses
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.errors import TrainingError
from unlearnkit.methods.language.block_outputs import block_output, reference_output, transformer_block, width_of
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch, descend
from unlearnkit.methods.language.token_terms import retain_terms
from unlearnkit.training.language.sequence_losses import hidden_distances
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(TwoLosses):
    """Settings of RMU; defaults of OpenUnlearning's configuration."""

    layer: int = Field(7, ge=0, description="transformer block whose outputs are steered, from 0; OpenUnlearning")
    coefficient: float = Field(2.0, gt=0, description="c, the length of the vector steered to; OpenUnlearning")
    retain: Literal["none", "nll", "kl", "embed"] = Field(
        "embed", description="retain loss: none, cross entropy, or divergence of logits or of hidden states"
    )
    trained: tuple[str, ...] = Field(
        (),
        # absent unless set: what was unlearned before there was this key stays what it is
        exclude_if=lambda value: not value,
        description="ends of the names of the parameters that move, such as layers.5.mlp.down_proj.weight; (): all "
        "that the losses reach; WMDP: down_proj of blocks 5, 6 and 7",
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps, each times what its loss costs."""
        return self.planned_draws(forget, epoch) + COST_OF_RETAIN[self.retain] * self.planned_draws(retain, epoch)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, of the block, and of the length."""
        return {**TwoLosses.search(), "layer": Integers(0, 7), "coefficient": LogUniform(1.0, 100.0)}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Steer hidden states of the forget set to one fixed vector, and keep those of the retain set."""
    block = transformer_block(context.adapter, settings.layer)
    model = only(model, settings.trained) if settings.trained else model
    drawn = direction(width_of(context, block), context.generators[0])
    goal = settings.coefficient * drawn.to(data.forget.tokens.device)
    terms = [Term(data.forget, steered(block, lambda _: goal), settings.gamma)]
    if settings.retain == "embed":
        terms.append(Term(data.retain, steered(block, reference_output(context, block)), settings.alpha))
    else:
        terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)


def only(model: nn.Module, ends: Sequence[str]) -> nn.Module:
    """Return a copy of a model in which only parameters whose names have one of the `ends` are trained.

    Raises TrainingError for an end that no parameter has which the model trains.
    """
    model = copy.deepcopy(model)
    named = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    if unknown := next((end for end in ends if not any(name.endswith(end) for name in named)), None):
        raise TrainingError(
            f"`trained` of rmu names {unknown}, but no parameter that the model trains ends so",
            expected=f"ends of names such as {', '.join([*named][-3:])}",
        )
    for name, parameter in named.items():
        parameter.requires_grad_(name.endswith(tuple(ends)))
    return model


def direction(width: int, generator: torch.Generator) -> Tensor:
    """Return a random vector of length 1 with entries above 0, [width]."""
    drawn = torch.rand(width, generator=generator)
    return drawn / drawn.norm()


def steered(block: str, goal: Callable[[Tensor], Tensor]) -> Loss:
    """Return the mean over sequences of the distance of a block's outputs from a goal, by inputs."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        away = hidden_distances(block_output(model, block, batch.inputs), goal(batch.inputs), batch.labels)
        return away.sum() / batch.sequences

    return loss
