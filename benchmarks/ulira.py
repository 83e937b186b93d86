"""Time U-LiRA against a plain loop of its definition, and measure its memory: `python benchmarks/ulira.py`.

Writes benchmarks/results/ulira.md. The loop is timed on fewer samples, and its time is scaled linearly.
"""

from __future__ import annotations

import datetime
import os
import platform
import resource
import time
from pathlib import Path

import numpy as np
import scipy
from scipy.stats import norm

from unlearnkit.metrics.attacks import ulira
from unlearnkit.metrics.population import Population

MODELS, DRAWS, SAMPLES, ALL_SAMPLES = 64, 10, 47_500, 60_000
FORGOTTEN = 0.1
LOOP_SAMPLES = 20
REPEATS = 3
RESULT = Path(__file__).parent / "results" / "ulira.md"


def pool(samples: int) -> Population:
    """Return Deep Unlearn's pool: halves of the training samples, ten requests of a tenth each, unit normal margins."""
    rng = np.random.default_rng(0)
    training = np.arange(samples) < samples * SAMPLES / ALL_SAMPLES
    member = np.repeat(rng.random((MODELS, samples), dtype=np.float32) < 0.5, DRAWS, axis=0) & training
    forgotten = member & (rng.random(member.shape, dtype=np.float32) < FORGOTTEN)
    margins = rng.standard_normal(member.shape, dtype=np.float32)
    margins[forgotten] += 0.5
    split = np.where(training, "forget", "validation")
    origin = np.repeat(np.arange(MODELS), DRAWS)
    return Population(margins, margins > 0, split, member=member, forgotten=forgotten, origin=origin)


def accuracy_loop(population: Population) -> np.ndarray:
    """Accuracy by the definition, one sample and one attacked model at a time, densities by SciPy."""
    member, forgotten, origin = population.member, population.forgotten, population.origin
    assert member is not None and forgotten is not None and origin is not None
    values = np.empty(population.samples)
    for x in range(population.samples):
        margins = population.margins[:, x].astype(np.float64)
        seen, unseen = np.flatnonzero(forgotten[:, x]), np.flatnonzero(~member[:, x])
        floor = 1e-3 * margins[np.concatenate([seen, unseen])].std()
        rates = []
        for side, other in ((seen, unseen), (unseen, seen)):
            there = margins[other].mean(), max(margins[other].std(ddof=1), floor)
            hits = 0
            for model in side:
                left = margins[side[origin[side] != origin[model]]]
                here = left.mean(), max(left.std(ddof=1), floor)
                hits += norm.logpdf(margins[model], *here) > norm.logpdf(margins[model], *there)
            rates.append(hits / len(side))
        values[x] = sum(rates) / 2
    return values


def scored(population: Population) -> np.ndarray:
    """Return the accuracies that the metric gives."""
    settings = ulira.Settings.model_validate({})
    return ulira.score(population, None, settings=settings, rng=np.random.default_rng(0))["accuracy"]["forget"]


def peak_megabytes() -> float:
    """Return the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report() -> str:
    """Return the measurements as Markdown."""
    before = peak_megabytes()
    whole = pool(ALL_SAMPLES)
    held = peak_megabytes()
    seconds, values = [], np.empty(0)
    for _ in range(REPEATS):
        start = time.process_time()
        values = scored(whole)
        seconds.append(time.process_time() - start)
    peak = peak_megabytes()
    some = whole.take_samples(np.arange(LOOP_SAMPLES))
    start = time.process_time()
    expected = accuracy_loop(some)
    loop = (time.process_time() - start) * SAMPLES / LOOP_SAMPLES
    np.testing.assert_allclose(values[:LOOP_SAMPLES], expected, atol=1e-12)
    best = min(seconds)
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    processor = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    return f"""# U-LiRA against a plain loop

Made by `python benchmarks/ulira.py` on {datetime.date.today()}.
{processor}, {os.cpu_count()} logical cores, one thread used. Python {platform.python_version()}, NumPy
{np.__version__}, SciPy {scipy.__version__}. CPU time; of the metric the best of {REPEATS} runs.

{MODELS} models on halves x {DRAWS} requests of a tenth, {ALL_SAMPLES:,} samples of which {SAMPLES:,} are attacked,
float32 margins, default settings: all models of the attacked original are left out. The metric also gives AUC and
true-positive rates of the pooled scores, the loop the accuracy only. The loop is timed on {LOOP_SAMPLES} samples, and
its time is scaled linearly; accuracies agree to 1e-12.

| | seconds |
|---|---|
| metric | {best:.1f} |
| loop | {loop:,.0f} |
| ratio | {loop / best:,.0f} |

| resident memory | MB |
|---|---|
| process with its libraries | {before:,.0f} |
| with the population (margins, correctness, membership) and what making it took | {held:,.0f} |
| peak while the metric runs | {peak:,.0f} |
"""


if __name__ == "__main__":
    text = report()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text)
    print(text)
