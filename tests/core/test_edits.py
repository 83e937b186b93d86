"""An edit in any package reruns the jobs whose results depend on it, and no other: tried on a copy of the package."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from unlearnkit.config.blocks import names_for, reads_of

IMAGE = """
experiment: image
data: {name: digits, train_size: 300, validation_size: 100, image: {side: 8}}
model: {name: small_cnn}
training: {epochs: 3, batch_size: 32, lr: 0.1, warmup_epochs: 1}
num_models: 10
held_out_oracles: 10
shard_size: 10
forget_sets: {some: {kind: random, size: 20}}
attributions: {sparse: {kind: datamodels, models: 10}, linear: {kind: trak, checkpoints: 2, dimension: 8}}
searches: {ft: {method: fine_tune, forget_sets: [some], trials: 3, budget: 0.5}}
methods: {scrub: {method: scrub}, matching: {method: oracle_matching, oracles: 2, pool: 4}}
attacks: {int4: {attack: quantise}}
metrics: {klom: {}, mia: {}}
"""
TEXT = """
experiment: text
data: {name: text_files, tokenizer: {kind: characters}, sequence_length: 16, train_size: 64, validation_size: 8}
model: {name: nanogpt, layers: 1, width: 16, heads: 2}
training: {epochs: 1, batch_size: 16}
num_models: 2
held_out_oracles: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 4}}
methods: {ga: {method: ga, steps: 2}}
attacks: {relearnt: {attack: token_relearn}}
metrics: {klom: {}}
"""
PROGRAM = """
import json, sys, yaml
from pathlib import Path
from unlearnkit import fingerprint as prints
from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.attack_graph import AttackGraph
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.observation_graph import ObservationGraph
from unlearnkit.workflow.search_graph import SearchGraph
from unlearnkit.registry import locate
from unlearnkit.sources import source_path

parse, trees = prints.syntax_tree, {}

def parsed(module):
    # an edit changes one file of hundreds, which would all be parsed again
    key = module, source_path(module).read_text(encoding="utf-8")
    if key not in trees:
        trees[key] = parse(module)
    return trees[key]

prints.syntax_tree = parsed

def codes():
    for cached in (prints.fingerprint, prints.computing_imports, prints.content_hash):
        cached.cache_clear()
    image, text = graphs
    plain = ["forget_set", "membership", "regression", "influence", "components", "effects", "embeddings", "cost",
             "memorisation", "measured_forget_set", "table", "figures", "leaderboard", "report", "units",
             "unit_forget_set"]
    found = {script: image.code(script) for script in plain}
    found |= {script: image.model_code(script) for script in ("datamodel", "gradients")}
    found |= {f"score {metric}": image.score_code(metric) for metric in image.metrics}
    found |= {stage: SearchGraph(image).code(stage, "ft") for stage in ("studies", "chosen settings", "search reports")}
    found["dataset"] = image.data_code("dataset")
    found |= {script: text.code(script, locate("data set", "text_files")) for script in ("tokens", "text_dataset")}
    for kind, graph in zip(("image", "text"), graphs):
        observations = ObservationGraph(graph)
        found |= {f"{kind} {name}": observations.code(name) for name in observations.names}
        found[f"{kind} training"] = graph.model_code("train")
        attacks = AttackGraph(graph)
        found |= {f"{kind} {attack}": attacks.attacked_code(attack) for attack in attacks.attacks}
        found |= {f"{kind} {variant}": graph.unlearning_code(variant) for variant in graph.variants}
    return found

edits, *raw = json.loads(sys.stdin.read())
graphs = [Graph(load_experiment(yaml.safe_load(one))) for one in raw]
before = codes()
changed = []
for file, old, new in edits:
    path = Path("unlearnkit", file)
    text = path.read_text()
    assert old in text, (file, old)
    path.write_text(text.replace(old, new))
    after = codes()
    changed.append(sorted(name for name in before if before[name] != after[name]))
    path.write_text(text)
