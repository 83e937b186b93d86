"""Requests to forget: every model of a pool is to forget several random parts of what it was trained on."""

from __future__ import annotations

import numpy as np

from unlearnkit.artifacts.membership import Bools, Membership
from unlearnkit.data.subset import order, seeded
from unlearnkit.errors import DataError


def drawn_requests(
    base_seed: int, role: str, requests: range, parts: Bools, *, draws: int, fraction: float
) -> Membership:
    """Return the membership of some requests, of which number k is to model k // draws.

    `parts` [models, training samples] state what the models requests[0] // draws, ... are trained on. At a request a
    model forgets floor(fraction * samples of its own), drawn uniformly without replacement from a generator of the
    request's own, seeded by (base seed, role, k). Raises DataError for a model with too few samples to forget any.
    """
    member = parts[[request // draws - requests[0] // draws for request in requests]]
    forgotten = np.zeros_like(member)
    generators = seeded(base_seed, role, requests, "forgotten")
    for request, trained, chosen, generator in zip(requests, member, forgotten, generators, strict=True):
        samples = np.flatnonzero(trained)
        if not (size := int(fraction * len(samples))):
            raise DataError(
                f"model {request // draws} is trained on {len(samples)} samples, of which a fraction of {fraction:g} "
                "is less than one",
                expected="a sample or more in everything that is to be forgotten",
                remedy="raise `fraction` of the pool of draws, or correct the file of the pool that it is of",
            )
        chosen[samples[order(len(samples), generator)[:size]]] = True
    return Membership(member, forgotten)
