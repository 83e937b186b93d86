"""All files of a publication, and the folder that they are staged in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from unlearnkit.errors import ArtifactError, cannot_write
from unlearnkit.lineage.chain import outside, sources
from unlearnkit.publication import benchmark, card, configuration, croissant, manifest, ro_crate
from unlearnkit.publication.items import Facts, Item
from unlearnkit.publication.private import refuse_private
from unlearnkit.publication.records import PublicRecords

SNAKEFILE = b"""\
# The workflow of the unlearnkit that is installed in this environment.
from unlearnkit.shipped import PROJECT


include: str(PROJECT / "Snakefile")


workflow.default_target = "all"  # Snakemake takes none from a file that is included
"""


def publication(facts: Facts, address: str) -> dict[str, Item]:
    """Return path -> file of all that is published; `address` is where the data set will lie on the hub.

    Raises ArtifactError if a file holds a secret or a path of this machine, or has the name of one that describes all.
    """
    _refuse_names(facts.configuration.files)
    items = _computed(facts)
    items[configuration.NAME] = Item.of(facts.configuration.text)
    items[ro_crate.WORKFLOW] = Item.of(SNAKEFILE)
    items |= {path: Item.of(source) for path, source in facts.configuration.files.items()}
    items[benchmark.NAME] = Item.of(benchmark.benchmark(facts))
    items[croissant.NAME] = Item.of(croissant.croissant(facts, items, address))
    items[card.NAME] = Item.of(card.card(facts, items, address))
    items[ro_crate.NAME] = Item.of(ro_crate.ro_crate(facts, items, address))
    items[manifest.NAME] = Item.of(manifest.manifest(facts, items))
    refuse_private({path: item.source for path, item in items.items()}, facts.selection.results.root)
    return dict(sorted(items.items()))


def _refuse_names(brought: Iterable[str]) -> None:
    """Raise ArtifactError if a file of the user's has the name of a file that every publication has."""
    if taken := {croissant.NAME, ro_crate.NAME, manifest.NAME}.intersection(brought):
        raise ArtifactError(
            f"a forget set or pool is read from {min(taken)}, which is the name of a file of every publication",
            expected="a file of another name",
            remedy="rename it, here and in the configuration, and run snakemake again",
        )


def _computed(facts: Facts) -> dict[str, Item]:
    """Return the artifacts and their records."""
    results, records = facts.selection.results, PublicRecords(facts.selection.results)
    items = {}
    for name in facts.selection.places:
        origin = tuple(f"{facts.folder}/{source}" for source in sources(results, name))
        origin += tuple(map(records.public_path, outside(results, name)))
        if name in facts.selection.names:
            file = results.folder / name
            items[f"{facts.folder}/{name}"] = Item.of(file, results.recorded_hash(name), origin)
        if name in results.records:
            items[f"{facts.folder}/{name}.json"] = Item.of(records.text(name))
    return items


def stage(items: Mapping[str, Item], folder: Path) -> None:
    """Write all files below a folder, as hard links to those here where the disk is the same.

    Raises ArtifactError if it cannot be written.
    """
    for path, item in items.items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(item.source, bytes):
                target.write_bytes(item.source)
            else:
                _link(item.source.resolve(), target)
        except OSError as error:
            raise cannot_write(target, error) from None


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copy2(source, target)