print(json.dumps(changed))
"""
OBSERVED = {"image margins", "image confidences", "image hidden"}
SEARCHED = {"studies", "chosen settings"}
OF_MODELS = {
    "image training",
    *OBSERVED,
    "image scrub",
    "image matching",
    "image int4",
    "datamodel",
    "gradients",
    *SEARCHED,
}
DERIVED = {f"text {name}" for name in names_for("observation", "text") if reads_of(name)}
"""Observations that are made of others, and of no weights."""
OBSERVED_OF_TEXT = {f"text {name}" for name in names_for("observation", "text")} - DERIVED
OF_TEXT_MODELS = {"text training", *OBSERVED_OF_TEXT, "text ga", "text relearnt"}
WITH_DEVICE = {"embeddings", "regression", "influence"}
SCORES = {"score klom", "score mia"}
SEEDED = {*OF_MODELS, *OF_TEXT_MODELS, *DERIVED, *SCORES, *WITH_DEVICE, "membership"}
EDITS = {
    "seeds": (
        "seeds.py",
        "SCHEME = 1",
        "SCHEME = 2",
        {*SEEDED, "leaderboard", "report"},
    ),
    "facts: splits": ("facts/splits.py", "0.15", "0.16", {"dataset"}),
    "facts: shape": ("facts/image_shape.py", "side or height", "side or width", {"dataset"}),
    "facts: matching": ("facts/matching.py", "int(retain", "round(retain", {"image matching"}),
    "facts: widths": ("facts/language_models.py", "4 * width", "3 * width", OF_TEXT_MODELS),
    "facts: published": (
        "facts/easydub.py",
        "seed=2",
        "seed=3",
        {"forget_set", "unit_forget_set", "measured_forget_set", *SCORES, *SEARCHED},
    ),
    "data": ("data/images/splits.py", "SEED = 123", "SEED = 124", {"dataset"}),
    "membership": ("data/membership.py", "int(fraction * train_size)", "round(fraction * train_size)", {"membership"}),
    "models": ("models/images/small_cnn.py", "padding=1", "padding=0", OF_MODELS),
    "training": ("training/language/token_losses.py", "temperature**2", "temperature", OF_TEXT_MODELS),
    "attribution": ("attribution/effects.py", "sum(", "max(", {"effects"}),
    "memorisation": ("attribution/memorisation.py", "frequency[1] -", "frequency[1] +", {"memorisation"}),
    "measured sets": ("data/measured_forget_sets.py", "- 0.5)", "- 0.4)", {"measured_forget_set"}),
    "observations": ("observations/hidden.py", ".flatten(1)", ".flatten(2)", {"image hidden"}),
    "observations: margins": (
        "observations/margins.py",
        'name != "margins"',
        'name != "correct"',
        {
            "image margins",
            "image scrub",
            "image matching",
            "image int4",
            *SEARCHED,
            "text margins",
            "text ga",
            "text relearnt",
        },
    ),
    "methods": ("methods/images/scrub.py", "settings.gamma * cross", "2 * settings.gamma * cross", {"image scrub"}),
    "attacks": ("attacks/quantise.py", "** (settings.bits - 1)", "** settings.bits", {"image int4"}),
    "ranking": ("ranking/standing.py", "axis=-1", "axis=1", {"leaderboard", "report"}),
    "metrics": ("metrics/attacks/mia.py", "- 0.5) / 0.5", "- 0.5)", {"score mia", *SEARCHED}),
    "search": ("search/trial.py", "axis=(0, 1)", "axis=(1, 0)", SEARCHED),
    "search: sampling": ("search/sampling.py", "% 2**32", "% 2**31", {"studies"}),
    "search: objectives": ("search/objectives/oracle_free.py", ") / 3", ") / 4", SEARCHED),
    "report: trials": ("report/trials.py", "fmin", "fmax", {"search reports"}),
    "report": ("report/densities.py", "linspace(", "geomspace(", {"figures"}),
    "config: default": ("config/training/recipe.py", "24, ge=1", "25, ge=1", set()),
    "config: cost": ("config/methods/costs.py", "inputs + bias", "inputs - bias", set()),
    "artifacts": ("artifacts/store.py", "0o644", "0o600", set()),
    "registry": ("registry.py", '"klom": ', '"mine": "unlearnkit.metrics.distribution.klom", "klom": ', set()),
    "layout": ("layout.py", "{first:04d}", "{first:05d}", set()),
    "graph": ("workflow/graph.py", "def shards(", "def shards_(", set()),
    "planning": ("planning/schedule.py", "def elapsed(", "def elapsed_(", set()),
    "progress": ("progress/tally.py", "def share(", "def share_(", set()),
    "lineage": ("lineage/age.py", "def ", "def x", set()),
    "doctor": ("doctor/devices.py", "def _cores(", "def _cores_(", set()),
    "commands": ("commands/plan.py", "def run(", "def walk(", set()),
}


@pytest.fixture(scope="module")
def reruns(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> dict[str, set[str]]:
    """Edit -> the jobs whose fingerprint it changes."""
    folder = tmp_path_factory.mktemp("copy")
    for part in ("unlearnkit", "workflow_scripts"):
        shutil.copytree(repository / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    asked = json.dumps([[edit[:3] for edit in EDITS.values()], IMAGE, TEXT])
    command = [sys.executable, "-B", "-c", PROGRAM]
    run = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder)}, input=asked, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return dict(zip(EDITS, map(set, json.loads(run.stdout)), strict=True))


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reruns_what_depends_on_it(edit: str, reruns: dict[str, set[str]]) -> None:
    assert reruns[edit] == EDITS[edit][3]
