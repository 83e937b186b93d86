"""The pictures of docs/concepts.md, drawn from the results of the embedded experiment: `make concepts-docs`.

python docs/site/concept_pictures.py results/digits docs/concepts
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from safetensors.numpy import load_file

import unlearnkit
from unlearnkit.experiment_results import ExperimentResults
from unlearnkit.metrics.distribution import relative
from unlearnkit.metrics.population import Population
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, UNLEARNED, WIDTH, styled, svg

FORGET_SET = "nines"
COUNTS = (10, 20, 30, 50, 70, 100)
CANDIDATES = (
    "do_nothing",
    "fine_tune",
    "ascent_descent",
    "ascent_forget",
    "scrub",
    "early_stopped_retrain",
    "load_oracle",
)
GREEN = "#009E73"
BINS = 20  # KLOM's


def main(folder: str, target: str) -> None:
    """Write all pictures, and print the numbers that the page states."""
    results = unlearnkit.load(folder)
    Path(target).mkdir(exist_ok=True)
    for name, figure in (
        ("pictures", pictures),
        ("one_sample", one_sample),
        ("floor", floor),
        ("certificate", certificate),
    ):
        Path(target, f"{name}.svg").write_text(svg(figure(results)) + "\n", encoding="utf-8")


def forgotten(results: ExperimentResults, name: str) -> NDArray:
    """Return the margins of a population on the forgotten samples, [models, samples] in nats."""
    return population(results, name).of_split("forget").margins


@styled
def pictures(results: ExperimentResults) -> Figure:
    """Draw twelve forgotten nines and twelve retained ones."""
    data = load_file(results.folder / "data" / "dataset.safetensors")
    train = results.margins("original").split == "train"
    forget = results.forget_set(FORGET_SET)
    others = np.setdiff1d(np.flatnonzero((data["labels"] == 9) & train[: len(data["labels"])]), forget)
    figure = Figure((WIDTH, 1.9))
    for row, (title, chosen) in enumerate((("forget set", forget[:12]), ("retain set", others[:12]))):
        for column, sample in enumerate(chosen):
            axes = figure.add_axes((0.12 + 0.072 * column, 0.54 - 0.5 * row, 0.066, 0.42))
            axes.imshow(data["images"][sample, 0], cmap="gray_r", interpolation="nearest")
            axes.set_axis_off()
        figure.text(0.0, 0.75 - 0.5 * row, title, va="center", color=ORIGINAL if row == 0 else "black")
    return figure


@styled
def one_sample(results: ExperimentResults) -> Figure:
    """Draw the margins of one forgotten sample under originals, SCRUB and other oracles, each beside the oracles."""
    oracles = forgotten(results, f"oracle/{FORGET_SET}")
    sides = {
        "originals": ("original", ORIGINAL),
        "unlearned by SCRUB": (f"unlearned/{FORGET_SET}/scrub", UNLEARNED),
        "other oracles: the noise floor": (f"held_out_oracle/{FORGET_SET}", GREEN),
    }
    values = {title: forgotten(results, population) for title, (population, _) in sides.items()}
    typical = int(np.argsort(unlearnkit.klom(values["unlearned by SCRUB"], oracles))[oracles.shape[1] // 2])
    figure = Figure((WIDTH, 2.8), layout="constrained")
    for axes, (title, (_, colour)) in zip(figure.subplots(1, 3, sharey=True), sides.items(), strict=True):
        shown, reference = values[title][:, typical], oracles[:, typical]
        edges = np.histogram_bin_edges(np.concatenate([shown, reference]), BINS)
        axes.hist(reference, edges, color=ORACLE, alpha=0.55, label="oracles")
        axes.hist(shown, edges, color=colour, alpha=0.55, label=title.partition(":")[0])
        value = unlearnkit.klom(shown[:, None], reference[:, None])[0]
        axes.set_title(f"{title}\nKLOM {value:.2f} nats", loc="left", fontsize=9)
        axes.set_xlabel("margin of this sample [nats]")
        axes.legend(frameon=False, fontsize=8)
    figure.axes[0].set_ylabel("models of 100")
    return figure


@styled
def floor(results: ExperimentResults) -> Figure:
    """Draw KLOM of the forget set against the number of models, of originals, SCRUB and other oracles."""
    oracles = forgotten(results, f"oracle/{FORGET_SET}")
    figure = Figure((WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    for title, population, colour in (
        ("originals: nothing was done", "original", ORIGINAL),
        ("unlearned by SCRUB", f"unlearned/{FORGET_SET}/scrub", UNLEARNED),
        ("other oracles: the noise floor", f"held_out_oracle/{FORGET_SET}", GREEN),
    ):
        margins = forgotten(results, population)
        values = [np.percentile(unlearnkit.klom(margins[:count], oracles[:count]), 95) for count in COUNTS]
        axes.plot(COUNTS, values, "o-", color=colour, label=title)
        axes.annotate(f"{values[-1]:.2f}", (COUNTS[-1], values[-1]), (6, -3), textcoords="offset points", color=colour)
        print(title, [round(float(value), 2) for value in values])
    axes.set(xlabel="models per side, N", ylabel="KLOM, 95th percentile\nof the forgotten samples [nats]", ylim=(0, 12))
    axes.set_xticks(COUNTS)
    figure.legend(loc="outside right center", frameon=False)
    return figure


def population(results: ExperimentResults, name: str) -> Population:
    """Return a population as metrics get it, each sample in its split."""
    found = results.margins(name)
    is_forgotten = (found.split == "train") & np.isin(found.sample_index, results.forget_set(FORGET_SET))
    split = np.where(is_forgotten, "forget", np.where(found.split == "train", "retain", "validation"))
    return Population(found.margins, found.correct, split)


@styled
def certificate(results: ExperimentResults) -> Figure:
    """Draw how far the unlearned models of every method are from the originals and from the oracles."""

    sides = {"oracle": population(results, f"oracle/{FORGET_SET}"), "original": population(results, "original")}
    figure = Figure((WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    for number, name in enumerate(CANDIDATES):
        found = relative.score(
            population(results, f"unlearned/{FORGET_SET}/{name}"),
            **sides,
            settings=relative.Settings.model_validate({}),
            rng=np.random.default_rng(0),
        )
        at = float(found["to_originals"]["forget"][0]), float(found["to_oracles"]["forget"][0])
        verdict = int(found["verdict"]["forget"][0])
        colour = {-1: ORACLE, 0: MUTED, 1: ORIGINAL}[verdict]
        axes.plot(*at, "o", color=colour)
        far = at[0] > 0.8  # the label goes to the left
        aside = (-6 if far else 6, (4, -10)[number % 2])
        axes.annotate(
            name, at, aside, textcoords="offset points", color=colour, fontsize=8, ha="right" if far else "left"
        )
        print(name, {measure: round(float(value["forget"][0]), 3) for measure, value in found.items()})
    end = 1.05 * max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([0, end], [0, end], color=MUTED, linewidth=0.8)
    axes.text(0.02, 0.3, "nearer to the originals", color=MUTED)
    axes.text(0.62, 0.42, "nearer to the oracles", color=MUTED)
    axes.set(
        xlabel="divergence from the originals",
        ylabel="divergence from the oracles",
        xlim=(-0.05, end),
        ylim=(-0.1, end),
    )
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:])
