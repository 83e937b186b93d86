"""croissant.json: tables and margins as a data set in the Croissant format (mlcommons.org/croissant)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from unlearnkit.publication.items import Facts, Item

NAME = "croissant.json"
VERSION = "http://mlcommons.org/croissant/1.0"
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification recommends, 1.0."""


def croissant(facts: Facts, items: Mapping[str, Item], address: str) -> bytes:
    """Return the metadata: a file object per table and file of margins, a record set per table.

    `address` is where the data set lies on the hub.
    """
    tables = {name: f"{facts.folder}/tables/{name}.parquet" for name in facts.tables()}
    margins = [f"{facts.folder}/{name}" for name in facts.margins()]
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": facts.repository.rpartition("/")[2],
        "description": f"{facts.title}. {facts.summary}",
        "conformsTo": VERSION,
        "license": facts.license,
        "url": address,
        "version": "1.0.0",
        "datePublished": facts.ended,
        "citeAs": f"{facts.title}, {address}",
        "creator": {"@type": "sc:Organization", "name": facts.repository.partition("/")[0]},
        "keywords": ["machine unlearning", "unlearnkit", facts.experiment],
        "isLiveDataset": False,
        "distribution": [_file(path, items[path]) for path in (*tables.values(), *margins)],
        "recordSet": [_records(name, path, items[path]) for name, path in tables.items()],
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def _file(path: str, item: Item) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{item.bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": item.sha256,
    }


def _records(name: str, path: str, item: Item) -> dict[str, Any]:
    assert not isinstance(item.source, bytes)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"One row per forget set, candidate, measure and split of {name}.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column.name}",
                "name": f"{name}/{column.name}",
                "dataType": _type(column.type),
                "source": {"fileObject": {"@id": path}, "extract": {"column": column.name}},
            }
            for column in pq.read_schema(item.source)
        ],
    }


def _type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    # a column without any value has no type; all such columns of tables are numbers
    return "sc:Float" if pa.types.is_floating(kind) or pa.types.is_null(kind) else "sc:Text"
