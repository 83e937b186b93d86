"""Durations and sizes as people read them."""

from __future__ import annotations

import pytest

from unlearnkit.planning.presentation import duration, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.9, "60 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1.0 h"),
        (99.9 * 3600, "99.9 h"),
        (4_644_000, "1,290 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_300, "12 kB"), (3.4e9, "3.4 GB"), (1.3e12, "1.3 TB")],
)
def test_sizes(number: float, text: str) -> None:
    assert size(number) == text
