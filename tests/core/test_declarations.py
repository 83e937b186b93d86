"""A plug-in's declarations are read without importing what it imports."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from unlearnkit import registry
from unlearnkit.declarations import declarations, incomplete_plug_ins
from unlearnkit.errors import UnlearnkitError

Plugin = Callable[[str], str]
_numbers = itertools.count()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """A function that writes a module for the length of one test and returns its name."""
    name = f"declared_{next(_numbers)}"

    def write(source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return name

    return write


@pytest.mark.parametrize("kind", registry.REGISTRIES)
def test_declarations_equal_those_of_the_imported_module(kind: str) -> None:
    for name, module in registry.REGISTRIES[kind].items():
        declared, imported = declarations(module), registry.load(kind, name)
        constants = [key for key in vars(declared) if key.isupper()]
        assert constants == [key for key in vars(imported) if key.isupper()]
        assert all(getattr(declared, key) == getattr(imported, key) for key in constants)
        if hasattr(imported, "Settings"):
            assert declared.Settings.model_json_schema() == imported.Settings.model_json_schema()
            assert declared.Settings is not imported.Settings


def test_reading_every_plug_in_imports_nothing_heavy(repository: Path) -> None:
    program = (
        "import sys; from unlearnkit import registry; from unlearnkit.declarations import declarations\n"
        "for names in registry.REGISTRIES.values():\n"
        "    for module in names.values(): declarations(module)\n"
        "print([name for name in ('torch', 'torchvision', 'sklearn', 'matplotlib', 'numpy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_which_files_data_are_read_from_is_told_without_imports(repository: Path, tmp_path: Path) -> None:
    for name in ("train/b.txt", "train/a.jsonl", "train/c.md", "validation/v.TXT", ".git/x", "config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    program = (
        "import sys; from pathlib import Path; from unlearnkit.config.data.hub_text import HubText\n"
        "from unlearnkit.workflow.raw_files import raw_files\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "print(raw_files('unlearnkit.data.text.text_files', folder, None))\n"
        "print(raw_files('unlearnkit.data.text.hub_text', None, HubText(path=str(folder))))\n"
        "print(raw_files('unlearnkit.attribution.embedding', str(folder)))\n"
        "print([raw_files('unlearnkit.data.text.hub_text', None, HubText(path='nobody/nothing')),"
        " raw_files('unlearnkit.attribution.embedding', 'nobody/nothing'),"
        " raw_files('unlearnkit.data.text.village', None, None)])\n"
        "print([name for name in ('torch', 'datasets', 'transformers', 'numpy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    *found, nothing, heavy = map(ast.literal_eval, run.stdout.splitlines())
    names = [[str(Path(path).relative_to(tmp_path)) for path in paths] for paths in found]
    text = ["train/a.jsonl", "train/b.txt", "train/c.md", "validation/v.TXT"]
    everything = ["config.json", "train/a.jsonl", "train/b.txt", "train/c.md", "validation/v.TXT"]
    assert names == [text, everything, ["config.json"]]
    assert nothing == [[], [], []] and heavy == []


def test_only_declarations_are_executed(plugin: Plugin) -> None:
    name = plugin("import torch\nfrom math import pi\nCIRCLE: float = 2 * pi\nraise SystemExit\nsmall = torch.pi\n")
    declared = declarations(name)
    assert round(declared.CIRCLE, 6) == 6.283185
    assert not hasattr(declared, "torch")
    assert not hasattr(declared, "small")


def test_a_declaration_that_needs_torch_is_refused(plugin: Plugin) -> None:
    with pytest.raises(UnlearnkitError, match=r"name 'torch' is not defined.*Move the value"):
        declarations(plugin("import torch\nSIZE = torch.get_num_threads()\n"))


def test_a_module_whose_name_only_begins_like_an_allowed_one_is_not_imported(plugin: Plugin) -> None:
    with pytest.raises(UnlearnkitError, match="mathematics"):
        declarations(plugin("import mathematics\nSIZE = mathematics.size\n"))


def test_missing_and_broken_modules_are_named(plugin: Plugin) -> None:
    with pytest.raises(UnlearnkitError, match=r"module unlearnkit\.nowhere\.scrub does not exist"):
        declarations("unlearnkit.nowhere.scrub")
    with pytest.raises(UnlearnkitError, match="has a syntax error in line 2"):
        declarations(plugin("SIZE = 1\nSIZE = = 2\n"))


INCOMPLETE = {
    "metric": ("AXIS = 'samples'\n", ["Settings", "NEEDS_ORACLE", "MEASURES", "HEADLINE", "STATISTIC", "score"]),
    "observation": ("VALUES = {'image': {}}\n", ["Settings", "NEEDS", "observe"]),
    "model": ("def build(a, *b): ...\nfrom os import path as adapter\n", ["Settings", "STACK_SIZE"]),
    "method": (
        "STACKABLE: int = 1\nclass Settings: ...\n",
        ["NEEDS", "unlearn", "STACKABLE as bool, not as int", "Settings that derive from MethodSettings"],
    ),
    "data set": ("TASK = 'text'\nSOURCE = CONTENT_HASH = ''\n", ["DOWNLOAD_BYTES", "documents"]),
}


PACKAGE_OF = {
    "observation": "observations",
    "method": "methods",
    "metric": "metrics",
    "model": "models",
    "data set": "data",
}


@pytest.mark.parametrize("kind", INCOMPLETE)
def test_all_that_a_plug_in_lacks_is_named_at_once(kind: str, plugin: Plugin) -> None:
    source, missing = INCOMPLETE[kind]
    (problem,) = incomplete_plug_ins({kind: {"mine": plugin(source)}})
    assert f"{kind} 'mine' does not define {', '.join(missing)}" in str(problem)
    assert f"; expected all that the docstring of unlearnkit.{PACKAGE_OF[kind]} lists" in str(problem)


@pytest.mark.parametrize(
    ("kind", "function", "called"),
    [
        ("method", "unlearn(model, data, context)", "model, data, settings, context"),
        ("method", "unlearn(a, b, c, d, e)", "model, data, settings, context"),
        ("method", "unlearn(a, b, c, d, *, e)", "model, data, settings, context"),
        ("method", "unlearn(a, b, c, d, e=1, *, f=2)", ""),
        ("method", "unlearn(*everything)", ""),
        ("metric", "score(candidate, oracle, settings)", "candidate, oracle, *, settings, rng"),
        ("metric", "score(candidate, *, settings, rng)", "candidate, oracle, *, settings, rng"),
        ("metric", "score(a, b, *, settings, rng, more)", "candidate, oracle, *, settings, rng"),
        ("metric", "score(a, b, rng, settings)", ""),
        ("metric", "score(a, b, *, original, settings, rng)\nNEEDS_ORIGINAL = True", ""),
        (
            "metric",
            "score(a, b, *, settings, rng)\nNEEDS_ORIGINAL = True",
            "candidate, oracle, *, original, settings, rng",
        ),
        ("metric", "score(a, b, *, rng, **more)", ""),
        ("observation", "observe(subjects)", "subjects, settings"),
        ("model", "build(settings)", "num_classes, shape, settings"),
        ("model", "adapter()", "model"),
        ("data set", "load()", "root"),
        ("data set", "load(root, data)", "root"),
        ("data set", "load(root)\ndef facts(): ...", "root, data"),
        ("data set", "load(root, data)\ndef facts(): ...", ""),
    ],
)
def test_a_function_takes_what_it_is_called_with(kind: str, function: str, called: str, plugin: Plugin) -> None:
    head, *rest = function.split("\n")
    (problem,) = incomplete_plug_ins({kind: {"mine": plugin("\n".join([f"def {head}: ...", *rest]))}})
    found = re.findall(r"(\w+) with the arguments \(([^)]*)\)", str(problem))
    assert found == ([(head.partition("(")[0], called)] if called else [])


def test_a_measure_lacks_what_the_tables_show(plugin: Plugin) -> None:
    source = (
        "from unlearnkit.config.settings import Settings\nscore = 1\nNEEDS_ORACLE = True\n"
        "AXIS = HEADLINE = STATISTIC = 'a'\nMEASURES = {'a': {'low': 0, 'unit': ''}}\n"
    )
    (problem,) = incomplete_plug_ins({"metric": {"mine": plugin(source)}})
    lacking = ", ".join(f'MEASURES["a"]["{key}"]' for key in ("direction", "high", "label", "splits"))
    assert f"metric 'mine' does not define {lacking}; expected" in str(problem)


def test_a_metric_that_reads_what_is_not_registered_is_answered_with_the_nearest(plugin: Plugin) -> None:
    source = (
        "from unlearnkit.config.settings import Settings\nscore = 1\nNEEDS_ORACLE = True\n"
        "AXIS = HEADLINE = STATISTIC = 'a'\nMEASURES = {}\nREADS = ('margins', 'hiden')\n"
    )
    (problem,) = incomplete_plug_ins({"metric": {"mine": plugin(source)}})
    assert str(problem) == (
        "metric 'mine' reads 'hiden', which is no registered observation; expected "
        f"{', '.join(registry.OBSERVATIONS)}, or one of yours that the block observations names. Did you mean 'hidden'?"
    )


@pytest.mark.parametrize(
    "values", ["{'norm': 'float32'}", "{'image': {'norm': 'float64'}}", "{'image': {}}", "{'image': 'float32'}"]
)
def test_values_of_an_observation_have_a_task_and_a_type(values: str, plugin: Plugin) -> None:
    source = (
        "from unlearnkit.config.settings import ObservationSettings\nclass Settings(ObservationSettings): ...\n"
        f"def observe(subjects, settings): ...\nNEEDS = ('logits',)\nVALUES = {values}\n"
    )
    (problem,) = incomplete_plug_ins({"observation": {"mine": plugin(source)}})
    assert str(problem).startswith(
        "observation 'mine' does not define VALUES as image or text -> name of a value -> float32 or bool or int32 or "
        "float32 list or string; expected all that the docstring of unlearnkit.observations lists."
    )


def test_a_plug_in_of_images_lacks_what_images_have(plugin: Plugin) -> None:
    (problem,) = incomplete_plug_ins({"data set": {"mine": plugin("def load(root): ...\n")}})
    assert "does not define CONTENT_HASH, SOURCE, DOWNLOAD_BYTES, NUM_CLASSES, CLASS_NAMES" in str(problem)
