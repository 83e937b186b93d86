"""Fingerprints of code: what a job computes with, independent of comments, docstrings, layout and time stamps.

Snakemake cannot see edits in an imported module. Each computing rule therefore takes `fingerprint(<modules it runs>)`
as a parameter: an edit that can change a result makes exactly the artifacts of that code stale, and nothing else does.
A file that only moves to another folder, with the imports that name it, makes nothing stale.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from unlearnkit.errors import UnlearnkitError
from unlearnkit.sources import is_file, member, origin_of, refuse_missing, refuse_sibling, syntax_tree

COMPUTING = tuple(
    f"unlearnkit.{part}"
    for part in (
        "seeds",
        "facts",
        "data",
        "models",
        "training",
        "attribution",
        "observations",
        "published",
        "methods",
        "attacks",
        "metrics",
        "ranking",
        "search",
        "report",
    )
)
"""Packages whose code decides what is in an artifact.

The others name, validate and store: adding a line to the registry or a key to the configuration must not retrain a
model (what they pass on is a rule parameter anyway).
"""


STATEMENTS = ("passes", "size", "search")
"""Functions of a plug-in's `Settings` that say what it costs and where to search: correcting one reruns nothing."""

STATED = ("FURTHER_SPLITS", "ONLY_PAIRS", "DOCUMENTS")
"""Constants of a plug-in that only the configuration and plans read: stating one reruns nothing."""


OBSERVER = "observer"
"""What looks on while models are trained (`unlearnkit.training.observer`) does not count in unlearnkit: modules of this
name, and of other modules the parameters, keywords and fields of this name, and statements that only call it. In other
people's plug-ins the name may mean anything."""


@functools.cache
def computing_imports(script: Path) -> tuple[str, ...]:
    """Return the modules of `COMPUTING` that a workflow script imports: where the code that decides its output begins.

    Raises UnlearnkitError if the script is missing or cannot be parsed.
    """
    return _imports_of(str(script))


@functools.cache
def fingerprint(*modules: str) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the content of `modules`, which are a set.

    Modules that are reached through a registry must be named, since they are not imported. Raises what `content_hash`
    raises.
    """
    hashes = sorted({content_hash(module) for module in modules})
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]


@functools.cache
def content_hash(module: str) -> str:
    """Return the SHA-256 of what a module does, which includes all that it imports inside `COMPUTING`.

    Of a module outside unlearnkit it includes what it imports from its own package, or its own folder if it is named by
    its file.

    Comments, docstrings, formatting and the order of imports do not count. Nor does where a module lies: an import
    stands for the content of what it names, so moving a file changes nothing. Raises UnlearnkitError if a module does
    not exist, cannot be parsed, or imports itself in a circle.
    """
    if module in _open:
        raise UnlearnkitError(
            f"the imports of {module} lead back to it: {' -> '.join([*_open, module])}",
            expected="imports in one direction",
            remedy="move what both need into a module of its own",
        )
    _open.append(module)
    try:
        return hashlib.sha256(_normalised_source(module).encode()).hexdigest()
    finally:
        _open.pop()


_open: list[str] = []
"""The modules whose content is being hashed, from the first to what it imports."""


def closure(*modules: str) -> set[str]:
    """Return `modules` and everything they import inside `COMPUTING`; raises UnlearnkitError as `content_hash` does."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(_imports_of(module))
    return found


