"""`unlearnkit new-method` and its like write a file and its line in the registry, or say why not and change nothing."""

from __future__ import annotations

import itertools
import resource
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from unlearnkit.__main__ import main
from unlearnkit.artifacts.store import checked_before_publishing
from unlearnkit.commands import new_attack, new_dataset, new_method, new_metric, new_model
from unlearnkit.commands.new import Kind, alone, create, with_entry
from unlearnkit.declarations import incomplete_plug_ins
from unlearnkit.errors import UnlearnkitError
from unlearnkit.metrics.population import Population
from unlearnkit.sources import imported

REGISTRY = "registry.py"
METHOD = new_method.KIND
ROOMS = [
    pytest.param(kind, room, id=f"{kind.kind} {room}")
    for kind in (METHOD, new_metric.KIND, new_attack.KIND, new_model.KIND, new_dataset.KIND)
    for room in kind.rooms
]

Files = dict[str, bytes]


@pytest.fixture
def package(repository: Path, tmp_path: Path) -> Path:
    """What of a clone the commands read, with two more files in a folder of methods."""
    folder = tmp_path / "unlearnkit"
    for room in ("methods/images", "methods/language", "metrics/distribution", "metrics/attacks", "metrics/utility"):
        (folder / room).mkdir(parents=True)
    for room in ("models/images", "data/images", "attacks/images", "attacks/language"):
        (folder / room).mkdir(parents=True)
    (tmp_path / "Snakefile").touch()
    shutil.copy(repository / "unlearnkit" / REGISTRY, folder / REGISTRY)
    (folder / "methods/images/fine_tune.py").write_text("# a method\n")
    (folder / "methods/images/per_sample.py").write_text("# no method\n")
    return folder


def files(package: Path) -> Files:
    return {str(path.relative_to(package)): path.read_bytes() for path in package.rglob("*") if path.is_file()}


@contextmanager
def unchanged(package: Path, says: str) -> Iterator[None]:
    """Expect an error that says `says` and what to do, and no change of any file."""
    before = files(package)
    with pytest.raises(UnlearnkitError, match=says) as told:
        yield
    assert told.value.remedy
    assert files(package) == before


@pytest.mark.parametrize(("kind", "room"), ROOMS)
def test_one_file_and_one_line_are_written(kind: Kind, room: str, package: Path) -> None:
    before, name = files(package), f"{kind.rooms[room][0]}/joint_ascent.py"
    path = create(kind, package, "joint_ascent", room)
    assert path == package / name
    after = files(package)
    assert after.keys() - before.keys() == {name}
    assert {name for name in before if before[name] != after[name]} == {REGISTRY}
    old, new = (state[REGISTRY].decode().splitlines() for state in (before, after))
    line = f"        {kind.line('joint_ascent', room)}"
    assert new[new.index(line) + 1] == "    }"
    new.remove(line)
    assert new == old
    values = runpy.run_path(str(package / REGISTRY))
    assert values[kind.listing]["joint_ascent"] == f"unlearnkit.{kind.rooms[room][0].replace('/', '.')}.joint_ascent"
    text = after[name].decode()
    assert text.startswith('"""Joint ascent: ')
    assert "$" not in text
    assert ('TASKS = ("text",)' in text) == (room in ("text", "prompts"))


@pytest.mark.parametrize(("kind", "room"), ROOMS)
def test_what_is_written_keeps_the_contract_of_its_kind(kind: Kind, room: str, package: Path) -> None:
    path = create(kind, package, "joint_ascent", room)
    assert list(incomplete_plug_ins({kind.kind: {"joint_ascent": str(path)}})) == []
    assert alone(kind, package, "joint_ascent", room).read_text() == path.read_text()


