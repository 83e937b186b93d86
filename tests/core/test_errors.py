"""Messages state the fact, what was expected and the remedy."""

from __future__ import annotations

import pytest

from unlearnkit.errors import (
    ArtifactError,
    ConfigError,
    DataError,
    MetricError,
    TrainingError,
    UnlearnkitError,
    suggest,
)


def test_message_reads_as_one_paragraph() -> None:
    error = UnlearnkitError("x.npy has 3 rows.", expected="4 rows.", remedy="write it again.")
    assert str(error) == "x.npy has 3 rows; expected 4 rows. Write it again."
    assert (error.fact, error.expected, error.remedy) == ("x.npy has 3 rows.", "4 rows.", "write it again.")


def test_a_list_that_goes_on_keeps_its_dots() -> None:
    assert str(DataError("unknown: a, b, ...", expected="c")) == "unknown: a, b, ...; expected c."


def test_a_question_ends_with_its_mark() -> None:
    assert str(ConfigError("unknown method 'scrap'", remedy="did you mean 'scrub'?")) == (
        "unknown method 'scrap'. Did you mean 'scrub'?"
    )


@pytest.mark.parametrize("kind", [ConfigError, DataError, ArtifactError, MetricError, TrainingError])
def test_every_kind_is_caught_as_one(kind: type[UnlearnkitError]) -> None:
    with pytest.raises(UnlearnkitError, match=r"^a fact\.$"):
        raise kind("a fact")


def test_a_metric_error_is_a_value_error() -> None:
    assert issubclass(MetricError, ValueError)


def test_suggest_names_the_nearest_or_lists_all() -> None:
    assert suggest("scrib", ["fine_tune", "scrub"]) == "did you mean 'scrub'?"
    assert suggest("zzz", ["scrub", "fine_tune"]) == "known names: fine_tune, scrub"
