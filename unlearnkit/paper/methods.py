"""The methods section of a paper: what was trained, forgotten, unlearned and measured, how, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unlearnkit.paper.bibliography import OURS, cited_by
from unlearnkit.paper.latex import cite, code, escape, prose
from unlearnkit.paper.material import STATISTICAL, Material
from unlearnkit.paper.tables import DIRECTIONS, stated
from unlearnkit.registry import locate
from unlearnkit.report.leaderboard import NOTES
from unlearnkit.report.markup import setting
from unlearnkit.report.tables import STATISTICS
from unlearnkit.seeds import SCHEME
from unlearnkit.sources import formulas, paragraphs

RANKING = (
    "Ranked variants are compared with each other over comparisons, one per forget set of a metric or of all metrics "
    "(Friedman and Nemenyi, 5 %), and in each comparison with the oracles (5 %, corrected by Benjamini and Hochberg)."
)
VERSIONS = ("unlearnkit", "torch", "numpy", "transformers", "snakemake")


def methods_section(material: Material) -> str:
    """Return the section, without its heading."""
    parts = (_data, _models, _forget_sets, _methods, _metrics, _intervals, _software)
    return "\n\n".join(filter(None, (part(material) for part in parts))) + "\n"


def _data(material: Material) -> str:
    experiment = material.present.graph.experiment
    name, words = experiment.data.name, material.words
    sizes = [
        f"{size:,} {split}"
        for split in ("train", "validation", "test")
        if (size := getattr(experiment, f"{split}_size"))
    ]
    return _paragraph(
        "Data",
        f"{_about(material, 'data set', name)} Used are {_listed(sizes)} {words.samples}.".replace(
            "train ", "training "
        ),
    )


def _models(material: Material) -> str:
    graph = material.present.graph
    experiment, model = graph.experiment, dict(graph.model_slice())
    name = model.pop("name")
    made, without = [f"{experiment.num_models} originals"], ""
    if experiment.has_oracles:
        made.append(f"{experiment.num_models} oracles per forget set")
        without = "; oracles are trained without the forget set"
    if experiment.held_out_oracles:
        made.append(f"{experiment.held_out_oracles} held-out oracles per forget set")
    sources = {
        role: given.source
        for role in ("originals", "oracles")
        if (given := getattr(experiment, role)).source != "train"
    }
    recipe = "" if "originals" in sources else f"They were trained with {_settings(experiment.training)}. "
    given = "".join(f"Source of the {role}: {code(source)}. " for role, source in sources.items())
    return _paragraph(
        "Models",
        f"{_about(material, 'model', name)} Settings: {_settings(model)}. There are {_listed(made)}{without}. "
        f"{recipe}{given}All draws derive from base seed {experiment.seed} by SHA-256 "
        f"(seed scheme {SCHEME}): model $k$ has the same seeds whatever $N$ is.",
    )


def _forget_sets(material: Material) -> str:
    graph, lines = material.present.graph, []
    sizes = {
        row["forget_set"]: row["n_samples"]
        for rows in material.tables.values()
        for row in rows
        if row["split"] == "forget"
    }
    for name in material.shown:
        if name not in graph.forget_sets:
            continue
        settings = {key: value for key, value in graph.forget_set_slice(name).items() if value not in (None, [], ())}
        size = f"{sizes[name]} {material.words.samples}; " if name in sizes else ""
        lines.append(f"{code(name)}: {size}{_settings(settings)}.")
    return _paragraph("Forget sets", _items(lines))


def _methods(material: Material) -> str:
    graph, lines = material.present.graph, []
    for name in graph.variants:
        description = dict(graph.experiment.settled(name).described())
        method, description = description.pop("method"), description.pop("settings") | description
        lines.append(f"{code(name)}: {_about(material, 'method', method)} Settings: {_settings(description)}.")
    outside = "; ".join(f"{code(name)} ({escape(why)})" for name, why in material.board["outside"].items())
    return _paragraph("Methods", _items(lines) + (f"\nNot ranked: {outside}." if outside else ""))


def _metrics(material: Material) -> str:
    graph, lines = material.present.graph, []
    for name in material.tables:
        declared = material.metric(name)
        headline = declared.MEASURES[declared.HEADLINE]
        stated_formulas = "".join(f"\\newline {code(line)}" for line in formulas(locate("metric", name)))
        settings = _settings(graph.experiment.metric_settings[name])
        lines.append(
            f"{escape(headline['label'])}, {STATISTICS[declared.STATISTIC]} over "
            f"{escape(declared.AXIS)} [{escape(headline['unit'])}], {DIRECTIONS[headline['direction']]}. "
            f"{_about(material, 'metric', name)} Settings: {settings}.{stated(material, name)}{stated_formulas}"
        )
    return _paragraph("Metrics", _items(lines))


def _intervals(material: Material) -> str:
    jackknife, diagram = ([entry.key for entry in cited_by(module)] for module in STATISTICAL)
    has_oracles = material.present.graph.experiment.has_oracles
    floor = "The floor compares oracles with as many other oracles. " if has_oracles else ""
    ranking = f" {prose(f'{RANKING} {NOTES[-1]}')}{cite(diagram)}" if material.board["rankings"] else ""
    return _paragraph(
        "Intervals and ranking",
        f"{floor}{prose(paragraphs('unlearnkit.metrics.summary')[1])}{cite(jackknife)}{ranking}",
    )


def _software(material: Material) -> str:
    versions = [
        f"{package} {', '.join(found)}"
        for package in VERSIONS
        if (found := dict.fromkeys(r["packages"][package] for r in material.records if package in r["packages"]))
    ]
    python = ", ".join(dict.fromkeys(str(record["python"]) for record in material.records))
    machines = dict.fromkeys(str(record["machine"].get("processor", "unknown")) for record in material.records)
    devices = dict.fromkeys(
        str(record["device"]) for record in material.records if record.get("device", "CPU") != "CPU"
    )
    return _paragraph(
        "Software",
        f"Everything was computed by unlearnkit{cite([OURS])}: {escape(_listed([*versions, f'Python {python}']))}, on "
        f"{escape(_listed([*machines, *devices]))}.",
    )


def _about(material: Material, kind: str, name: str) -> str:
    """The first paragraph of a plug-in's docstring with what it cites; a source that is not stated is a note."""
    keys = material.sources.keys_of(kind, name)
    known = cite(keys) if keys else f" \\textbf{{[source of {escape(kind)} {code(name)} is not stated]}}"
    first = next(iter(paragraphs(locate(kind, name))), name)
    return f"{prose(first)}{known}"


def _settings(settings: Any) -> str:
    values: Mapping[str, Any] = settings if isinstance(settings, Mapping) else settings.model_dump(mode="json")
    return ", ".join(code(f"{name}={setting(value)}") for name, value in values.items() if value is not None) or "none"


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _items(lines: list[str]) -> str:
    # LaTeX refuses a list without items
    if not lines:
        return ""
    return "\n".join(["\\begin{itemize}", *(f"  \\item {line}" for line in lines), "\\end{itemize}"])


def _paragraph(title: str, text: str) -> str:
    return f"\\paragraph{{{title}.}} {text}" if text else ""
