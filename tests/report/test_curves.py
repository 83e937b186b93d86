"""Loss curves: the mean and the band of a made table, and a file that stays small."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from unlearnkit.report.curves import MOST_POINTS, curve_columns, loss_curves, training_curves
from unlearnkit.report.passive import require_passive
from unlearnkit.report.style import svg


def table(models: range, steps: int, loss: float) -> pa.Table:
    """Return a table as rule original writes it: the loss of model k at step s is loss + k + 1 / s."""
    step = np.tile(np.arange(1, steps + 1), len(models))
    model = np.repeat(np.array(models), steps)
    return pa.table(
        {
            "model": pa.array(model, pa.int32()),
            "step": pa.array(step, pa.int32()),
            "tokens": pa.array(step * 1024, pa.int64()),
            "loss": loss + model + 1 / step,
            "lr": np.full(len(step), 0.1),
            "tokens_per_second": np.full(len(step), 9.0),
        }
    )


def test_shards_of_a_population_are_joined() -> None:
    columns = curve_columns([table(range(2), 5, 1.0), table(range(2, 4), 5, 1.0)])
    assert columns["tokens"].tolist() == [1024 * step for step in range(1, 6)]
    assert columns["loss"].shape == (4, 5)
    np.testing.assert_allclose(columns["loss"][3], [1 + 3 + 1 / step for step in range(1, 6)])


def test_a_curve_that_begins_late_is_aligned_by_its_steps() -> None:
    late = table(range(1, 2), 5, 1.0).slice(2)
    columns = curve_columns([table(range(1), 4, 1.0), late])
    assert columns["tokens"].tolist() == [3 * 1024, 4 * 1024]
    np.testing.assert_allclose(columns["loss"], [[1 + model + 1 / step for step in (3, 4)] for model in (0, 1)])


def test_curves_are_means_between_the_extremes() -> None:
    both = {"original": curve_columns([table(range(3), 10, 1.0)]), "oracle": curve_columns([table(range(3), 8, 2.0)])}
    figure = loss_curves(both)
    (axes,) = figure.axes
    original, oracle = axes.lines
    np.testing.assert_allclose(np.asarray(original.get_ydata()), [2 + 1 / step for step in range(1, 11)])
    np.testing.assert_allclose(np.asarray(oracle.get_xdata()), [1024 * step for step in range(1, 9)])
    band = np.asarray(axes.collections[0].get_paths()[0].vertices)
    assert (band[:, 1].min(), band[:, 1].max()) == (1.1, 4.0)
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["originals (3)", "oracles (3)"]
    require_passive(svg(figure), "curves.svg")


def test_many_steps_are_averaged_and_broken_ones_left_out() -> None:
    columns = curve_columns([table(range(2), 10 * MOST_POINTS, 1.0)])
    columns["loss"][0, 5], columns["loss"][:, -10:] = np.nan, np.inf
    (line,) = loss_curves({"original": columns}).axes[0].lines
    values = np.asarray(line.get_ydata())
    assert len(values) == MOST_POINTS - 1 and np.isfinite(values).all()
    sound = [np.mean([1 / step for step in range(1, 11) if step != 6]), np.mean([1 / step for step in range(1, 11)])]
    np.testing.assert_allclose(values[0], np.mean([1 + sound[0], 2 + sound[1]]), rtol=1e-12)


def test_models_that_never_had_a_finite_loss_leave_empty_axes() -> None:
    columns = {"tokens": np.arange(3), "loss": np.full((2, 3), np.nan)}
    assert len(np.asarray(loss_curves({"original": columns}).axes[0].lines[0].get_xdata())) == 0


def epochs(models: range, count: int) -> pa.Table:
    """Return a table of images: loss and accuracy of model k at epoch e are k + 1 / e and 1 - 1 / (e + k + 1)."""
    epoch, model = np.tile(np.arange(1, count + 1), len(models)), np.repeat(np.array(models, np.int32), count)
    own = {"loss": model + 1 / epoch, "accuracy": 1 - 1 / (epoch + model + 1), "lr": np.full(len(epoch), 0.1)}
    return pa.table({"model": model, "epoch": epoch.astype(np.int32), "samples": 100 * epoch, **own})


def test_images_have_a_panel_for_loss_and_one_for_accuracy() -> None:
    figure = training_curves(
        {"original": [epochs(range(2), 4), epochs(range(2, 3), 4)], "oracle": [epochs(range(3), 5)]}
    )
    loss, accuracy = figure.axes
    originals, oracles = (np.asarray(line.get_ydata()) for line in loss.lines)
    np.testing.assert_allclose(originals, 1 + 1 / np.arange(1, 5))
    assert len(oracles) == 5 and [line.get_label() for line in accuracy.lines] == ["originals (3)", "oracles (3)"]
    np.testing.assert_allclose(np.asarray(accuracy.lines[0].get_ydata())[0], 1 - (1 / 2 + 1 / 3 + 1 / 4) / 3)
    assert "training accuracy" in require_passive(svg(figure), "made.svg")


def test_tables_without_rows_are_not_drawn() -> None:
    figure = training_curves({"original": [epochs(range(0), 4)], "oracle": [epochs(range(2), 4)]})
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]
