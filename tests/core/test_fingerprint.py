"""Fingerprints follow what code does, and only the code that runs: tried on a copy of the package."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from unlearnkit import registry
from unlearnkit.declarations import declarations
from unlearnkit.errors import UnlearnkitError
from unlearnkit.fingerprint import _normalised_source, computing_imports, fingerprint

PROGRAM = """
import json, sys
from unlearnkit import registry
from unlearnkit.declarations import declarations
from unlearnkit.fingerprint import fingerprint
from unlearnkit.sources import source_path
assert str(source_path("unlearnkit.seeds")).startswith(sys.argv[1]), source_path("unlearnkit.seeds")
codes = {name: fingerprint("unlearnkit.training.unlearning", module) for name, module in registry.METHODS.items()}
task_of = lambda module: registry.TASKS[registry.task_of(declarations(module))]
codes |= {name: fingerprint("unlearnkit.training.originals", task_of(module), module)
          for name, module in registry.MODELS.items()}
codes |= {name: fingerprint(module) for name, module in [*registry.DATASETS.items(), *registry.METRICS.items()]}
assert "torch" not in sys.modules
print(json.dumps(codes))
"""
IMPORTERS = """
import importlib, json, sys
from unlearnkit import registry
runs = {name: ("unlearnkit.training.unlearning", module) for name, module in registry.METHODS.items()}
task_of = lambda module: registry.TASKS[registry.task_of(importlib.import_module(module))]
runs |= {name: ("unlearnkit.training.originals", task_of(module), module) for name, module in registry.MODELS.items()}
found = []
for name, modules in runs.items():
    for loaded in [loaded for loaded in sys.modules if loaded.startswith("unlearnkit.")]:
        del sys.modules[loaded]
    for module in modules:
        importlib.import_module(module)
    if sys.argv[1] in sys.modules:
        found.append(name)
