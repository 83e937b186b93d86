"""`unlearnkit check`: every finding with its level and remedy, whatever is broken."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from unlearnkit import user_plug_ins
from unlearnkit.__main__ import main
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.doctor import cluster, devices, environment
from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, Finding, examine
from unlearnkit.doctor.probe import Imports, probe_imports, requirements, version_of

TINY = """
experiment: tiny
data: {name: digits}
model: {name: mlp, hidden: [8]}
training: {epochs: 1, batch_size: 50, lr: 0.1, warmup_epochs: 0}
num_models: 4
held_out_oracles: 4
shard_size: 2
forget_sets: {random_10: {kind: random, size: 10}}
methods: {do_nothing: {method: do_nothing}}
metrics: {klom: {}}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def check(tmp_path: Path, repository: Path) -> Run:
    """A function that runs the command, with an empty folder for broken modules in front of the path."""

    def run(*words: str, folder: Path = tmp_path, **variables: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(tmp_path / "modules"), str(repository)])
        own = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **variables}
        command = [sys.executable, "-m", "unlearnkit", "check", *words]
        return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)

    return run


def module(folder: Path, name: str, content: str) -> None:
    (folder / "modules").mkdir(exist_ok=True)
    (folder / "modules" / f"{name}.py").write_text(content)


def of(section: str, case: Case) -> list[Finding]:
    return list(examine(section, case))


def configured(folder: Path, changes: dict[str, object]) -> Case:
    """Return a case with the tiny experiment, examined, and no GPU."""
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(TINY), **changes}))
    case = Case([path])
    (finding,) = of("configuration", case)
    assert finding.level == OK, finding.fact
    case.__dict__["imports"] = Imports({}, {"gpus": [], "cuda": False, "built": None})
    return case


@pytest.mark.slow
def test_a_sound_clone_has_no_error(repository: Path, check: Run) -> None:
    ended = check(folder=repository)
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"^0 errors, (1 warning|\d+ warnings)$", ended.stdout.splitlines()[-1])
    for section in ("configuration", "environment", "root", "data", "devices"):
        assert f"ok       {section}: " in ended.stdout
    assert all(re.match(r"(ok|warning|error) +\w+: ", line) for line in ended.stdout.splitlines()[:-1])
    assert ended.stderr == ""


# a broken environment


@pytest.mark.slow
def test_broken_packages_are_named_and_the_rest_is_examined(tmp_path: Path, check: Run) -> None:
    module(tmp_path, "pydantic", "raise ImportError('built for another Python')")
    (tmp_path / "Snakefile").touch()
    ended = check()
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "error    configuration: cannot be examined: built for another Python" in ended.stdout
    assert "error    environment: pydantic cannot be imported (ImportError: built for another Python)" in ended.stdout
    assert f"ok       root: {tmp_path} is the root of the workflow" in ended.stdout


