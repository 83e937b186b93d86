"""A page that is followed: its files are written and its commands run, in the order in which they stand."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from checkout import Checkout, Outcome

_STEP = re.compile(r"(?:`([\w./]+)`:\n\n)?^```(bash|python|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def followed(copy: Checkout, page: Path, replaced: Mapping[str, str] | None = None) -> dict[str, Outcome]:
    """Do in a copy what a page says and return command -> how it ended, the last time; every one has to succeed.

    A block after "`file`:" is written to that file; the lines of `bash` blocks are run one by one. In commands, keys of
    `replaced` become their values.
    """
    ended: dict[str, Outcome] = {}
    for file, language, text in _STEP.findall(page.read_text(encoding="utf-8")):
        if file:
            (copy.root / file).write_text(text, encoding="utf-8")
        for command in text.splitlines() if language == "bash" else ():
            actual = command
            for old, new in (replaced or {}).items():
                actual = actual.replace(old, new)
            outcome = copy.run("bash", "-ec", f"export PATH={Path(sys.executable).parent}:$PATH\n{actual}")
            assert outcome.status == 0, f"{actual}\n{outcome.output}"
            ended[command] = outcome
    return ended
