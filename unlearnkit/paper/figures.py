"""The figures of a paper: drawn as those of the report are, from the same tables and scores, as PDF and PNG."""

from __future__ import annotations

import io
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from unlearnkit import layout
from unlearnkit.artifacts.margins import read_selection
from unlearnkit.artifacts.scores import read_final_scores
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.tables import read_table
from unlearnkit.paper.material import Material
from unlearnkit.report.critical_difference import critical_difference_diagram
from unlearnkit.report.curves import training_curves
from unlearnkit.report.figures import metric_figure
from unlearnkit.report.margins import margins_figure
from unlearnkit.report.style import RC

DPI = 200
"""Of the PNG; the PDF has no pixels."""


def figures(material: Material) -> Iterator[tuple[str, Figure]]:
    """Yield name and figure: those of the report of every forget set that is shown, and the ranking."""
    page = material.present.page
    for forget_set in material.shown:
        if forget_set not in page.graph.forget_sets:
            continue
        for name, (metric, kind) in page.figures().items():
            if kind == "margins":
                yield f"{forget_set}_{name}", _margins(material, forget_set)
            elif kind == "curves":
                yield f"{forget_set}_{name}", _curves(material, forget_set)
            elif metric in material.tables:
                yield f"{forget_set}_{name}", _of_metric(material, forget_set, metric, kind)
    if ranking := next(iter(material.board["rankings"]), None):
        yield "critical_difference", critical_difference_diagram(ranking)


def printed(figure: Figure, form: str) -> bytes:
    """Return a figure as "pdf" or "png", the same bytes for the same figure; its fonts are embedded."""
    stream = io.BytesIO()
    nothing = {"pdf": dict.fromkeys(("Creator", "Producer", "CreationDate")), "png": {"Software": None}}[form]
    with mpl.rc_context({**RC, "pdf.fonttype": 42}):
        figure.savefig(stream, format=form, dpi=DPI, metadata=nothing)
    return stream.getvalue()


def _of_metric(material: Material, forget_set: str, metric: str, kind: str) -> Figure:
    page, declared = material.present.page, material.metric(metric)
    rows = [row for row in material.tables[metric] if row["forget_set"] == forget_set]
    paths = page.scores_of(forget_set)[metric] if kind == "distributions" else {}
    values = {who: read_final_scores(_here(material, path), declared.HEADLINE) for who, path in paths.items()}
    methods = {name: variant.method for name, variant in page.graph.variants.items()}
    return metric_figure(kind, declared, rows, values, methods, material.words)


def _curves(material: Material, forget_set: str) -> Figure:
    files = material.present.page.curve_files(forget_set)
    read = {who: [read_table(_here(material, path))[0] for path in paths] for who, paths in files.items()}
    return training_curves(read)


def _margins(material: Material, forget_set: str) -> Figure:
    page = material.present.page
    paths = [_here(material, path) for path in page.margin_files(forget_set)]
    members: np.ndarray = read_array(_here(material, page.graph.path(layout.FORGET_SET, forget_set=forget_set)))
    settings = page.figure_slice(forget_set)
    read = {who: read_selection(paths, [selection]) for who, selection in settings["margins"].items()}
    return margins_figure(read, members, settings)


def _here(material: Material, path: str) -> str:
    """Return where a file of the results lies: the folder may have been moved since."""
    root = material.present.graph.path(layout.ROOT)
    return str(material.folder / path.removeprefix(f"{root}/"))