print(json.dumps(found))
"""
Edit = Callable[[str, str, str], None]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A copy of the package that tests may edit."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(repository / "unlearnkit", folder / "unlearnkit", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def original_codes(package: Path) -> dict[str, str]:
    """The fingerprints of every plug-in before any edit."""
    return codes(package)


@pytest.fixture
def edit(package: Path) -> Iterator[Edit]:
    """A function (file, old, new) that edits the copy; undone after the test."""
    before: dict[Path, str] = {}

    def replace(file: str, old: str, new: str) -> None:
        path = package / "unlearnkit" / file
        text = path.read_text()
        before.setdefault(path, text)
        assert old in text
        path.write_text(text.replace(old, new))

    yield replace
    for path, text in before.items():
        path.write_text(text)


def answer(package: Path, program: str, argument: str) -> Any:
    """Return what a program prints as JSON, run on a copy of the package."""
    command = [sys.executable, "-B", "-c", program, argument]
    run = subprocess.run(command, cwd=package, env={"PYTHONPATH": str(package)}, capture_output=True, check=True)
    return json.loads(run.stdout)


def codes(package: Path) -> dict[str, str]:
    return answer(package, PROGRAM, str(package))


def importers(package: Path, module: str) -> set[str]:
    """Return the methods and models for which Python itself has loaded `module` when they are ready to run."""
    return set(answer(package, IMPORTERS, module))


def changed(package: Path, before: dict[str, str]) -> set[str]:
    after = codes(package)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_the_copy_has_the_fingerprints_of_the_original(original_codes: dict[str, str]) -> None:
    assert original_codes["scrub"] == fingerprint("unlearnkit.training.unlearning", registry.METHODS["scrub"])
    modules = {registry.METHODS.get(name, name) for name in original_codes}
    assert len(set(original_codes.values())) == len(modules)
    assert all(len(code) == 16 and int(code, 16) >= 0 for code in original_codes.values())


def test_comments_docstrings_and_format_do_not_count(edit: Edit, package: Path, original_codes: dict[str, str]) -> None:
    edit(
        "methods/images/scrub.py",
        "    teacher = context.reference()\n",
        "    # a remark\n\n    teacher=context.reference( )\n",
    )
    edit("methods/images/scrub.py", '"""SCRUB: alternating', '"""Something else: alternating')
    edit("training/images/losses.py", '"""Return mean over the batch', '"""Return the mean over the batch')
    edit("training/shard.py", "Report = Callable[[str], None]\n", 'Report = Callable[[str], None]\n"""A callable."""\n')
    assert changed(package, original_codes) == set()


def test_a_statement_of_cost_does_not_count(edit: Edit, package: Path, original_codes: dict[str, str]) -> None:
    edit("methods/images/scrub.py", "return (1 + FORWARD_PASS) * trained", "return 2 * trained")
    edit("models/images/mlp.py", "sum((linear(inputs, outputs) for", "sum((linear(outputs, inputs) for")
    edit("data/text/tofu.py", 'FURTHER_SPLITS = {"authors": 100', 'FURTHER_SPLITS = {"authors": 99')
    assert changed(package, original_codes) == set()


def test_a_method_is_alone_with_its_file(edit: Edit, package: Path, original_codes: dict[str, str]) -> None:
    edit("methods/images/scrub.py", "settings.gamma * cross_entropy", "0.5 * settings.gamma * cross_entropy")
    assert changed(package, original_codes) == {"scrub"}


@pytest.mark.slow
def test_an_edit_below_counts_for_all_that_run_it(edit: Edit, package: Path, original_codes: dict[str, str]) -> None:
    edit("training/images/losses.py", "return total / labels.shape[-1]", "return total / labels.shape[-1] / 2")
    found = changed(package, original_codes)
    assert found == importers(package, "unlearnkit.training.images.losses")
    # language models have losses of their own
    images = {name for name, module in registry.MODELS.items() if registry.task_of(declarations(module)) == "image"}
    assert {"scrub"} | images <= found
    assert not found & (registry.MODELS.keys() - images)
    assert not found & {"do_nothing", "load_oracle"}


def test_an_edit_of_a_model_counts_for_that_model(edit: Edit, package: Path, original_codes: dict[str, str]) -> None:
    edit("models/images/small_cnn.py", "padding=1", "padding=0")
    assert changed(package, original_codes) == {"small_cnn"}


def test_seeds_count_for_all_that_draw(edit: Edit, package: Path, original_codes: dict[str, str]) -> None:
    edit("seeds.py", "SCHEME = 1", "SCHEME = 2")
    assert {*registry.METHODS, *registry.MODELS} <= changed(package, original_codes)


def test_registry_configuration_and_storage_do_not_count(
    edit: Edit, package: Path, original_codes: dict[str, str]
) -> None:
    edit("registry.py", '        "klom": ', '        "mine": "unlearnkit.metrics.distribution.klom",\n        "klom": ')
    edit("config/training/recipe.py", "24, ge=1", "25, ge=1")
    edit("artifacts/store.py", "0o644", "0o600")
    edit("layout.py", "{first:04d}", "{first:05d}")
    assert changed(package, original_codes) == {"mine"}


def test_a_file_that_moves_to_another_room_changes_nothing(package: Path, original_codes: dict[str, str]) -> None:
    moves = {"training.images.losses": "training.objectives", "methods.images.scrub": "methods.distillation.scrub"}
    texts = {path: path.read_text() for path in package.rglob("*.py")}
    for old, new in moves.items():
        (package / "unlearnkit" / f"{old.replace('.', '/')}.py").unlink()
        target = package / "unlearnkit" / f"{new.replace('.', '/')}.py"
        target.parent.mkdir(exist_ok=True)
        target.write_text("")
    (package / "unlearnkit/methods/distillation/__init__.py").write_text("")
    places = {package / f"unlearnkit/{old.replace('.', '/')}.py": new for old, new in moves.items()}
    for path, text in texts.items():
        for old, new in moves.items():
            text = text.replace(f"unlearnkit.{old}", f"unlearnkit.{new}")
        new_place = package / f"unlearnkit/{places[path].replace('.', '/')}.py" if path in places else path
        new_place.write_text(text)
    try:
        assert changed(package, original_codes) == set()
    finally:
        for new in moves.values():
            (package / f"unlearnkit/{new.replace('.', '/')}.py").unlink()
        shutil.rmtree(package / "unlearnkit/methods/distillation")
        for path, text in texts.items():
            path.write_text(text)


def test_a_circle_of_imports_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unlearnkit.fingerprint.COMPUTING", ("first_half", "second_half"))
    (tmp_path / "first_half.py").write_text("import second_half\n")
    (tmp_path / "second_half.py").write_text("import first_half\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnlearnkitError, match="imports of first_half lead back to it: first_half -> second_half"):
        fingerprint("first_half")


def test_a_missing_module_is_named() -> None:
    with pytest.raises(UnlearnkitError, match=r"module unlearnkit\.methods\.scrib does not exist"):
        fingerprint("unlearnkit.methods.scrib")


def test_modules_are_a_set() -> None:
    first, second = registry.METHODS["scrub"], registry.MODELS["mlp"]
    assert fingerprint(first, second) == fingerprint(second, first, second)
    assert fingerprint(first) != fingerprint(second)


SNIPPET = '''
"""A docstring."""
from unlearnkit.errors import suggest


def tell(names: list[str], *, width: int = 3) -> str:
    """Another one."""
    return f"{', '.join(f'{name!r:>{width}}' for name in names)} {suggest('a', ['b'])}"
'''
GOLDEN = "074610b02eb9d487"


def test_the_text_of_a_tree_is_the_same_in_every_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # frozen: ast.unparse wrote these nested f-strings in one way until 3.11 and in another since
    (tmp_path / "snippet.py").write_text(SNIPPET)
    monkeypatch.syspath_prepend(tmp_path)
    assert hashlib.sha256(_normalised_source("snippet").encode()).hexdigest()[:16] == GOLDEN


def test_a_relative_import_that_leads_out_of_its_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "related.py").write_text("from .losses import cross_entropy\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnlearnkitError, match=r"related\.py has a relative import in line 1 that leads out of its"):
        fingerprint("related")


def test_a_scripts_imports_are_where_its_fingerprint_begins(repository: Path, tmp_path: Path) -> None:
    found = computing_imports(repository / "workflow_scripts" / "unlearn.py")
    assert {"unlearnkit.training.unlearning", "unlearnkit.training.setup", "unlearnkit.data.evaluated"} <= set(found)
    assert not any(name.startswith(("unlearnkit.artifacts", "unlearnkit.layout")) for name in found)
    with pytest.raises(UnlearnkitError, match=r"cannot read .*missing\.py"):
        computing_imports(tmp_path / "missing.py")


OBSERVED = """
from unlearnkit.training.observer import NOBODY, Observer
class Worker:
    observer: Observer = NOBODY
