"""Can this version of unlearnkit go on from what was published?"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from unlearnkit import __version__
from unlearnkit.errors import ArtifactError
from unlearnkit.layout import provenance
from unlearnkit.lineage.age import differences
from unlearnkit.lineage.configured import present_graph
from unlearnkit.places import place_of
from unlearnkit.publication import configuration
from unlearnkit.reproduction.sources import Source, record_of
from unlearnkit.workflow.present import Present


def refuse_other_code(source: Source, taken: Collection[str]) -> None:
    """Raise ArtifactError if something that is taken would be made otherwise by the configuration or the code here.

    The configuration is read in the current folder. The workflow itself would refuse to mix the two, too.
    """
    graph = present_graph(source.experiment, [Path(configuration.NAME)])
    if graph is None:
        return
    present, published = Present(graph), source.names()
    for name in taken:
        place = place_of(name)
        if place is None or provenance(name) not in published:
            continue
        record = record_of(source, name)
        if different := next(differences(present, place, record), None):
            made_with = record["packages"].get("unlearnkit", "unknown")
            raise ArtifactError(
                f"{name} of {source.title} was {different}",
                expected=f"the code that made it, of unlearnkit {made_with}; here is {__version__}",
                remedy=f"install that version: pip install unlearnkit=={made_with}; or compute more of it, --from data",
            )
