"""Models that add a low-rank term to weights which are kept elsewhere: W + B A (LoRA, Hu et al. 2021).

Only the factors are parameters and state of such a model, so what is stored of it is a delta. `composed` makes the
state of a plain model from a delta and the state that it applies to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn
from torch.func import functional_call

from unlearnkit.artifacts.weights import FULL, State, WeightFile
from unlearnkit.errors import ArtifactError
from unlearnkit.models.arrays import to_array, to_tensor
from unlearnkit.models.parts import sharing

DOWN, UP = "lora_A", "lora_B"
"""The factors of a layer's weight [out, in]: A is [rank, in], B is [out, rank]."""


class LowRankModel(nn.Module):
    """A model with B A added to the weights of some of its linear layers; `factors` maps their names to (A, B).

    The given model lends its tensors, which are neither copied nor changed: without the factors it is as it was. It is
    in eval mode here whatever the mode of this module, so that no statistics change.
    """

    base: nn.Module

    def __init__(self, model: nn.Module, factors: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        super().__init__()
        # kept out of the registered submodules: its weights are not those of this model
        self.__dict__["base"] = sharing(model).eval()
        self.factors = nn.Module()
        for layer, (down, up) in factors.items():
            holder = _holder(self.factors, layer)
            holder.register_parameter(DOWN, nn.Parameter(down))
            holder.register_parameter(UP, nn.Parameter(up))
        self._layers = tuple(factors)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what the model returns with W + B A in place of W."""
        lent = dict(self.base.named_parameters()) | dict(self.base.named_buffers())
        tensors = {name: tensor.detach() for name, tensor in lent.items()}
        for layer in self._layers:
            weight, factors = tensors[f"{layer}.weight"], self.factors.get_submodule(layer)
            tensors[f"{layer}.weight"] = merged(weight, factors.get_parameter(DOWN), factors.get_parameter(UP))
        return functional_call(self.base, tensors, (inputs,))


def merged(weight: Tensor, down: Tensor, up: Tensor) -> Tensor:
    """Return W + B A of the weight W [out, in] and the factors A [rank, in] and B [out, rank], in W's type."""
    return weight + (up @ down).to(weight.dtype)


def composed(base: State, delta: State) -> State:
    """Return the state of a plain model: `base` with the factors of `delta` merged into its weights.

    Raises ArtifactError if a tensor of the delta has no weight that it applies to, or lacks its other factor.
    """
    whole = dict(base)
    for layer in dict.fromkeys(name.rpartition(".")[0] for name in delta):
        weight, factors = f"{layer}.weight", (f"{layer}.{DOWN}", f"{layer}.{UP}")
        if weight not in base or not set(factors) <= delta.keys():
            raise ArtifactError(
                f"a delta of the layer '{layer}' cannot be applied",
                expected=f"the tensors {factors[0]} and {factors[1]}, and {weight} in the base",
                remedy="delete the weight file; the same snakemake command makes it again",
            )
        whole[weight] = to_array(merged(*map(to_tensor, (base[weight], *(delta[name] for name in factors)))))
    return whole


def whole_state(file: WeightFile, model_index: int, epoch: int, base_of: Callable[[int], State]) -> State:
    """Return the state of a plain model from a weight file, whatever it holds; `base_of` gives what a delta applies to.

    Raises ArtifactError if that is not the state that the delta was made from.
    """
    state = file.state(model_index, epoch)
    if file.holds == FULL:
        return state
    base = base_of(model_index)
    file.refuse_other_base(model_index, base)
    return composed(base, state)


def _holder(root: nn.Module, layer: str) -> nn.Module:
    """Return the submodule of this dotted name, made with those above it where there is none."""
    for part in layer.split("."):
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    return root