@functools.cache
def _imports_of(module: str) -> tuple[str, ...]:
    found: set[str] = set()
    for node in ast.walk(syntax_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = origin_of(node, module)
            inside = [_member(package, alias.name, module) for alias in node.names]
            found.update(inner or package for inner in inside)
    return tuple(sorted(name for name in found if _counts(name, module)))


def _counts(name: str, importer: str) -> bool:
    """Whether the content of `name` counts for a module that imports it: it computes, or is of the same plug-in."""
    if name.startswith("unlearnkit.") and name.rpartition(".")[2] == OBSERVER:
        return False
    if is_file(name) or any(name == package or name.startswith(package + ".") for package in COMPUTING):
        return True
    top = name.partition(".")[0]
    return top != "unlearnkit" and not is_file(importer) and top == importer.partition(".")[0]


def _member(package: str, name: str, importer: str) -> str | None:
    return member(package, name) if _counts(package, importer) else None


def _normalised_source(module: str) -> str:
    tree = syntax_tree(module)
    for node in ast.walk(tree):
        if module.startswith("unlearnkit."):
            _leave_out_observer(node)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # every free-standing string is a docstring or an attribute docstring; none of them is executed code
            node.body = [child for child in node.body if not (_is_string(child) or _is_stated(child))] or [ast.Pass()]
        if isinstance(node, ast.ClassDef) and node.name == "Settings":
            node.body = [child for child in node.body if getattr(child, "name", "") not in STATEMENTS] or [ast.Pass()]
    return _canonical(tree, module)


def _leave_out_observer(node: ast.AST) -> None:
    for name in ("body", "orelse", "finalbody"):
        if isinstance(statements := getattr(node, name, None), list):
            setattr(node, name, [child for child in statements if not _observes(child)])
    if isinstance(node, ast.Call):
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != OBSERVER]
    if isinstance(node, ast.arguments):
        pairs = zip(node.kwonlyargs, node.kw_defaults, strict=True)
        kept = [(argument, default) for argument, default in pairs if argument.arg != OBSERVER]
        node.kwonlyargs, node.kw_defaults = [argument for argument, _ in kept], [default for _, default in kept]


def _observes(node: ast.stmt) -> bool:
    """Whether a statement only calls an observer, declares a field for one, or imports its module."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").rpartition(".")[2] == OBSERVER
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id == OBSERVER
    called = node.value if isinstance(node, ast.Expr) else None
    found = called.func if isinstance(called, ast.Call) else None
    while isinstance(found, ast.Attribute):
        found = found.value if found.attr != OBSERVER else ast.Name(OBSERVER)
    return isinstance(found, ast.Name) and found.id == OBSERVER


def _canonical(node: Any, module: str) -> str:
    """Return a tree as text that is the same in every version of Python; ast.dump and ast.unparse are not."""
    if isinstance(node, ast.JoinedStr):
        # Python 3.12.1 ends some f-strings with an empty constant
        node.values = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return f"{type(node).__name__}({','.join(f'{name}={_canonical(value, module)}' for name, value in fields)})"
    return f"[{','.join(_each(node, module))}]" if isinstance(node, list) else repr(node)


def _each(nodes: list[Any], module: str) -> Iterator[str]:
    for imports, run in itertools.groupby(nodes, key=lambda node: isinstance(node, ast.Import | ast.ImportFrom)):
        alike = list(run)
        yield from _imported(alike, module) if imports else [_canonical(node, module) for node in alike]


def _imported(statements: Iterable[ast.Import | ast.ImportFrom], importer: str) -> list[str]:
    """Return what statements that follow one another import, sorted: one text per name, by content where it counts.

    Of other modules only the names count, and those of this package may move as well.
    """
    found: list[str] = []
    for node in statements:
        package = origin_of(node, importer) if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            if isinstance(node, ast.ImportFrom) and node.level:
                refuse_missing(package, importer, node, alias.name)
            inner = _member(package, alias.name, importer) if package else alias.name
            source = _source(inner or package, importer)
            found.append(f"import {source} {'' if inner else alias.name} as {alias.asname or alias.name}")
    return sorted(found)


def _source(module: str, importer: str) -> str:
    if _counts(module, importer):
        return content_hash(module)
    if is_file(importer):
        refuse_sibling(module, importer)
    return "unlearnkit" if module.partition(".")[0] == "unlearnkit" else module


def _is_stated(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id in STATED for target in targets)


def _is_string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
