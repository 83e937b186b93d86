"""Paths of published pools, as the publishers' documents and code have them."""

from __future__ import annotations

from unlearnkit.facts.layouts import LAYOUTS, easydub_1, easydub_2
from unlearnkit.facts.layouts.pieces import Names, Piece

CIFAR = Names("cifar10", "resnet9", 23)
LIVING = Names("living17", "resnet18", 24)


def test_the_first_edition_lies_where_its_publisher_says() -> None:
    assert easydub_1.weights(CIFAR, None, 7) == "full_models/CIFAR10/sd_7____epoch_23.pt"
    assert easydub_1.weights(LIVING, None, 0) == "full_models/LIVING17/sd_0____epoch_24.pt"
    assert easydub_1.weights(CIFAR, 3, 7) == "oracle_models/CIFAR10/forget_set_3/sd_7____epoch_23.pt"
    assert easydub_1.margins(CIFAR, None, [0]) == [
        Piece("full_models/CIFAR10/train_margins_all.pt", "train"),
        Piece("full_models/CIFAR10/val_margins_all.pt", "validation"),
    ]
    folder = "oracle_models/LIVING17/only_margins/forget_set_4"
    assert [piece.path for piece in easydub_1.margins(LIVING, 4, [0])] == [
        f"{folder}/train_margins_all.pt",
        f"{folder}/val_margins_all.pt",
    ]
    assert easydub_1.logits(CIFAR, None, [5])[1] == Piece("full_models/CIFAR10/val_logits_5.pt", "validation", 5)
    own = easydub_1.logits(CIFAR, 2, [5])
    assert own[0] == Piece("oracle_models/CIFAR10/forget_set_2/5__train_logits__23.pt", "train", 5)
    assert easydub_1.forget_set(LIVING, 1) == "forget_set_indices/LIVING17/forget_set_1.npy"


def test_the_second_edition_lies_where_its_publisher_says() -> None:
    assert easydub_2.margins(CIFAR, None, [4]) == [
        Piece("margins/cifar10/pretrain/retain/resnet9/id_4_epoch_23.npy", "train", 4),
        Piece("margins/cifar10/pretrain/val/resnet9/id_4_epoch_23.npy", "validation", 4),
    ]
    assert [(piece.path, piece.rows) for piece in easydub_2.logits(CIFAR, 9, [4])] == [
        (f"logits/cifar10/oracle/forget_9/{part}/resnet9/id_4_epoch_23.npy", rows)
        for part, rows in (("retain", "retain"), ("forget", "forget"), ("val", "validation"))
    ]
    assert easydub_2.order(CIFAR, 9)[1].path == "margins/cifar10/pretrain/forget_9/resnet9/id_0_epoch_23.npy"
    assert easydub_2.forget_set(CIFAR, 9) == "forget_sets/cifar10/forget_set_9.npy"


def test_files_hold_the_models_that_are_asked_for() -> None:
    for layout in LAYOUTS.values():
        for number in (None, 1):
            pieces = layout.logits(CIFAR, number, [3, 8])
            assert {piece.model for piece in pieces} == {3, 8} and len({piece.path for piece in pieces}) == len(pieces)
