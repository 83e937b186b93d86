"""Which artifacts the present code and configuration would make otherwise: no damage, but good to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from unlearnkit.lineage.records import Record, Results
from unlearnkit.places import Place, place_of
from unlearnkit.workflow.guards.changes import changes
from unlearnkit.workflow.present import Present


def outdated(results: Results, present: Present) -> Iterator[str]:
    """Yield one sentence per kind of artifact and way in which the present would make it otherwise."""
    groups = Counter(
        (place.kind, difference)
        for name, record in results.records.items()
        if (place := place_of(name))
        for difference in differences(present, place, record)
    )
    for (kind, difference), count in groups.items():
        yield f"{count} of {kind}: {difference}"


def differences(present: Present, place: Place, record: Record) -> Iterator[str]:
    """Yield how the record of an artifact differs from what the present would make at its place."""
    settings, code = present.settings(place), present.code(place)
    if settings is None:
        yield "not part of the present configuration"
        return
    if changed := changes(record["settings"], settings):
        yield f"made with other settings than the present ones ({', '.join(changed)})"
    if code != record["code"]:
        yield f"made by other code than the present ({record['code']} -> {code})"
