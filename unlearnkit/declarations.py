"""Read what a plug-in declares (`Settings`, constants, `raw_paths`, `facts`) without importing what it imports.

The configuration is validated whenever Snakemake parses the Snakefile, in the main process and in every cluster job;
importing torch there would cost seconds each time. So only a plug-in's declarations are executed: `Settings`,
upper-case constants, and two functions of data: `raw_paths`, which says what files it reads, and `facts`, which
measures them. They may use each other, the standard library, pydantic, `unlearnkit.config`, `unlearnkit.facts`,
`unlearnkit.layout` and `unlearnkit.workflow.raw_files`, and import inside what takes no time: never torch.
"""

from __future__ import annotations

import ast
import functools
import itertools
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from unlearnkit.config.settings import MethodSettings, ModelSettings, ObservationSettings, Settings
from unlearnkit.errors import ConfigError, UnlearnkitError, suggest
from unlearnkit.fingerprint import content_hash
from unlearnkit.registry import OURS, REGISTRIES, TASKS, changes_prompts, task_of
from unlearnkit.sources import source_path, syntax_tree

_OF_DATA = ("CONTENT_HASH", "SOURCE", "DOWNLOAD_BYTES")
_OF_IMAGES = ("NUM_CLASSES", "CLASS_NAMES", "IMAGE_SHAPE", "TRAIN_SIZE", "VALIDATION_SIZE", "MEAN", "STD", "load")
CONTRACTS: Mapping[str, tuple[str, ...]] = {
    "method": ("Settings", "STACKABLE", "NEEDS", "unlearn"),
    "attack": ("Settings", "STACKABLE", "attack"),
    "attack on prompts": ("Settings", "PROMPTS", "prompts"),
    "metric": ("Settings", "AXIS", "NEEDS_ORACLE", "MEASURES", "HEADLINE", "STATISTIC", "score"),
    "observation": ("Settings", "VALUES", "NEEDS", "observe"),
    "observation of others": ("Settings", "VALUES", "NEEDS", "READS", "derive"),
    "model": ("Settings", "STACK_SIZE", "build", "adapter"),
    "data set": (*_OF_DATA, *_OF_IMAGES),
    "data set that is measured": (*_OF_DATA, "facts", "raw_paths", "load"),
    "data set of text": (*_OF_DATA, "documents"),
    "data set of pairs": (*_OF_DATA, "VIEWS", "FORGET_LISTS", "pairs"),
    "data set of tokens": (*_OF_DATA, "VOCABULARY_SIZE", "END_OF_TEXT", "shards"),
}
"""What a module of each kind must define; the docstring of its package says what each name means."""

ARGUMENTS: Mapping[str, str] = {
    "unlearn": "model, data, settings, context",
    "attack": "model, data, settings, context",
    "prompts": "pairs, retained, settings, rng",
    "score": "candidate, oracle, *, settings, rng",
    "score with originals": "candidate, oracle, *, original, settings, rng",
    "observe": "subjects, settings",
    "derive": "shown, settings, means",
    "build": "num_classes, shape, settings",
    "adapter": "model",
    "load": "root",
    "documents": "root, settings",
    "pairs": "root, settings",
    "shards": "root",
}
"""Function of a plug-in -> how it is called: those before `*` by position, so that their names may differ."""

_ALLOWED = ("pydantic", "unlearnkit.config", "unlearnkit.facts", "unlearnkit.layout", "unlearnkit.workflow.raw_files")
"""What declarations may use beside the standard library."""

BASES: Mapping[str, type[Settings]] = {
    "method": MethodSettings,
    "attack": MethodSettings,
    "model": ModelSettings,
    "metric": Settings,
    "observation": ObservationSettings,
}
"""Kind -> what its `Settings` derive from."""

PACKAGES: Mapping[str, str] = {
    "method": "unlearnkit.methods",
    "attack": "unlearnkit.attacks",
    "metric": "unlearnkit.metrics",
    "observation": "unlearnkit.observations",
    "data set": "unlearnkit.data",
    "model": "unlearnkit.models",
}
"""Kind -> the package whose docstring states its contract."""

