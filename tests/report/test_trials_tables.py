"""Tables of trials: what they state of metrics that were tried and of those that were not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unlearnkit.report.arena import TABLES
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv

SETTINGS = {"difference": 0.1}


def trials(shift: float) -> list[dict[str, Any]]:
    """Values of a measure that sees originals, the more models the better, and nothing else."""
    rng, rows = np.random.default_rng(0), []
    for models in (5, 10, 20, 40):
        for kind, share, gap in (("none", 0.0, 0.0), ("leak", 0.1, 0.0), ("models", 1.0, shift)):
            for trial in range(400):
                own = {"models": models, "trial": trial, "kind": kind, "share": share, "planted": share}
                rows.append(
                    {**own, "measure": "gap", "distance": False, "value": float(gap + rng.normal() / np.sqrt(models))}
                )
    return rows


MEASURES = {"gap": {"unit": "nats", "direction": "lower"}}
ALL = [("mine", "nines", trials(5.0), 0.0123, MEASURES), ("mine", "<b>ones", trials(-5.0), 0.2, MEASURES)]


def test_the_arena_states_power_models_cost_and_blind_spots() -> None:
    table = TABLES["arena"]
    rows = table.rows(ALL, SETTINGS)
    assert {name for row in rows for name in row} == {*table.COLUMNS}
    text = table.markdown(rows, {"other": "reads hidden"}, SETTINGS)
    (line,) = (line for line in text.split("### ")[1].splitlines() if line.startswith("| mine"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:3] == ["mine", "gap", "40"]
    assert float(cells[3]) < 0.12 and cells[4] == "1.00 [5]"
    assert cells[5:] == ["12.3", "leak 10%"]
    assert "| other | reads hidden |" in text


def test_sizes_state_curves_and_the_models_for_a_wanted_difference() -> None:
    table = TABLES["sizes"]
    rows = table.rows(ALL, SETTINGS)
    assert {name for row in rows for name in row} == {*table.COLUMNS}
    assert rows[0]["recommended"] == pytest.approx((2.486 / 0.5) ** 2, rel=0.25)
    text = table.markdown(rows, {}, SETTINGS)
    lines = [line for line in text.split("### ")[1].splitlines() if line.startswith("| mine")]
    assert [line.split("|")[5].strip() for line in lines] == ["5", "10", "20", "40"]
    assert "originals are not worse than the floor" in text.split("### ")[2]
    assert "Not tried" not in text


@pytest.mark.parametrize("name", TABLES)
def test_figures_and_csv_are_drawn_and_made_with_and_without_rows(name: str) -> None:
    table = TABLES[name]
    rows = table.rows(ALL, SETTINGS)
    assert svg(table.figure(rows)) == svg(table.figure(rows))
    assert "nines" in svg(table.figure(rows))
    assert svg(table.figure([])).startswith("<svg")
    assert to_csv([], table.COLUMNS).splitlines() == [",".join(table.COLUMNS)]
    assert table.markdown([], {"klom": "no oracles"}, SETTINGS).endswith("| klom | no oracles |\n")


def test_sizes_show_the_values_of_the_measure_in_its_direction() -> None:
    table, declared = TABLES["sizes"], {"gap": {**MEASURES["gap"], "direction": "higher"}}
    turned, own = (table.rows([("mine", "nines", trials(5.0), 0.1, of)], SETTINGS)[-1] for of in (MEASURES, declared))
    # what is tried is turned, so that higher is worse: originals at 5 have the value -5
    assert own["original"] == -turned["original"] == pytest.approx(-5, abs=0.1)
    assert (own["floor_low"], own["floor_high"]) == (-turned["floor_high"], -turned["floor_low"])
    assert own["detectable"] == turned["detectable"] and own["wanted"] == turned["wanted"]
    distances = [{**row, "distance": True} for row in trials(5.0)]
    assert table.rows([("mine", "nines", distances, 0.1, declared)], SETTINGS)[0]["direction"] == "match"
    assert "| mine | gap | nats | higher | 40 |" in table.markdown([own], {}, SETTINGS)


def test_a_measure_of_few_values_has_their_words_on_its_axis() -> None:
    table = TABLES["sizes"]
    own = [{**row, "value": round(row["value"])} for row in trials(1.0)]
    verdicts = [
        ("mine", "nines", own, 0.1, {"gap": {**MEASURES["gap"], "unit": "-1 oracles, 0 undecided, 1 originals"}})
    ]
    drawn = svg(table.figure(table.rows(verdicts, SETTINGS)))
    assert "undecided" in drawn and "undecided" not in svg(table.figure(table.rows(ALL, SETTINGS)))
