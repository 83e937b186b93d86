"""The table of attacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from unlearnkit.metrics.attacks.epsilon.double import double
from unlearnkit.metrics.attacks.epsilon.double_grid import double_grid
from unlearnkit.metrics.attacks.epsilon.gaussian import gaussian
from unlearnkit.metrics.attacks.epsilon.kernel import kernel
from unlearnkit.metrics.attacks.epsilon.logistic_rule import logistic
from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides
from unlearnkit.metrics.attacks.epsilon.single import single
from unlearnkit.metrics.attacks.epsilon.single_grid import single_grid

ATTACKS: Mapping[str, Callable[[Sides, Array], Rule]] = {
    "single": single,
    "double": double,
    "single_grid": single_grid,
    "double_grid": double_grid,
    "gaussian": gaussian,
    "kernel": kernel,
    "logistic": logistic,
}
