"""The certificate on trained models: `python benchmarks/certificate_models.py` (two minutes).

Writes benchmarks/results/certificate_models.md. The models are trained first, by the workflow, unless they are there.
"""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
from certificate import LEVEL, SHARES, tested
from klom import processor

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.metrics.distribution.verdicts import verdict_of

NULL_TRIALS, TRIALS = 1000, 100
CONFIGURATION = Path(__file__).resolve().with_suffix(".yaml")
RESULT = Path(__file__).parent / "results" / "certificate_models.md"


def pool(results: Path, *folders: str) -> np.ndarray:
    """Return the margins of all models of some populations on the forget samples, [models, samples]."""
    forget, parts = np.load(results / "forget_sets/nines.npy"), []
    for folder in folders:
        by_epoch = read_margins(sorted((results / folder).glob("*.margins.parquet")))
        last = by_epoch[max(by_epoch)]
        parts.append(last.margins[:, (last.split == "train") & np.isin(last.sample_index, forget)])
    return np.concatenate(parts).astype(np.float64)


def said(rng: np.random.Generator, sides: tuple[np.ndarray, ...]) -> tuple[bool, ...]:
    """Return whether a trial says oracles, undecided, originals, and that candidate and oracles differ."""
    spread = np.concatenate(sides).std(axis=0, ddof=1)
    nearness, same = tested(rng, tuple(side / spread for side in sides), "mmd", 199)
    verdict = verdict_of(nearness.p_oracle, nearness.p_original, LEVEL)
    return verdict < 0, verdict == 0, verdict > 0, same <= LEVEL


def null(oracles: np.ndarray, count: int) -> np.ndarray:
    """Return the shares of trials in which all three samples are oracles."""
    rng = np.random.default_rng(count)
    drawn = (rng.permutation(len(oracles)) for _ in range(NULL_TRIALS))
    parts = ((oracles[at[:count]], oracles[at[count : 2 * count]], oracles[at[2 * count : 3 * count]]) for at in drawn)
    return np.mean([said(rng, part) for part in parts], axis=0)


def planted(oracles: np.ndarray, originals: np.ndarray, count: int, share: float) -> np.ndarray:
    """Return the shares of trials of candidates that hold a share of originals."""
    rng, found = np.random.default_rng([count, round(1000 * share)]), []
    for _ in range(TRIALS):
        order, reference = rng.permutation(len(oracles)), originals[rng.permutation(len(originals))[:count]]
        candidate, replaced = oracles[order[:count]].copy(), round(share * count)
        candidate[:replaced] = reference[:replaced]
        found.append(said(rng, (candidate, oracles[order[count : 2 * count]], reference)))
    return np.mean(found, axis=0)


def main() -> None:
    """Run everything and write the result."""
    made = [sys.executable, "-m", "snakemake", "klom_all", "--configfile", str(CONFIGURATION), "-c2", "--quiet"]
    subprocess.run(made, check=True, cwd=CONFIGURATION.parents[1])
    results = CONFIGURATION.parents[1] / "results" / CONFIGURATION.stem
    oracles, originals = pool(results, "oracle/nines", "held_out_oracle/nines"), pool(results, "original")
    lines = []
    for count in (20, 100):
        rows = {"three samples of oracles": null(oracles, count)}
        rows |= {f"{share:.0%} originals": planted(oracles, originals, count, share) for share in SHARES}
        lines += [f"| {count} | {name} | {' | '.join(f'{value:.3f}' for value in row)} |" for name, row in rows.items()]
    text = f"""# The certificate on trained models

Made by `python benchmarks/certificate_models.py` on {datetime.date.today()}.
{processor()}, {os.cpu_count()} logical cores, one thread used. Python {platform.python_version()},
NumPy {np.__version__}.

{len(oracles)} oracles and {len(originals)} originals of the digits, a perceptron, on {oracles.shape[1]} forget samples
(`benchmarks/certificate_models.yaml`); every trial draws its models from these. MMD, level {LEVEL:.0%}, 199 exchanges.
"Three samples of oracles": {NULL_TRIALS} trials in which candidate, oracles and originals are all oracles. Others:
{TRIALS} trials; the candidate is N models, of which a share are originals and the rest oracles. "differs" is `p_same`
of at most 5 %.

| N | candidate | says oracles | undecided | says originals | differs |
|---|---|---|---|---|---|
{chr(10).join(lines)}
"""
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