TYPES: Mapping[str, type[Any]] = {
    **dict.fromkeys(("STACKABLE", "NEEDS_ORACLE", "NEEDS_ORIGINAL", "PROMPTS"), bool),
    **dict.fromkeys(("STACK_SIZE", "NUM_CLASSES", "TRAIN_SIZE", "VALIDATION_SIZE", "DOWNLOAD_BYTES"), int),
    **dict.fromkeys(("NEEDS", "READS", "IMAGE_SHAPE", "MEAN", "STD", "CLASS_NAMES"), tuple),
    **dict.fromkeys(("MEASURES", "VALUES"), Mapping),
}
"""Constant -> its type, where another is a mistake easily made: `NEEDS = ("recipe")` is text."""

OBSERVED = ("float32", "bool", "int32", "float32 list", "string")
"""What a value of an observation can be."""

OF_A_MEASURE = ("direction", "low", "high", "unit", "label", "splits")


@functools.cache
def declarations(module_name: str) -> ModuleType:
    """Return a module object with `Settings`, upper-case constants, `raw_paths` and `facts` of `module_name` alone.

    Raises UnlearnkitError if the module does not exist or a declaration needs more than the allowed imports.
    """
    path, tree = source_path(module_name), syntax_tree(module_name)
    defined = frozenset(_names(tree))
    # a decorator may give a function other arguments
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list)
    arguments = {node.name: node.args for node in functions}
    tree.body = [node for node in tree.body if _is_declaration(node)]
    module = ModuleType(module_name)
    module.__file__ = str(path)
    vars(module)["__defined__"] = defined
    vars(module)["__arguments__"] = arguments
    # pydantic resolves annotations through sys.modules; a private name keeps the real module importable beside this one
    module.__name__ = f"{module_name}:declarations"
    sys.modules[module.__name__] = module
    try:
        exec(compile(tree, str(path), "exec"), module.__dict__)
    except NameError as error:
        raise UnlearnkitError(
            f"the declarations of {module_name} use a name that is not available to them ({error})",
            expected=f"Settings and constants built only from the standard library, {', '.join(_ALLOWED)}",
            remedy=f"move the value into a function of {path.name}",
        ) from None
    except Exception as error:
        raise UnlearnkitError(
            f"the declarations of {path} fail: {type(error).__name__}: {' '.join(str(error).split())}",
            expected="Settings and constants that can be read without importing the module",
        ) from None
    return module


def incomplete_plug_ins(registries: Mapping[str, Mapping[str, str]] = REGISTRIES) -> Iterator[ConfigError]:
    """Yield one problem for each registered plug-in that does not define what its kind must, naming all that it lacks.

    One from outside must also be such that a fingerprint can be taken: all files that it imports are there. Raises
    UnlearnkitError as `declarations` does.
    """
    for kind, names in registries.items():
        for name, module in names.items():
            plug_in = declarations(module)
            if missing := list(_missing(kind, plug_in)):
                yield ConfigError(
                    f"{kind} '{name}' does not define {', '.join(missing)}",
                    expected=f"all that the docstring of {PACKAGES[kind]} lists",
                    remedy=f"add what is missing to {plug_in.__file__}{_of_old_methods(plug_in)}",
                )
            yield from _unknown_reads(kind, name, plug_in)
            if module not in OURS[kind].values():
                yield from _without_fingerprint(module)


def _without_fingerprint(module: str) -> Iterator[ConfigError]:
    try:
        content_hash(module)
    except UnlearnkitError as error:
        yield ConfigError(error.fact, expected=error.expected, remedy=error.remedy)


def _of_old_methods(plug_in: ModuleType) -> str:
    """Return what more to do for a method with the arguments that methods once had."""
    arguments = vars(plug_in)["__arguments__"].get("unlearn")
    if arguments is None or not {"retain", "forget"} <= {argument.arg for argument in arguments.args}:
        return ""
    return "; take `data` in place of `retain` and `forget`, which are now data.retain and data.forget"


