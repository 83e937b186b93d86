"""Time KLOM and margins against plain loops of the same definitions: `python benchmarks/klom.py`.

Writes benchmarks/results/klom.md. Each time is the best of several runs of one process; the per-sample loops are timed
on fewer samples and scaled linearly, as the table states.
"""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy.special import logsumexp
from scipy.stats import entropy

from unlearnkit.metrics.distribution.klom import klom
from unlearnkit.metrics.margins import margins_from_logits

SAMPLES, CLASSES = 60_000, 10
LOOP_SAMPLES = 1000
REPEATS = 7
RESULT = Path(__file__).parent / "results" / "klom.md"

Histogram = Callable[[np.ndarray, np.ndarray], np.ndarray]


def counted_by_bincount(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Histogram of one sample by one pass over its bin numbers: the fastest plain form."""
    return np.bincount(np.digitize(values, edges), minlength=22)[1:21]


def counted_bin_by_bin(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Histogram of one sample by comparing its bin numbers with each bin: the literal definition."""
    bins = np.digitize(values, edges)
    return np.array([np.sum(bins == k) for k in range(1, 21)])


def klom_loop(unlearned: np.ndarray, oracle: np.ndarray, histogram: Histogram) -> np.ndarray:
    """KLOM as published, one sample at a time."""
    values = np.empty(unlearned.shape[1])
    for j in range(len(values)):
        u, o = np.clip(unlearned[:, j], -100, 100), np.clip(oracle[:, j], -100, 100)
        lowest, highest = min(u.min(), o.min()), max(u.max(), o.max())
        edges = np.linspace(lowest, highest if lowest < highest else lowest + 1, 21)
        p, q = histogram(u, edges), histogram(o, edges)
        p, q = p / max(p.sum(), 1), q / max(q.sum(), 1)
        values[j] = entropy(p, np.where(p > 0, np.maximum(q, 1e-5), q))
    return values


def margins_at_once(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Margins of all models and samples in whole-array operations."""
    index = np.broadcast_to(labels, logits.shape[:-1])[..., None]
    others = logits.copy()
    np.put_along_axis(others, index, -np.inf, axis=-1)
    return np.take_along_axis(logits, index, axis=-1)[..., 0] - logsumexp(others, axis=-1)


def best_seconds(functions: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Return each function's shortest wall time; they take turns, so that a busy machine slows all alike."""
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(REPEATS):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def klom_lines(models: int, rng: np.random.Generator) -> list[str]:
    """Return table lines of KLOM at one N, after checking that all forms give the same values."""
    u, o = rng.normal(size=(2, models, SAMPLES)).astype(np.float32)
    some = u[:, :LOOP_SAMPLES].copy(), o[:, :LOOP_SAMPLES].copy()
    expected = klom(unlearned=some[0], oracle=some[1], compat="easydub")
    for form in (counted_by_bincount, counted_bin_by_bin):
        np.testing.assert_allclose(klom_loop(*some, form), expected, atol=1e-12)
    seconds = best_seconds(
        {
            "default": lambda: klom(unlearned=u, oracle=o),
            "easydub": lambda: klom(unlearned=u, oracle=o, compat="easydub"),
            "bincount": lambda: klom_loop(*some, counted_by_bincount),
            "bin by bin": lambda: klom_loop(*some, counted_bin_by_bin),
        }
    )
    loops = {name: seconds[name] * SAMPLES / LOOP_SAMPLES for name in ("bincount", "bin by bin")}
    return [
        f"| {models} | {ours} | {1e3 * seconds[ours]:.0f} ms | {name} | {loop:.1f} s | {loop / seconds[ours]:.0f} |"
        for ours in ("default", "easydub")
        for name, loop in loops.items()
    ]


def margins_line(models: int, rng: np.random.Generator) -> str:
    """Return the table line of margins from logits, after checking that both forms give the same values."""
    logits = (5 * rng.normal(size=(models, SAMPLES, CLASSES))).astype(np.float32)
    labels = rng.integers(CLASSES, size=SAMPLES)
    np.testing.assert_allclose(margins_from_logits(logits, labels), margins_at_once(logits, labels), atol=1e-4)
    seconds = best_seconds(
        {
            "ours": lambda: margins_from_logits(logits, labels),
            "at once": lambda: margins_at_once(logits, labels),
        }
    )
    ours, at_once = seconds["ours"], seconds["at once"]
    return f"| {models} | {1e3 * ours:.0f} ms | {1e3 * at_once:.0f} ms | {at_once / ours:.1f} |"


def processor() -> str:
    """Return the processor's model name where the system reports it."""
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        if cpuinfo.exists()
        else []
    )
    return names[0] if names else platform.processor() or platform.machine()


def report() -> str:
    """Return the measurements as Markdown."""
    rng = np.random.default_rng(0)
    klom_table = "\n".join(line for models in (100, 200) for line in klom_lines(models, rng))
    return f"""# KLOM and margins against plain loops

Made by `python benchmarks/klom.py` on {datetime.date.today()}.
{processor()}, {os.cpu_count()} logical cores, one thread used. Python {platform.python_version()}, NumPy
{np.__version__}, SciPy {scipy.__version__}. Best of {REPEATS} runs; the forms take turns.

KLOM of N models a side on {SAMPLES:,} samples, float32, unit normal margins. The loops over samples follow the
published definition and count a sample's bins with `bincount` or bin by bin. They are timed on {LOOP_SAMPLES:,}
samples, and the time is scaled linearly. All values agree with compat="easydub" to 1e-12.

| N | compat | time | loop | time | ratio |
|---|---|---|---|---|---|
{klom_table}

Margins from logits [models, {SAMPLES:,}, {CLASSES}], float32, against the formula in whole-array NumPy and SciPy.

| models | time | all at once | ratio |
|---|---|---|---|
{margins_line(20, rng)}
"""


if __name__ == "__main__":
    text = report()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text)
    print(text)
