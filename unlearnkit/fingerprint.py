"""Fingerprints of code: what a job computes with, independent of comments, docstrings, layout and time stamps.

Snakemake cannot see edits in an imported module. Each computing rule therefore takes `fingerprint(<modules it runs>)`
as a parameter: an edit that can change a result makes exactly the artifacts of that code stale, and nothing else does.
A file that only moves to another folder, with the imports that name it, makes nothing stale.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from unlearnkit.errors import UnlearnkitError

COMPUTING = tuple(
    f"unlearnkit.{part}"
    for part in ("seeds", "facts", "data", "models", "training", "attribution", "methods", "metrics", "report")
)
"""Packages whose code decides what is in an artifact.

The others name, validate and store: adding a line to the registry or a key to the configuration must not retrain a
model (what they pass on is a rule parameter anyway).
"""


STATEMENTS = ("passes", "size", "search")
"""Functions of a plug-in's `Settings` that say what it costs and where to search: correcting one reruns nothing."""


@functools.cache
def computing_imports(script: Path) -> tuple[str, ...]:
    """Return the modules of `COMPUTING` that a workflow script imports: where the code that decides its output begins.

    Raises UnlearnkitError if the script is missing or cannot be parsed.
    """
    return _imports_of(_parsed(script), script)


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
            waiting.extend(_imports_of(syntax_tree(module), source_path(module)))
    return found


@functools.cache
def source_path(module: str) -> Path:
    """Return the source file of a module of this package, without importing the module itself.

    Raises UnlearnkitError if there is none.
    """
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise UnlearnkitError(f"module {module} does not exist", remedy="correct its name in unlearnkit/registry.py")
    return Path(spec.origin)


def syntax_tree(module: str) -> ast.Module:
    """Return a new syntax tree of a module; raises UnlearnkitError if it does not exist or cannot be parsed."""
    return _parsed(source_path(module))


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnlearnkitError(
            f"cannot read {path}: {error.strerror}", remedy="restore it from the repository"
        ) from None
    except SyntaxError as error:
        raise UnlearnkitError(f"{path} has a syntax error in line {error.lineno}: {error.msg}") from None


def _imports_of(tree: ast.Module, path: Path) -> tuple[str, ...]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _package_of(node, path)
            found.add(package)
            found.update(f"{package}.{alias.name}" for alias in node.names if _is_module(package, alias.name))
    return tuple(sorted(name for name in found if _computes(name)))


def _package_of(node: ast.ImportFrom, path: Path) -> str:
    if node.level or node.module is None:
        raise UnlearnkitError(
            f"{path} has a relative import in line {node.lineno}",
            expected="absolute imports, which the fingerprint can follow",
            remedy="write `from unlearnkit...`",
        )
    return node.module


def _computes(name: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in COMPUTING)


def _is_module(package: str, name: str) -> bool:
    if not _computes(f"{package}.{name}"):
        return False
    # by file: find_spec would import the package's modules on the way, and torch with them
    package_file = source_path(package)
    return package_file.name == "__init__.py" and (package_file.parent / f"{name}.py").exists()


def _normalised_source(module: str) -> str:
    tree, path = syntax_tree(module), source_path(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # every free-standing string is a docstring or an attribute docstring; none of them is executed code
            node.body = [child for child in node.body if not _is_string(child)] or [ast.Pass()]
        if isinstance(node, ast.ClassDef) and node.name == "Settings":
            node.body = [child for child in node.body if getattr(child, "name", "") not in STATEMENTS] or [ast.Pass()]
    return _canonical(tree, path)


def _canonical(node: Any, path: Path) -> str:
    """Return a tree as text that is the same in every version of Python; ast.dump and ast.unparse are not."""
    if isinstance(node, ast.JoinedStr):
        # Python 3.12.1 ends some f-strings with an empty constant
        node.values = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return f"{type(node).__name__}({','.join(f'{name}={_canonical(value, path)}' for name, value in fields)})"
    return f"[{','.join(_each(node, path))}]" if isinstance(node, list) else repr(node)


def _each(nodes: list[Any], path: Path) -> Iterator[str]:
    for imports, run in itertools.groupby(nodes, key=lambda node: isinstance(node, ast.Import | ast.ImportFrom)):
        alike = list(run)
        yield from _imported(alike, path) if imports else [_canonical(node, path) for node in alike]


def _imported(statements: Iterable[ast.Import | ast.ImportFrom], path: Path) -> list[str]:
    """Return what statements that follow one another import, sorted: one text per name, by content where it computes.

    Of other modules of this package only the names count, so these may move as well.
    """
    found: list[str] = []
    for node in statements:
        package = _package_of(node, path) if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            module = f"{package}.{alias.name}" if package else alias.name
            whole = not package or _is_module(package, alias.name)
            source = _source(module if whole else package)
            found.append(f"import {source} {'' if whole else alias.name} as {alias.asname or alias.name}")
    return sorted(found)


def _source(module: str) -> str:
    if _computes(module):
        return content_hash(module)
    return "unlearnkit" if module.partition(".")[0] == "unlearnkit" else module


def _is_string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
