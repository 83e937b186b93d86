"""Time the challenge score against plain loops of the same definitions: `python benchmarks/challenge.py`.

Writes benchmarks/results/challenge.md. Times are CPU times of one process, the best of several runs; the loops are
timed on few samples and scaled linearly, as the table states. Every loop gives the values that it is compared with.
"""

from __future__ import annotations

import datetime
import math
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
import sklearn
from scipy.stats import gaussian_kde, norm
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from unlearnkit.metrics.attacks.neurips import Settings, forgetting_scores

MODELS, SAMPLES, SHIFT = 100, 1000, 0.7
REPEATS = 5
RESULT = Path(__file__).parent / "results" / "challenge.md"

Fit = Callable[[np.ndarray, np.ndarray], "Rule"]


class Rule(NamedTuple):
    """Accuses where low <= statistic < high, or elsewhere."""

    statistic: Callable[[np.ndarray], np.ndarray]
    low: float
    high: float
    inside: bool = True

    def errors(self, u: np.ndarray, o: np.ndarray) -> tuple[int, int]:
        """False positives and false negatives."""
        accused = [((self.low <= s) & (s < self.high)) == self.inside for s in (self.statistic(o), self.statistic(u))]
        return int(accused[0].sum()), int((~accused[1]).sum())


def epsilon(positives: int, negatives: int, oracles: int, unlearned: int, delta: float) -> float:
    """Epsilon of error counts: infinite where both are 0, NaN where one is."""
    fpr, fnr = positives / oracles, negatives / unlearned
    if not positives or not negatives:
        return math.inf if positives == negatives else math.nan
    branches = [math.log(a / b) for a, b in ((1 - delta - fpr, fnr), (1 - delta - fnr, fpr)) if a > 0]
    return max(branches, default=math.nan)


def worth(rule: Rule, u: np.ndarray, o: np.ndarray, delta: float = 1e-5) -> float:
    """Epsilon of a rule's errors, not negative; of discarded ones that of one error, less 1000."""
    positives, negatives = rule.errors(u, o)
    found = max(epsilon(positives, negatives, len(o), len(u), delta), 0.0)
    if math.isnan(epsilon(positives, negatives, len(o), len(u), delta)):
        widened = epsilon(max(positives, 1), max(negatives, 1), len(o), len(u), delta)
        return (0.0 if math.isnan(widened) else max(widened, 0.0)) - 1000
    return found


def best(rules: list[Rule], u: np.ndarray, o: np.ndarray) -> Rule:
    """The first of the rules that are worth most."""
    return rules[int(np.argmax([worth(rule, u, o) for rule in rules]))]


def midpoints(values: np.ndarray) -> np.ndarray:
    """All cuts between the values."""
    ordered = np.sort(values)
    return np.concatenate([[-np.inf], (ordered[1:] + ordered[:-1]) / 2, [np.inf]])


def same(values: np.ndarray) -> np.ndarray:
    """The values."""
    return values


def single(u: np.ndarray, o: np.ndarray) -> Rule:
    """All thresholds, both directions."""
    places = midpoints(np.concatenate([u, o]))
    return best([Rule(same, place, np.inf, inside) for place in places for inside in (True, False)], u, o)


def double(u: np.ndarray, o: np.ndarray) -> Rule:
    """All pairs of thresholds, both directions, the widest first."""
    places = midpoints(np.concatenate([u, o]))
    pairs = [
        (places[first], places[first + width])
        for width in range(len(places) - 1, 0, -1)
        for first in range(len(places) - width)
    ]
    return best([Rule(same, *pair, inside) for pair in pairs for inside in (True, False)], u, o)


def gaussian(u: np.ndarray, o: np.ndarray) -> Rule:
    """All thresholds on the ratio of normal densities."""
    (m_u, s_u), (m_o, s_o) = ((side.mean(), side.std(ddof=1)) for side in (u, o))
    return on_ratio(lambda x: norm.logpdf(x, m_u, s_u) - norm.logpdf(x, m_o, s_o), u, o)


