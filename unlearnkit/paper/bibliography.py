"""Sources in BibTeX: which of them the docstrings of a module cite, and their entries."""

from __future__ import annotations

import ast
import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources

from pylatexenc.latex2text import LatexNodes2Text

from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.sources import syntax_tree

OURS = "unlearnkit"
"""Key of this package's own entry; what it defines without another source is cited by it."""
PlugIn = tuple[str, str]
"""Kind (a key of the registries) and name."""
OF_OTHERS: PlugIn = ("model", "pretrained")
"""A plug-in of this package that reads weights which somebody else made."""
_ENTRY = re.compile(r"^@(\w+)\{([^,\s]+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^ *(\w+) = \{(.*)\},?$", re.MULTILINE)
_NUMBER = re.compile(r"\barXiv[ :](\d{4}\.\d{4,5})")
_NAMED = re.compile(r"\bSources?:")
_DOI = re.compile(r"\bdoi[ :](10\.\d{4,}/\S*[^\s,;.)])")


@dataclass(frozen=True)
class Entry:
    """An entry: its type and key, and its fields as BibTeX has them."""

    kind: str
    key: str
    fields: Mapping[str, str]

    def text(self) -> str:
        """Return the entry; one that was published on arXiv alone says so, since many styles print no `eprint`."""
        fields = dict(self.fields)
        if number := fields.get("eprint"):
            fields["archiveprefix"] = "arXiv"
            if self.kind == "misc":
                fields.setdefault("howpublished", f"arXiv:{number}")
        return f"@{self.kind}{{{self.key},\n" + ",\n".join(f"  {k} = {{{v}}}" for k, v in fields.items()) + "\n}\n"

    @property
    def author_and_year(self) -> tuple[str, str]:
        """The surname of the first author without accents, and the year."""
        surname = LatexNodes2Text().latex_to_text(self.fields["author"].split(" and ")[0].split(",")[0])
        plain = unicodedata.normalize("NFKD", surname).encode("ascii", "ignore").decode()
        return plain, self.fields["year"]


@dataclass(frozen=True)
class Sources:
    """Plug-in -> keys of what it cites; the plug-ins whose source is not stated; entries by key.

    `numbers` are arXiv numbers and DOIs for which there is no entry: theirs hold the number alone.
    """

    cited: Mapping[PlugIn, tuple[str, ...]]
    missing: tuple[PlugIn, ...]
    numbers: tuple[str, ...]
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def keys_of(self, kind: str, name: str) -> tuple[str, ...]:
        """Return what a plug-in cites."""
        return self.cited.get((kind, name), ())

    def bibtex(self) -> str:
        """Return the entries, by key."""
        return "\n".join(self.entries[key].text() for key in sorted(self.entries))


@functools.cache
def known_entries() -> dict[str, Entry]:
    """Return key -> entry of `sources.bib`."""
    text = resources.files("unlearnkit.paper").joinpath("sources.bib").read_text("utf-8")
    found = (Entry(kind, key, dict(_FIELD.findall(body))) for kind, key, body in _ENTRY.findall(text))
    return {entry.key: entry for entry in found}


def cited_by(module: str) -> list[Entry]:
    """Return what a module cites: in its own docstring, and after "Source" in those of its functions and classes."""
    text = " ".join(_texts(module))
    by_number = {e.fields[name]: e for e in known_entries().values() for name in ("eprint", "doi") if name in e.fields}
    numbers: list[str] = [*_NUMBER.findall(text), *_DOI.findall(text)]
    entries = [by_number.get(number) or _by_number(number) for number in numbers]
    found = {entry.key: entry for entry in entries}
    found |= {entry.key: entry for entry, pattern in _names() if pattern.search(text)}
    return list(found.values())


def sources_of(plug_ins: Iterable[PlugIn], modules: Iterable[str]) -> Sources:
    """Return the sources of plug-ins and of further modules of this package."""
    entries, cited, missing = {OURS: known_entries()[OURS]}, dict[PlugIn, tuple[str, ...]](), list[PlugIn]()
    for kind, name in dict.fromkeys(plug_ins):
        found = cited_by(module := locate(kind, name))
        if not found and not _is_ours(kind, name, module):
            missing.append((kind, name))
            continue
        cited[kind, name] = tuple(entry.key for entry in found) or (OURS,)
        entries |= {entry.key: entry for entry in found}
    for module in modules:
        entries |= {entry.key: entry for entry in cited_by(module)}
    numbers = tuple(entry.fields["title"] for entry in entries.values() if entry.key not in known_entries())
    return Sources(cited, tuple(missing), numbers, entries)


def _is_ours(kind: str, name: str, module: str) -> bool:
    """Whether this package is the source of a plug-in that cites none: its code, but not data or weights of others.

    Nor what names a source for which there is no entry.
    """
    if not module.startswith(f"{OURS}.") or (kind, name) == OF_OTHERS or any(map(_NAMED.search, _texts(module))):
        return False
    return kind != "data set" or declarations(module).SOURCE.startswith(f"{OURS} ")


def _by_number(number: str) -> Entry:
    """Return the entry of a source of which nothing is known but its number."""
    key = re.sub(r"[^A-Za-z0-9.]", "-", number)
    if number.startswith("10."):
        return Entry("misc", key, {"title": f"doi:{number}", "doi": number})
    return Entry("misc", key, {"title": f"arXiv:{number}", "eprint": number})


@functools.cache
def _names() -> list[tuple[Entry, re.Pattern[str]]]:
    """Entry and the pattern of what it is called: its short title, or first author and year where only it has them."""
    known = known_entries().values()
    count = Counter(entry.author_and_year for entry in known)
    found = []
    for entry in known:
        author, year = entry.author_and_year
        patterns = [rf"\b{author}(?: et al\.| and [A-Z][\w-]+)?,? \(?{year}"] if count[author, year] == 1 else []
        if title := entry.fields.get("shorttitle"):
            # "TOFU's code" is where a detail is from, not what is used
            patterns.append(rf"\b{title}\b(?!')")
        if patterns and entry.key != OURS:
            found.append((entry, re.compile("|".join(patterns))))
    return found


def _texts(module: str) -> Iterator[str]:
    tree = syntax_tree(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = " ".join((ast.get_docstring(node) or "").split())
            yield text if node is tree else "".join(text.partition("Source")[1:])
