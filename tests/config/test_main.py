"""The command line validates configurations and prints the schema, without a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from unlearnkit.__main__ import OLDEST, main
from unlearnkit.config.schema import json_schema


@pytest.fixture
def file(tmp_path: Path, valid_text: str) -> Path:
    path = tmp_path / "valid.yaml"
    path.write_text(valid_text)
    return path


CHECK = ["check", "--only", "configuration"]


def test_check_says_what_the_configuration_describes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CHECK, str(file)]) == 0
    assert capsys.readouterr().out == (
        "ok       configuration: experiment small: 20 models, 2 forget sets, 4 variants, 1 metric\n"
    )


def test_later_files_overwrite_earlier_ones(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = tmp_path / "change.yaml"
    change.write_text("experiment: grown\nnum_models: 10\nforget_sets: {ones: {kind: class, label: 1}}\n")
    assert main([*CHECK, str(file), str(change)]) == 0
    assert "experiment grown: 10 models, 3 forget sets" in capsys.readouterr().out


def test_files_without_an_experiment_go_over_the_default(
    valid_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text(valid_text)
    (tmp_path / "seed.yaml").write_text("metrics: {mia: {}}")
    monkeypatch.chdir(tmp_path)
    assert main([*CHECK, "seed.yaml"]) == 0
    assert main(CHECK) == 0
    assert [line.split(", ")[-1] for line in capsys.readouterr().out.splitlines()] == ["2 metrics", "1 metric"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("experiment: x\ntraining: {lr: 0}", "training.lr is 0"),
        ("seed: [1", "is not valid YAML"),
        ("- a\n- b\n", "holds no keys"),
        ("", "holds no keys"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
    ],
)
def test_wrong_files_end_with_a_message(
    content: str | bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main([*CHECK, str(path)]) == 1
    output = capsys.readouterr()
    assert output.err == ""
    assert all(line.startswith("error    configuration: ") for line in output.out.splitlines())
    assert says in output.out


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_unreadable_files_are_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CHECK, str(tmp_path / name)]) == 1
    assert f"{tmp_path / name} cannot be read" in capsys.readouterr().out


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()


def test_an_older_python_is_named_with_the_one_that_is_needed(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=" + ".".join(map(str, OLDEST))
    monkeypatch.setattr("unlearnkit.__main__.OLDEST", (99, 0))
    assert main(["ls", "methods"]) == 1
    refused = capsys.readouterr().err
    assert refused.startswith(f"error: {sys.executable} is Python 3.") and "expected Python 99.0 or newer" in refused


def test_an_interrupt_ends_without_a_traceback(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    words = [sys.executable, "-m", "unlearnkit", *CHECK, str(pipe)]
    # a test run in the background ignores interrupts, and its children would too
    heeding = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    words = [sys.executable, "-c", heeding, *words]
    # the pipe opens when the command reads the file, which has no end yet
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process, pipe.open("w"):
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "")


def test_a_terminal_without_unicode_gets_all_but_the_signs_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "ü.yaml").write_text("- a\n")
    ended = subprocess.run(
        [sys.executable, "-m", "unlearnkit", *CHECK, str(tmp_path / "ü.yaml")],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert "?.yaml" in ended.stdout


def test_a_package_that_cannot_be_imported_is_told_with_the_command_that_looks_into_it(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('no numpy here')")
    ended = subprocess.run(
        [sys.executable, "-m", "unlearnkit", "verify"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: no numpy here. Run `unlearnkit check`")
    assert "Traceback" not in ended.stderr
