"""`unlearnkit new-method`: the file of a method that does nothing yet, and its line in the registry."""

from __future__ import annotations

import argparse
import keyword
import os
import re
import string
from pathlib import Path

from unlearnkit import registry
from unlearnkit.artifacts.store import write_text
from unlearnkit.config.names import unportable
from unlearnkit.errors import ArtifactError, UnlearnkitError
from unlearnkit.layout import REFERENCE_CANDIDATES

LONGEST_NAME = 40
"""Characters of a method's name, which stands in file names, tables and figures."""

TEMPLATES = {"image": "template.py.txt", "text": "template_text.py.txt"}
"""Task -> the file in unlearnkit/methods that a method for it begins as."""

_ENTRIES = re.compile(r'^METHODS: .*\(\n    \{\n(        (".*",|#.*)\n)+(?=    \}\n\)\n)', re.MULTILINE)
"""METHODS in the text of registry.py, up to its last entry."""

_TRIED = {
    "image": ("the tests take it from experiments/digits_methods.yaml", "epochs: 5, snapshots: [5]", ""),
    "text": (
        "the tests have one of their own, EXPECTED in the second file below",
        "steps: 60, snapshots: [60]",
        "text_",
    ),
}
"""Task -> where the tests take settings from, an entry's settings, and what is in the name of a file of tests."""

_NEXT = """\
wrote ${path}, which returns the original until it has a loss
added to ${listing}: ${entry}

What is left:
- the loss and the settings, in the file; then delete its line MOVES = False
- the entry under `methods:` of a configuration; ${tried}
      ${name}: {method: ${name}, ${settings}}
- make schema
- does it keep what every method promises, and does it forget?
      python -m pytest tests/methods/test_conformance.py tests/methods/test_every_${kind}method_forgets.py -k ${name}
- a row and a section in docs/methods.md
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name and the task."""
    parser.add_argument("name", metavar="NAME", help="small letters, digits and _, such as joint_ascent")
    parser.add_argument("--task", choices=TEMPLATES, default="image", help="what it unlearns from; image unless given")


def run(options: argparse.Namespace) -> int:
    """Write the file of a new method from a template, add its line to the registry, and say what is left to do.

    Both are written or neither. The method returns the original until it has a loss, and passes the conformance tests
    as it is.
    """
    package, name = Path(registry.__file__).parent, options.name
    files = create(package, name, options.task), package / "registry.py"
    path, listing = map(os.path.relpath, files)
    tried, settings, kind = _TRIED[options.task]
    words = {"tried": tried, "settings": settings, "kind": kind}
    print(string.Template(_NEXT).substitute(words, path=path, listing=listing, name=name, entry=_entry(name)), end="")
    return 0


def create(package: Path, name: str, task: str = "image") -> Path:
    """Write methods/{name}.py, for "image" or "text", and its line of registry.py; return the path of the method.

    Raises UnlearnkitError, having changed nothing, if the package is not that of a clone, if a new method cannot have
    this name, or if a file cannot be read or written.
    """
    path, listing = package / "methods" / f"{name}.py", package / "registry.py"
    if not (package.parent / "Snakefile").is_file():
        raise UnlearnkitError(
            f"{package} is not in a clone: no Snakefile lies beside it",
            expected="the package of the clone that the method is for",
            remedy="give the command at the root of the clone, as `python -m unlearnkit new-method`",
        )
    _refuse_name(name)
    registered = with_entry(_read(listing), name)
    template = string.Template(_read(package / "methods" / TEMPLATES[task]))
    _write(path, template.substitute(name=name, title=name.replace("_", " ").capitalize()), listing, registered)
    return path


def with_entry(listed: str, name: str) -> str:
    """Return `listed`, the text of registry.py, with a line for the method `name` after the last one of METHODS.

    Raises UnlearnkitError if the method is there, or if METHODS has another shape than the formatter gives it.
    """
    entries = _ENTRIES.search(listed)
    if entries is None:
        raise UnlearnkitError(
            "METHODS of unlearnkit/registry.py cannot take another line",
            expected="one dict of names and modules, each entry on its own line and with a comma",
            remedy="correct it, or write the method and its line by hand (docs/adding-a-method.md)",
        )
    if found := re.search(rf'"{name}": "(.*)"', entries[0]):
        raise UnlearnkitError(
            f"there is a method '{name}' ({found[1]})",
            expected="a name that no method has",
            remedy="choose another name",
        )
    return f"{listed[: entries.end()]}        {_entry(name)}\n{listed[entries.end() :]}"


def _entry(name: str) -> str:
    return f'"{name}": "unlearnkit.methods.{name}",'


def _refuse_name(name: str) -> None:
    """Raise UnlearnkitError if no method can have this name."""
    why = [reason for _, reason in unportable([name])]
    if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}", name):
        why.append(f"which is not 1 to {LONGEST_NAME} small letters, digits and _, a letter first")
    if keyword.iskeyword(name):
        why.append("which is a keyword of Python")
    if name in REFERENCE_CANDIDATES:
        why.append("which stands in the tables for what methods are compared with")
    if why:
        raise UnlearnkitError(
            f"a method cannot have the name '{name}', {' and '.join(why)}",
            expected="the name of a module, such as joint_ascent",
            remedy="choose another name",
        )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UnlearnkitError(f"{path} cannot be read ({error})", remedy="restore it, as git checkout does") from None


def _write(path: Path, text: str, listing: Path, registered: str) -> None:
    """Write the method, which must not exist yet, and the registry; remove the method if the registry is as before."""
    if path.exists():
        raise UnlearnkitError(
            f"{path} exists, although no method has this name",
            expected="a name that no file has",
            remedy="choose another name, or write its line in unlearnkit/registry.py by hand if it is a method",
        )
    try:
        write_text(path, text)
        write_text(listing, registered)
    except BaseException as error:
        if _read(listing) != registered:
            path.unlink(missing_ok=True)
        if isinstance(error, ArtifactError):
            remedy = "free the disk or correct the permissions; nothing was changed"
            raise UnlearnkitError(error.fact, remedy=remedy) from None
        raise
