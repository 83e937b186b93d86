"""What `unlearnkit new-method` and its like share: a plug-in begun from a template."""

from __future__ import annotations

import argparse
import keyword
import os
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unlearnkit import registry
from unlearnkit.artifacts.store import write_text
from unlearnkit.config.names import unportable
from unlearnkit.config.outside import RESERVED
from unlearnkit.errors import ArtifactError, UnlearnkitError
from unlearnkit.layout import REFERENCE_CANDIDATES

LONGEST_NAME = 36
"""Characters of a plug-in's name, which stands in file names, tables and figures."""

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Kind:
    """A kind of plug-in that can be begun: its kind and dictionary in the registry, and what the command writes.

    `rooms` maps a choice to the folder in the package and the template; `option` is the option that chooses, if there
    are several, `entry` the lines that name the plug-in in a configuration, and `left` says what is left to do.
    """

    kind: str
    listing: str
    rooms: Mapping[str, tuple[str, str]]
    entry: str
    left: str
    option: str = ""
    entry_of_file: str = ""

    @property
    def first(self) -> str:
        """What is chosen unless the option says something else."""
        return next(iter(self.rooms))

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the name, where to write, and the option that chooses the room."""
        parser.add_argument("name", metavar="NAME", help="small letters, digits and _, such as joint_ascent")
        parser.add_argument(
            "--here", action="store_true", help="write NAME.py into this folder, for a configuration that names it so"
        )
        if self.option:
            meaning = f"{', '.join(self.rooms)}; {self.first} unless given"
            parser.add_argument(self.option, dest="room", choices=self.rooms, default=self.first, help=meaning)
        else:
            parser.set_defaults(room=self.first)

    def run(self, options: argparse.Namespace) -> int:
        """Write the file and, in a clone, its line in the registry; say what is left to do."""
        package, name = Path(registry.__file__).parent, options.name
        if options.here or not in_a_clone(package):
            path = alone(self, Path(), name, options.room)
            entry = string.Template(self.entry_of_file or self.entry).substitute(name=name, named=path.name)
            print(f"wrote {path}\n\nIn a configuration file beside it:\n{entry}", end="")
            return 0
        files = create(self, package, name, options.room), package / "registry.py"
        path, listing = map(os.path.relpath, files)
        print(f"wrote {path}\nadded to {listing}: {self.line(name, options.room)}\n\nWhat is left:")
        print(string.Template(self.left).substitute(name=name, text="text_" if options.room == "text" else ""), end="")
        entry = string.Template(self.entry).substitute(name=name, named=name)
        print(f"- the entry of a configuration:\n{entry}", end="")
        return 0

    def line(self, name: str, room: str) -> str:
        """Return the line of the registry."""
        folder = self.rooms[room][0].replace("/", ".")
        return f'"{name}": "unlearnkit.{folder}.{name}",'

    def text(self, name: str, room: str) -> str:
        """Return the file of a new plug-in, from the template."""
        template = string.Template(_read(TEMPLATES / self.rooms[room][1]))
        return template.substitute(name=name, title=name.replace("_", " ").capitalize())


def in_a_clone(package: Path) -> bool:
    """Return whether a package is that of a clone, which is there to be edited."""
    return (package.parent / "Snakefile").is_file()


def alone(kind: Kind, folder: Path, name: str, room: str) -> Path:
    """Write NAME.py into `folder` and return its path; raises UnlearnkitError, having written nothing, if it cannot."""
    _refuse_name(kind, name)
    if name in registry.OURS[kind.kind]:
        raise UnlearnkitError(f"there is a {kind.kind} '{name}' in unlearnkit", remedy="choose another name")
    path = folder / f"{name}.py"
    if path.exists():
        raise UnlearnkitError(f"{path} exists already", remedy="choose another name, or remove it")
    try:
        write_text(path, kind.text(name, room))
    except ArtifactError as error:
        raise UnlearnkitError(error.fact, remedy="free the disk or correct the permissions") from None
    return path


def create(kind: Kind, package: Path, name: str, room: str) -> Path:
    """Write the file of a plug-in into its room of a clone's package, and its line of registry.py; return its path.

    Both are written or neither. Raises UnlearnkitError, having changed nothing, if the package is not that of a clone,
    if no new plug-in can have this name, or if a file cannot be read or written.
    """
    path, listing = package / kind.rooms[room][0] / f"{name}.py", package / "registry.py"
    if not in_a_clone(package):
        raise UnlearnkitError(
            f"{package} is not in a clone: no Snakefile lies beside it",
            expected="the package of the clone that the plug-in is for",
            remedy="give the command at the root of the clone, as `python -m unlearnkit`",
        )
    _refuse_name(kind, name)
    registered = with_entry(kind, _read(listing), name, room)
    _write(path, kind.text(name, room), listing, registered)
    return path


def with_entry(kind: Kind, listed: str, name: str, room: str) -> str:
    """Return `listed`, the text of registry.py, with a line for the plug-in `name` after the last one of its kind.

    Raises UnlearnkitError if it is there, or if the dictionary has another shape than the formatter gives it.
    """
    pattern = rf'^{kind.listing}: .*\(\n    \{{\n(        (".*",|#.*)\n)+(?=    \}}\n\)\n)'
    entries = re.search(pattern, listed, re.MULTILINE)
    if entries is None:
        raise UnlearnkitError(
            f"{kind.listing} of unlearnkit/registry.py cannot take another line",
            expected="one dict of names and modules, each entry on its own line and with a comma",
            remedy="correct it, or write the file and its line by hand",
        )
    if found := re.search(rf'"{name}": "(.*)"', entries[0]):
        raise UnlearnkitError(
            f"there is a {kind.kind} '{name}' ({found[1]})",
            expected=f"a name that no {kind.kind} has",
            remedy="choose another name",
        )
    return f"{listed[: entries.end()]}        {kind.line(name, room)}\n{listed[entries.end() :]}"


def _refuse_name(kind: Kind, name: str) -> None:
    """Raise UnlearnkitError if no plug-in of the kind can have this name."""
    why = [reason for _, reason in unportable([name])]
    if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}", name):
        why.append(f"which is not 1 to {LONGEST_NAME} small letters, digits and _, a letter first")
    if keyword.iskeyword(name):
        why.append("which is a keyword of Python")
    if name in REFERENCE_CANDIDATES:
        why.append("which stands in the tables for what methods are compared with")
    if name in RESERVED.get(kind.kind, ()):
        why.append("which is a table of its own")
    if why:
        raise UnlearnkitError(
            f"a {kind.kind} cannot have the name '{name}', {' and '.join(why)}",
            expected="the name of a module, such as joint_ascent",
            remedy="choose another name",
        )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UnlearnkitError(f"{path} cannot be read ({error})", remedy="restore it, as git checkout does") from None


def _write(path: Path, text: str, listing: Path, registered: str) -> None:
    """Write a file, which must not exist yet, and the registry; remove the file if the registry is as before."""
    if path.exists():
        raise UnlearnkitError(
            f"{path} exists, although no plug-in has this name",
            expected="a name that no file has",
            remedy="choose another name, or write its line in unlearnkit/registry.py by hand if it is one",
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
