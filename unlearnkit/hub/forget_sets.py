"""Forget sets that EasyDUB published, fetched from the hub into a folder as it is published."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import renamed
from unlearnkit.facts import easydub
from unlearnkit.facts.layouts import LAYOUTS
from unlearnkit.facts.layouts.pieces import Names
from unlearnkit.hub.repository import Report, Repository


@contextlib.contextmanager
def from_hub(settings: Any, report: Report) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give settings of a forget set whose `folder` holds the published file, and what the record states about it.

    Settings that name no place on the hub are given as they are. Errors in the block name the file as it is called on
    the hub. Raises HubError for what cannot be fetched.
    """
    place = getattr(settings, "hub", None)
    with tempfile.TemporaryDirectory() as folder:
        target = easydub.published_file(folder, settings.name) if place else None
        if place is None or target is None:
            yield settings, {}
            return
        data_set, _, number = settings.name.partition("/")
        path = LAYOUTS[place.layout].forget_set(Names(data_set, "", 0), int(number))
        file = Repository(place.repository, place.revision).fetch(path, report)
        Path(target).parent.mkdir()
        shutil.copyfile(file, target)
        source = {"path": f"{place.repository}/{path}", "revision": place.revision, "sha256": sha256_of(file)}
        with renamed(target, source["path"]):
            yield (
                settings.model_copy(update={"folder": folder}),
                {"sources": [{**source, "bytes": file.stat().st_size}]},
            )
