"""Errors that a user can act on: the fact, what was expected, and the remedy."""

from __future__ import annotations

import contextlib
import difflib
import os
import shlex
from collections.abc import Iterable, Iterator


class UnlearnkitError(Exception):
    """A problem the user can solve, stated in one paragraph.

    `fact` names the file or key and what is wrong with it, `expected` says what should be there, `remedy` what to do.
    """

    def __init__(self, fact: str, *, expected: str | None = None, remedy: str | None = None) -> None:
        self.fact, self.expected, self.remedy = fact, expected, remedy
        text = fact if fact.endswith("...") else fact.rstrip(".")
        if expected:
            text += f"; expected {expected.rstrip('.')}"
        if remedy:
            text += ". " + remedy[0].upper() + remedy[1:].rstrip(".")
        super().__init__(text if text.endswith("?") else text + ".")


class ConfigError(UnlearnkitError):
    """The configuration is wrong; the message names the key path."""


class DataError(UnlearnkitError):
    """Raw data or a forget set is missing, damaged or out of range; the message names the file."""


class ArtifactError(UnlearnkitError):
    """An artifact is missing, truncated or was made by something else; the message names the file."""


class HubError(UnlearnkitError):
    """A repository of the hub cannot be read or written; the message names it, and the file in question."""


class MetricError(UnlearnkitError, ValueError):
    """A metric was given arrays it is not defined on; the message names the argument."""


class TooFewError(MetricError):
    """There are too few models or samples for a metric to have any value."""


class TrainingError(UnlearnkitError):
    """A model could not be trained or evaluated; the message names the model."""


@contextlib.contextmanager
def renamed(key: str, other: str) -> Iterator[None]:
    """Raise an error of the block as one that names `other` in place of `key` of the configuration."""
    try:
        yield
    except UnlearnkitError as error:
        texts = (error.fact, error.expected, error.remedy)
        fact, expected, remedy = (text and text.replace(key, other) for text in texts)
        raise type(error)(fact or "", expected=expected, remedy=remedy) from None


def suggest(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the nearest known name, else the sorted list of known names."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else f"known names: {', '.join(known)}"


def cannot_write(what: str | os.PathLike[str], error: Exception) -> ArtifactError:
    """Return the error of a file, or of "the folder F", that cannot be written."""
    reason = getattr(error, "strerror", None) or error
    if isinstance(error, FileNotFoundError) and error.filename:
        reason = f"{reason} ({error.filename})"  # something else is missing than what was to be written
    return ArtifactError(
        f"cannot write {os.fspath(what)}: {reason}",
        remedy="free the disk or correct the permissions, then give the same snakemake command again",
    )


def repair(path: str | os.PathLike[str]) -> str:
    """Return the remedy for a damaged artifact or record: the command that removes it, so that it is made again.

    With a damaged record its artifact goes too: Snakemake misses a record only where a job reads it.
    """
    name = os.fspath(path)
    doomed = [name.removesuffix(".json"), name] if name.endswith(".json") else [name]
    return f"run `rm -f {shlex.join(doomed)}`, then the same snakemake command again; only what is missing is computed"
