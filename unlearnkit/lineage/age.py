"""Which artifacts the present code and configuration would make otherwise: no damage, but good to know."""

from __future__ import annotations

from collections.abc import Iterator

from unlearnkit.changes import changes
from unlearnkit.lineage.records import Results
from unlearnkit.places import Place, place_of
from unlearnkit.present import Present


def outdated(results: Results, present: Present) -> Iterator[str]:
    """Yield one sentence per kind of artifact and way in which the present would make it otherwise."""
    groups: dict[tuple[str, str], int] = {}
    for name in results.records:
        if (place := place_of(name)) is None:
            continue
        for difference in differences(results, present, name, place):
            key = (place.kind, difference)
            groups[key] = groups.get(key, 0) + 1
    for (kind, difference), count in groups.items():
        yield f"{count} of {kind}: {difference}"


def differences(results: Results, present: Present, name: str, place: Place) -> Iterator[str]:
    """Yield how the record of an artifact differs from what the present would make at its place."""
    record = results.record_of(name) or {}
    settings, code = present.settings(place), present.code(place)
    if settings is None:
        yield "not part of the present configuration"
        return
    if changed := changes(record["settings"], settings):
        yield f"made with other settings than the present ones ({', '.join(changed)})"
    if code != record["code"]:
        yield f"made by other code than the present ({record['code']} -> {code})"
