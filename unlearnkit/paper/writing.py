"""The files of a paper: tables, methods, sources and figures, and a document that holds them all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unlearnkit.artifacts.store import write_parts, write_text
from unlearnkit.errors import ArtifactError
from unlearnkit.paper.figures import figures, printed
from unlearnkit.paper.latex import escape
from unlearnkit.paper.material import Material
from unlearnkit.paper.methods import methods_section
from unlearnkit.paper.tables import cost_tables, metric_tables

MAIN = "paper.tex"
STAMP = "% written by unlearnkit paper"
"""First line of MAIN: a folder that holds such a file may be written again."""
DOCUMENT = r"""
% pdflatex paper && bibtex paper && pdflatex paper && pdflatex paper
\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}
\usepackage{textcomp,booktabs,graphicx}
\emergencystretch=3em
\begin{document}
"""


def write_paper(material: Material, folder: Path) -> list[str]:
    """Write all files to a folder and return their names; raises ArtifactError if it holds anything else."""
    refuse_used(folder)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "figures").mkdir(exist_ok=True)
    texts = {"methods.tex": methods_section(material), "references.bib": material.sources.bibtex()}
    tables = {**metric_tables(material), **cost_tables(material)}
    texts |= {f"tables/{name}.tex": table.text() for name, table in tables.items()}
    drawn = []
    for name, figure in figures(material):
        for form in ("pdf", "png"):
            write_parts(folder / f"figures/{name}.{form}", [printed(figure, form)])
        drawn.append(name)
    texts[MAIN] = _document(material, list(tables), drawn)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [*texts, *(f"figures/{name}.{form}" for name in drawn for form in ("pdf", "png"))]


def refuse_used(folder: Path) -> None:
    """Raise ArtifactError if a folder holds files and none is a paper that was written here before."""
    main = folder / MAIN
    ours = main.is_file() and main.read_text(encoding="utf-8", errors="replace").startswith(STAMP)
    if folder.exists() and not ours and (not folder.is_dir() or any(folder.iterdir())):
        raise ArtifactError(
            f"{folder} is there already, and `unlearnkit paper` did not write it",
            expected="a new or an empty folder, or one that an earlier call filled",
            remedy="choose another with --out",
        )


def _document(material: Material, tables: Sequence[str], drawn: Sequence[str]) -> str:
    experiment = material.present.graph.experiment.experiment
    body = [
        rf"\section*{{Experiment {escape(experiment)}}}",
        r"\input{methods}",
        *(rf"\input{{tables/{name}}}" for name in tables),
        r"\clearpage",
        *(rf"\noindent\includegraphics[width=\linewidth]{{{{figures/{name}}}.pdf}}\par\medskip" for name in drawn),
        r"\bibliographystyle{plain}",
        r"\bibliography{references}",
        r"\end{document}",
    ]
    return f"{STAMP}{DOCUMENT}" + "\n".join(body) + "\n"
