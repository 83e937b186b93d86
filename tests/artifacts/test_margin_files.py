"""Margin files: exact round trips, selections across populations, and shards that do not fit together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from unlearnkit.artifacts.margins import Margins, read_margins, read_selection, write_margins
from unlearnkit.artifacts.tables import read_table, write_table
from unlearnkit.errors import ArtifactError

SPLIT = np.array(["train"] * 5 + ["validation"] * 2)
SAMPLES = np.array([0, 1, 2, 3, 4, 0, 1])


def margins(models: range, epoch: int = 1) -> Margins:
    """Return margins that are drawn from the model's index and the epoch alone."""
    values = np.stack([np.random.default_rng([model, epoch]).normal(size=7) for model in models]).astype(np.float32)
    values[0, 0] = np.inf
    return Margins(values, values > 0.1, tuple(models), SPLIT, SAMPLES)


def written(path: Path, models: range, *epochs: int) -> Path:
    write_margins(path, {epoch: margins(models, epoch) for epoch in epochs or (1,)}, {"unit": "nats"})
    return path


def assert_equal(read: Margins, expected: Margins) -> None:
    np.testing.assert_array_equal(read.margins, expected.margins)
    assert read.margins.dtype == np.float32
    np.testing.assert_array_equal(read.correct, expected.correct)
    assert read.correct.dtype == bool
    assert read.model_indices == expected.model_indices
    np.testing.assert_array_equal(read.split, SPLIT)
    np.testing.assert_array_equal(read.sample_index, SAMPLES)


