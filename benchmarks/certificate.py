"""How often is the certificate wrong, and what does it find? `python benchmarks/certificate.py` (about 3 minutes).

Writes benchmarks/results/certificate.md. Models are drawn from known laws, so the right verdict is known.
"""

from __future__ import annotations

import datetime
import os
import platform
import time
from pathlib import Path

import numpy as np
from klom import processor

from unlearnkit.metrics.distribution.hockey_stick import relative_hockey_stick
from unlearnkit.metrics.distribution.three_samples import (
    Nearness,
    coins,
    kernel_of,
    relative_mmd,
    same_law,
    squared_distances,
)
from unlearnkit.metrics.distribution.verdicts import verdict_of

SAMPLES, LEVEL = 50, 0.05
TRIALS, POWER_TRIALS = 1000, 200
SHARES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
MODELS = """A model is its margins on 50 forget samples, half of whose variance moves all samples together; originals
have margins that are one standard deviation higher."""
RESULT = Path(__file__).parent / "results" / "certificate.md"


def models(rng: np.random.Generator, count: int, shift: float = 0.0) -> np.ndarray:
    """Return the margins of some models, [count, SAMPLES], of unit variance and mean `shift`."""
    common, alone = rng.normal(size=(count, 1)), rng.normal(size=(count, SAMPLES))
    return np.sqrt(0.5) * common + np.sqrt(0.5) * alone + shift


def tested(rng: np.random.Generator, sides: tuple[np.ndarray, ...], statistic: str, exchanges: int):
    """Return the relative test of one trial, and the p value of candidate and oracles having one law."""
    kernel, signs = kernel_of(squared_distances(np.concatenate(sides))), coins(len(sides[0]), exchanges, rng)
    nearness: Nearness = (
        relative_mmd(kernel, signs)
        if statistic == "mmd"
        else relative_hockey_stick(kernel, signs, gamma=1.0, ridge=0.1)
    )
    return nearness, same_law(kernel, signs)


def verdicts(statistic: str, count: int, trials: int, laws) -> list[float]:
    """Return the shares of trials that say oracles, undecided, originals, and that candidate and oracles differ."""
    rng, found = np.random.default_rng([count, len(statistic)]), []
    for _ in range(trials):
        nearness, same = tested(rng, laws(rng, count), statistic, 199 if statistic == "mmd" else 99)
        found.append([verdict_of(nearness.p_oracle, nearness.p_original, LEVEL), same <= LEVEL])
    said, differs = np.array(found).T
    return [*(float(np.mean(said == verdict)) for verdict in (-1, 0, 1)), float(differs.mean())]


def planted(share: float):
    """Return the laws of a candidate that holds a share of originals, of oracles and of originals."""

    def laws(rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
        of_originals = round(share * count)
        candidate = np.concatenate([models(rng, of_originals, 1.0), models(rng, count - of_originals)])
        return candidate, models(rng, count), models(rng, count, 1.0)

    return laws


NULLS = {
    "all three are oracles": lambda rng, count: tuple(models(rng, count) for _ in range(3)),
    "half way: oracles -1/2, candidate 0, originals +1/2 sd": lambda rng, count: tuple(
        models(rng, count, shift) for shift in (0, -0.5, 0.5)
    ),
    "far from both: candidate +5 sd, no other difference": lambda rng, count: tuple(
        models(rng, count, shift) for shift in (5, 0, 0)
    ),
}


def lines_of_nulls():
    """Yield a line for every null, statistic and number of models."""
    for name, laws in NULLS.items():
        for statistic, count in (("mmd", 8), ("mmd", 20), ("mmd", 100), ("hockey_stick", 20)):
            oracles, _, originals, _ = verdicts(statistic, count, TRIALS, laws)
            yield f"| {name} | {statistic} | {count} | {oracles:.3f} | {originals:.3f} | {oracles + originals:.3f} |"


def lines_of_power():
    """Yield a line for every share of originals, statistic and number of models."""
    for statistic, count in (("mmd", 20), ("mmd", 100), ("hockey_stick", 20)):
        for share in SHARES:
            found = " | ".join(f"{value:.2f}" for value in verdicts(statistic, count, POWER_TRIALS, planted(share)))
            yield f"| {statistic} | {count} | {share:.0%} | {found} |"


def seconds(statistic: str, count: int) -> float:
    """Return the least CPU seconds of one test with 999 exchanges, distances included."""
    rng, taken = np.random.default_rng(0), []
    for _ in range(3):
        start = time.process_time()
        tested(rng, planted(0.1)(rng, count), statistic, 999)
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> None:
    """Run everything and write the result."""
    costs = [
        f"{name} {count}: {1e3 * seconds(name, count):.1f} ms"
        for name in ("mmd", "hockey_stick")
        for count in (20, 100)
    ]
    text = f"""# The certificate: false alarms and power

Made by `python benchmarks/certificate.py` on {datetime.date.today()}.
{processor()}, {os.cpu_count()} logical cores, one thread used. Python {platform.python_version()},
NumPy {np.__version__}.

{MODELS}
Level {LEVEL:.0%}, two-sided; 199 exchanges (hockey_stick: 99).

## False alarms

Share of {TRIALS} trials with a verdict where none is true; at 5 % its standard deviation is 0.007.

| null | statistic | N | oracles | originals | either |
|---|---|---|---|---|---|
{chr(10).join(lines_of_nulls())}

## Power

The candidate is N models, of which a share are originals and the rest oracles that are not among the reference. Shares
of {POWER_TRIALS} trials; "differs" is `p_same` of at most 5 %. Nearer to the oracles is right below 50 %, nearer to the
originals above.

| statistic | N | originals in the candidate | oracles | undecided | originals | differs |
|---|---|---|---|---|---|---|
{chr(10).join(lines_of_power())}

## Cost

CPU time of one test with 999 exchanges on one split of {SAMPLES} samples: {"; ".join(costs)}.
"""
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
