"""The package's shape, enforced on its syntax trees: who may import whom, file sizes, documented public names."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / "unlearnkit").rglob("*.py"))
SCRIPTS = sorted((REPOSITORY / "workflow_scripts").glob("*.py"))

LAYERS = {
    0: {
        "errors",
        "extras",
        "facts",
        "seeds",
        "fingerprint",
        "registry",
        "judges",
        "objectives",
        "user_plug_ins",
        "declared",
        "sources",
        "layout",
        "places",
        "shipped",
        "stages",
    },
    1: {
        "config",
        "declarations",
        "workflow",
    },
    2: {"artifacts", "hub"},
    3: {"metrics", "ranking"},
    4: {"data", "models", "training", "attribution", "observations", "published"},
    5: {"methods", "attacks"},
    6: {"search"},
    7: {
        "report",
        "planning",
        "progress",
        "lineage",
        "doctor",
        "score",
        "publication",
        "reproduction",
        "paper",
        "export",
    },
    8: {"commands", "experiment_results", "metric_functions"},
    9: {"__main__"},
}
WITHOUT_LEARNING = LAYERS[7] | {"commands"}
"""What runs on a head node in a second: no torch, so no data sets, models, training or methods."""
LEARNING = {"torch", "torchvision", "numpy", "pydantic"}
LANGUAGE = {
    "transformers",
    "tokenizers",
    "huggingface_hub",
    "datasets",
    "lm_eval",
    "peft",
    "rouge_score",
    "sacrebleu",
    "wordllama",
}
"""What text needs."""
THIRD_PARTY = {
    0: set(),
    1: {"pydantic", "pydantic_core", "yaml"},
    2: {"huggingface_hub", "ml_dtypes", "numpy", "pyarrow", "safetensors"},
    3: {"numpy", "scipy", "pydantic"},
    4: {*LEARNING, "trak", "sklearn", "scipy", "threadpoolctl", "PIL", *LANGUAGE},
    5: {"torch", "pydantic"},
    6: {"numpy", "optuna"},
    7: {
        *("numpy", "pyarrow", "matplotlib", "jinja2", "markupsafe", "pydantic", "pylatexenc", "rich", "yaml"),
        *("snakemake", "snakemake_interface_logger_plugins", "tensorboardX"),
    },
    8: {"snakemake", "numpy", "pandas", "torch"},
    9: set(),
}


def layer_of(part: str) -> int:
    return next(layer for layer, parts in LAYERS.items() if part in parts)


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in it; names of a package that are modules count as such."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import, which fingerprints do not follow"
            inner = [name for alias in node.names if (name := f"{node.module}.{alias.name}") in MODULES]
            yield from inner or [node.module or ""]


def test_imports_point_downwards() -> None:
    wrong = [
        f"{module} (layer {layer_of(module.split('.')[1])}) imports {name}"
        for module in MODULES
        if module != "unlearnkit"
        for name in forbidden(module)
    ]
    assert not wrong, "\n".join(wrong)


def forbidden(module: str) -> Iterator[str]:
    """Yield what a module imports although its layer may not."""
    room = module.split(".")[1]
    layer = layer_of(room)
    allowed = {part for below in range(layer) for part in LAYERS[below]} | LAYERS[layer]
    if room in WITHOUT_LEARNING:
        allowed -= LAYERS[4] | LAYERS[5] | LAYERS[6]
    for name in imports(MODULES[module]):
        top, *rest = name.split(".")
        if top != "unlearnkit":
            if top not in sys.stdlib_module_names | THIRD_PARTY[layer]:
                yield name
        elif rest and rest[0] not in allowed:
            yield name


def test_metrics_import_only_errors_settings_and_each_other() -> None:
    for module, path in MODULES.items():
        if module.startswith("unlearnkit.metrics."):
            inside = {name for name in imports(path) if name.startswith("unlearnkit")}
            outside = {name for name in inside if not name.startswith("unlearnkit.metrics")}
            assert outside <= {"unlearnkit.errors", "unlearnkit.config.settings"}, f"{module} imports {outside}"


def test_plug_ins_are_imported_through_the_registry_only() -> None:
    from unlearnkit.registry import ATTACKS, METHODS, MODELS, OBSERVATIONS

    for module, path in MODULES.items():
        plug_ins = {*METHODS.values(), *MODELS.values(), *OBSERVATIONS.values(), *ATTACKS.values()}
        assert not plug_ins & set(imports(path)), f"{module} names a plug-in"


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("data", ("images", "text")),
        ("models", ("images", "language")),
        ("training", ("images", "language")),
        ("methods", ("references", "images", "challenge", "language")),
        ("attacks", ("images", "language")),
        ("metrics", ("distribution", "attacks", "utility", "arena", "language")),
    ],
)
def test_rooms_side_by_side_know_nothing_of_each_other(package: str, rooms: tuple[str, ...]) -> None:
    for module, path in MODULES.items():
        own = next((room for room in rooms if module.startswith(f"unlearnkit.{package}.{room}.")), None)
        others = tuple(f"unlearnkit.{package}.{room}." for room in rooms if own and room != own)
        assert not [name for name in imports(path) if f"{name}.".startswith(others or "-")], module


def test_there_are_no_cycles() -> None:
    graph = {module: {name for name in imports(path) if name in MODULES} for module, path in MODULES.items()}
    # an import for type checkers alone runs nothing
    for rules, kind in (
        ("rules", ""),
        ("data.rules", ""),
        ("forget_sets.rules", ""),
        ("forget_sets.continual_rules", ""),
        ("attributions.rules", ""),
        ("methods.rules", ""),
        ("attacks.rules", ""),
        ("searches.rules", ""),
        ("observations.rules", ""),
        ("text_rules", "text_"),
    ):
        graph[f"unlearnkit.config.{rules}"].discard(f"unlearnkit.config.{kind}experiment")
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize(("files", "lines"), [(FILES, 300), (SCRIPTS, 60)], ids=["package", "scripts"])
def test_files_are_short(files: list[Path], lines: int) -> None:
    assert {path.name: count for path in files if (count := len(path.read_text().splitlines())) > lines} == {}


def test_files_are_named_after_what_they_hold() -> None:
    anything = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [module for module in MODULES if anything & {*module.split(".")}] == []


def test_public_names_are_documented_and_typed() -> None:
    lacking = [f"{module}: {what}" for module, path in MODULES.items() for what in undocumented(path)]
    assert not lacking, "\n".join(lacking)


def undocumented(path: Path) -> Iterator[str]:
    """Yield what a module lacks: docstrings, and types of arguments and results."""
    tree = ast.parse(path.read_text())
    if not ast.get_docstring(tree):
        yield "no docstring"
    for name, node in public(tree):
        if not ast.get_docstring(node):
            yield f"{name} has no docstring"
        if isinstance(node, ast.FunctionDef):
            arguments = [a for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs] if a.arg != "self"]
            if node.returns is None or any(a.annotation is None and a.arg != "cls" for a in arguments):
                yield f"{name} is not fully typed"


def public(node: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            yield child.name, child
            if isinstance(child, ast.ClassDef):
                yield from ((f"{child.name}.{name}", inner) for name, inner in public(child))


def test_no_two_modules_of_tests_have_one_name() -> None:
    # pytest would import only one of them
    names = [path.name for path in (REPOSITORY / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert not {name for name in names if names.count(name) > 1}