def _missing(kind: str, plug_in: ModuleType) -> Iterator[str]:
    wanted, defined = CONTRACTS[_contract(kind, plug_in)], vars(plug_in)["__defined__"]
    yield from (part for part in wanted if part not in defined)
    for part in (name for name in wanted if name in defined and (name == "Settings" or name.isupper())):
        if not hasattr(plug_in, part):
            yield f"{part} in the file itself"
        elif not isinstance(value := getattr(plug_in, part), TYPES.get(part, object)):
            yield f"{part} as {TYPES[part].__name__.lower()}, not as {type(value).__name__}"
    for name, arguments in vars(plug_in)["__arguments__"].items():
        called = _called(name, plug_in)
        if name in wanted and name in ARGUMENTS and not _takes(arguments, called):
            yield f"{name} with the arguments ({called})"
    if isinstance(settings := getattr(plug_in, "Settings", None), type) and not issubclass(
        settings, BASES.get(kind, Settings)
    ):
        yield f"Settings that derive from {BASES.get(kind, Settings).__name__} of unlearnkit.config.settings"
    measures = getattr(plug_in, "MEASURES", None)
    for name, measure in measures.items() if isinstance(measures, Mapping) else ():
        yield from (f'MEASURES["{name}"]["{key}"]' for key in OF_A_MEASURE if key not in measure)
    values = getattr(plug_in, "VALUES", None)
    if isinstance(values, Mapping) and not all(_are_values(task, declared) for task, declared in values.items()):
        yield f"VALUES as {' or '.join(TASKS)} -> name of a value -> {' or '.join(OBSERVED)}"


def _called(function: str, plug_in: ModuleType) -> str:
    """Return how a function is called, which depends on what else the plug-in declares."""
    if function == "load" and hasattr(plug_in, "facts"):
        return "root, data"
    with_originals = function == "score" and getattr(plug_in, "NEEDS_ORIGINAL", False)
    return ARGUMENTS.get(f"{function} with originals" if with_originals else function, "")


def _takes(arguments: ast.arguments, called: str) -> bool:
    """Whether a function with these arguments can be called as `called`, written as in ARGUMENTS, says."""
    places, _, by_name = called.partition("*, ")
    count, keywords = len(places.rstrip(", ").split(", ")), {*filter(None, by_name.split(", "))}
    named = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    left = {*named[count:], *(argument.arg for argument in arguments.kwonlyargs)}
    optional = {*named[len(named) - len(arguments.defaults) :]}
    optional |= {
        argument.arg for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default
    }
    enough = arguments.vararg is not None or len(named) >= count
    return enough and left - optional <= keywords and (arguments.kwarg is not None or keywords <= left)


def _are_values(task: str, values: Any) -> bool:
    return task in TASKS and isinstance(values, Mapping) and bool(values) and {*values.values()} <= {*OBSERVED}


def _unknown_reads(kind: str, name: str, plug_in: ModuleType) -> Iterator[ConfigError]:
    declared = (getattr(plug_in, name, ()) for name in ("READS", "READS_IF_ASKED"))
    each = (
        [(reads,) if isinstance(reads, str) else reads for reads in declared]
        if kind in ("metric", "observation")
        else []
    )
    for observation in itertools.chain(*each):
        if observation not in REGISTRIES["observation"]:
            yield ConfigError(
                f"{kind} '{name}' reads '{observation}', which is no registered observation",
                expected=f"{', '.join(REGISTRIES['observation'])}, or one of yours that the block observations names",
                remedy=suggest(observation, REGISTRIES["observation"]),
            )


def _contract(kind: str, plug_in: ModuleType) -> str:
    if kind == "observation" and hasattr(plug_in, "READS"):
        return "observation of others"
    if kind == "attack" and changes_prompts(plug_in):
        return "attack on prompts"
    if kind != "data set":
        return kind
    if task_of(plug_in) == "image":
        return "data set that is measured" if hasattr(plug_in, "facts") else kind
    if getattr(plug_in, "PAIRS", False):
        return "data set of pairs"
    return "data set of tokens" if getattr(plug_in, "TOKENISED", False) else "data set of text"


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield the names that the top level of a module defines."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        else:
            names = (part for part in ast.walk(node) if isinstance(part, ast.Name))
            yield from (name.id for name in names if isinstance(name.ctx, ast.Store))


def _is_declaration(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and _is_allowed(node.module or "")
    if isinstance(node, ast.Import):
        return all(_is_allowed(alias.name) for alias in node.names)
    if isinstance(node, ast.ClassDef):
        return node.name == "Settings"
    if isinstance(node, ast.FunctionDef):
        return node.name in ("raw_paths", "facts")
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper()


def _is_allowed(module: str) -> bool:
    is_standard = module.partition(".")[0] in sys.stdlib_module_names
    return is_standard or any(f"{module}.".startswith(f"{allowed}.") for allowed in _ALLOWED)
