"""The source of a module: found and read without running it, and imported where a job needs it.

A module is named by its dotted name (`unlearnkit.methods.images.scrub`, `my_package.shrink`) or by the path of its file
(`mine/shrink.py`), as a plug-in is that lies beside a configuration. What such a file imports from its own folder it
names relatively, as a module of a package does: `from .losses import distance`.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from unlearnkit.errors import UnlearnkitError

INDENT = "    "
"""What a line of a docstring begins with that is a formula, or another text whose lines are to be kept."""


def is_file(module: str) -> bool:
    """Return whether a module is named by the path of its file."""
    return module.endswith(".py")


@functools.cache
def source_path(module: str) -> Path:
    """Return the source file of a module, without importing the module or the packages around it.

    Raises UnlearnkitError if there is none.
    """
    if is_file(module):
        return Path(module)
    origin, _ = _found(module)
    if origin is None or not is_file(origin):
        raise UnlearnkitError(
            f"module {module} does not exist" if origin is None else f"module {module} has no source in Python",
            expected="a module that this Python can import: of a package that is installed, or on PYTHONPATH",
            remedy="correct its name, or install the package",
        )
    return Path(origin)


@functools.cache
def _found(module: str) -> tuple[str | None, list[str] | None]:
    """Return the file of a module, None if there is none, and the folders that its submodules are looked for in."""
    # importlib.util.find_spec would import the packages around it, and what these import
    parent, _, last = module.rpartition(".")
    if not parent:
        specs = (finder.find_spec(module, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
        spec = next(filter(None, specs), None)
        inside = spec and spec.submodule_search_locations
        return spec and spec.origin, None if inside is None else list(inside)
    folders = [Path(folder, last) for folder in _found(parent)[1] or ()]
    for folder in folders:
        if (package := folder / "__init__.py").is_file():
            return str(package), [str(folder)]
        if (file := folder.with_name(f"{last}.py")).is_file():
            return str(file), None
    return None, [str(folder) for folder in folders if folder.is_dir()] or None


def syntax_tree(module: str) -> ast.Module:
    """Return a new syntax tree of a module; raises UnlearnkitError if it does not exist or cannot be parsed."""
    path = source_path(module)
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnlearnkitError(
            f"cannot read {path}: {error.strerror}", remedy="restore it, or correct its name"
        ) from None
    except SyntaxError as error:
        raise UnlearnkitError(f"{path} has a syntax error in line {error.lineno}: {error.msg}") from None
    except ValueError as error:
        raise UnlearnkitError(f"{path} is not a file of Python: {error}", expected="UTF-8 text") from None


def paragraphs(module: str) -> list[str]:
    """Return the paragraphs of a module's docstring, each in one line; none if it has no docstring.

    One that is indented, such as a formula, keeps its lines and its indentation, as in Markdown.
    """
    text = ast.get_docstring(syntax_tree(module)) or ""
    found = (paragraph.rstrip() for paragraph in text.split("\n\n") if paragraph.strip())
    return [paragraph if paragraph.startswith(INDENT) else " ".join(paragraph.split()) for paragraph in found]


def formulas(module: str) -> list[str]:
    """Return the indented lines of the docstrings of a module and of its functions, without `INDENT`; no examples."""
    found: list[str] = []
    for node in ast.walk(syntax_tree(module)):
        if isinstance(node, ast.Module | ast.FunctionDef):
            lines = [line for line in (ast.get_docstring(node) or "").splitlines() if line.startswith(INDENT)]
            if not any(line.lstrip().startswith(">>>") for line in lines):
                found += (line.removeprefix(INDENT) for line in lines)
    return list(dict.fromkeys(found))


def described(module: str) -> list[str]:
    """Return the paragraphs of a module's docstring, then one of the formulas that only its functions state."""
    stated = paragraphs(module)
    lines = {line.removeprefix(INDENT) for paragraph in stated for line in paragraph.splitlines()}
    others = [INDENT + line for line in formulas(module) if line not in lines]
    return [*stated, "\n".join(others)] if others else stated


def origin_of(node: ast.ImportFrom, importer: str) -> str:
    """Return the module that `from ... import` names in the module `importer`, dotted or by its file.

    Raises UnlearnkitError for a relative import that leads out of the package.
    """
    if not node.level:
        return node.module or ""
    path = source_path(importer)
    parts = node.module.split(".") if node.module else []
    if is_file(importer) and node.level <= len(path.parents):
        return _file_of(path.parents[node.level - 1].joinpath(*parts))
    package = importer.split(".") if path.name == "__init__.py" else importer.split(".")[:-1]
    if node.level > len(package):
        raise UnlearnkitError(
            f"{path} has a relative import in line {node.lineno} that leads out of its package",
            expected="an import from its own package",
            remedy="write the whole name of the module",
        )
    return ".".join([*package[: len(package) - node.level + 1], *parts])


def _file_of(place: Path) -> str:
    """Return the file of the module or package that lies at `place`, which has no ending."""
    module = place.with_name(f"{place.name}.py")
    return str(place / "__init__.py" if place.is_dir() and not module.is_file() else module)


def member(package: str, name: str) -> str | None:
    """Return the module `name` of a package, dotted or by its file as the package is; None if it has no such module."""
    path = source_path(package)
    if path.name != "__init__.py":
        return None
    inside = Path(_file_of(path.parent / name))
    if not inside.is_file():
        return None
    return str(inside) if is_file(package) else f"{package}.{name}"


def refuse_missing(module: str, importer: str, node: ast.ImportFrom, name: str) -> None:
    """Raise UnlearnkitError if `module`, from which `importer` imports `name` by a relative import, is not there."""
    try:
        there = source_path(module).is_file() or member(module, name) is not None
    except UnlearnkitError:
        there = False
    if not there:
        inside = Path(module).with_name(f"{name}.py") if is_file(module) else f"{module}.{name}"
        raise UnlearnkitError(
            f"{importer} imports {'.' * node.level}{node.module or name}, but there is no "
            f"{module if node.module else inside}",
            remedy="restore it, or correct the import",
        )


def absent_packages(module: str) -> list[str]:
    """Return the packages that a module imports at its top level and this Python lacks; none of them is imported."""
    names = set[str]()
    for node in syntax_tree(module).body:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return sorted(top for top in {name.partition(".")[0] for name in names} if _found(top) == (None, None))


def refuse_sibling(name: str, importer: str) -> None:
    """Raise UnlearnkitError if a file imports, by its bare name, a module that lies beside it."""
    beside = source_path(importer).parent / f"{name.partition('.')[0]}.py"
    found, _ = _found(beside.stem)
    if beside.is_file() and (found is None or Path(found).resolve() == beside.resolve()):
        raise UnlearnkitError(
            f"{importer} imports {name}, which lies beside it",
            expected="a relative import, since the folder of a plug-in is not on the path of Python",
            remedy=f"write `from .{name} import ...` or `from . import {name}`",
        )


def imported(module: str) -> ModuleType:
    """Import and return a module; raises what its code raises, and ImportError if there is no such module."""
    if not is_file(module):
        return importlib.import_module(module)
    path = Path(module).resolve()
    # a package of its own for every folder: relative imports work, and two folders may have files of one name
    package = f"plug_ins_{hashlib.sha256(str(path.parent).encode()).hexdigest()[:16]}"
    around = sys.modules.setdefault(package, ModuleType(package))
    around.__path__ = [str(path.parent)]
    name = f"{package}.{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a file of Python")
    made = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(made)
    except BaseException:
        del sys.modules[name]
        raise
    return made
