"""Files that no job makes: are those that artifacts were made of still there, and still the same?

Snakemake sees that a file is newer than what was made of it and has another content, or, as long as it has its records,
that there are more or fewer files. It does not see that an older one took its place, as by `mv`. And where all files
are gone it removes what was made of them, before the job can say that there is nothing to make it of.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from unlearnkit import layout
from unlearnkit.errors import ArtifactError
from unlearnkit.layout import provenance
from unlearnkit.places import is_given
from unlearnkit.stages import Slice
from unlearnkit.workflow.attribution_graph import AttributionGraph
from unlearnkit.workflow.continual_graph import ContinualGraph
from unlearnkit.workflow.given_models import given_shards
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.guards.changes import recorded_beside
from unlearnkit.workflow.guards.origin import SNAKEMAKE_DATABASE, Record, has_snakemake_record
from unlearnkit.workflow.guards.workplace import content_sha256
from unlearnkit.workflow.pool_graph import PoolGraph
from unlearnkit.workflow.text_graph import TextGraph


def refuse_lost_files(graph: Graph) -> None:
    """Raise ArtifactError if what Snakemake would notice too late, or not at all, happened to a given file.

    An artifact that other settings make again is left out. Raises DataError for a raw file whose name Snakemake cannot
    take.
    """
    for artifact, settings, there in made_of_given_files(graph):
        record = recorded_beside(artifact)
        if not Path(artifact).exists() or record.get("settings") != json.loads(json.dumps(settings)):
            continue
        given = [path for path in record.get("inputs", {}) if is_given(path)]
        # a forget set may be made of an artifact of another experiment
        files = [path for path in there if is_given(path)]
        known = SNAKEMAKE_DATABASE.exists() or has_snakemake_record(artifact)
        if known and given and not there:
            raise _gone(artifact, given)
        if not known and files and files != given:
            _refuse_others(artifact, [record["inputs"][path] for path in given], files)
        _refuse_replaced(artifact, record, files)


def made_of_given_files(graph: Graph) -> Iterator[tuple[str, Slice, list[str]]]:
    """Yield (artifact, its settings, the given files that are there) for all that may be made of such files."""
    for name in graph.forget_sets:
        rows = ContinualGraph(graph).own_rows(name)
        yield rows, graph.forget_set_slice(name), graph.forget_set_file(name)
    yield from given_shards(graph)
    if graph.experiment.task == "text":
        text = TextGraph(graph)
        if text.has_pairs:
            yield graph.path(layout.PAIRS), text.pairs_slice(), [*text.raw_files(), *text.tokenizer_files()]
        else:
            yield graph.path(layout.TRAIN_TOKENS), text.tokens_slice(), text.raw_files()
        return
    yield graph.path(layout.DATASET), graph.dataset_slice(), graph.raw_files()
    pools = PoolGraph(graph)
    for name in pools.names():
        for shard in pools.shards(name):
            for pattern, settings in ((layout.PARTS, pools.part_slice), (layout.MEMBERSHIP, pools.membership_slice)):
                yield graph.path(pattern, pool=name, shard=shard), settings(name), pools.file(name)
    attribution, embeddings = AttributionGraph(graph), graph.path(layout.EMBEDDINGS)
    if any(embeddings in attribution.forget_set_sources(name) for name in graph.forget_sets):
        yield embeddings, attribution.slice_of("embeddings"), attribution.embedding_files()


def _gone(artifact: str, given: list[str]) -> ArtifactError:
    others = f" and {len(given) - 1} more" if len(given) > 1 else ""
    return ArtifactError(
        f"{artifact} was made of {given[0]}{others}, and there is no such file now",
        expected="what it was made of, since a run would remove it and could not make it again",
        remedy="put the files back, or correct where the configuration looks for them; to go on without them, "
        "remove .snakemake/metadata: then the records beside the artifacts say what these are",
    )


def _refuse_others(artifact: str, recorded: list[str], files: list[str]) -> None:
    """Raise ArtifactError if an artifact of which Snakemake has no record was made of other content than `files` have.

    The same content in the same order may lie elsewhere. Where a file is newer, Snakemake makes the artifact again.
    """
    made = Path(artifact).stat().st_mtime_ns
    if all(Path(path).stat().st_mtime_ns <= made for path in files) and recorded != [*map(content_sha256, files)]:
        raise ArtifactError(
            f"{artifact} was made of other files than those that are there now ({files[0]} is the first of "
            f"{len(files)}), and Snakemake has no record of it",
            expected=f"the {len(recorded)} that {provenance(artifact)} names",
            remedy=f"run `touch {shlex.quote(files[0])}`, or put the former files back",
        )


def _refuse_replaced(artifact: str, record: Record, files: list[str]) -> None:
    """Raise ArtifactError if one of `files` is not what an artifact was made of and yet not newer than the artifact.

    Only files whose time is not the recorded one are read.
    """
    made, asked_for, contents = Path(artifact).stat().st_mtime_ns, set(files), record.get("inputs", {})
    for path, recorded in record.get("input_times", {}).items():
        file = Path(path)
        if path not in asked_for or file.stat().st_mtime_ns == recorded or file.stat().st_mtime_ns > made:
            continue
        if content_sha256(path) not in (None, contents.get(path)):
            raise ArtifactError(
                f"{path} is not the file that {artifact} was made of, but an older one, which Snakemake overlooks",
                expected=f"SHA-256 {contents.get(path)}",
                remedy=f"run `touch {shlex.quote(path)}`, which makes everything again, or put the former file back",
            )
