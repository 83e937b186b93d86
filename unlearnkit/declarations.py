"""Read what a plug-in declares (`Settings`, constants, `raw_paths`) without importing what it imports.

The configuration is validated whenever Snakemake parses the Snakefile, in the main process and in every cluster job;
importing torch there would cost seconds each time. So only a plug-in's declarations are executed: `Settings`,
upper-case constants, and the function `raw_paths` of data, which says what files it reads. They may use each other, the
standard library, pydantic, `unlearnkit.config`, `unlearnkit.layout` and `unlearnkit.raw_files`, and nothing else.
"""

from __future__ import annotations

import ast
import functools
import sys
from types import ModuleType

from unlearnkit.errors import UnlearnkitError
from unlearnkit.fingerprint import source_path, syntax_tree

_ALLOWED_IMPORTS = (
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "itertools",
    "math",
    "pathlib",
    "typing",
    "pydantic",
    "unlearnkit.config",
    "unlearnkit.facts",
    "unlearnkit.layout",
    "unlearnkit.raw_files",
)


@functools.cache
def declarations(module_name: str) -> ModuleType:
    """Return a module object that holds only `Settings`, upper-case constants and `raw_paths` of `module_name`.

    Raises UnlearnkitError if the module does not exist or a declaration needs more than the allowed imports.
    """
    path, tree = source_path(module_name), syntax_tree(module_name)
    tree.body = [node for node in tree.body if _is_declaration(node)]
    module = ModuleType(module_name)
    module.__file__ = str(path)
    # pydantic resolves annotations through sys.modules; a private name keeps the real module importable beside this one
    module.__name__ = f"{module_name}:declarations"
    sys.modules[module.__name__] = module
    try:
        exec(compile(tree, str(path), "exec"), module.__dict__)
    except NameError as error:
        raise UnlearnkitError(
            f"the declarations of {module_name} use a name that is not available to them ({error})",
            expected=f"Settings and constants built only from {', '.join(_ALLOWED_IMPORTS)}",
            remedy=f"move the value into a function of {path.name}",
        ) from None
    return module


def _is_declaration(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return _is_allowed(node.module or "")
    if isinstance(node, ast.Import):
        return all(_is_allowed(alias.name) for alias in node.names)
    if isinstance(node, ast.ClassDef):
        return node.name == "Settings"
    if isinstance(node, ast.FunctionDef):
        return node.name == "raw_paths"
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper()


def _is_allowed(module: str) -> bool:
    return any(module == allowed or module.startswith(allowed + ".") for allowed in _ALLOWED_IMPORTS)
