"""Fisher forgetting: noise where the retain set leaves the weights free (Golatkar et al. 2020, arXiv 1911.04933).

    G = mean over retain samples x of the sum over classes c of p_c(x) * (gradient of -log p_c(x))^2
    s = min(G^(-2 exponent), 1e3), for the classifier min(., 1e2);   s = mean of s over the inputs of a unit
    w = w_0 + sqrt(alpha s) * N(0, 1), with alpha ten times as large for the classifier and for vectors (biases, norms)

Unlike Deep Unlearn's code, G takes the squares of single samples' gradients: those of a batch's mean are smaller by
about the batch size, so that its batch size changed the method. The classifier is the architecture's, not every tensor
with as many rows as classes. `exponent` is 1/2 in the published code; the paper derives 1/4, with alpha for its
sqrt(lambda) sigma. Nothing is trained. Cost: for every sample a forward pass, and one pass per class.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.images.per_sample import per_sample_gradients
from unlearnkit.models.parts import drawn, parameters_of
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ()
PERTURBS = True

LARGEST_VARIANCE = 1e3
LARGEST_OF_CLASSIFIER = 1e2
MORE = 10.0


class Settings(MethodSettings):
    """Settings of Fisher forgetting."""

    alpha: float = Field(
        1e-6,
        ge=0,
        description="scale of the noise's variance; the literature 1e-9 to 1e-6, Deep Unlearn 0.2, far too large",
    )
    exponent: float = Field(
        0.5, gt=0, le=1, description="the noise grows as the Fisher information to its negative; code 1/2, paper 1/4"
    )
    samples: int = Field(1000, ge=1, description="retain samples that the Fisher information averages over, at most")
    classes: int = Field(
        10,
        ge=1,
        description="classes that it sums over at most, the most probable of each sample; all is exact",
    )
    batch_size: int = Field(64, ge=1, description="samples per pass through the model, without effect on the result")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return a forward pass and a pass per class over the samples; of fewer classes it makes fewer."""
        return min(self.samples, retain) * (FORWARD_PASS + self.classes)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the orders of magnitude of the literature, unlike Deep Unlearn's range from 0 to 1."""
        return {"alpha": LogUniform(1e-10, 1e-3)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return the original with noise on its parameters, with buffers as they were."""
    model = copy.deepcopy(model).eval()
    chosen = data.retain.part(min(settings.samples, len(data.retain)), context.generators)
    information = fisher_information(model, chosen, settings.classes, settings.batch_size, context)
    head = parameters_of(model, [context.adapter.classifier])
    with torch.no_grad():
        for name, weight in model.named_parameters():
            variance = settings.alpha * noise_variance(information[name], settings.exponent, name in head)
            weight.add_(variance.sqrt() * normal(weight, context.generators))
    return model


def fisher_information(
    model: nn.Module, samples: Samples, classes: int, batch_size: int, context: Context
) -> dict[str, Tensor]:
    """Return the diagonal G of the Fisher information by parameter, in the shape of each, in nats per squared weight.

    The sum over classes takes the `classes` most probable ones of every sample, all if there are fewer, by their
    probabilities as they are.
    """
    total = {name: torch.zeros_like(weight) for name, weight in model.named_parameters()}
    for images, labels in samples.unshuffled(batch_size):
        with torch.no_grad():
            probabilities, ranked = likeliest(model(images).softmax(-1), classes)
        for rank in range(ranked.shape[1]):
            gradients = per_sample_gradients(model, images, ranked[:, rank])
            for name, gradient in gradients.items():
                total[name] += torch.einsum("b,b...->...", probabilities[:, rank], gradient.square())
        context.count(len(labels) * (FORWARD_PASS + ranked.shape[1]))
    return {name: summed / len(samples) for name, summed in total.items()}


def likeliest(probabilities: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Return the `classes` largest probabilities of [B, C], C at most, and which classes they are."""
    return probabilities.topk(min(classes, probabilities.shape[-1]), dim=-1)


def noise_variance(information: Tensor, exponent: float, of_classifier: bool) -> Tensor:
    """Return the variance s of a parameter's noise at alpha = 1, in squared units of the weight, or one per unit.

    Shapes: [...] -> [...], and [out, in, ...] -> [out, 1, ...].
    """
    variance = (information + 1e-8).pow(-2 * exponent)
    variance = variance.clamp(max=LARGEST_OF_CLASSIFIER if of_classifier else LARGEST_VARIANCE)
    if variance.ndim > 1:
        variance = variance.mean(dim=1, keepdim=True)
    return MORE * variance if of_classifier or variance.ndim == 1 else variance


def normal(like: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Return standard normal numbers in the shape of a tensor."""
    return drawn(like, generators, lambda empty, generator: empty.normal_(generator=generator))
