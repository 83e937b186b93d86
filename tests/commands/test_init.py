"""`unlearnkit init`: a working folder that needs no clone."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit.__main__ import main
from unlearnkit.commands.init import LINKS, contents
from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import read_configuration

Run = Callable[..., subprocess.CompletedProcess[str]]
PAGES = ("quickstart", "commands", "protocols", "adding-a-method")


def blocks(page: Path, language: str = "") -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [block for own, block in found if own == language]


def test_every_file_that_a_command_names_is_there(repository: Path) -> None:
    written = {*dict(contents()), *LINKS}
    pages = [repository / "README.md", *(repository / f"docs/{name}.md" for name in PAGES)]
    commands = [line for page in pages for block in blocks(page) for line in block.splitlines() if "--" in line]
    named = {word for line in commands for word in re.findall(r"(?<= )(?:experiments/\S+|\w+\.yaml)", line)}
    assert {"experiments/fashion_mnist.yaml", "experiments/smoke.yaml", "shrink.yaml"} <= named
    assert named - {"my.yaml", "mine.yaml", "joint.yaml"} <= written
    assert {line.split("--profile ")[1].split()[0] for line in commands if "--profile " in line} <= written


def test_the_plug_in_is_the_one_that_the_page_explains(repository: Path) -> None:
    written, page = dict(contents()), repository / "docs/adding-a-method.md"
    assert written["shrink.py"] in blocks(page, "python")
    (entry,) = [block for block in blocks(page, "yaml") if "shrink" in block]
    assert written["shrink.yaml"].endswith(entry.replace("method: shrink,", "method: shrink.py,"))
    assert "shrink.py" not in dict(contents("village"))


@pytest.mark.parametrize("experiment", ["fashion_mnist", "experiments/durability_digits.yaml", "tofu_smollm2"])
def test_an_experiment_means_the_same_at_the_root(
    experiment: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["init", str(tmp_path / "own"), "--experiment", experiment]) == 0
    own = f"experiments/{Path(experiment).stem}.yaml"
    assert not (tmp_path / "own" / own).exists()

    def described(folder: Path, *files: str) -> dict[str, Any]:
        monkeypatch.chdir(folder)
        return load_experiment(read_configuration(files)).model_dump()

    assert described(tmp_path / "own") == described(repository, own)


def test_configurations_find_their_schema() -> None:
    written = dict(contents("fashion_mnist"))
    for name, text in written.items():
        for schema in re.findall(r"\$schema=(\S+)", text) if name.endswith(".yaml") else ():
            assert os.path.normpath(os.path.join(os.path.dirname(name), schema)) in written, name  # noqa: PTH118, PTH120


def test_pages_link_to_what_is_there(repository: Path) -> None:
    written = dict(contents())
    assert "docs/releasing.md" not in written
    kept = 0
    for name, text in written.items():
        for target in re.findall(r"\]\(([^)#\s]+)", text) if name.endswith(".md") else ():
            if not re.match("[a-z]+:", target):
                path = os.path.normpath(os.path.join(os.path.dirname(name), target))  # noqa: PTH118, PTH120
                assert path in written or any(other.startswith(f"{path}/") for other in written), (name, target)
                kept += 1
    assert kept > 100
    # what a link says remains
    assert "(tests/slurm/cluster.sh)" in written["docs/cluster.md"]
    assert "https://github.com/EleutherAI/lm-evaluation-harness)" in written["docs/harness.md"]


# refusals


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["init", *words]) == 1
    return capsys.readouterr().err


def test_folders_in_use_and_unknown_experiments_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "used").mkdir()
    (tmp_path / "used/notes.txt").write_text("mine")
    (tmp_path / "file").touch()
    expected = "expected the name of a new or an empty folder. Choose another name.\n"
    assert refused(capsys, "used") == f"error: the folder used is not empty; {expected}"
    assert refused(capsys, "file") == f"error: file is a file; {expected}"
    assert "there is no experiment 'fashion_mnst'" in (said := refused(capsys, "new", "--experiment", "fashion_mnst"))
    assert "Did you mean 'fashion_mnist'?" in said
    assert "cannot write file/new: Not a directory" in refused(capsys, "file/new")
    assert {path.name for path in tmp_path.rglob("*")} == {"used", "notes.txt", "file"}


def test_an_interrupted_folder_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    written = dict(contents())
    monkeypatch.setattr("unlearnkit.commands.init.contents", lambda _: [*written.items(), ("config.yaml/under", "")])
    assert main(["init", str(tmp_path / "empty")]) == 1
    assert main(["init", str(tmp_path / "new")]) == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


# from the wheel


def files(folder: Path) -> Iterator[str]:
    yield from (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


@pytest.mark.workflow
def test_the_commands_of_the_readme_work_in_a_working_folder(with_wheel: Run, repository: Path, tmp_path: Path) -> None:
    _, own = blocks(repository / "README.md")
    first, enter, *others = (line.partition("  #")[0].split() for line in own.splitlines())
    assert (first, enter) == (["unlearnkit", "init", "study"], ["cd", "study"])
    assert with_wheel(*first).returncode == 0
    folder = tmp_path / "study"
    assert {*files(folder)} == {*dict(contents()), *LINKS}
    ended = [with_wheel(*words, folder=folder) for words in others]
    assert [each.returncode for each in ended] == [0] * 4, "".join(each.stdout + each.stderr for each in ended)
    of_the_example, of_the_cluster = (each.stdout for each in ended[2:])
    assert (folder / "mine.py").is_file()
    assert re.search(r"^unlearn +24$", of_the_example, re.MULTILINE)
    assert re.search(r"^unlearn +21$", of_the_cluster, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.workflow
def test_a_working_folder_computes_checks_and_explains(with_wheel: Run, installed: Path, tmp_path: Path) -> None:
    folder, before = tmp_path / "study", {name for name in files(installed) if "__pycache__" not in name}
    assert with_wheel("unlearnkit", "init", "study").returncode == 0
    weights = "results/smoke/unlearned/random_20/shrink/0000-0003.safetensors"
    configured = ("--configfile", "experiments/smoke.yaml", "shrink.yaml")
    for words in (
        ("snakemake", "-n", "--quiet", "rules"),
        ("snakemake", weights, *configured),
        ("unlearnkit", "plan", "klom_all"),
        ("unlearnkit", "check", "--only", "configuration", "--only", "root", "--only", "data"),
        ("unlearnkit", "verify", "results/smoke"),
        ("unlearnkit", "trace", weights),
        ("unlearnkit", "diff", "results/smoke", "results/smoke"),
        ("unlearnkit", "new-method", "joint_ascent"),
    ):
        ended = with_wheel(*words, folder=folder)
        assert ended.returncode == 0, (words, ended.stdout + ended.stderr)
        assert "warning" not in ended.stdout, (words, ended.stdout)
    assert (folder / weights).is_file() and (folder / "joint_ascent.py").is_file()
    # nothing outside of the folder and the caches
    assert {name for name in files(installed) if "__pycache__" not in name} == before
    assert {path.name for path in tmp_path.iterdir()} <= {"study", "home"}
    assert all(name.startswith(".cache/") for name in files(tmp_path / "home"))
    assert yaml.safe_load((folder / "config.yaml").read_text())["experiment"] == "digits"