def test_a_new_metric_a_new_model_and_a_new_data_set_work(tmp_path: Path) -> None:
    metric, model, data = (
        imported(str(alone(kind, tmp_path, f"new_{index}", kind.first)))
        for index, kind in enumerate((new_metric.KIND, new_model.KIND, new_dataset.KIND))
    )
    images = data.load(None)
    assert (images.split_sizes["train"], images.sample_shape) == (data.TRAIN_SIZE, data.IMAGE_SHAPE)
    pixels = images.train_images / 255
    np.testing.assert_allclose(data.MEAN, pixels.mean(axis=(0, 2, 3)), atol=1e-3)
    np.testing.assert_allclose(data.STD, pixels.std(axis=(0, 2, 3)), atol=1e-3)
    settings = model.Settings()
    built = model.build(data.NUM_CLASSES, data.IMAGE_SHAPE, settings)
    assert built(torch.zeros(3, *data.IMAGE_SHAPE)).shape == (3, data.NUM_CLASSES)
    size = settings.size(data.NUM_CLASSES, data.IMAGE_SHAPE)
    assert size.parameters == sum(part.numel() for part in built.parameters())
    assert dict(built.named_modules())[model.adapter(built).classifier].out_features == data.NUM_CLASSES
    margins = np.arange(6.0).reshape(2, 3)
    population = Population(margins, margins > 2, np.array(["forget", "retain", "validation"]))
    values = metric.score(population, None, settings=metric.Settings(scale=2), rng=np.random.default_rng(0))
    assert {name: part.tolist() for name, part in values["new_0"].items()} == {
        "forget": [0.75],
        "retain": [1.25],
        "validation": [1.75],
    }


def test_two_methods_follow_each_other(package: Path) -> None:
    for name in ("first", "second"):
        create(METHOD, package, name, "image")
    text = (package / REGISTRY).read_text()
    assert text.index("methods.language.token_fine_tune") < text.index("images.first") < text.index("images.second")


@pytest.mark.parametrize(("kind", "room"), ROOMS)
@pytest.mark.parametrize("name", ["a", "no_name_" * 4 + "none"])
def test_what_is_written_is_clean(name: str, kind: Kind, room: str, repository: Path, package: Path) -> None:
    written = (create(kind, package, name, room), package / REGISTRY)
    for path, words in itertools.product(written, (("check",), ("format", "--check"))):
        place = str(Path("unlearnkit") / path.relative_to(package))
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "--stdin-filename", place, "-"]
        ended = subprocess.run(
            command, cwd=repository, input=path.read_text(), capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "'', which is not 1 to 36 small letters"),
        ("Scrub", "which is not 1 to 36 small letters"),
        ("9lives", "which is not 1 to 36 small letters"),
        ("_hidden", "which is not 1 to 36 small letters"),
        ("two-words", "which is not 1 to 36 small letters"),
        ("tail\n", "which is not 1 to 36 small letters"),
        ("../outside", "which is not 1 to 36 small letters"),
        ("ümlaut", "which is not 1 to 36 small letters"),
        ("n" * 37, "which is not 1 to 36 small letters"),
        ("lambda", "which is a keyword of Python"),
        ("oracle", "what methods are compared with"),
        ("original", "what methods are compared with"),
        ("aux", "which Windows reserves for a device"),
        ("com1", "which Windows reserves for a device"),
        ("fine_tune", r"there is a method 'fine_tune' \(unlearnkit.methods.images.fine_tune\)"),
        ("per_sample", "per_sample.py exists, although no plug-in has this name"),
    ],
)
def test_a_name_that_no_new_method_can_have_is_refused(name: str, says: str, package: Path) -> None:
    with unchanged(package, says):
        create(METHOD, package, name, "image")