def train(worker, epochs, *, observer=NOBODY):
    for epoch in range(epochs):
        step(epoch, observer=observer)
        worker.observer.end_epoch(epoch)
        if epoch:
            observer.save()
"""
UNOBSERVED = """
class Worker:
    pass
def train(worker, epochs):
    for epoch in range(epochs):
        step(epoch)
        if epoch:
            pass
"""


def normalised(text: str, monkeypatch: pytest.MonkeyPatch, module: str = "unlearnkit.looked_at") -> str:
    with monkeypatch.context() as patch:
        patch.setattr("unlearnkit.fingerprint.syntax_tree", lambda _: ast.parse(text))
        return _normalised_source(module)


def test_what_only_looks_on_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = normalised(UNOBSERVED, monkeypatch).replace("body=[Pass()]", "").replace(",)", ")")
    seen = normalised(OBSERVED, monkeypatch).replace("body=[Pass()]", "").replace(",)", ")")
    assert seen == without
    # what an observer returns may change a result
    for used in ("step(observer.step(epoch))", "epochs = observer.step(epoch)", "return observer"):
        assert normalised(OBSERVED.replace("observer.save()", used), monkeypatch) != normalised(OBSERVED, monkeypatch)
    script = tmp_path / "script.py"
    script.write_text("from unlearnkit.training.observer import EpochCurves\nfrom unlearnkit.seeds import SCHEME\n")
    assert computing_imports(script) == ("unlearnkit.seeds",)


@pytest.mark.parametrize("module", ["my_package.quantise", "mine/quantise.py"])
def test_other_peoples_observers_count(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quantised = "fake = FakeQuantize.with_args(observer=MinMaxObserver)\nobserver.calibrate()\n"
    for before, after in (("MinMaxObserver", "HistogramObserver"), ("observer.calibrate()\n", "")):
        seen, edited = (normalised(text, monkeypatch, module) for text in (quantised, quantised.replace(before, after)))
        assert seen != edited
