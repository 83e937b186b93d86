"""Observation files: exact round trips of numbers and lists, and files that hold something else."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pytest

from unlearnkit import registry
from unlearnkit.artifacts.observations import (
    Observed,
    read_observation,
    read_selection,
    require_declared,
    write_observation,
)
from unlearnkit.artifacts.tables import read_table, write_table
from unlearnkit.errors import ArtifactError

SPLIT = np.array(["train"] * 3 + ["validation"] * 2)
SAMPLES = np.array([0, 4, 7, 0, 1])


def hidden(models: range, epoch: int = 1, width: int = 4) -> Observed:
    """Return features that are drawn from the model's index and the epoch alone."""
    drawn = [np.random.default_rng([model, epoch]).normal(size=(5, width)) for model in models]
    return Observed({"features": np.stack(drawn).astype(np.float32)}, tuple(models), SPLIT, SAMPLES)


def confidences(models: range) -> Observed:
    """Return numbers in the columns of confidences."""
    drawn = np.random.default_rng(0).random((5, len(models), 5)).astype(np.float32)
    values = dict(zip(("confidence", "probability", "largest", "entropy", "brier"), drawn, strict=True))
    return Observed({**values, "correct": drawn[0] > 0.5}, tuple(models), SPLIT, SAMPLES)


def written(path: Path, models: range, *epochs: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_observation(path, {epoch: hidden(models, epoch) for epoch in epochs or (1,)}, {"observation": "hidden"})
    return path


def assert_equal(read: Observed, expected: Observed) -> None:
    assert read.values.keys() == expected.values.keys()
    for name, values in expected.values.items():
        np.testing.assert_array_equal(read.values[name], values)
        assert read.values[name].dtype == values.dtype
    assert read.model_indices == expected.model_indices
    assert (read.split.tolist(), read.sample_index.tolist()) == (SPLIT.tolist(), SAMPLES.tolist())


def test_lists_of_several_epochs_make_a_round_trip(tmp_path: Path) -> None:
    read = read_observation([written(tmp_path / "a.hidden.parquet", range(3, 6), 2, 10)], "hidden")
    assert list(read) == [2, 10]
    for epoch, part in read.items():
        assert_equal(part, hidden(range(3, 6), epoch))


def test_numbers_make_a_round_trip(tmp_path: Path) -> None:
    part = confidences(range(2))
    part.values["confidence"][1, 3] = np.nan
    write_observation(tmp_path / "a.parquet", {4: part}, {})
    assert_equal(read_observation([tmp_path / "a.parquet"], "confidences")[4], part)


def test_texts_make_a_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.py").write_text('VALUES = {"text": {"note": "string", "about": "string"}}\n')
    monkeypatch.syspath_prepend(tmp_path)
    known = MappingProxyType({**registry.REGISTRIES, "observation": MappingProxyType({"notes": "notes"})})
    monkeypatch.setattr(registry, "REGISTRIES", known)
    text = np.dtypes.StringDType()
    notes = np.array([["", "two\nlines", "näh", "ends with \0", "\U0001f600"], [*"abcde"]], text)
    about = np.array([*"vwxyz"], text)
    part = Observed({"note": notes}, (0, 1), SPLIT, SAMPLES, {"about": about})
    require_declared("notes", {1: part})
    write_observation(tmp_path / "a.parquet", {1: part, 2: part}, {})
    for read in read_observation([tmp_path / "a.parquet"], "notes").values():
        assert_equal(read, part)
        assert read.of_samples["about"].tolist() == about.tolist()


def test_the_file_says_what_it_holds(tmp_path: Path) -> None:
    table, facts = read_table(written(tmp_path / "a.hidden.parquet", range(2)))
    kinds = [table.schema.field(f"features_000{model}").type for model in (0, 1)]
    assert [(kind.value_type, kind.list_size) for kind in kinds] == [(pa.float32(), 4)] * 2
    assert table.column_names == ["epoch", "split", "sample_index", "features_0000", "features_0001"]
    assert facts == {"observation": "hidden"}


def test_a_selection_leaves_out_the_files_of_other_observations(tmp_path: Path) -> None:
    paths = [
        written(tmp_path / "oracle/nines" / f"{first}.hidden.parquet", range(first, first + 2)) for first in (0, 2)
    ]
    write_observation(tmp_path / "oracle/nines/0.confidences.parquet", {1: confidences(range(2))}, {})
    paths.append(tmp_path / "oracle/nines/0.confidences.parquet")
    assert_equal(read_selection(paths, [("oracle/nines", 1, 4)], "hidden")[1], hidden(range(1, 4)))
    with pytest.raises(ArtifactError, match="no confidences of model 2 of oracle/nines"):
        read_selection(paths, [("oracle/nines", 1, 4)], "confidences")


def test_a_file_of_another_observation_is_refused_and_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.confidences.parquet", range(2))
    expected = "confidence float32, probability float32, largest float32, entropy float32, brier float32, correct bool"
    with pytest.raises(ArtifactError) as told:
        read_observation([path], "confidences")
    assert str(told.value).startswith(
        f"{path} is not a file of confidences; expected columns epoch, split, sample_index, and for every model "
        f"{expected}. Run `rm -f {path}`"
    )
    with pytest.raises(ArtifactError, match=r"a\.confidences\.parquet is not a file of margins"):
        read_observation([path], "margins")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1.0] * 4] * 4 + [None], pa.list_(pa.float32(), 4)),
        pa.array([[1.0] * 4] * 5, pa.list_(pa.float64(), 4)),
        pa.array([[1.0] * 4] * 5, pa.list_(pa.float32())),
        pa.array([1.0] * 5, pa.float32()),
    ],
    ids=["gap", "float64", "ragged", "number"],
)
def test_columns_of_another_type_are_refused(column: pa.Array, tmp_path: Path) -> None:
    path = written(tmp_path / "a.hidden.parquet", range(2))
    table, facts = read_table(path)
    write_table(path, table.set_column(4, "features_0001", column), facts)
    # versions of pyarrow before 26 do not read a list of the wrong length
    refusal = r"a\.hidden\.parquet is not a (file of hidden; expected columns epoch|readable)"
    with pytest.raises(ArtifactError, match=refusal):
        read_observation([path], "hidden")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.hidden.parquet", range(2))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ArtifactError, match=r"a\.hidden\.parquet is not a readable Parquet table"):
        read_observation([path], "hidden")


@pytest.mark.parametrize(
    ("values", "returned"),
    [
        ({"features": np.zeros((2, 5))}, "features float32 [2, 5]"),
        ({"features": np.zeros((2, 4, 3))}, "features float32 list [2, 4, 3]"),
        ({"features": np.zeros((2, 5, 3), int)}, "features int64 list [2, 5, 3]"),
        ({"norm": np.zeros((2, 5, 3))}, "norm float32 list [2, 5, 3]"),
        ({}, "no values"),
    ],
)
def test_what_is_returned_but_not_declared_is_refused_before_it_is_written(
    values: dict[str, np.ndarray], returned: str
) -> None:
    require_declared("hidden", {1: hidden(range(2))})
    with pytest.raises(ArtifactError) as refused:
        require_declared("hidden", {1: Observed(values, (0, 1), SPLIT, SAMPLES)})
    assert str(refused.value) == (
        f"observation 'hidden' returned {returned} for 2 models and 5 samples; expected features float32 list, each "
        "[models, samples], lists [models, samples, width]. Correct VALUES or observe in "
        "unlearnkit.observations.hidden."
    )
