"""What lies in a repository of the hub before results are published there."""

from __future__ import annotations

from collections.abc import Collection

from unlearnkit.errors import ArtifactError
from unlearnkit.hub.repository import Report, Repository
from unlearnkit.publication import manifest


def outdated(there: Repository, experiment: str, names: Collection[str], report: Report) -> list[str]:
    """Return the files of an earlier publication of an experiment that the new one, with the files `names`, lacks.

    Files that no manifest lists belong to whoever put them there, and stay. Raises ArtifactError if the repository has
    the publication of another experiment, or a manifest.json of something else.
    """
    paths = {file.path for file in there.files()}
    if manifest.NAME not in paths:
        return []
    before = manifest.read_manifest(there.fetch(manifest.NAME, report), str(there.address))
    if before["experiment"] != experiment:
        raise ArtifactError(
            f"{there.address} is the publication of the experiment {before['experiment']}, and this is {experiment}",
            expected="a repository per experiment",
            remedy="choose another name",
        )
    return [file["path"] for file in before["files"] if file["path"] in paths and file["path"] not in names]
