"""Sources: the file of entries is whole, docstrings of plug-ins are resolved to it, and nothing is invented."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from unlearnkit.paper import bibliography
from unlearnkit.paper.bibliography import OURS, cited_by, known_entries, sources_of
from unlearnkit.paper.material import STATISTICAL
from unlearnkit.registry import OURS as REGISTERED
from unlearnkit.user_plug_ins import outside

MODULES = sorted({module for names in REGISTERED.values() for module in names.values()})


def plug_in(folder: Path, docstring: str) -> str:
    (folder / "mine.py").write_text(
        f'"""{docstring}"""\n\n\ndef unlearn() -> None:\n    """Source: arXiv 2404.05868."""\n'
    )
    return str(folder / "mine.py")


def test_the_file_of_entries_is_whole(repository: Path) -> None:
    text = (repository / "unlearnkit/paper/sources.bib").read_text()
    entries = known_entries().values()
    assert text.count("\n@") + 1 == len(entries)
    assert sum(text.count(f"\n  {name} = ") for name in ("title", "author", "year")) == 3 * len(entries)
    assert all({"title", "author", "year"} <= entry.fields.keys() for entry in entries)
    assert all(field.count("{") == field.count("}") for entry in entries for field in entry.fields.values())
    numbers = [entry.fields["eprint"] for entry in entries if "eprint" in entry.fields]
    assert len(numbers) == len({*numbers})
    assert text.isascii()  # BibTeX sorts bytes


def test_every_number_in_a_docstring_of_ours_has_an_entry_and_every_entry_is_cited() -> None:
    cited = {entry.key for module in [*MODULES, *STATISTICAL] for entry in cited_by(module)}
    assert cited | {OURS} == known_entries().keys()


def test_our_own_entry_is_that_of_the_citation_file(repository: Path) -> None:
    stated = yaml.safe_load((repository / "CITATION.cff").read_text())
    entry = known_entries()[OURS]
    assert entry.fields["title"] == stated["title"]
    assert entry.fields["author"].strip("{}") == stated["authors"][0]["name"]
    assert entry.fields["year"] == str(stated["date-released"])[:4]


@pytest.mark.parametrize(
    ("docstring", "keys"),
    [
        ("Something (arXiv 2302.09880).", ["kurmanji2023towards"]),
        ("Something (Kurmanji et al. 2023; TOFU).", ["kurmanji2023towards", "maini2024tofu"]),
        ("Something (Koh and Liang 2017).", ["koh2017understanding"]),
        # several papers of that author and year are known, so only a number says which
        ("Something (Zhang et al. 2024).", []),
        # where a detail is from is not what is used
        ("Unlike in Deep Unlearn's code, the rate is constant.", []),
    ],
)
def test_docstrings_cite_by_number_author_and_year_or_name(tmp_path: Path, docstring: str, keys: list[str]) -> None:
    found = [entry.key for entry in cited_by(plug_in(tmp_path, docstring))]
    assert found.pop(found.index("zhang2024negative")) and found == keys


def test_what_is_not_ours_is_cited(monkeypatch: pytest.MonkeyPatch) -> None:
    attacks = {"yeom2018privacy", "carlini2021extracting", "shi2023detecting", "zhang2024mink"}
    assert {*sources_of([("metric", "text_mia")], []).keys_of("metric", "text_mia")} == attacks
    others = [("metric", "luf"), ("model", "nanogpt")]
    assert [sources_of(others, []).keys_of(*other) for other in others] == [
        ("fdddy2025framework",),
        ("jordan2024modded",),
    ]
    # a source that is named, and has no entry
    monkeypatch.setattr(bibliography, "_names", list)
    assert sources_of(others[:1], []).missing == (("metric", "luf"),)


def test_what_has_no_source_is_named_and_an_unknown_number_stays_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("bare", "Mine."), ("numbered", "Mine (arXiv 2999.12345, doi 10.1000/a(b)1).")):
        (tmp_path / f"{name}.py").write_text(f'"""{text}"""\n')
        monkeypatch.setitem(outside["method"], name, str(tmp_path / f"{name}.py"))
    used = [("method", "bare"), ("method", "numbered"), ("data set", "image_folder"), ("model", "mlp")]
    sources = sources_of(used, [])
    assert sources.missing == (("method", "bare"), ("data set", "image_folder"))
    assert sources.keys_of("model", "mlp") == (OURS,) and sources.keys_of("method", "bare") == ()
    assert sources.numbers == ("arXiv:2999.12345", "doi:10.1000/a(b)1")
    assert "  title = {arXiv:2999.12345},\n  eprint = {2999.12345}" in sources.bibtex()
    assert sources.bibtex().count("@") == len(sources.entries) == 3
