"""Rules of what methods read beside their data: a pool of held-out oracles, an attribution."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from unlearnkit.config.blocks import MethodBlock, declared
from unlearnkit.config.variants import combinations
from unlearnkit.errors import ConfigError, suggest


def reference_problems(
    methods: Mapping[str, MethodBlock], held_out_oracles: int, shard_size: int, attributions: Collection[str]
) -> Iterator[ConfigError]:
    """Yield variants that draw from more held-out oracles than there are, or name an attribution that is not there."""
    for variant, needs, settings in _valid_variants(methods):
        pool = settings.oracle_pool if "oracle_pool" in needs else range(0)
        if pool.stop > held_out_oracles:
            yield ConfigError(
                f"methods.{variant} draws from the held-out oracles {pool.start} to {pool.stop - 1}, but "
                f"held_out_oracles is {held_out_oracles}",
                expected=f"at least {pool.stop}",
                remedy=f"raise held_out_oracles to {-(-pool.stop // shard_size) * shard_size}, or lower `pool`",
            )
        if "attribution" in needs and settings.attribution not in attributions:
            yield ConfigError(
                f"methods.{variant}.attribution is '{settings.attribution}', which is no attribution",
                remedy=suggest(settings.attribution, attributions) if attributions else "declare it in `attributions`",
            )


def _valid_variants(methods: Mapping[str, MethodBlock]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Yield name, NEEDS and settings of the variants whose settings are valid; `variant_rules` tells of the others."""
    for name, block in methods.items():
        method = declared("method", block.method)
        for variant, values in combinations(name, block):
            try:
                yield variant, getattr(method, "NEEDS", ()), method.Settings.model_validate(values)
            except ValidationError:
                continue
