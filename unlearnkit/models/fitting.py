"""Does a state dict from elsewhere fit a model here? Names are mapped, and what does not fit is reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

import numpy as np

from unlearnkit.artifacts.store import BFLOAT16
from unlearnkit.artifacts.weights import State
from unlearnkit.errors import DataError

WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""
_LISTED = 6

KeyMap = Mapping[str, str | None]


def fitting_names(
    found: State, expected: State, key_map: KeyMap, path: str, key: str, tied: Iterable[Iterable[str]] = ()
) -> dict[str, str]:
    """Return name here -> name in the file, of all tensors of a model.

    `found` are the tensors of the file `path`, `expected` those of a model; `key_map` is that of the configuration at
    `key`; `tied` are names of one tensor, of which the file needs one. A name before that of every tensor which
    wrappers add is left out where no tensor here has it. Raises DataError that lists tensors that are missing,
    unexpected, or of another shape or kind, with a key map to try.
    """
    names: dict[str, str] = {}
    for theirs in found:
        ours = mapped(theirs, key_map)
        if ours is None:
            continue
        if ours in names:
            raise DataError(
                f"{path}: the tensors '{names[ours]}' and '{theirs}' both get the name '{ours}'",
                expected="every name once",
                remedy=f"correct {key}.key_map",
            )
        names[ours] = theirs
    if unused := [name for name in key_map if name and not any(_applies(name, theirs) for theirs in found)]:
        raise DataError(
            f"{key}.key_map names '{unused[0]}', and {path} has no such tensor",
            remedy=f"its tensors are {_listed(sorted(found))}",
        )
    names = _unwrapped(names, expected)
    for group in map(list, tied):
        if present := [names[name] for name in group if name in names]:
            names |= {name: names.get(name, present[0]) for name in group}
    if problem := _misfit(names, found, expected):
        raise DataError(
            f"{path} does not fit the model: {problem}",
            expected="the tensors of the architecture that `model` describes, for the classes of the data set",
            remedy=_proposal(names, found, expected, key),
        )
    return names


def mapped(name: str, key_map: KeyMap) -> str | None:
    """Return the name here of a tensor of the file; None if the key map leaves it out.

    A whole name goes before a beginning, a longer beginning before a shorter one.
    """
    if name in key_map:
        return key_map[name]
    beginnings = [key for key in key_map if (key == "" or key.endswith(".")) and name.startswith(key)]
    if not beginnings:
        return name
    longest = max(beginnings, key=len)
    replacement = key_map[longest]
    return None if replacement is None else replacement + name.removeprefix(longest)


def converted(array: np.ndarray, expected: np.ndarray, name: str, path: str) -> np.ndarray:
    """Return a tensor in the type of the model, 64 bits rounded; raises DataError for NaN or infinity."""
    if not _is_floating(array):
        return array
    rounded = array.astype(expected.dtype)
    if not np.isfinite(rounded).all():
        raise DataError(
            f"{path}: the tensor '{name}' holds NaN or infinite values",
            expected="finite weights",
            remedy="the training of this model diverged: take an earlier checkpoint",
        )
    return rounded


def _applies(key: str, name: str) -> bool:
    return name.startswith(key) if key.endswith(".") else name == key


def _unwrapped(names: dict[str, str], expected: State) -> dict[str, str]:
    for wrapper in WRAPPERS:
        if names and all(name.startswith(wrapper) for name in names) and not any(wrapper in name for name in expected):
            names = {name.removeprefix(wrapper): theirs for name, theirs in names.items()}
    return names


def _misfit(names: Mapping[str, str], found: State, expected: State) -> str:
    missing, unexpected = [name for name in expected if name not in names], [n for n in names if n not in expected]
    other = [
        f"{name} {_described(found[names[name]])} instead of {_described(expected[name])}"
        for name in expected
        if name in names and not _alike(found[names[name]], expected[name])
    ]
    parts = {"missing": missing, "unexpected": [names[name] for name in unexpected], "of another shape or type": other}
    return "; ".join(f"{what} {_listed(tensors)}" for what, tensors in parts.items() if tensors)


def _proposal(names: Mapping[str, str], found: State, expected: State, key: str) -> str:
    """The key map that gives missing tensors the names of unexpected ones of the same shape, the nearest first."""
    left = [names[name] for name in names if name not in expected]
    proposed: dict[str, str] = {}
    for name in (name for name in expected if name not in names):
        alike = [theirs for theirs in left if _alike(found[theirs], expected[name])]
        if alike:
            nearest = max(alike, key=lambda theirs: difflib.SequenceMatcher(None, theirs, name).ratio())
            left.remove(nearest)
            proposed[nearest] = name
    if not proposed:
        return "correct the settings of `model`, which must be those that the file was trained with"
    pairs = ", ".join(f'"{theirs}": "{ours}"' for theirs, ours in [*proposed.items()][:_LISTED])
    more = f", and {len(proposed) - _LISTED} more" if len(proposed) > _LISTED else ""
    return f"if these are the same tensors by other names, set {key}.key_map: {{{pairs}}}{more}"


def _alike(array: np.ndarray, expected: np.ndarray) -> bool:
    return array.shape == expected.shape and _is_floating(array) == _is_floating(expected)


def _is_floating(array: np.ndarray) -> bool:
    return array.dtype == BFLOAT16 or np.issubdtype(array.dtype, np.floating)


def _described(array: np.ndarray) -> str:
    return f"{array.dtype.name} [{', '.join(map(str, array.shape))}]"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
