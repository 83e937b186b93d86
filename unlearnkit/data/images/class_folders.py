"""Folders of classes, in the layout of torchvision's ImageFolder: which pictures they hold, without reading any."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from unlearnkit.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
"""Of pictures, in small or capital letters; other files in the folder of a class are an error."""

_NO_PICTURES = ("Thumbs.db", "desktop.ini")
"""What file managers leave in folders; hidden files, whose names begin with a dot, are not read either."""


class Picture(NamedTuple):
    """A file, its path from the root with slashes, its class, and its position among those of all classes."""

    path: Path
    name: str
    label: int
    position: int


def classes_in(folder: Path, root: Path) -> dict[str, list[Picture]]:
    """Return class name -> its pictures, both ascending, of a `folder` in or at `root` that holds folders of classes.

    A folder in the folder of a class belongs to the class. Raises DataError, naming folder or file, if there are fewer
    than two classes, an empty one, pictures outside them, other files, links in circles or links to nothing.
    """
    names = folders_in(folder)
    if len(names) < 2:
        found = f"one class, '{names[0]}'" if names else "no folders of classes"
        raise DataError(
            f"'{folder}' has {found}",
            expected="two or more folders, one per class, each with the pictures of its class",
            remedy="sort the pictures into such folders, or correct data.root",
        )
    if loose := [entry.path for entry in _entries(folder) if _is_picture(entry)]:
        raise DataError(
            f"'{loose[0]}' lies beside the folders of classes, {len(loose)} in all",
            expected="every picture in the folder of its class",
            remedy="move them there",
        )
    classes: dict[str, list[Picture]] = {}
    position = 0
    for label, name in enumerate(names):
        numbered = enumerate(_paths(folder / name), position)
        classes[name] = [Picture(path, path.relative_to(root).as_posix(), label, place) for place, path in numbered]
        position += len(classes[name])
    return classes


def folders_in(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, ascending, without hidden ones."""
    return [entry.name for entry in _entries(folder) if _is(entry.is_dir)]


def _paths(folder: Path) -> list[Path]:
    """Return the pictures of a class in the order of their paths."""
    if paths := sorted(map(Path, _pictures(folder)), key=lambda path: path.parts):
        return paths
    raise DataError(
        f"class '{folder.name}' is empty: there is no picture in '{folder}'",
        expected=f"files that end in {', '.join(SUFFIXES)}",
        remedy="add pictures, or remove the folder",
    )


def _pictures(folder: Path, above: tuple[str, ...] = ()) -> Iterator[str]:
    here = os.path.realpath(folder)
    if here in above:
        raise DataError(
            f"the link '{folder}' leads back to a folder that contains it", expected="no circle", remedy="remove it"
        )
    for entry in _entries(folder):
        if _is(entry.is_dir):
            yield from _pictures(Path(entry.path), (*above, here))
        elif not _is(entry.is_file):
            raise DataError(
                f"'{entry.path}' is not a file, or a link to nothing", expected="a picture", remedy="remove it"
            )
        elif not _is_picture(entry):
            raise DataError(
                f"'{entry.path}' does not end like a picture",
                expected=", ".join(SUFFIXES),
                remedy="convert it, or move it elsewhere",
            )
        else:
            yield entry.path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            kept = (entry for entry in found if not entry.name.startswith(".") and entry.name not in _NO_PICTURES)
            return sorted(kept, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"'{folder}' cannot be read: {error.strerror}", expected="a folder", remedy="correct its permissions"
        ) from None


def _is(kind: Callable[[], bool]) -> bool:
    """Return whether an entry is of a kind; a link to itself is of none."""
    try:
        return kind()
    except OSError:
        return False


def _is_picture(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(SUFFIXES)
