"""What the package traker demands, and the errors where it is not met."""

from __future__ import annotations

from unlearnkit.errors import ConfigError

FAST_JL_COLUMNS = 512
"""traker's CudaProjector projects onto multiples of this many dimensions (a check in the kernel of fast_jl 0.1.3)."""


def missing_traker(attribution: str, reason: str) -> ConfigError:
    """Return the error of an attribution whose projector is `traker`, where that package cannot be imported."""
    return ConfigError(
        f"attributions.{attribution}.projector is 'traker', but that package cannot be imported ({reason})",
        remedy=f"run `pip install traker`, or set attributions.{attribution}.projector to matrix",
    )


def unfit_dimension(attribution: str, dimension: int) -> ConfigError:
    """Return the error of an attribution by traker whose dimension fast_jl cannot project onto."""
    fit = -(-dimension // FAST_JL_COLUMNS) * FAST_JL_COLUMNS
    return ConfigError(
        f"attributions.{attribution}.dimension is {dimension}, but on a GPU traker projects by fast_jl",
        expected=f"a multiple of {FAST_JL_COLUMNS}",
        remedy=f"set it to {fit}, or set attributions.{attribution}.projector to matrix",
    )
