"""What the certificate (metric `relative`) says of a candidate on all forget sets together, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

CERTIFICATE = "relative"
"""The metric whose verdict on forget samples is the certificate; docs/certificate.md."""
WORDS = {
    "oracles": "nearer to the oracles",
    "originals": "nearer to the originals",
    "undecided": "certificate undecided",
    "too few models": "too few models for a certificate",
}
"""Verdict in the metric's table -> what it is called beside other verdicts."""


def certificates(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """Return (candidate, epoch) -> its verdicts, each with the number of forget sets unless they all agree.

    `rows` are those of the metric's table (`metrics.distribution.verdicts.concluded`); none where the metric is absent.
    Forget sets without a verdict do not count.
    """
    found: dict[tuple[str, int], dict[str, str]] = {}
    for row in rows:
        if row["nearer_to"] is not None:
            found.setdefault((row["candidate"], row["epoch"]), {})[row["forget_set"]] = row["nearer_to"]
    return {key: _together([*verdicts.values()]) for key, verdicts in found.items()}


def _together(verdicts: Sequence[str]) -> str:
    counts = Counter(verdicts)
    if len(counts) == 1:
        return WORDS[verdicts[0]]
    return ", ".join(f"{WORDS[name]} on {counts[name]} of {len(verdicts)}" for name in WORDS if counts[name])