def test_round_trip_of_several_epochs(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", range(3, 6), 2, 10)
    read = read_margins([path])
    assert list(read) == [2, 10]
    for epoch, part in read.items():
        assert_equal(part, margins(range(3, 6), epoch))


def test_the_file_says_what_it_holds(tmp_path: Path) -> None:
    table, facts = read_table(written(tmp_path / "a.parquet", range(2), 4))
    assert table.column_names == [
        "epoch",
        "split",
        "sample_index",
        *("model_0000", "model_0001"),
        *("correct_0000", "correct_0001"),
    ]
    assert facts == {"unit": "nats"}


def test_not_a_number_stays_one(tmp_path: Path) -> None:
    part = margins(range(2))
    part.margins[1, 3] = np.nan
    write_margins(tmp_path / "a.parquet", {0: part}, {})
    np.testing.assert_array_equal(read_margins([tmp_path / "a.parquet"])[0].margins, part.margins)


def test_shards_are_joined(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{first}.parquet", range(first, first + 2)) for first in (0, 2)]
    joined = read_margins(paths)[1]
    assert joined.model_indices == (0, 1, 2, 3)
    np.testing.assert_array_equal(joined.margins[2:], margins(range(2, 4)).margins)


def test_overlapping_shards_are_refused(tmp_path: Path) -> None:
    paths = [written(tmp_path / "a.parquet", range(2)), written(tmp_path / "b.parquet", range(1, 3))]
    with pytest.raises(ArtifactError, match=r"b\.parquet holds a model index that another shard holds too"):
        read_margins(paths)


def test_shards_of_other_epochs_or_samples_are_refused(tmp_path: Path) -> None:
    first = written(tmp_path / "a.parquet", range(2), 1)
    second = written(tmp_path / "b.parquet", range(2, 4), 2)
    with pytest.raises(ArtifactError, match=r"b\.parquet holds other epochs or samples than .*a\.parquet"):
        read_margins([first, second])
    part = margins(range(2, 4))
    fewer = Margins(part.margins[:, 1:], part.correct[:, 1:], part.model_indices, SPLIT[1:], SAMPLES[1:])
    write_margins(second, {1: fewer}, {})
    with pytest.raises(ArtifactError, match=r"b\.parquet holds other epochs or samples"):
        read_margins([first, second])


@pytest.fixture
def pools(tmp_path: Path) -> list[Path]:
    """Two shards of oracles and one of held-out oracles."""
    return [
        written(tmp_path / "oracle" / "nines" / "0000-0001.margins.parquet", range(2)),
        written(tmp_path / "oracle" / "nines" / "0002-0003.margins.parquet", range(2, 4)),
        written(tmp_path / "held_out_oracle" / "nines" / "0000-0001.margins.parquet", range(2)),
    ]


def test_a_selection_spans_shards_and_pools(pools: list[Path]) -> None:
    selected = read_selection(pools, [("oracle/nines", 1, 4), ("held_out_oracle/nines", 0, 1)])[1]
    assert selected.model_indices == (1, 2, 3, 0)
    np.testing.assert_array_equal(selected.margins[:2], [margins(range(2)).margins[1], margins(range(2, 4)).margins[0]])
    np.testing.assert_array_equal(selected.correct[3], margins(range(2)).correct[0])


def test_a_missing_model_is_named(pools: list[Path]) -> None:
    with pytest.raises(ArtifactError, match="no margins of model 4 of oracle/nines"):
        read_selection(pools, [("oracle/nines", 3, 6)])


def test_a_missing_pool_is_named(pools: list[Path]) -> None:
    with pytest.raises(ArtifactError, match="no file of margins for oracle/eights among"):
        read_selection(pools, [("oracle/eights", 0, 2)])
    with pytest.raises(ArtifactError, match="no file of margins is given"):
        read_margins([])


def test_other_tables_are_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", pa.table({"epoch": [1], "model_0000": [0.5]}), {})
    with pytest.raises(ArtifactError, match=r"a\.parquet is not a file of margins; expected columns epoch, split"):
        read_margins([tmp_path / "a.parquet"])


def test_a_file_without_the_correctness_of_a_model_is_refused(tmp_path: Path) -> None:
    table, _ = read_table(written(tmp_path / "a.parquet", range(2)))
    write_table(tmp_path / "a.parquet", table.drop_columns(["correct_0001"]), {})
    with pytest.raises(ArtifactError, match=r"a\.parquet is not a file of margins"):
        read_margins([tmp_path / "a.parquet"])


# sequences

TARGETS = np.array([3, 1, 2, 7, 7, 7, 5], np.int32)


def of_sequences(models: range, epoch: int = 1) -> Margins:
    """Return values of sequences that are drawn from the model's index and the epoch alone."""
    drawn = [np.random.default_rng([model, epoch]).normal(size=(4, 7)).astype(np.float32) for model in models]
    mean, share, loss, least = np.stack(drawn, axis=1)
    others = {"loss_sum": np.abs(loss), "margin_min": least}
    return Margins(mean, 1 / (1 + np.exp(-share)), tuple(models), SPLIT, SAMPLES, others, TARGETS)


def assert_same_sequences(read: Margins, expected: Margins) -> None:
    for name in ("margins", "correct", "split", "sample_index", "targets"):
        np.testing.assert_array_equal(getattr(read, name), getattr(expected, name))
    assert read.model_indices == expected.model_indices
    assert read.others.keys() == expected.others.keys()
    for name, values in expected.others.items():
        np.testing.assert_array_equal(read.others[name], values)
        assert read.others[name].dtype == np.float32
    assert (read.margins.dtype, read.correct.dtype) == (np.float32, np.float32)


def test_values_of_sequences_make_a_round_trip(tmp_path: Path) -> None:
    parts = {epoch: of_sequences(range(3, 6), epoch) for epoch in (5, 10)}
    parts[10].margins[1, 3] = np.nan
    write_margins(tmp_path / "a.parquet", parts, {"unit": "nats"})
    read = read_margins([tmp_path / "a.parquet"])
    assert list(read) == [5, 10]
    for epoch, part in read.items():
        assert_same_sequences(part, parts[epoch])


def test_a_file_of_sequences_says_what_it_holds(tmp_path: Path) -> None:
    write_margins(tmp_path / "a.parquet", {4: of_sequences(range(2))}, {})
    table, _ = read_table(tmp_path / "a.parquet")
    kinds = {
        "targets": pa.int32(),
        **{
            f"{name}_000{model}": pa.float32()
            for name in ("model", "correct", "loss_sum", "margin_min")
            for model in (0, 1)
        },
    }
    assert {name: table.schema.field(name).type for name in table.column_names[3:]} == kinds


def test_selections_of_sequences_keep_every_value(tmp_path: Path) -> None:
    paths = []
    for first in (0, 2):
        (tmp_path / "oracle" / "some").mkdir(parents=True, exist_ok=True)
        paths.append(tmp_path / "oracle" / "some" / f"{first}.margins.parquet")
        write_margins(paths[-1], {1: of_sequences(range(first, first + 2))}, {})
    assert_same_sequences(read_selection(paths, [("oracle/some", 1, 4)])[1], of_sequences(range(1, 4)))


def test_the_compared_value_is_higher_for_more_confident_models() -> None:
    part = of_sequences(range(2))
    np.testing.assert_array_equal(part.value("margin_mean"), part.margins)
    np.testing.assert_array_equal(part.value("margin_min"), part.others["margin_min"])
    np.testing.assert_allclose(part.value("loss_mean"), -part.others["loss_sum"] / TARGETS, rtol=1e-6)
    assert part.losses is not None and part.losses.dtype == np.float64
    image = margins(range(2))
    assert image.losses is None
    np.testing.assert_array_equal(image.value("margin_mean"), image.margins)
    with pytest.raises(
        ArtifactError, match="there is no value loss_mean; expected margin_mean, the only value of images"
    ):
        image.value("loss_mean")


def test_samples_and_models_are_taken_from_every_array() -> None:
    part = of_sequences(range(4)).take_models([2, 0]).take_samples(np.array([1, 6]))
    whole = of_sequences(range(4))
    np.testing.assert_array_equal(part.margins, whole.margins[[2, 0]][:, [1, 6]])
    np.testing.assert_array_equal(part.others["loss_sum"], whole.others["loss_sum"][[2, 0]][:, [1, 6]])
    assert part.targets is not None
    assert (part.targets.tolist(), part.sample_index.tolist()) == ([1, 5], [1, 1])


def test_a_file_of_sequences_with_a_lost_column_is_none(tmp_path: Path) -> None:
    write_margins(tmp_path / "a.parquet", {4: of_sequences(range(2))}, {})
    table, facts = read_table(tmp_path / "a.parquet")
    write_table(tmp_path / "a.parquet", table.drop_columns(["margin_min_0001"]), facts)
    with pytest.raises(ArtifactError, match="is not a file of margins"):
        read_margins([tmp_path / "a.parquet"])


def test_a_file_of_images_has_the_columns_it_always_had(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", range(2), 4)
    table, _ = read_table(path)
    assert [str(table.schema.field(name).type) for name in table.column_names] == [
        *("int32", "dictionary<values=string, indices=int32, ordered=0>", "int32"),
        *("float", "float"),
        *("bool", "bool"),
    ]
