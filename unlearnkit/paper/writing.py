"""The files of a paper: tables, methods, sources and figures, and a document that holds them all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from unlearnkit.artifacts.store import read_json, sha256_of, write_json, write_parts
from unlearnkit.errors import ArtifactError
from unlearnkit.paper.figures import figures, printed
from unlearnkit.paper.latex import escape
from unlearnkit.paper.material import Material
from unlearnkit.paper.methods import methods_section
from unlearnkit.paper.tables import cost_tables, metric_tables

MAIN = "paper.tex"
WRITTEN = "written.json"
"""File -> SHA-256 of what was written to a folder: what nobody edited may be written again, or removed."""
DOCUMENT = r"""% written by unlearnkit paper
% pdflatex paper && bibtex paper && pdflatex paper && pdflatex paper
% Tables and methods.tex in a document of your own need these two lines as well:
% T1 has letters such as e with an ogonek, textcomp has symbols, booktabs rules.
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{textcomp,booktabs,graphicx}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}  % without it the fonts of T1 may be bitmaps
\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}
\emergencystretch=3em
\begin{document}
"""


def write_paper(material: Material, folder: Path) -> list[str]:
    """Write all files to a folder and return their names; what an earlier call wrote there and is not of them goes.

    Raises ArtifactError as `refuse_used` does.
    """
    refuse_used(folder)
    files = _files(material)
    for name in _written(folder).keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    for parent in {(folder / name).parent for name in files}:
        parent.mkdir(parents=True, exist_ok=True)
    # a call that is interrupted leaves a folder that the next one may fill
    write_json(folder / WRITTEN, {})
    for name, content in files.items():
        write_parts(folder / name, [content])
    write_json(folder / WRITTEN, {name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    return list(files)


def refuse_used(folder: Path) -> None:
    """Raise ArtifactError if a folder holds files, but no paper that was written here, or one that was edited."""
    used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if used and not (folder / WRITTEN).is_file():
        raise ArtifactError(
            f"{folder} is there already, and `unlearnkit paper` did not write it",
            expected="a new or an empty folder, or one that an earlier call filled",
            remedy="choose another with --out",
        )
    known = _written(folder).items()
    edited = [name for name, content in known if (path := folder / name).is_file() and sha256_of(path) != content]
    if edited:
        raise ArtifactError(
            f"{folder} has edits that would be lost: {', '.join(edited)}",
            expected="files as `unlearnkit paper` wrote them",
            remedy="choose another folder with --out, or delete these files to have them written again",
        )


def _written(folder: Path) -> dict[str, str]:
    return read_json(folder / WRITTEN) if (folder / WRITTEN).is_file() else {}


def _files(material: Material) -> dict[str, bytes]:
    """Return name -> content of all files."""
    drawn = dict(figures(material))
    tables = {**metric_tables(material), **cost_tables(material)}
    texts = {
        "methods.tex": methods_section(material),
        "references.bib": material.sources.bibtex(),
        **{f"tables/{name}.tex": table.text() for name, table in tables.items()},
        MAIN: _document(material, list(tables), list(drawn)),
    }
    images = {
        f"figures/{name}.{form}": printed(figure, form) for name, figure in drawn.items() for form in ("pdf", "png")
    }
    return {name: text.encode() for name, text in texts.items()} | images


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
    return DOCUMENT + "\n".join(body) + "\n"
