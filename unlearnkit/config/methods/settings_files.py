"""Settings that an entry of `methods` takes from a file: written by hand, or made by a rule before the method runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from unlearnkit.config.blocks import MethodBlock, declared, own_settings
from unlearnkit.config.problems import combined, from_validation, unwanted_booleans
from unlearnkit.config.reading import read_yaml
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.layout import RESULTS


def made_file(block: MethodBlock) -> str | None:
    """Return the file with the settings of an entry if a rule makes it, as all files below results/ are made."""
    path = block.settings_file
    return path if path and Path(path).parts[:1] == (RESULTS,) else None


def is_pending(block: MethodBlock) -> bool:
    """Return whether the settings of an entry are in a file that a rule is yet to make.

    So is the choice of a search that was for other settings than the present one, and is made again.
    """
    path = made_file(block)
    return path is not None and (not Path(path).exists() or (block.tuned_by is not None and not _fits(block)))


def _fits(block: MethodBlock) -> bool:
    try:
        return not [*_problems(block, _read(block))]
    except ConfigError:
        return False


def settings_in(block: MethodBlock) -> dict[str, Any]:
    """Return the settings of an entry: what stands in it and, if it names a file that is there, what the file holds.

    Raises ConfigError that lists all that is wrong with the file.
    """
    stored = _stored(block)
    if problems := list(_problems(block, stored)):
        raise combined(problems)
    return {**own_settings(block), **stored}


def file_problems(key: str, block: MethodBlock) -> Iterator[ConfigError]:
    """Yield what is wrong with the file of an entry, or with an entry whose file is not there yet."""
    try:
        problems = list(_problems(block, _stored(block)))
    except ConfigError as error:
        problems = [error]
    yield from (ConfigError(f"{key}.settings_file: {str(problem).rstrip('.')}") for problem in problems)
    if "{" in (made_file(block) or ""):
        yield ConfigError(
            f"{key}.settings_file is {block.settings_file}, which has a brace, and Snakemake takes that for a wildcard",
            remedy="choose another name for the file that the rule makes",
        )
    yield from _pending_problems(key, block)


def _stored(block: MethodBlock) -> dict[str, Any]:
    """Return what the file of an entry holds: nothing without a file, or before it is made."""
    return {} if block.settings_file is None or is_pending(block) else _read(block)


def _read(block: MethodBlock) -> dict[str, Any]:
    return read_yaml(
        Path(block.settings_file or ""),
        expected=f"settings of {block.method}, one `key: value` a line",
        remedy=f"correct settings_file; a file that a rule makes lies below {RESULTS}/",
    )


def _problems(block: MethodBlock, stored: dict[str, Any]) -> Iterator[ConfigError]:
    """Yield what is wrong with the settings in the file of an entry."""
    path, known = block.settings_file, declared("method", block.method).Settings.model_fields
    for key in stored.keys() - known.keys():
        yield ConfigError(f"{key} in {path} is not a setting of {block.method}", remedy=suggest(str(key), known))
    settings = {key: value for key, value in stored.items() if key in known}
    try:
        accepted = type(block).model_validate({"method": block.method, **settings}).model_dump()
    except ValidationError as error:
        wrong = from_validation(error, type(block))
    else:
        wrong = unwanted_booleans(settings, accepted)
    yield from (ConfigError(f"in {path}, {str(problem).rstrip('.')}") for problem in wrong)
    grid = getattr(block, "grid", None)
    for key in settings.keys() & {*own_settings(block), *(grid.model_fields_set if grid else ())}:
        yield ConfigError(f"{key} is set in {path} and in the entry", remedy="keep one of the two")


def _pending_problems(key: str, block: MethodBlock) -> Iterator[ConfigError]:
    """Yield what an entry lacks to be planned before its settings are known."""
    if not is_pending(block):
        return
    method, path = declared("method", block.method), block.settings_file
    if needs := {"oracle_pool", "attribution"} & {*method.NEEDS}:
        yield ConfigError(
            f"{key}.settings_file: {path} is not there yet, and the settings of {block.method} decide what it reads "
            f"({', '.join(sorted(needs))})",
            expected="a file that exists when the run is planned",
            remedy="make the file first, by a command of its own",
        )
    elif block.tuned_by is None and block.snapshots is None and {"epochs", "steps"} & {*method.Settings.model_fields}:
        yield ConfigError(
            f"{key}.settings_file: {path} is not there yet, so the last epoch is not known",
            expected=f"the epochs to evaluate in {key}.snapshots",
        )