def kernel(u: np.ndarray, o: np.ndarray) -> Rule:
    """All thresholds on the ratio of kernel densities."""
    ours, theirs = gaussian_kde(u), gaussian_kde(o)
    return on_ratio(lambda x: ours.logpdf(x) - theirs.logpdf(x), u, o)


def on_ratio(ratio: Callable[[np.ndarray], np.ndarray], u: np.ndarray, o: np.ndarray) -> Rule:
    """All thresholds on a ratio, computed once."""
    ours, theirs = ratio(u), ratio(o)
    rules = [Rule(same, place, np.inf) for place in midpoints(np.concatenate([ours, theirs]))]
    return best(rules, ours, theirs)._replace(statistic=ratio)


def logistic(u: np.ndarray, o: np.ndarray) -> Rule:
    """Logistic regression on the standardised value."""
    values, labels = np.concatenate([u, o]), np.repeat([1, 0], [len(u), len(o)])
    centre, deviation = values.mean(), values.std()
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit((values[:, None] - centre) / deviation, labels)
    return Rule(lambda x: model.decision_function((x[:, None] - centre) / deviation), 5e-324, np.inf)


LOOPS: dict[str, Fit] = {
    "single": single,
    "double": double,
    "gaussian": gaussian,
    "kernel": kernel,
    "logistic": logistic,
}


def held_out(u: np.ndarray, o: np.ndarray, attacks: list[str]) -> float:
    """The score of one sample by the default form."""
    found = []
    for name in attacks:
        counts = np.zeros(2, int)
        for start in (0, 1):
            rule = LOOPS[name](u[start::2], o[start::2])
            counts += rule.errors(u[1 - start :: 2], o[1 - start :: 2])
        estimate = epsilon(int(counts[0]), int(counts[1]), len(o), len(u), 1e-5)
        widened = epsilon(max(int(counts[0]), 1), max(int(counts[1]), 1), len(o), len(u), 1e-5)
        found.append(max(widened if math.isnan(estimate) else estimate, 0.0))
    return 0.0 if max(found) == math.inf else 0.5 ** math.floor(max(found) / 0.5)


def official(u: np.ndarray, o: np.ndarray) -> float:
    """The score of one sample by the challenge's grids, left edges all at once."""
    higher, lower = (u, o) if np.median(u) >= np.median(o) else (o, u)
    low, high = min(u.min(), o.min()), max(u.max(), o.max())
    thresholds = np.linspace(low, high, math.ceil(100 * (high - low)))
    counts = {(int((lower >= t).sum()), int((higher < t).sum())) for t in thresholds}
    inner, outer = (u, o) if np.ptp(u) <= np.ptp(o) else (o, u)
    width = np.ptp(inner)
    for right in np.linspace(low + width - 2, high + 2, math.ceil(100 * (high - low - width + 4))):
        left = np.linspace(right - width - 2, right - width + 2, 400)[:, None]
        positives = ((left <= outer) & (outer < right)).sum(axis=1)
        negatives = (~((left <= inner) & (inner < right))).sum(axis=1)
        counts |= {*zip(positives.tolist(), negatives.tolist(), strict=True)}
    found = [epsilon(*pair, len(o), len(u), 1e-5) for pair in counts]
    largest = max([0.0, *(value for value in found if not math.isnan(value))])
    return 0.5 ** math.floor(largest / 0.5) if largest < math.ceil(math.log(len(o) - 1)) else 0.0


def notebook(u: np.ndarray, o: np.ndarray, **options: Any) -> float:
    """The score of one sample by the re-implementation's logistic regression in two folds."""
    values, labels = np.concatenate([u, o])[:, None], np.repeat([1, 0], [len(u), len(o)])
    scores = []
    for fit, tested in StratifiedKFold(2).split(values, labels):
        said = LogisticRegression(**options).fit(values[fit], labels[fit]).predict(values[tested])
        truth = labels[tested]
        counts = int((said[truth == 0] == 1).sum()), int((said[truth == 1] == 0).sum())
        estimate = epsilon(*counts, int((truth == 0).sum()), int((truth == 1).sum()), 1e-6)
        scores.append(2 / 2 ** (int(estimate / 0.5) + 1) if math.isfinite(estimate) else math.nan)
    return float(np.nanmean(scores))


