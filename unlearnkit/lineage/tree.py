"""The tree of what an artifact was made from, every subtree once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unlearnkit.lineage.chain import outside, sources
from unlearnkit.lineage.records import Results

Node = dict[str, Any]

_LISTED = 10
"""Raw files of an artifact that its tree as text has."""


def tree(results: Results, name: str, depth: int | None, only: Mapping[str, str] | None = None) -> Node:
    """Return an artifact with what it was made from below "from", `depth` levels deep (None: all).

    `only` restricts the first level to some artifacts and says what each gives. What stands in the tree already is
    marked "again" and not followed a second time; "more" counts what `depth` cuts off.
    """
    seen: set[str] = set()
    root = _node(results, name, depth if only is None else 0, seen)
    if only is not None:
        root["from"] = [{**_node(results, source, depth, seen), "gives": gives} for source, gives in only.items()]
        root.pop("more", None)
    return root


def _node(results: Results, name: str, depth: int | None, seen: set[str]) -> Node:
    record = results.record_of(name)
    node: Node = {"name": name, "path": str(results.folder / name), "sha256": results.recorded_hash(name)}
    node |= {"present": name in results.files}
    if record is None:
        return {**node, "record": None}
    node |= {key: record[key] for key in ("rule", "code", "started", "wall_seconds")}
    below = sources(results, name)
    raw = [{"path": path, "sha256": digest, "raw": True} for path, digest in outside(results, name).items()]
    if name in seen and (below or raw):
        return {**node, "again": True}
    if depth == 0 and (below or raw):
        return {**node, "more": len(below) + len(raw)}
    seen.add(name)
    node["from"] = [_node(results, source, None if depth is None else depth - 1, seen) for source in below] + raw
    return node


def lines(node: Node, prefix: str = "", branch: str = "") -> Iterator[str]:
    """Yield a tree as text, one line per node."""
    yield f"{prefix}{branch}{_text(node)}"
    below = node.get("from", [])
    raw = [child for child in below if child.get("raw")]
    if len(raw) > _LISTED:
        # a folder of pictures has tens of thousands
        rest = {**raw[-1], "path": f"and {len(raw) - _LISTED} more files, the last of them {raw[-1]['path']}"}
        below = [*(child for child in below if not child.get("raw")), *raw[:_LISTED], rest]
    inner = prefix + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
    for position, child in enumerate(below):
        yield from lines(child, inner, "└─ " if position == len(below) - 1 else "├─ ")


def _text(node: Node) -> str:
    digest = (node["sha256"] or "no record").ljust(12)[:12]
    if node.get("raw"):
        return f"{node['path']}  {digest}  made by no job"
    words = [f"{node['name']}  {digest}"]
    if "rule" in node:
        words.append(f"{node['rule']}, {node['wall_seconds']:.1f} s")
    words += [f"for the {node['gives']}"] if "gives" in node else []
    words += [] if node["present"] else ["absent"]
    words += ["(see above)"] if node.get("again") else []
    words += [f"({node['more']} inputs below)"] if "more" in node else []
    return "  ".join(words)
