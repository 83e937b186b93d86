"""Which metrics read whether a label is a model's first choice: margins that were published do not always say."""

from __future__ import annotations

import ast
import functools

from unlearnkit.fingerprint import closure
from unlearnkit.registry import locate
from unlearnkit.sources import syntax_tree

_HOLDS_IT = "unlearnkit.metrics.population"


@functools.cache
def reads_correctness(metric: str) -> bool:
    """Return whether a metric, or a module that it imports, reads `correct` of a population."""
    modules = closure(locate("metric", metric)) - {_HOLDS_IT}
    return any(
        isinstance(node, ast.Attribute) and node.attr == "correct"
        for module in modules
        for node in ast.walk(syntax_tree(module))
    )
