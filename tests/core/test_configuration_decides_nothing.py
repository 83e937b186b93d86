"""Settings are values: what is computed with them stands in the packages that the fingerprint covers.

An edit in `unlearnkit.config` reruns nothing. So code that decides a result may take classes of settings from there and
read their fields, and nothing else. What a plug-in's `Settings` state about cost and search, and what is planned before
data are read, decides no result and may use anything of the configuration.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, get_origin

import pytest
from pydantic import BaseModel

from unlearnkit.fingerprint import COMPUTING, STATEMENTS

REPOSITORY = Path(__file__).resolve().parents[2]
COMPUTING_FILES = [
    path
    for name in COMPUTING
    for place in [REPOSITORY / name.replace(".", "/")]
    for path in ([place.with_suffix(".py")] if place.with_suffix(".py").exists() else sorted(place.glob("*.py")))
    if path.relative_to(REPOSITORY / "unlearnkit").as_posix() != "data/examining.py"  # `check` runs it, jobs do not
]
PLANNED = "planned_"
"""Methods that begin like this state what is known before any data are read."""
FOR_THE_GRAPH = ("input_file",)
BY_THE_SLICE = {("search/trial.py", "passes()")}
"""What decides a result although fingerprints leave it out: the slice of a study states what its settings cost."""


def outside_settings(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a module without those of a plug-in's own `Settings`."""
    for node in tree.body:
        if not (isinstance(node, ast.ClassDef) and node.name == "Settings"):
            yield from ast.walk(node)


def taken(tree: ast.Module) -> dict[str, Any]:
    """Return name -> object for all that a module imports from the configuration."""
    return {
        alias.asname or alias.name: resolved(node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith("unlearnkit.config.")
        for alias in node.names
    }


def behaviour(tree: ast.Module) -> Iterator[str]:
    """Yield what a module uses of the configuration beside classes of settings, their fields, and types of these."""
    nodes = list(outside_settings(tree))
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    names = {name: value for name, value in taken(tree).items() if name not in own and not is_type(value)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = names.get(node.value.id)
            if isinstance(module, ModuleType) and not is_type(getattr(module, node.attr)):
                yield node.attr
        if isinstance(node, ast.Name) and not isinstance(names.get(node.id), ModuleType | None):
            yield node.id
        called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if called in ("passes", *FOR_THE_GRAPH) or called.startswith(PLANNED):
            yield f"{called}()"


def resolved(module: str, name: str) -> Any:
    """Return what `from module import name` gives."""
    found = importlib.import_module(module)
    return getattr(found, name) if hasattr(found, name) else importlib.import_module(f"{module}.{name}")


def is_type(value: Any) -> bool:
    """Return whether a value is a class of settings, or a union or choice that annotates one."""
    return (isinstance(value, type) and issubclass(value, BaseModel)) or get_origin(value) is not None


@pytest.mark.parametrize("path", COMPUTING_FILES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_computing_code_takes_only_settings_from_the_configuration(path: Path) -> None:
    file = path.relative_to(REPOSITORY / "unlearnkit").as_posix()
    assert [name for name in behaviour(ast.parse(path.read_text())) if (file, name) not in BY_THE_SLICE] == []


def test_classes_of_settings_only_validate_and_state_what_is_planned() -> None:
    found = {
        f"{base.__module__}.{base.__name__}.{name}"
        for path in [*COMPUTING_FILES, *sorted((REPOSITORY / "workflow_scripts").glob("*.py"))]
        for value in taken(ast.parse(path.read_text())).values()
        if isinstance(value, type) and issubclass(value, BaseModel)
        for base in value.__mro__
        if base.__module__.startswith("unlearnkit.config")
        for name in behaving(base)
    }
    assert found == set()


def behaving(settings: type[BaseModel]) -> Iterator[str]:
    """Yield the methods and properties of a class of settings that are neither validators nor statements."""
    validators = settings.__pydantic_decorators__
    stated = {*validators.field_validators, *validators.model_validators, *STATEMENTS, *FOR_THE_GRAPH}
    for name, value in vars(settings).items():
        is_code = isinstance(value, FunctionType | property | staticmethod | classmethod)
        if is_code and name not in stated and not name.startswith(("__", "model_", PLANNED)):
            yield name


def test_the_rule_finds_behaviour() -> None:
    source = """
from unlearnkit.config.methods.costs import ModelSize, linear
from unlearnkit.config.methods.matching import MatchingSettings
class Settings(MatchingSettings):
    def size(self) -> ModelSize: return linear(1, 1)
def unlearn(settings: MatchingSettings) -> None:
    linear(settings.epochs, 1)
    settings.planned_samples(3)
"""
    assert list(behaviour(ast.parse(source))) == ["planned_samples()", "linear"]
