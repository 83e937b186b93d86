"""Are raw files and forget sets' files there and sound, and splits without copies? Nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unlearnkit.doctor.case import ERROR, WARNING, Case, Finding
from unlearnkit.doctor.probe import ask

_READ = "from unlearnkit.data.examining import answer; answer()"


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on the raw files of the data set and on the forget sets."""
    if case.experiment is None:
        yield Finding(WARNING, "not examined, since the configuration is not valid", "correct the configuration")
        return
    questions: list[dict[str, Any]] = []
    found = {}
    for name, settings in case.experiment.forget_sets.items():
        file = settings.input_file()
        if file and not Path(file).is_file():
            remedy = f"put it there, or correct forget_sets.{name}.file"
            yield Finding(ERROR, f"{file}, the file of forget set {name}, does not exist", remedy)
            continue
        found[name] = settings.model_dump(mode="json")
        if file:
            sha256 = getattr(settings, "sha256", None)
            questions.append({"about": "file", "file": file, "kind": settings.kind, "sha256": sha256})
    if missing := _not_here(case.experiment.data):
        yield missing
    else:
        questions.insert(0, _question(case.experiment, found))
    status, answers = ask(_READ, json.dumps(questions))
    told = dict.fromkeys((answer["level"], answer["fact"]) for answer in answers if "fact" in answer)
    yield from (Finding(level, fact) for level, fact in told)
    answered = sum("done" in answer for answer in answers)
    if unread := ", ".join(asked.get("file", "the data set") for asked in questions[answered:]):
        yield Finding(ERROR, f"{unread} could not be read (status {status})", "see what `environment` says")


def _not_here(data: Any) -> Finding | None:
    """Return the finding on data that the first job downloads, None if they are here."""
    from unlearnkit import layout

    declared = _declared(data.name)
    size, fetched = declared.DOWNLOAD_BYTES, Path(layout.DOWNLOADS, getattr(declared, "DOWNLOAD_FOLDER", ""))
    if data.root is None and size and not fetched.is_dir():
        fact = f"{data.name} is not here yet: the first job downloads {size / 1e6:.0f} MB into {layout.DOWNLOADS}/"
        return Finding(
            WARNING, fact, f"if jobs have no network, get the files from {declared.SOURCE} and set data.root"
        )
    if data.name == "hub_text" and not Path(data.hub.path).is_dir():
        fact = f"{data.hub.path} is read from huggingface.co by the first job, and not looked at"
        return Finding(WARNING, fact, "if jobs have no network, save it to a folder and name that in data.hub.path")
    return None


def _question(experiment: Any, forget_sets: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked about the data set and the forget sets that can be made."""
    from unlearnkit import layout
    from unlearnkit.graph import Graph
    from unlearnkit.text_graph import TextGraph

    data, graph = experiment.data, Graph(experiment)
    root = data.root or (layout.DOWNLOADS if _declared(data.name).DOWNLOAD_BYTES else "")
    asked = {"root": str(root), "data": data.model_dump(mode="json"), "forget_sets": forget_sets}
    if experiment.task == "image":
        return {"about": "images", **asked, "data": {**asked["data"], **graph.dataset_slice()}}
    return {"about": "text", **asked, "cuts": {"content_hash": None, **TextGraph(graph).dataset_slice()}}


def _declared(name: str) -> Any:
    from unlearnkit.declarations import declarations
    from unlearnkit.registry import locate

    return declarations(locate("data set", name))
