"""Sample counts of the matching methods of Attribute-to-Delete (Georgiev et al. 2024, arXiv 2410.23232)."""

from __future__ import annotations


def retain_subset(retain_ratio: float, forget: int) -> int:
    """Return floor(rho |F|), the size of the retain subset beside a forget set of `forget` samples."""
    return int(retain_ratio * forget)
