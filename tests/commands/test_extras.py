"""A core without torch, and extras that are named where one is needed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from checkout import Checkout

from unlearnkit.doctor.probe import requirements
from unlearnkit.errors import UnlearnkitError
from unlearnkit.extras import EXTRAS, WORKFLOW, absence, refuse_lacking

IMPORTED_AS = {"scikit-learn": "sklearn", "pillow": "PIL", "rouge-score": "rouge_score"}
CORE = {"numpy", "scipy", "pyarrow", "pandas", "safetensors", "ml_dtypes", "pydantic", "pyyaml", "huggingface_hub"}
# what a core install lacks: a finder that comes first and refuses
WITHOUT = """
import importlib.util, runpy, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *others: None if name in {absent} else found(name, *others)
{code}
"""


def test_extras_are_those_of_the_project(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    declared = {
        extra: {text.partition(">")[0] for text in texts if not text.startswith("unlearnkit[")}
        for extra, texts in project["optional-dependencies"].items()
    }
    assert {text.partition(">")[0] for text in project["dependencies"]} == CORE
    modules = {extra: {IMPORTED_AS.get(name, name) for name in names} for extra, names in declared.items()}
    assert modules["workflow"] - {"snakemake-executor-plugin-slurm"} == {*WORKFLOW}
    assert {extra: modules[extra] for extra in EXTRAS} == {extra: {*names} for extra, names in EXTRAS.items()}


def lacks(monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "unlearnkit.extras.importlib.util.find_spec", lambda name: None if name in absent else found(name)
    )


def test_an_experiment_names_the_extra_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for task in ("image", "text"):
        refuse_lacking(task)
    lacks(monkeypatch, "transformers", "peft")
    refuse_lacking("image")
    with pytest.raises(UnlearnkitError) as error:
        refuse_lacking("text")
    assert str(error.value) == (
        "transformers, peft are not installed; expected what experiments on text need beside the core. "
        'Install the extra: pip install "unlearnkit[language]" (in a clone: make -B .venv/.core).'
    )


def test_only_what_is_not_installed_is_an_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ModuleNotFoundError("No module named 'torch'", name="torch")
    assert absence(missing) is None  # it is here: something else is wrong
    lacks(monkeypatch, "torch")
    assert 'pip install "unlearnkit[images]"' in str(absence(missing))
    assert absence(ImportError("broken", name="torch")) is None
    assert absence(ModuleNotFoundError("No module named 'mine'", name="mine")) is None


def test_the_doctor_asks_for_the_extra_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unlearnkit.doctor.probe.find_spec", lambda _: None)
    assert {package for _, package, _ in requirements()} == CORE
    image, text = ({package for _, package, _ in requirements(task)} for task in ("image", "text"))
    assert image & text > {*CORE, "torch", "snakemake"}
    assert image - text == {"torchvision", "pillow"} and "peft" in text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "sys.argv = ['unlearnkit', 'plan']; runpy.run_module('unlearnkit', run_name='__main__')",
            "this needs snakemake",
        ),
        ("import unlearnkit; unlearnkit.load('results/tiny').model('original', 0)", "this needs torch"),
    ],
    ids=["plan", "model"],
)
def test_what_needs_an_extra_says_so(code: str, said: str, completed: Checkout) -> None:
    absent = "{'torch', 'snakemake'}"
    command = [sys.executable, "-c", WITHOUT.format(absent=absent, code=code)]
    ended = subprocess.run(
        command, cwd=completed.root, env=completed.environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert f"{said}, which the core install leaves out. Install the extra: pip install" in ended.stderr
    assert "[language], for both [all]" in ended.stderr


@pytest.mark.slow
def test_the_core_alone_scores_lists_verifies_and_loads(
    wheel: Path, repository: Path, completed: Checkout, tmp_path: Path
) -> None:
    install = ["sh", repository / "envs/install.sh", tmp_path / "core", wheel, repository / "envs/requirements.txt"]
    subprocess.run(install, check=True, capture_output=True)
    python = tmp_path / "core/bin/python"
    rng = np.random.default_rng(0)
    for name in ("mine", "theirs"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(40, 30)))
    results = completed.root / "results/tiny"
    loaded = "results = unlearnkit.load(sys.argv[1]); print(results.table('klom').shape, results.margins('original'))"
    absent = "assert not {*sys.modules} & {'torch', 'snakemake', 'matplotlib', 'sklearn'}"
    for words in (
        ["-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is not None)"],
        ["-m", "unlearnkit", "score", "mine.npy", "--oracle", "theirs.npy", "--metrics", "klom", "margin_distance"],
        ["-m", "unlearnkit", "ls"],
        ["-m", "unlearnkit", "verify", str(results)],
        ["-m", "unlearnkit", "init", "study"],
        ["-c", f"import sys, unlearnkit\n{loaded}\n{absent}", str(results)],
    ):
        ended = subprocess.run([python, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, (words, ended.stdout + ended.stderr)
