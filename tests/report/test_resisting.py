"""Samples that resist: p values against the floor by hand, their correction by SciPy, and what is shown of them."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from scipy.stats import false_discovery_control

from unlearnkit.data.excerpts import Excerpt
from unlearnkit.metrics.distribution import klom
from unlearnkit.report.resisting import MOST_SAMPLES, explored, resistance, resisting, thumbnail

FLOOR = {"forget": np.array([0.1, 0.2, np.nan]), "retain": np.linspace(0.0, 0.9, 96)}


@pytest.fixture
def scores():
    return {
        "oracle": FLOOR,
        "original": {"forget": np.array([5.0, 4.0, 3.0])},
        "scrub": {"forget": np.array([0.05, 2.0, 0.2])},
        "ascent": {"forget": np.array([3.0, 2.0, np.nan])},
    }


def test_p_values_are_shares_of_the_floor_and_corrected_over_the_samples_of_each_variant(scores):
    values, corrected, floor = resistance(scores, ("scrub", "ascent"))
    assert values.shape == (2, 3) and len(floor) == 98  # the undefined floor value does not count
    for row, own in enumerate(((0.05, 2.0, 0.2), (3.0, 2.0))):
        raw = [(1 + sum(f >= x for f in floor)) / 99 for x in own]
        np.testing.assert_allclose(corrected[row, : len(own)], false_discovery_control(raw), rtol=1e-12)
    assert np.isnan(corrected[1, 2])


def test_samples_of_a_perfect_variant_do_not_resist_because_others_are_bad():
    rng = np.random.default_rng(0)
    floor, perfect = rng.gamma(4.0, 0.1, 2000), rng.gamma(4.0, 0.1, 500)
    bad = {f"bad_{order}": {"forget": rng.gamma(4.0, 0.1, 500) + 5.0} for order in range(6)}
    scores = {"oracle": {"validation": floor}, "perfect": {"forget": perfect}, **bad}
    _, corrected, _ = resistance(scores, ("perfect", *bad))
    assert ((corrected < 0.05).sum(axis=1) == [0, *[500] * 6]).all()
    _, alone, _ = resistance(scores, ("perfect",))
    np.testing.assert_array_equal(corrected[0], alone[0])


def test_what_has_no_value_is_not_tested_and_without_a_floor_nothing_is(scores):
    def shown(**more):
        return explored("klom", klom, {**scores, **more}, {0: 0}, lambda _: [Excerpt(text="a text")])

    some = shown(diverged={"forget": np.full(3, np.nan)})
    assert some.tested == {"scrub": 3, "ascent": 2, "diverged": 0} and not some.untested
    nothing = {"forget": np.full(3, np.nan)}
    assert shown(scrub=nothing, ascent=nothing).untested and shown(oracle=nothing).untested


def test_samples_that_most_variants_leave_come_first(scores):
    assert resisting(scores) == [1, 0, 2]
    many = {"oracle": FLOOR, "scrub": {"forget": np.arange(MOST_SAMPLES + 40.0)}}
    assert resisting(many) == [*range(MOST_SAMPLES + 39, 39, -1)]


def test_a_sample_shows_its_values_and_what_it_looks_like(scores):
    pictures = {1: np.full((2, 3), 7, np.uint8)}
    shown = explored(
        "klom",
        klom,
        scores,
        {1: 40, 2: 41},
        lambda rows: [Excerpt("nine", pictures[1]), Excerpt(text=f"row {rows[1]}")],
    )
    first, second = shown.samples
    assert (first.index, first.label, first.resists) == (40, "nine", 2)
    assert (second.index, second.text, second.picture) == (41, "row 41", "")
    assert [value.text for value in second.values] == ["0.200", ""] and shown.references == ("original", "oracle")
    assert shown.resisting == {"scrub": 1, "ascent": 2} and (shown.total, shown.null) == (3, 98)


@pytest.mark.parametrize("shape", [(8, 8), (5, 4, 3)])
def test_a_thumbnail_has_the_pixels_of_its_picture(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    head, _, content = thumbnail(picture).partition(",")
    found = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB"))
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(found, picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2))
    assert thumbnail(picture) == thumbnail(picture.copy())
