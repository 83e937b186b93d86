"""LaTeX: texts escaped, tables with the rules of booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pylatexenc.latexencode import UnicodeToLatexEncoder

_ENCODER = UnicodeToLatexEncoder(unknown_char_policy="replace", unknown_char_warning=False)


def escape(text: object) -> str:
    """Return a text as LaTeX shows it: special characters escaped, others by their commands, unknown ones as "?"."""
    return _ENCODER.unicode_to_latex(re.sub(r"\s+", " ", str(text)))


def code(text: object) -> str:
    """Return a name or a setting in typewriter type, which may be broken after `_`, `=` and `,`."""
    # split before it is escaped: commands such as \ensuremath{_1} hold these characters, too
    broken = r"\allowbreak{}".join(map(escape, re.split("(?<=[_=,])", str(text))))
    return f"\\texttt{{{broken}}}"


def prose(text: str) -> str:
    """Return a paragraph of a docstring: what is between backticks in typewriter type, *words* emphasised."""
    parts = (code(part) if number % 2 else escape(part) for number, part in enumerate(text.split("`")))
    return re.sub(r"\*(\w+)\*", r"\\emph{\1}", "".join(parts))


def cite(keys: Sequence[str]) -> str:
    """Return a citation after a tie, nothing without keys."""
    return f"~\\cite{{{','.join(keys)}}}" if keys else ""


@dataclass(frozen=True)
class Table:
    """A table: caption and cells are LaTeX, `groups` are lines with a rule between two groups; empty ones are left out.

    The first column is left-aligned, the others are right-aligned.
    """

    label: str
    caption: str
    header: Sequence[str]
    groups: Sequence[Sequence[Sequence[str]]]

    def text(self) -> str:
        """Return the table as a float."""
        body = "\n    \\midrule\n".join("\n".join(map(_line, group)) for group in self.groups if group)
        return f"""\\begin{{table}}[tbp]
  \\centering
  \\caption{{{self.caption}}}
  \\label{{tab:{self.label}}}
  \\small
  \\setlength{{\\tabcolsep}}{{4pt}}
  \\begin{{tabular}}{{l{"r" * (len(self.header) - 1)}}}
    \\toprule
{_line(self.header)}
    \\midrule
{body}
    \\bottomrule
  \\end{{tabular}}
\\end{{table}}
"""


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"