def test_a_file_alone_is_written_once(tmp_path: Path) -> None:
    written = alone(METHOD, tmp_path, "my_method", "image")
    with pytest.raises(UnlearnkitError) as refused:
        alone(METHOD, tmp_path, "my_method", "image")
    assert str(refused.value) == f"{written} exists already. Choose another name, or remove it."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "METHODS: Mapping = (",
        "METHODS: Mapping",
        "METHODS: Mapping = dict(a='unlearnkit.methods.a')",
        "METHODS: Mapping = {}",
        "METHODS: Mapping = {'a': 'unlearnkit.methods.a'}",
        "METHODS: Mapping = {\n    'a': 'unlearnkit.methods.a'\n}",
        "METHODS: Mapping = {\n    'a': 'unlearnkit.methods.' + 'a',\n}",
        "METHODS: Mapping = {\n    'a': 'unlearnkit.methods.a', 'b': ('c'\n    'd'\n), 'e': '''\n'''}",
        "METHODS: Mapping = {\n    'a': (\n        'unlearnkit.methods.a'\n    ),\n}",
        "METHODS: Mapping = {\n    **OTHERS,\n}",
        "METHODS: Mapping = {\n    'a': 'unlearnkit.methods.a',\n} | {'b': 'unlearnkit.methods.b'}",
        "METRICS: Mapping = {\n    'klom': 'unlearnkit.metrics.distribution.klom',\n}",
        "if True:\n    METHODS: Mapping = {\n        'a': 'unlearnkit.methods.a',\n    }",
    ],
)
def test_a_registry_of_another_shape_is_refused(text: str, package: Path) -> None:
    (package / REGISTRY).write_text(text)
    with unchanged(package, "METHODS of .* cannot take another line; expected one dict .* each entry on its own line"):
        create(METHOD, package, "joint_ascent", "image")


@pytest.mark.parametrize("end", ['"a": "b",', '"a": "b",\n        # nothing follows'])
def test_the_line_stands_after_the_last_line(end: str) -> None:
    text = with_entry(METHOD, f"METHODS: M = P(\n    {{\n        {end}\n    }}\n)\nOTHERS: M = {{}}\n", "c", "image")
    values: dict[str, dict[str, str]] = {}
    exec(text, {"M": dict, "P": dict}, values)
    assert values["METHODS"] == {"a": "b", "c": "unlearnkit.methods.images.c"}


# what goes wrong while writing


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let the system refuse to write more than `size` bytes into one file, as a full disk would, to root as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("size", "file"), [(100, "methods/images/joint_ascent.py"), (10_000, REGISTRY)])
def test_a_disk_that_is_full_leaves_all_as_it_was(size: int, file: str, package: Path) -> None:
    with (package / REGISTRY).open("a") as stream:
        stream.write("# a long comment\n" * 1000)
    with unchanged(package, f"cannot write .*{file}: File too large"), no_file_larger_than(size):
        create(METHOD, package, "joint_ascent", "image")


def test_an_interrupt_leaves_all_as_it_was(package: Path) -> None:
    def interrupt(path: Path) -> None:
        if path == package / REGISTRY:
            assert (package / "methods/images/joint_ascent.py").exists()
            raise KeyboardInterrupt

    before = files(package)
    with pytest.raises(KeyboardInterrupt), checked_before_publishing(interrupt):
        create(METHOD, package, "joint_ascent", "image")
    assert files(package) == before


def test_a_missing_registry_is_named(package: Path) -> None:
    (package / REGISTRY).unlink()
    with unchanged(package, f"{REGISTRY} cannot be read"):
        create(METHOD, package, "joint_ascent", "text")


@pytest.mark.parametrize(("kind", "name"), [(METHOD, "scrub"), (new_metric.KIND, "cost"), (new_model.KIND, "lambda")])
def test_a_file_alone_is_refused_as_well(kind: Kind, name: str, package: Path) -> None:
    with unchanged(package, f"'{name}'"):
        alone(kind, package, name, kind.first)


def test_a_file_that_is_there_is_left_alone(package: Path) -> None:
    (package / "mine.py").write_text("# mine\n")
    with unchanged(package, "mine.py exists"):
        alone(METHOD, package, "mine", "image")


def test_a_file_in_this_folder_comes_with_its_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new-metric", "spread", "--here"]) == 0
    assert capsys.readouterr().out.endswith("      metrics:\n        spread: {metric: spread.py}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["spread.py"]


def test_a_package_outside_of_a_clone_is_refused(package: Path) -> None:
    (package.parent / "Snakefile").unlink()
    with unchanged(package, "is not in a clone: no Snakefile lies beside it"):
        create(METHOD, package, "joint_ascent", "image")


def test_torch_is_not_imported() -> None:
    code = "import sys; from unlearnkit.__main__ import main; status = main(['new-method', 'fine_tune'])\n"
    code += "sys.exit(status != 1 or 'torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("error: there is a method 'fine_tune'")
