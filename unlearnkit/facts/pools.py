"""Pools that others published, by the names that `unlearnkit score --pool` takes: where they are, and of what.

Sources: README and code of github.com/RoyRin/data-unlearning-bench (first edition; the data set is mirrored as
machine-unlearning-bench/data-unlearning-bench), code of github.com/easydub/EasyDUB-code (second edition).
"""

from __future__ import annotations

from typing import NamedTuple

from unlearnkit.facts.layouts.pieces import Names


class NamedPool(NamedTuple):
    """A pool of originals and of oracles of several forget sets.

    repository  data set on the hub, in the layout `layout`
    names       what its files are named after: data set, architecture, last epoch
    train       training samples, and `validation` samples, that its models are evaluated on
    line        one sentence for lists
    """

    repository: str
    layout: str
    names: Names
    train: int
    validation: int
    line: str


POOLS: dict[str, NamedPool] = {
    "easydub_cifar10": NamedPool(
        "royrin/KLOM-models",
        "easydub_1",
        Names("cifar10", "resnet9", 23),
        50_000,
        10_000,
        "EasyDUB, first edition: ResNet-9 on CIFAR-10, 200 originals, 100 oracles or more of forget sets 1 to 10.",
    ),
    "easydub_living17": NamedPool(
        "royrin/KLOM-models",
        "easydub_1",
        Names("living17", "resnet18", 24),
        44_200,
        3_400,
        "EasyDUB, first edition: ResNet-18 on Living-17, 100 originals or more, 100 oracles of forget sets 1 to 5.",
    ),
    "easydub2_cifar10": NamedPool(
        "easydub/EasyDUB-dataset",
        "easydub_2",
        Names("cifar10", "resnet9", 23),
        50_000,
        10_000,
        "EasyDUB, second edition: ResNet-9 on CIFAR-10, 200 originals, 200 oracles of forget sets 1 to 10.",
    ),
}
