"""`unlearnkit new-method` writes a method and its line in the registry, or says why not and changes nothing."""

from __future__ import annotations

import itertools
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from unlearnkit.artifacts.store import checked_before_publishing
from unlearnkit.commands.new_method import TEMPLATES, create, with_entry
from unlearnkit.errors import UnlearnkitError

REGISTRY, TEMPLATE = "registry.py", "methods/template.py.txt"
TEXT_TEMPLATE = "methods/template_text.py.txt"

Files = dict[str, bytes]


@pytest.fixture
def package(repository: Path, tmp_path: Path) -> Path:
    """What of a clone the command reads, with two more files in the folder of methods."""
    folder = tmp_path / "unlearnkit"
    (folder / "methods").mkdir(parents=True)
    (tmp_path / "Snakefile").touch()
    for name in (REGISTRY, TEMPLATE, TEXT_TEMPLATE):
        shutil.copy(repository / "unlearnkit" / name, folder / name)
    (folder / "methods" / "fine_tune.py").write_text("# a method\n")
    (folder / "methods" / "per_sample.py").write_text("# no method\n")
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


@pytest.mark.parametrize("task", TEMPLATES)
def test_one_file_and_one_line_are_written(task: str, package: Path) -> None:
    before = files(package)
    path = create(package, "joint_ascent", task)
    assert path == package / "methods/joint_ascent.py"
    after = files(package)
    assert after.keys() - before.keys() == {"methods/joint_ascent.py"}
    assert {name for name in before if before[name] != after[name]} == {REGISTRY}
    old, new = (state[REGISTRY].decode().splitlines() for state in (before, after))
    line = '        "joint_ascent": "unlearnkit.methods.joint_ascent",'
    assert new[new.index(line) + 1] == "    }"
    new.remove(line)
    assert new == old
    text = after["methods/joint_ascent.py"].decode()
    assert text.startswith('"""Joint ascent: ')
    assert "$" not in text
    assert ('TASKS = ("text",)' in text) == (task == "text")


def test_two_methods_follow_each_other(package: Path) -> None:
    for name in ("first", "second"):
        create(package, name)
    text = (package / REGISTRY).read_text()
    assert text.index("methods.language.token_fine_tune") < text.index("methods.first") < text.index("methods.second")


@pytest.mark.parametrize("task", TEMPLATES)
@pytest.mark.parametrize("name", ["a", "no_name_" * 5])
def test_what_is_written_is_clean(name: str, task: str, repository: Path, package: Path) -> None:
    written = (create(package, name, task), package / REGISTRY)
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
        ("", "'', which is not 1 to 40 small letters"),
        ("Scrub", "which is not 1 to 40 small letters"),
        ("9lives", "which is not 1 to 40 small letters"),
        ("_hidden", "which is not 1 to 40 small letters"),
        ("two-words", "which is not 1 to 40 small letters"),
        ("tail\n", "which is not 1 to 40 small letters"),
        ("../outside", "which is not 1 to 40 small letters"),
        ("ümlaut", "which is not 1 to 40 small letters"),
        ("n" * 41, "which is not 1 to 40 small letters"),
        ("lambda", "which is a keyword of Python"),
        ("oracle", "what methods are compared with"),
        ("original", "what methods are compared with"),
        ("aux", "which Windows reserves for a device"),
        ("com1", "which Windows reserves for a device"),
        ("fine_tune", r"there is a method 'fine_tune' \(unlearnkit.methods.images.fine_tune\)"),
        ("per_sample", "per_sample.py exists, although no method has this name"),
    ],
)
def test_a_name_that_no_new_method_can_have_is_refused(name: str, says: str, package: Path) -> None:
    with unchanged(package, says):
        create(package, name)


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
        create(package, "joint_ascent")


@pytest.mark.parametrize("end", ['"a": "b",', '"a": "b",\n        # nothing follows'])
def test_the_line_stands_after_the_last_line(end: str) -> None:
    text = with_entry(f"METHODS: M = P(\n    {{\n        {end}\n    }}\n)\nOTHERS: M = {{}}\n", "c")
    values: dict[str, dict[str, str]] = {}
    exec(text, {"M": dict, "P": dict}, values)
    assert values["METHODS"] == {"a": "b", "c": "unlearnkit.methods.c"}


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


@pytest.mark.parametrize(("size", "file"), [(100, "methods/joint_ascent.py"), (10_000, REGISTRY)])
def test_a_disk_that_is_full_leaves_all_as_it_was(size: int, file: str, package: Path) -> None:
    with (package / REGISTRY).open("a") as stream:
        stream.write("# a long comment\n" * 1000)
    with unchanged(package, f"cannot write .*{file}: File too large"), no_file_larger_than(size):
        create(package, "joint_ascent")


def test_an_interrupt_leaves_all_as_it_was(package: Path) -> None:
    def interrupt(path: Path) -> None:
        if path == package / REGISTRY:
            assert (package / "methods/joint_ascent.py").exists()
            raise KeyboardInterrupt

    before = files(package)
    with pytest.raises(KeyboardInterrupt), checked_before_publishing(interrupt):
        create(package, "joint_ascent")
    assert files(package) == before


@pytest.mark.parametrize(("missing", "task"), [(REGISTRY, "text"), (TEMPLATE, "image"), (TEXT_TEMPLATE, "text")])
def test_a_missing_file_is_named(missing: str, task: str, package: Path) -> None:
    (package / missing).unlink()
    with unchanged(package, f"{missing} cannot be read"):
        create(package, "joint_ascent", task)


def test_a_package_outside_of_a_clone_is_refused(package: Path) -> None:
    (package.parent / "Snakefile").unlink()
    with unchanged(package, "is not in a clone: no Snakefile lies beside it"):
        create(package, "joint_ascent")


def test_torch_is_not_imported() -> None:
    code = "import sys; from unlearnkit.__main__ import main; status = main(['new-method', 'fine_tune'])\n"
    code += "sys.exit(status != 1 or 'torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("error: there is a method 'fine_tune'")
