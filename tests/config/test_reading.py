"""Configuration files say what is written in them: no key is lost, and no value is read as another."""

from __future__ import annotations

from pathlib import Path

import pytest

from unlearnkit.__main__ import main
from unlearnkit.config.reading import read_argument, read_configuration, read_yaml
from unlearnkit.errors import ConfigError, UnlearnkitError
from unlearnkit.planning.dry_run import dry_run

MISREAD = {
    "block twice": ("methods: {a: 1}\nseed: 1\nmethods: {b: 2}", "methods stands twice, in lines 1 and 3 of c.yaml"),
    "key twice": ("training:\n  lr: 0.1\n  lr: 0.4", "training.lr stands twice, in lines 2 and 3 of c.yaml"),
    "key three times": ("a: 1\na: 1\na: 1", "a stands 3 times, in lines 1, 2 and 3"),
    "key twice in a list": ("a: [{b: 1, b: 2}]", "a.0.b stands twice"),
    "quoted beside plain": ("a: 1\n'a': 2", "a stands twice, in lines 1 and 2"),
    "octal": ("seed: 010", "seed in line 1 of c.yaml is 010, which YAML reads as 8"),
    "octal with a type": ("seed: !!int 010", "which YAML reads as 8"),
    "sexagesimal": ("a: 1\ntime: 1:30", "time in line 2 of c.yaml is 1:30, which YAML reads as 90"),
    "sexagesimal fraction": ("a: 1:30.5", "which YAML reads as 90.5"),
    "underscores": ("a: 1_000", "a in line 1 of c.yaml is 1_000"),
    "binary": ("a: 0b101", "which YAML reads as 5"),
    "boolean for a word": ("a: off", "a in line 1 of c.yaml is off, which YAML reads as false"),
    "boolean for a name": ("forget_sets: {on: {size: 1}}", "forget_sets.on in line 1 of c.yaml is on"),
    "date": ("experiment: 2026-11-28", "experiment in line 1 of c.yaml is 2026-11-28, which YAML reads as a date"),
    "behind an alias": ("a: &x {b: 1, b: 2}\nc: *x", "a.b stands twice"),
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", MISREAD)
def test_what_yaml_would_misread_is_refused(name: str) -> None:
    text, fact = MISREAD[name]
    Path("c.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        read_yaml(Path("c.yaml"))
    assert fact in str(error.value)


def test_what_is_read_as_written_is_taken() -> None:
    text = (
        "a: [1, -2, 0, 0x1f, 1.5, 1e-3, 5.0e-4, .5, true, False, null, ~, 'no', \"010\", text, 1.2.3]\n"
        "b:\nc: {<<: {a: 1}, a: 2}"
    )
    Path("c.yaml").write_text(text)
    values = [1, -2, 0, 31, 1.5, "1e-3", 5e-4, 0.5, True, False, None, None, "no", "010", "text", "1.2.3"]
    assert read_yaml(Path("c.yaml")) == {"a": values, "b": None, "c": {"a": 2}}


def test_a_folder_without_a_configuration_is_refused_with_the_folders_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        read_configuration([])
    assert f"there is no config.yaml in {tmp_path}; expected a clone of unlearnkit" in str(error.value)
    assert "Change to that folder" in str(error.value)


def test_json_may_be_indented_by_tabs() -> None:
    Path("c.json").write_text('{\n\t"seed": 1,\n\t"data": {"name": "digits"}\n}')
    assert read_yaml(Path("c.json")) == {"seed": 1, "data": {"name": "digits"}}


@pytest.mark.parametrize(
    ("content", "fact", "remedy"),
    [
        (b"a:\n\tb: 1", "c.yaml is not valid YAML", "Indent with spaces, not with tabs"),
        ("seed: 1".encode("utf-16"), "c.yaml is not UTF-8 text", "Save it as UTF-8"),
        (b"", "c.yaml holds no keys at its top level", "like config.yaml"),
        (None, "c.yaml cannot be read: No such file or directory", "targets come before --configfile"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_remedy(content: bytes | None, fact: str, remedy: str) -> None:
    if content is not None:
        Path("c.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_yaml(Path("c.yaml"))
    assert fact in str(error.value) and remedy in str(error.value)


def test_check_and_plan_refuse_in_the_same_words(capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.yaml").write_text("experiment: t\nseed: 1\nseed: 2\n")
    words = "seed stands twice, in lines 2 and 3 of c.yaml; expected every key once. Keep one of them"
    assert main(["check", "c.yaml", "--only", "configuration"]) == 1
    assert words in capsys.readouterr().out
    with pytest.raises(UnlearnkitError, match=words):
        dry_run(["--configfile", "c.yaml"])
    with pytest.raises(UnlearnkitError, match=r"--config training.lr=0.1 is not KEY=VALUE"):
        dry_run(["--config", "training.lr=0.1"])


def test_arguments_go_over_all_files() -> None:
    Path("c.yaml").write_text("experiment: t\nseed: 1\ntraining: {lr: 0.1, epochs: 3}\n")
    found = read_configuration([Path("c.yaml")], ["seed=2", "training={lr: 0.4}", "name=x"])
    assert found == {"experiment": "t", "seed": 2, "training": {"lr": "0.4", "epochs": 3}, "name": "x"}


@pytest.mark.parametrize(
    ("argument", "remedy"),
    [
        ("training.lr=0.1", "--config 'training={lr: 0.1}'"),
        ("methods.scrub.lr=0.1", "--config 'methods={scrub: {lr: 0.1}}'"),
        ("seed", "--config 'training={lr: 0.1}'"),
        ("training={lr: 0.1, lr: 0.2}", "Keep one of them"),
        ("training={lr: 0.1", "is not valid YAML"),
    ],
)
def test_a_wrong_argument_is_refused(argument: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_argument(argument)
    assert remedy in str(error.value)


def test_null_takes_an_entry_of_the_file_below_out() -> None:
    Path("base.yaml").write_text("experiment: t\nmethods: {a: {method: do_nothing}, b: {method: do_nothing}}\n")
    Path("overlay.yaml").write_text("methods: {b: null}\n")
    assert read_configuration([Path("base.yaml"), Path("overlay.yaml")])["methods"]["b"] is None
    read_configuration([Path("base.yaml")], ["methods={a: null}"])


@pytest.mark.parametrize("block", ["methods", "forget_sets", "attributions"])
def test_null_that_takes_nothing_out_is_refused(block: str) -> None:
    Path("c.yaml").write_text(f"experiment: t\n{block}:\n  a:\n")
    with pytest.raises(ConfigError, match=rf"{block}\.a in c\.yaml is null, but there is no such entry to remove"):
        read_configuration([Path("c.yaml")])