def test_a_package_that_kills_its_process_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module(tmp_path, "deadly", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    module(tmp_path, "chatty", "print('@{not JSON}'.replace('@', '#'))")
    module(tmp_path, "wrong", "1 / 0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    errors = probe_imports(["chatty", "deadly", "wrong", "json"]).errors
    assert errors == {
        "chatty": "",
        "deadly": "the process ended with status -11",
        "wrong": "ZeroDivisionError: division by zero",
        "json": "",
    }


def test_old_and_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [("numpy", "numpy", "999.1"), ("absent", "no-such-package", "1.0"), ("yaml", "pyyaml", "6.0")]
    monkeypatch.setattr(environment, "requirements", lambda _: wanted)
    case = Case([])
    case.__dict__["imports"] = Imports({"absent": "ModuleNotFoundError: No module named 'absent'", "numpy": ""})
    found = [finding for finding in of("environment", case) if "import" in finding.fact or finding.level == ERROR]
    errors = [finding.fact for finding in found]
    assert all('pip install "unlearnkit[all]" (in a clone: make -B' in finding.remedy for finding in found)
    assert errors == [f"numpy is {np.__version__}, but 999.1 or newer is needed", "no-such-package is not installed"]


def test_what_plug_ins_import_and_is_not_installed_is_named(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    imports = (
        "import json, no_such.part\ntry:\n    import optional\nexcept ImportError: ...\nfrom .losses import LOSS\n"
    )
    source = (repository / "unlearnkit/methods/references/do_nothing.py").read_text().replace("import copy\n", imports)
    (tmp_path / "own_shrink.py").write_text(source)
    (tmp_path / "losses.py").write_text("from nor_such import loss as LOSS\n")
    case = configured(tmp_path, {"methods": {"own": {"method": "own_shrink.py"}}})
    found = [finding for finding in of("environment", case) if finding.level == ERROR]
    user_plug_ins.adopt({})
    assert [(finding.fact, finding.remedy) for finding in found] == [
        (f"{file} imports {package}, which is not installed", f"install the package that provides {package} {where}")
        for file, package, where in (
            ("losses.py", "nor_such", "where the jobs run"),
            ("own_shrink.py", "no_such", "where the jobs run"),
        )
    ]


def test_every_dependency_is_examined_under_the_name_it_is_imported_by() -> None:
    modules = {name: package for package, name, _ in requirements()}
    assert modules["scikit-learn"] == "sklearn"
    assert modules["snakemake-executor-plugin-slurm"] == "snakemake_executor_plugin_slurm"
    assert list(modules)[-2:] == ["torch", "torchvision"]
    assert version_of("2.11.0+cu126") == (2, 11, 0) < version_of("2.11.1") < version_of("2.12rc1")


@pytest.mark.slow
def test_the_package_of_a_projector_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'modules'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (tmp_path / "modules").mkdir()

    def told(projector: str, gpus: list[object]) -> list[Finding]:
        own = {"kind": "trak", "checkpoints": 2, "dimension": 700, "projector": projector}
        case = configured(tmp_path, {"attributions": {"slopes": own}})
        case.__dict__["imports"] = Imports({}, {"gpus": gpus, "cuda": bool(gpus), "built": None})
        words = ("traker, ", "fast_jl", "attributions.")
        return [finding for finding in of("environment", case) if finding.fact.startswith(words)]

    assert told("matrix", []) == []
    assert [finding.level for finding in told("traker", [])] == [OK]
    module(tmp_path, "fast_jl", "raise ImportError('built for another GPU')")
    slow = told("traker", [["A GPU", 2**36]])
    assert [finding.level for finding in slow] == [OK, WARNING]
    assert "BasicProjector" in slow[1].fact and "pip install fast_jl" in slow[1].remedy
    module(tmp_path, "fast_jl", "")
    _, unfit = told("traker", [["A GPU", 2**36]])
    assert unfit.level == ERROR and unfit.fact.startswith("attributions.slopes.dimension is 700")
    assert unfit.remedy == "set it to 1024, or set attributions.slopes.projector to matrix"
    module(tmp_path, "trak", "raise ImportError('no such package')")
    (missing,) = told("traker", [])
    assert missing.level == ERROR
    assert missing.fact == (
        "attributions.slopes.projector is 'traker', but that package cannot be imported (ImportError: no such package)"
    )
    assert missing.remedy == "run `pip install traker`, or set attributions.slopes.projector to matrix"


def test_threads_of_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case([])
    case.__dict__["imports"] = Imports()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert not [f for f in of("environment", case) if "OMP_NUM_THREADS" in f.fact]
    monkeypatch.delenv("OMP_NUM_THREADS")
    (finding,) = [f for f in of("environment", case) if "OMP_NUM_THREADS" in f.fact]
    assert finding.level == WARNING


# the folder


def test_another_folder_is_no_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (finding,) = of("root", Case([]))
    assert (finding.level, finding.remedy) == (
        ERROR,
        "change to the root of the clone, or make a working folder: unlearnkit init FOLDER",
    )


def test_lost_links_and_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").touch()
    for name in ("slurm", "local"):
        (tmp_path / "profiles" / name).mkdir(parents=True)
        (tmp_path / name).symlink_to(f"profiles/{name}")
    (tmp_path / "smoke").write_text("profiles/smoke")  # what a zip makes of a link
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    (tmp_path / ".snakemake/locks/0.input.lock").touch()
    warnings = [finding.fact for finding in of("root", Case([])) if finding.level == WARNING]
    assert len(warnings) == 3
    assert "jobs use the package in" in warnings[0]
    assert "--profile smoke finds nothing" in warnings[1]
    assert "locked by a run that left no name" in warnings[2]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").touch()
    (tmp_path / "results").mkdir(mode=0o500)
    errors = [finding.fact for finding in of("root", Case([])) if finding.level == ERROR]
    assert errors == ["results cannot be written to"]


# data


@pytest.mark.slow
def test_data_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (finding,) = of("data", configured(tmp_path, {"data": {"name": "mnist"}}))
    assert finding.level == WARNING
    assert "mnist is not here yet: the first job downloads 12 MB into data/" in finding.fact
    assert "yann.lecun.com" in finding.remedy
    assert not (tmp_path / "data").exists()
    (finding,) = of("data", configured(tmp_path, {"data": {"name": "mnist", "root": "no/such"}}))
    assert finding.level == ERROR
    assert "data.root 'no/such' does not exist" in finding.fact


def test_an_interrupted_download_is_told_and_not_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "data/MNIST/raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b")
    (finding,) = of("data", configured(tmp_path, {"data": {"name": "mnist"}}))
    assert finding.level == ERROR
    assert "train-images-idx3-ubyte.gz" in finding.fact or "is missing" in finding.fact
    assert [path.name for path in raw.iterdir()] == ["train-images-idx3-ubyte.gz"]


def test_files_of_forget_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("good.npy", np.arange(5))
    Path("bad.npy").write_bytes(b"no array")
    np.save("scores.npy", np.linspace(0, 1, 1437))
    sets: dict[str, dict[str, object]] = {
        name: {"kind": "file", "file": f"{name}.npy"} for name in ("good", "bad", "lost")
    }
    sets["high"] = {"kind": "scores", "file": "scores.npy", "top": 3}
    sets["pinned"] = {"kind": "file", "file": "./good.npy", "sha256": sha256_of("good.npy")}
    sets["other"] = {"kind": "file", "file": "././good.npy", "sha256": "0" * 64}
    found = {finding.fact: finding.level for finding in of("data", configured(tmp_path, {"forget_sets": sets}))}
    assert found.pop("digits is sound: 1797 entries") == OK
    assert found.pop("good.npy is sound: 5 entries") == found.pop("./good.npy is sound: 5 entries") == OK
    assert found.pop("scores.npy is sound: 1437 entries") == OK
    assert found.pop("lost.npy, the file of forget set lost, does not exist") == ERROR
    assert set(found.values()) == {ERROR}
    bad, other = found
    assert "'bad.npy' cannot be read" in bad
    assert "'good.npy' is not the file that the configuration names" in other


def test_data_that_kill_their_process_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module(tmp_path, "sklearn", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")  # digits come with it
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'modules'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.chdir(tmp_path)
    np.save("good.npy", np.arange(5))
    case = configured(tmp_path, {"forget_sets": {"good": {"kind": "file", "file": "good.npy"}}})
    (finding,) = of("data", case)
    assert (finding.level, finding.fact) == (ERROR, "the data set, good.npy could not be read (status -11)")


# devices


def test_devices_that_are_asked_for_and_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no cluster
    case = configured(tmp_path, {"execution": {"device": "cuda", "gpus": 1, "threads": 1024, "memory_mb": 10**9}})
    found = of("devices", case)
    assert [finding.level for finding in found] == [OK, ERROR, WARNING, WARNING]
    assert "no GPU that torch can use" in found[0].fact
    assert found[1].remedy == "set execution.device to auto or cpu"
    assert "execution.threads is 1024, but there are" in found[2].fact
    assert "1 job at once may take 1000000000 MB" in found[3].fact


def test_gpus_that_are_there_and_not_asked_for(tmp_path: Path) -> None:
    case = configured(tmp_path, {})
    case.__dict__["imports"] = Imports({}, {"gpus": [["A GPU", 2**36]], "cuda": True, "built": "12.6"})
    found = of("devices", case)
    assert "A GPU with 64 GiB" in found[0].fact
    assert [finding.level for finding in found[:2]] == [OK, WARNING]
    assert found[1].remedy.startswith("set execution.gpus to 1")
    (enough,) = (f for f in devices.examine(configured(tmp_path, {"execution": {"device": "cpu"}})) if f.level == OK)
    assert "cores" in enough.fact


@pytest.mark.parametrize(
    ("execution", "visible", "level", "words"),
    [
        (
            {"local_gpus": [0, 1], "jobs_per_gpu": 3},
            None,
            OK,
            "room for 6 GPU jobs at once on this machine, 3 on each of GPU 0, 1",
        ),
        ({}, "1", OK, "room for 1 GPU jobs at once on this machine, 1 on each of GPU 1"),
        ({"local_gpus": [0, 2]}, None, ERROR, "execution.local_gpus names GPU 2, but torch sees 2 GPUs here"),
        ({}, None, WARNING, "nvidia-smi lists no GPU, so all jobs of this machine would use the first one"),
    ],
)
def test_where_jobs_that_reserve_a_gpu_are_placed(
    execution: dict[str, object],
    visible: str | None,
    level: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    case = configured(tmp_path, {"execution": {"gpus": 1, **execution}})
    case.__dict__["imports"] = Imports({}, {"gpus": [["A GPU", 2**36]] * 2, "cuda": True, "built": "12.6"})
    found = of("devices", case)[1]
    assert found.level == level
    assert found.fact.startswith(words)


# the cluster: what the programs of SLURM 22.05 print, since a controller is not everywhere


def slurm(folder: Path, monkeypatch: pytest.MonkeyPatch, accounting: str) -> None:
    programs = {
        "sbatch": "",
        "squeue": "",
        "scancel": "",
        "sacct": "",
        "sinfo": "cpu\ngpu",
        "scontrol": f"AccountingStorageType   = {accounting}",
    }
    for name, prints in programs.items():
        (folder / name).write_text(f"#!/bin/sh\ncat <<'END'\n{prints}\nEND\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(
    ("partition", "command", "accounting", "levels"),
    [
        ("gpu", "squeue", "accounting_storage/none", [OK, OK]),
        ("gpu", "sacct", "(null)", [OK, ERROR]),
        ("gpu", "sacct", "accounting_storage/slurmdbd", [OK, OK]),
        ("gpus", "squeue", "accounting_storage/none", [ERROR, OK]),
    ],
)
def test_the_profile_is_compared_with_the_cluster(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    partition: str,
    command: str,
    accounting: str,
    levels: list[str],
) -> None:
    slurm(tmp_path, monkeypatch, accounting)
    path = tmp_path / cluster.PROFILE
    path.parent.mkdir(parents=True)
    profile = {"slurm-status-command": command, "default-resources": {"slurm_partition": partition}}
    path.write_text(yaml.safe_dump(profile))
    found = of("cluster", Case([]))
    assert [finding.level for finding in found] == levels
    if partition == "gpus":
        assert found[0].fact == "there is no partition gpus"
        assert found[0].remedy.endswith("to one of cpu, gpu")


def test_a_cluster_that_does_not_answer_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slurm(tmp_path, monkeypatch, "")
    (tmp_path / "sinfo").write_text("#!/bin/sh\nexit 1\n")
    (finding,) = of("cluster", Case([]))
    assert (finding.level, finding.remedy) == (OK, "")
    assert "only runs with --profile slurm need one" in finding.fact


def test_nothing_is_said_of_clusters_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert of("cluster", Case([])) == []


def test_check_takes_files_and_arguments_as_snakemake_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "more.yaml").write_text("num_models: 6\nheld_out_oracles: 6\n")
    words = ["check", "--only", "configuration", "--configfile", "tiny.yaml", "more.yaml"]
    assert main([*words, "--config", "experiment=other", "methods={twin: {method: do_nothing}}"]) == 0
    assert "experiment other: 6 models, 1 forget set, 2 variants, 1 metric" in capsys.readouterr().out
    assert main([*words, "--config", "training.lr=0.1"]) == 1
    assert "Write nested keys in braces: --config 'training={lr: 0.1}'" in capsys.readouterr().out


def test_data_of_a_configuration_that_is_not_valid_are_an_error_with_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY.replace("name: digits", "name: digit"))
    assert main(["check", "--only", "data", "tiny.yaml"]) == 1
    configuration, data = capsys.readouterr().out.splitlines()
    assert configuration.startswith("error    configuration: data.name")
    assert data.startswith("warning  data: not examined")


@pytest.mark.parametrize(
    ("changes", "untried"),
    [
        ({}, {"torchvision", "transformers", "tokenizers", "datasets", "huggingface_hub", "optuna", "peft"}),
        pytest.param(
            {"model": {"name": "resnet18"}},
            {"transformers", "tokenizers", "datasets", "huggingface_hub", "optuna", "peft"},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_packages_that_an_experiment_does_not_use_are_not_imported(
    changes: dict[str, object], untried: set[str], tmp_path: Path
) -> None:
    case = configured(tmp_path, changes)
    del case.__dict__["imports"]
    assert {name for name, _, _ in requirements()} - case.imports.errors.keys() == untried
    assert not any(case.imports.errors.values()) and case.imports.torch is not None
