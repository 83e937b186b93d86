"""Numbers as readers see them in tables: fixed or significant digits, never a zero with a sign."""

from __future__ import annotations


def shown(value: float | None, form: str = ".3f") -> str:
    """Return a number in a format of Python's, nothing where there is none; what rounds to zero has no sign."""
    if value is None:
        return ""
    return format(value, form if form.endswith("d") else f"z{form}")


def number(value: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, trailing zeros kept, as is from 1,000 upwards."""
    return shown(value, ",.0f") if abs(value) >= 1000 else shown(value, f"#.{digits}g").rstrip(".")


def duration(seconds: float | None) -> str:
    """Return a time in seconds as `number` does, below a millisecond only that it is; nothing where there is none."""
    if seconds is None:
        return ""
    return "< 0.001" if 0 < seconds < 0.001 else number(seconds)


def between(low: float | None, high: float | None, digits: int = 2) -> str:
    """Return an interval as "[low, high]" with fixed digits, nothing where an end is unknown."""
    return "" if low is None or high is None else f"[{shown(low, f'.{digits}f')}, {shown(high, f'.{digits}f')}]"


def named_values(unit: str) -> dict[float, str]:
    """Return value -> word where a unit lists all values of a measure, as "-1 oracles, 0 undecided, 1 originals".

    Of any other unit nothing.
    """
    parts = [part.partition(" ") for part in unit.split(", ")]
    if len(parts) < 2 or not all(value.lstrip("-").isdecimal() and word for value, _, word in parts):
        return {}
    return {float(value): word for value, _, word in parts}
