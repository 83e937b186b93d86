"""Code of a user, as docs/where-does-my-code-go.md shows it: from files, and from a package that is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from checkout import Checkout, Outcome

from unlearnkit import declarations, fingerprint, registry, user_plug_ins
from unlearnkit.artifacts.observations import read_observation, require_declared, write_observation
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import read_configuration
from unlearnkit.models.building import states_of
from unlearnkit.places import Place, place_of
from unlearnkit.training.attacking import Attack, attack_shard
from unlearnkit.training.evaluation import observed_of_models
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

PAGE = "docs/where-does-my-code-go.md"
FILES = ("ascend.py", "spread.py", "centres.py", "shake.py", "tanh_net.py", "stripes.py", "own.yaml")
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "lab"
version = "0.1"

[project.entry-points]
"unlearnkit.methods" = {ascend = "lab.ascend"}
"unlearnkit.models" = {tanh_net = "lab.tanh_net"}

[tool.setuptools]
packages = ["lab"]
"""
PACKAGED = (
    ("ascend.py", "ascend"),
    ("tanh_net.py", "tanh_net"),
    ("spread.py", "lab.spread"),
    ("centres.py", "lab.centres"),
)
"""What `own.yaml` names in files, and what it names in the package: two entry points and two modules."""


def examples(repository: Path) -> dict[str, str]:
    """Return file name -> content of the code blocks of the page."""
    page = (repository / PAGE).read_text()
    blocks = re.findall(r"^`([\w.]+)`[^`]*?:\n\n```\w+\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return dict(blocks)


@pytest.fixture
def files(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with the files of the page; what the test makes known is unknown after it."""
    for name, text in examples(repository).items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(user_plug_ins.OUTSIDE, "{}")
    forget()
    yield tmp_path
    user_plug_ins.adopt({})
    forget()


def forget() -> None:
    for cached in (declarations.declarations, fingerprint.fingerprint, fingerprint.content_hash):
        cached.cache_clear()
    fingerprint._imports_of.cache_clear()


def test_the_page_has_one_short_example_of_each(repository: Path) -> None:
    found = examples(repository)
    assert tuple(found) == FILES
    lines = {name: len([line for line in text.splitlines() if line]) for name, text in found.items()}
    assert {name: count for name, count in lines.items() if count > 20} == {}


def read() -> Present:
    """Return the graphs of `own.yaml`, as a new process would."""
    forget()
    return Present(Graph(load_experiment(read_configuration(["own.yaml"]))))


def test_the_examples_of_the_page_are_read_and_work(files: Path) -> None:
    graph = read().graph
    experiment = graph.experiment
    assert experiment.model_settings.size(2, (1, 8, 8)).parameters == 64 * 8 + 8 + 8 * 2 + 2
    assert graph.unlearning_slice("ascend")["settings"] == {"lr": 0.05}
    images = registry.load("data set", "stripes").load(None)
    assert images.split_sizes["train"] == experiment.train_size == 200
    model = registry.load("model", "tanh_net").build(2, (1, 8, 8), experiment.model_settings)
    assert model(torch.zeros(3, 1, 8, 8)).shape == (3, 2)
    assert registry.load("method", "ascend").unlearn and registry.load("metric", "spread").score
    task = task_for(images, {"name": "tanh_net", "width": 8}, 0, torch.device("cpu"))
    worker = Worker(torch.device("cpu"), lambda: 0.0, ResumeFolder("out", "key"), lambda _: None)
    states = [states_of(task.architecture.build(seed))[0] for seed in range(2)]
    centres = registry.load("observation", "centres")
    observe = partial(centres.observe, settings=centres.Settings())
    parts = observed_of_models(observe, lambda index, _: states[index], [0, 1], [1], images, task, worker)
    require_declared("centres", parts)
    write_observation("0000-0001.centres.parquet", parts, {})
    (noted,) = read_observation(["0000-0001.centres.parquet"], "centres").values()
    logits = task.architecture.build(1).eval()(task.pixels.normalised(torch.arange(260)))
    np.testing.assert_allclose(noted.values["centre"][1], logits.detach().mean(-1), atol=1e-6)
    own, split = Attack.of("shake", {"size": 0.05}), UnlearningSplit.of(images, np.arange(10))
    shaken = attack_shard(task, own, split, state_of=states.__getitem__, model_indices=[0, 1], worker=worker)
    moved = np.concatenate([(shaken.states[1, 0][name] - array).ravel() for name, array in states[1].items()])
    assert moved.std() == pytest.approx(0.05, rel=0.2)


def test_an_observation_of_the_page_is_made_of_all_models_and_known_by_its_name(files: Path) -> None:
    present = read()
    folders = ("original", "oracle/random_10", "held_out_oracle/random_10", "unlearned/random_10/ascend")
    names = [f"{folder}/0000-0001.centres.parquet" for folder in folders]
    assert present.observations.files("centres") == [f"results/own/{name}" for name in names]
    for name in names:
        place = place_of(name)
        assert place and place.stage == "centres" and place.is_observation
        assert present.unknown(place) is None
    own = (files / "own.yaml").read_text()
    (files / "own.yaml").write_text(re.sub("observations:.*?(?=metrics:)", "", own, flags=re.DOTALL))
    unknown = read().unknown(Place("centres", {"population": "original", "shard": "0000-0001"}))
    assert unknown is not None and unknown[:2] == ("stage", "centres")
    assert place_of("original/0000-0001.report.parquet") is None


def test_an_edit_of_an_observation_concerns_its_files_alone(files: Path) -> None:
    def codes() -> dict[str, str]:
        present = read()
        wildcards = {"population": "original", "shard": "0000-0001"}
        return {
            **{stage: present.code_of(stage, wildcards) for stage in ("centres", "margins", "originals")},
            "unlearned": present.graph.unlearning_code("ascend"),
            "scores": present.graph.score_code("spread"),
        }

    before, text = codes(), (files / "centres.py").read_text()
    (files / "centres.py").write_text(text.replace("NEEDS", "# a comment\nNEEDS").replace("Mean logit", "Centre"))
    assert codes() == before
    (files / "centres.py").write_text(text.replace("mean(axis=-1)", "max(axis=-1)"))
    after = codes()
    assert [stage for stage in before if after[stage] != before[stage]] == ["centres"]


def run(copy: Checkout, *words: str) -> Outcome:
    paths = os.pathsep.join([str(copy.root), str(copy.root / "site")])
    command = (sys.executable, "-m", "snakemake", *words, "--configfile", "own.yaml")
    outcome = copy.run("env", f"PYTHONPATH={paths}", *command)
    assert outcome.status == 0, outcome.output
    return outcome


def rerun(copy: Checkout, name: str, old: str, new: str) -> set[str]:
    """Return the computing rules that an edit makes run again, and undo it."""
    before = (copy.root / name).read_text()
    copy.edit(name, old, new)
    try:
        counts = run(copy, "-n", "spread_all", "centres_all").counts
        return set(counts) - {"spread_all", "centres_all", "table", "cost"}
    finally:
        (copy.root / name).write_text(before)


@pytest.mark.slow
@pytest.mark.workflow
def test_a_package_with_a_method_a_metric_and_a_model_is_used_and_rerun_exactly(
    fresh: Checkout, repository: Path
) -> None:
    texts, package = examples(repository), fresh.root / "project"
    (package / "lab").mkdir(parents=True)
    (package / "pyproject.toml").write_text(PROJECT)
    (package / "lab/__init__.py").write_text("")
    for name in ("ascend.py", "tanh_net.py", "spread.py", "centres.py"):
        (package / "lab" / name).write_text(texts[name])
    own = texts["own.yaml"]
    for file, named in PACKAGED:
        own = own.replace(file, named)
    # the same method once more, from a file, with a file beside it
    own = own.replace("methods:\n", "methods:\n  climb: {method: climb.py}\n")
    climb = texts["ascend.py"].replace("import copy\n", "import copy\nfrom .rates import RATE as RATE\n")
    (fresh.root / "climb.py").write_text(climb)
    (fresh.root / "rates.py").write_text("RATE = 1\n")
    (fresh.root / "own.yaml").write_text(own)
    for name in ("stripes.py", "shake.py"):
        (fresh.root / name).write_text(texts[name])
    pip = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", "site")
    subprocess.run([sys.executable, *pip, "./project"], cwd=fresh.root, check=True)

    made = run(fresh, "--cores", "2", "spread_all", "centres_all")
    assert made.counts["unlearn"] == 2 and made.counts["centres"] == 5
    results = fresh.root / "results/own"
    used = read_record(str(results / "unlearned/random_10/ascend/0000-0001.safetensors.json"))["plug_ins"]
    assert used["method ascend"] == {"module": "lab.ascend", "package": "lab", "version": "0.1"}
    used = read_record(str(results / "unlearned/random_10/climb/0000-0001.safetensors.json"))["plug_ins"]
    assert used["method climb"] == {"file": "climb.py"}
    noted = read_record(str(results / "original/0000-0001.centres.parquet.json"))["plug_ins"]
    assert noted["observation centres"] == {"module": "lab.centres", "package": "lab", "version": "0.1"}
    verified = fresh.run(sys.executable, "-m", "unlearnkit", "verify", "results/own")
    assert verified.status == 0, verified.output

    site = "site/lab"
    assert rerun(fresh, f"{site}/ascend.py", "epoch(64)", "epoch(32)") == {"unlearn", "centres", "score"}
    assert rerun(fresh, "rates.py", "RATE = 1", "RATE = 2") == {"unlearn", "centres", "score"}
    assert rerun(fresh, f"{site}/centres.py", ".mean(axis=-1)", ".max(axis=-1)") == {"centres"}
    assert rerun(fresh, f"{site}/spread.py", "dtype=float)", "dtype=float, ddof=1)") == {"score"}
    assert {"original", "oracle", "unlearn", "margins"} <= rerun(fresh, f"{site}/tanh_net.py", "nn.Tanh()", "nn.ReLU()")
    assert rerun(fresh, f"{site}/ascend.py", "import copy\n", "import copy  # a comment\n") == set()
