"""Where published pools keep what: paths, counts and sizes, one module per layout; nothing here reads a file.

A layout is a module with

    MODELS          data set -> models of each kind that are published
    FORGET_SETS     data set -> the forget sets that have oracles
    FORMATS         what margins can be made of: "margins", "logits"
    forget_set(names, number)                       the file with the indices of a forget set
    weights(names, number, model)                   the file with the weights of a model; "*" stands for any characters
    margins(names, number, models)                  the pieces that margins of models are read from
    logits(names, number, models)                   the same of logits, where FORMATS has them
    order(names, number)                            pieces of one original that show the order of forget samples, if
                                                    there are such

where `names` are those of the experiment (`Names`) and `number` is that of a forget set, None for originals. Folders
are named after the configured data set and model, so that a pool in the same layout may be of any data set.
"""

from __future__ import annotations

from types import ModuleType

from unlearnkit.facts.layouts import easydub_1, easydub_2

LAYOUTS: dict[str, ModuleType] = {"easydub_1": easydub_1, "easydub_2": easydub_2}
"""Layouts of other publishers, by the name that the configuration gives them; our own is `unlearnkit`."""
