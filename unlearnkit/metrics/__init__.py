"""Metrics: pure NumPy functions, arrays in, arrays out.

A metric module defines

    Settings                        its settings (a `unlearnkit.config.settings.Settings`)
    AXIS                            "samples" or "models": what one value of the metric belongs to
    MEASURES                        measure name -> Measure(direction, low, high, unit)
    score(candidate, oracle, *, settings, rng) -> {measure: {split: values}}

`candidate` and `oracle` are `Population`s. Values along AXIS "samples" have one entry per sample of the split, along "models" one
per candidate model. Summaries (means, percentiles, bootstrap intervals, floors) are made for all metrics in `summary.py`.
"""
