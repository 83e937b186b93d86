"""ro-crate-metadata.json: the run as a Workflow Run RO-Crate 0.5 (w3id.org/ro/wfrun/workflow/0.5), on RO-Crate 1.1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from unlearnkit.publication import configuration, manifest
from unlearnkit.publication.items import Facts, Item, media_type

NAME = "ro-crate-metadata.json"
CONTEXTS = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
WORKFLOW = "Snakefile"
CRATE, PROFILES = (
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    {
        "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
        "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
    },
)
_PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"

Entity = dict[str, Any]


def ro_crate(facts: Facts, items: Mapping[str, Item], address: str) -> bytes:
    """Return the crate's metadata: every file as a data entity, the run as one action from configuration to tables.

    `address` is where the data set lies on the hub. What a single file was made from is in its provenance record and
    in the manifest.
    """
    tables = [f"{facts.folder}/tables/{name}.parquet" for name in facts.tables()]
    graph = [
        {"@id": NAME, "@type": "CreativeWork", "about": _to("./"), "conformsTo": [_to(CONTEXTS[0][:-8]), _to(CRATE)]},
        _root(facts, items, address),
        *_workflow(facts, address),
        _run(facts, tables),
        *(_file(path, item, path in tables) for path, item in items.items() if path != WORKFLOW),
        {**_described(manifest.NAME), "name": manifest.NAME},
        *({"@id": url, "@type": "CreativeWork", "name": name, "version": url[-3:]} for url, name in PROFILES.items()),
        {"@id": f"#{_owner(facts)}", "@type": "Organization", "name": _owner(facts), "url": address},
        {"@id": "#license", "@type": "CreativeWork", "name": facts.license, "description": f"licence {facts.license}"},
    ]
    return (json.dumps({"@context": CONTEXTS, "@graph": graph}, indent=1) + "\n").encode()


def _root(facts: Facts, items: Mapping[str, Item], address: str) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": facts.title,
        "description": facts.summary,
        "datePublished": facts.ended,
        "license": _to("#license"),
        "identifier": address,
        "author": _to(f"#{_owner(facts)}"),
        "publisher": _to(f"#{_owner(facts)}"),
        "conformsTo": [_to(url) for url in PROFILES],
        "mainEntity": _to(WORKFLOW),
        "mentions": _to("#run"),
        "hasPart": [_to(path) for path in (*items, manifest.NAME)],
    }


def _workflow(facts: Facts, address: str) -> list[Entity]:
    language = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
    return [
        {
            "@id": WORKFLOW,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "name": "unlearnkit",
            "version": facts.versions("unlearnkit"),
            "url": address,
            "encodingFormat": "text/plain",
            "programmingLanguage": _to(language),
            "conformsTo": _to("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"),
            "input": _to("#configuration"),
            "output": _to("#tables"),
        },
        {
            "@id": language,
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "identifier": _to("https://doi.org/10.1093/bioinformatics/bts480"),
            "url": _to("https://snakemake.readthedocs.io"),
            "version": facts.versions("snakemake"),
        },
        *(
            {"@id": f"#{name}", "@type": "FormalParameter", "name": name, "additionalType": "File"}
            | {"conformsTo": _to(_PARAMETER)}
            for name in ("configuration", "tables")
        ),
    ]


def _run(facts: Facts, tables: list[str]) -> Entity:
    return {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"snakemake --configfile {configuration.NAME}",
        "description": f"Run of unlearnkit {facts.versions('unlearnkit')} on {facts.machines()}",
        "instrument": _to(WORKFLOW),
        "object": _to(configuration.NAME),
        "result": [_to(path) for path in tables] if len(tables) > 1 else _to(*tables or ["./"]),
        "startTime": facts.started,
        "endTime": facts.ended,
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "agent": _to(f"#{_owner(facts)}"),
    }


def _file(path: str, item: Item, is_table: bool) -> Entity:
    entity = {**_described(path), "contentSize": str(item.bytes), "sha256": item.sha256}
    if path == configuration.NAME:
        entity["exampleOfWork"] = _to("#configuration")
    if path == "README.md":
        entity["about"] = _to("./")
    return {**entity, "exampleOfWork": _to("#tables")} if is_table else entity


def _described(path: str) -> Entity:
    return {"@id": path, "@type": "File", "name": path.rpartition("/")[2], "encodingFormat": media_type(path)}


def _owner(facts: Facts) -> str:
    return facts.repository.partition("/")[0]


def _to(identifier: str) -> Entity:
    return {"@id": identifier}
