"""Provenance condensed: one row per kind of job and state of the code."""

from __future__ import annotations

from unlearnkit.report.origins import environment, job_rows


def _record(rule: str, code: str, settings: dict, started: str, numpy: str = "2.4", **more) -> dict:
    return {
        "rule": rule,
        "code": code,
        "settings": settings,
        "started": started,
        "wall_seconds": 2.0,
        "python": "3.11",
        "packages": {"numpy": numpy},
        "machine": {"system": "Linux", "processor": "x86_64", "cores": 2},
        **more,
    }


def test_jobs_are_grouped_by_what_they_ran_and_by_code():
    records = [
        _record("unlearn", "a", {"method": "scrub"}, "2026-01-01T00:00:02", device="GPU"),
        _record("unlearn", "a", {"method": "scrub"}, "2026-01-01T00:00:01", device="CPU"),
        _record("unlearn", "b", {"method": "scrub"}, "2026-01-01T00:00:03"),
        _record("oracle", "c", {"role": "oracle"}, "2026-01-01T00:00:00"),
    ]
    first, second, third = job_rows(records)
    assert (first["artifacts"], first["seconds"], first["devices"]) == (2, 4.0, "GPU, CPU")
    assert (first["first"][-2:], first["last"][-2:]) == ("01", "02")
    assert (second["code"], third["subject"]) == ("b", "")


def test_all_versions_are_listed():
    records = [_record("oracle", "a", {}, "t"), _record("oracle", "a", {}, "t", numpy="2.5")]
    assert environment(records) == {"Python": "3.11", "numpy": "2.4, 2.5", "machine": "Linux, x86_64, 2 cores"}