def cpu_seconds(function: Callable[[], Any], repeats: int) -> float:
    """The shortest CPU time of several runs."""
    shortest = math.inf
    for _ in range(repeats):
        start = time.process_time()
        function()
        shortest = min(shortest, time.process_time() - start)
    return shortest


def line(name: str, settings: dict[str, Any], loop: Callable[..., float], timed: int, exact: Any = None) -> str:
    """Return the table line of a form, after checking that `exact`, or the loop itself, gives the same values."""
    rng = np.random.default_rng(0)
    u, o = rng.normal(size=(2, MODELS, SAMPLES))
    u += SHIFT
    chosen = Settings.model_validate(settings)
    values = [(exact or loop)(*pair) for pair in zip(u.T[:timed], o.T[:timed], strict=True)]
    some = forgetting_scores(unlearned=u, oracle=o, settings=chosen).forgetting[:timed]
    np.testing.assert_allclose(some, values, rtol=1e-12)
    ours = cpu_seconds(lambda: forgetting_scores(unlearned=u, oracle=o, settings=chosen), REPEATS)
    plain = cpu_seconds(lambda: [loop(*pair) for pair in zip(u.T[:timed], o.T[:timed], strict=True)], 2)
    plain *= SAMPLES / timed
    return f"| {name} | {1e3 * ours:.0f} ms | {plain:.1f} s | {timed} | {plain / ours:,.0f} |"


def table() -> str:
    """Return the lines of all forms."""
    tight = {"solver": "newton-cholesky", "tol": 1e-10}
    names = list(LOOPS)
    others = [name for name in names if name != "double"]
    lines = [
        line("default, all five attacks", {}, lambda u, o: held_out(u, o, names), 4),
        line("default without `double`", {"attacks": others}, lambda u, o: held_out(u, o, others), 4),
    ]
    for name in names:
        lines.append(
            line(f"default, `{name}`", {"attacks": [name]}, lambda u, o, attack=name: held_out(u, o, [attack]), 4)
        )
    lines.append(line("`compat: official`", {"compat": "official"}, official, 4))
    margins = {"compat": "notebook", "quantity": "margin"}
    lines.append(line("`compat: notebook`", margins, notebook, 100, exact=lambda u, o: notebook(u, o, **tight)))
    return "\n".join(lines)


def processor() -> str:
    """Return the processor's model name where the system reports it."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [row.split(":")[1].strip() for row in cpuinfo.read_text().splitlines() if "model name" in row]
    return names[0] if names else platform.processor() or platform.machine()


def report() -> str:
    """Return the measurements as Markdown."""
    return f"""# Challenge score against plain loops

Made by `python benchmarks/challenge.py` on {datetime.date.today()}.
{processor()}, {os.cpu_count()} logical cores, CPU time of one process. Python {platform.python_version()}, NumPy
{np.__version__}, SciPy {scipy.__version__}, scikit-learn {sklearn.__version__}. Best of {REPEATS} runs, of loops best
of 2.

N = {MODELS} models a side, {SAMPLES:,} samples, float64, normal with standard deviation 1, means {SHIFT} apart. The
loops go over samples and thresholds, with NumPy for the models, scipy.stats for densities and scikit-learn for logistic
regression; they are timed on as many samples as stated and scaled linearly to {SAMPLES:,}. Values are the same: those
of the notebook against scikit-learn with a tolerance of 1e-10, while its loop is timed with the defaults that it has.
Most of the time of the loops is that of `double`, which looks at all pairs of thresholds.

| form | time | loop | on samples | ratio |
|---|---|---|---|---|
{table()}
"""


if __name__ == "__main__":
    text = report()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text)
    print(text)
