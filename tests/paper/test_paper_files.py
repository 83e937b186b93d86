"""`unlearnkit paper` of the finished tiny experiment: whole, consistent, and what LaTeX takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from checkout import RESULTS, Checkout

from unlearnkit.artifacts.tables import read_table
from unlearnkit.paper.latex import escape

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def paper(completed: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The paper of the tiny experiment; not to be changed."""
    folder = tmp_path_factory.mktemp("paper") / "own"
    made = completed.unlearnkit("paper", RESULTS, "--out", str(folder))
    assert made.status == 0, made.output
    assert f"{folder}/paper.tex holds them all" in made.output and "is stated" not in made.output
    return folder


@pytest.mark.slow
def test_the_document_names_files_that_are_there_and_sources_that_are_listed(paper: Path) -> None:
    document = (paper / "paper.tex").read_text()
    named = {f"{name}.tex" for name in re.findall(r"\\input\{(.+?)\}", document)}
    pictures = {f"{name}.pdf" for name in re.findall(r"\\includegraphics\[.*?\]\{\{(.+?)\}\.pdf\}", document)}
    files = {path.relative_to(paper).as_posix() for path in paper.rglob("*") if path.is_file()}
    images = {name.replace(".pdf", ".png") for name in pictures}
    assert files == {"paper.tex", "references.bib", "written.json", *named, *pictures, *images}
    assert {
        f"tables/{table}_{name}.tex" for table in ("klom", "mia", "cost") for name in ("nines", "random_10")
    } < named
    assert {"figures/nines_klom_trade_off.pdf", "figures/nines_margins.pdf"} < pictures
    texts = "".join((paper / name).read_text() for name in named)
    cited = {key for keys in re.findall(r"\\cite\{(.+?)\}", texts) for key in keys.split(",")}
    assert {"kurmanji2023towards", "georgiev2024attribute", "alpaydin1998cascading", "unlearnkit"} < cited
    assert cited == {*re.findall(r"^@\w+\{(.+),$", (paper / "references.bib").read_text(), re.MULTILINE)}
    for environment in ("table", "tabular", "itemize"):
        assert texts.count(f"\\begin{{{environment}}}") == texts.count(f"\\end{{{environment}}}") > 0
    assert "(Attribute-to-Delete)" in texts and "\\texttt{lr=\\allowbreak{}0.1}" in texts


def test_a_table_has_the_values_of_the_experiment_floor_first(paper: Path, completed: Checkout) -> None:
    text = (paper / "tables/klom_nines.tex").read_text()
    rows = [line.strip().removesuffix("\\\\").split(" & ") for line in text.splitlines() if " & " in line]
    assert [row[0] for row in rows][:3] == ["variant", "oracle (floor)", "original"]
    found = read_table(completed.result("tables/klom.parquet"))[0].to_pylist()
    own = {
        (row["candidate"], row["epoch"], row["split"]): row["p95"]
        for row in found
        if (row["forget_set"], row["measure"]) == ("nines", "klom")
    }
    shown = [row for row in rows if row[0].startswith("scrub") or "\\textbf{scrub}" in row[0]]
    assert [row[1:3] for row in shown] == [["1", "4/4"], ["2", "4/4"]]
    for row in shown:
        for split, cell in zip(rows[0][4:], row[4:], strict=True):
            assert float(cell.split()[0]) == pytest.approx(own["scrub", int(row[1]), split.strip()], abs=0.005)


def test_figures_are_vectors_with_embedded_fonts(paper: Path) -> None:
    drawn = (paper / "figures/nines_klom_trade_off.pdf").read_bytes()
    assert drawn.startswith(b"%PDF") and b"/FontFile2" in drawn and b"CreationDate" not in drawn
    assert (paper / "figures/nines_klom_trade_off.png").read_bytes().startswith(b"\x89PNG")


def test_latex_takes_it(paper: Path, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex (Debian: texlive-latex-base, texlive-latex-recommended)")
    shutil.copytree(paper, folder := tmp_path / "copy")
    with (folder / "methods.tex").open("a") as methods:
        methods.write(escape("Łęcki, Dvořák, Erdős"))  # \k and others are no commands of TeX's old encoding, OT1
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"]
    for command in (latex, ["bibtex", "paper"], latex, latex):
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
        assert ended.returncode == 0, ended.stdout[-3000:]
    log = (folder / "paper.log").read_text(errors="replace")
    assert "undefined" not in log and (folder / "paper.pdf").stat().st_size > 10_000


@pytest.mark.slow
def test_a_part_is_written_again_and_other_folders_are_left_alone(
    paper: Path, completed: Checkout, tmp_path: Path
) -> None:
    shutil.copytree(paper, folder := tmp_path / "copy")
    words = ("paper", RESULTS, "--out", str(folder), "--metric", "mia", "--forget-set", "nines")
    assert completed.unlearnkit(*words).status == 0
    document = (folder / "paper.tex").read_text()
    assert re.findall(r"\\input\{(.+?)\}", document) == ["methods", "tables/mia_nines", "tables/cost_nines"]
    tables = {path.name for path in (folder / "tables").iterdir()}
    assert tables == {"mia_nines.tex", "cost_nines.tex"}
    assert not any("klom" in path.name for path in (folder / "figures").iterdir())
    unknown = completed.unlearnkit("paper", RESULTS, "--out", str(folder), "--metric", "klon")
    assert unknown.status == 1 and "the experiment has no metric 'klon'. Did you mean 'klom'?" in unknown.output
    (folder / "methods.tex").write_text("Ours.")
    edited = completed.unlearnkit(*words)
    assert edited.status == 1 and "has edits that would be lost: methods.tex" in edited.output
    assert (folder / "methods.tex").read_text() == "Ours."
    (folder / "written.json").unlink()
    used = completed.unlearnkit("paper", RESULTS, "--out", str(folder))
    assert used.status == 1 and "is there already, and `unlearnkit paper` did not write it" in used.output


@pytest.mark.slow
def test_unfinished_and_stale_results_are_refused(finished: Checkout) -> None:
    finished.configure({"methods.scrub.lr": 0.5})
    stale = finished.unlearnkit("paper", RESULTS)
    assert stale.status == 1 and "results/tiny is stale: " in stale.output
    finished.configure({"methods.scrub.lr": 0.01})
    finished.result("tables/mia.md").unlink()
    missing = finished.unlearnkit("paper", RESULTS)
    assert missing.status == 1 and "mia.md" in missing.output and "--partial" not in missing.output
    assert missing.output.count("\n") == 1 and not (finished.root / "paper").exists()
