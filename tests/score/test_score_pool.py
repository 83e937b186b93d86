"""`unlearnkit score --pool`: published oracles, from a hub on loopback that serves both editions of EasyDUB."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hub_server import HubServer, used_here

from unlearnkit.__main__ import main
from unlearnkit.facts.layouts.pieces import Names
from unlearnkit.facts.pools import POOLS, NamedPool
from unlearnkit.metrics.distribution.klom import klom

TRAIN, VALIDATION, MODELS = 120, 40, 6
FORGET = np.sort(np.random.default_rng(5).permutation(TRAIN)[:10])  # ten samples, as forget set 1 has
NAMES = Names("cifar10", "resnet9", 23)
FIRST, SECOND = "owner/first", "owner/second"


def margins(seed: int, models: int, without: np.ndarray = FORGET) -> np.ndarray:
    """Margins that are 5 nats higher where a model was trained on a sample."""
    found = np.random.default_rng(seed).normal(size=(models, TRAIN + VALIDATION)).astype(np.float32)
    found[:, np.setdiff1d(np.arange(TRAIN), without)] += 5
    return found


ORACLES, ORIGINALS = margins(0, 2 * MODELS), margins(1, MODELS, np.array([], int))
CANDIDATE = margins(2, MODELS)


def saved(array: np.ndarray, *, tensor: bool = False) -> bytes:
    stream = io.BytesIO()
    if tensor:
        torch.save(torch.from_numpy(array.copy()), stream)
    else:
        np.save(stream, array)
    return stream.getvalue()


def first_edition(oracles: np.ndarray = ORACLES, forget: np.ndarray = FORGET) -> dict[str, bytes]:
    files = {"forget_set_indices/CIFAR10/forget_set_1.npy": saved(forget), "README.md": b"pool"}
    roots = {"full_models/CIFAR10": ORIGINALS, "oracle_models/CIFAR10/only_margins/forget_set_1": oracles}
    for folder, own in roots.items():
        files[f"{folder}/train_margins_all.pt"] = saved(own[:, :TRAIN], tensor=True)
        files[f"{folder}/val_margins_all.pt"] = saved(own[:, TRAIN:], tensor=True)
    return files


def second_edition(forget: np.ndarray = FORGET, columns: np.ndarray = FORGET) -> dict[str, bytes]:
    kept = np.setdiff1d(np.arange(TRAIN), forget)
    parts = {
        "pretrain/retain": ORIGINALS[:, :TRAIN],
        "pretrain/val": ORIGINALS[:, TRAIN:],
        "pretrain/forget_1": ORIGINALS[:, columns],
        "oracle/forget_1/retain": ORACLES[:, kept],
        "oracle/forget_1/forget": ORACLES[:, columns],
        "oracle/forget_1/val": ORACLES[:, TRAIN:],
    }
    files = {"forget_sets/cifar10/forget_set_1.npy": saved(forget)}
    for part, own in parts.items():
        for model, values in enumerate(own):
            files[f"margins/cifar10/{part}/resnet9/id_{model}_epoch_23.npy"] = saved(values)
    return files


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    for name, repository, layout in (("first", FIRST, "easydub_1"), ("second", SECOND, "easydub_2")):
        monkeypatch.setitem(POOLS, name, NamedPool(repository, layout, NAMES, TRAIN, VALIDATION, "Small."))
    np.save(tmp_path / "mine.npy", CANDIDATE)
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch)
        yield hub


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ran(pool: str, *more: str, file: str = "mine.npy", number: str = "1") -> tuple[int, str, str]:
        status = main(["score", str(tmp_path / file), "--pool", pool, "--forget-set", number, *more])
        found = capsys.readouterr()
        return status, found.out, " ".join(found.err.split())

    return ran


Run = Callable[..., tuple[int, str, str]]


def klom_of(run: Run, pool: str, *more: str, **how: str) -> dict[str, Any]:
    status, out, err = run(pool, "--json", "--metrics", "klom", *more, **how)
    assert status == 0, err
    found = json.loads(out)
    rows = [row for row in found["results"] if (row["metric"], row["split"]) == ("klom", "forget")]
    return {**found, "klom": rows[0]["value"]}


def refused(run: Run, *words: str, **how: str) -> str:
    status, _, err = run(*words, **how)
    assert status == 1 and "Traceback" not in err
    return err.split("error: ")[-1]


EXPECTED = np.percentile(klom(unlearned=CANDIDATE, oracle=ORACLES)[FORGET], 95)


def test_both_editions_give_the_same_score(server: HubServer, run: Run) -> None:
    commits = {"first": server.publish(FIRST, first_edition()), "second": server.publish(SECOND, second_edition())}
    for pool, commit in commits.items():
        found = klom_of(run, pool)
        assert found["klom"] == pytest.approx(EXPECTED, rel=1e-12)
        assert found["revision"] == commit and found["pool"].endswith(f"at {commit[:12]}, forget set 1")
        assert (found["oracle"]["models"], found["original"]["models"]) == (2 * MODELS, MODELS)
        assert found["results"][-1]["verdict"] == "nearer to oracles" and found["oracle_test"] == "lack it"
        assert "mine.npy does not number its samples" in found["notes"][0]
        assert found["samples"] == {"forget": 10, "retain": TRAIN - 10, "validation": VALIDATION}


def test_only_files_of_the_forget_set_are_fetched_and_offline_they_are_there(
    server: HubServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = server.publish(FIRST, first_edition())
    klom_of(run, "first")
    assert len({request.path for request in server.asked("GET /datasets/")}) == 5
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert klom_of(run, "first", "--revision", commit)["klom"] == pytest.approx(EXPECTED, rel=1e-12)
    words = refused(run, "first")
    assert "which commit 'main' of the data set owner/first names cannot be asked, since HF_HUB_OFFLINE is set" in words
    assert f"--revision {commit}" in words
    assert "the list of files of the data set owner/first at 000000000000 is not in" in refused(
        run, "first", "--revision", "0" * 40
    )


def test_the_order_of_forget_samples_is_that_which_an_original_shows(server: HubServer, run: Run) -> None:
    shuffled = np.random.default_rng(1).permutation(FORGET)
    for columns in (shuffled, FORGET):
        server.publish(SECOND, second_edition(shuffled, columns))
        assert klom_of(run, "second")["klom"] == pytest.approx(EXPECTED, rel=1e-12)
    server.publish(SECOND, second_edition(shuffled, shuffled[::-1]))
    assert "it is unknown which columns of owner/second are which samples" in refused(run, "second")


def test_few_models_get_no_verdict_and_a_pool_with_fewer_says_so(server: HubServer, run: Run, tmp_path: Path) -> None:
    server.publish(FIRST, first_edition(ORACLES[:4]))
    np.save(tmp_path / "three.npy", CANDIDATE[:3])
    status, out, err = run("first", file="three.npy")
    assert status == 0 and "There is no verdict of fewer than 6 models" in out
    assert "only_margins/forget_set_1 has 4 models; 6 would be compared" in err


def test_margins_that_do_not_fit_the_pool(server: HubServer, run: Run, tmp_path: Path) -> None:
    server.publish(FIRST, first_edition())
    np.save(tmp_path / "forget.npy", CANDIDATE[:, FORGET])
    words = refused(run, "first", file="forget.npy")
    assert f"forget.npy has 10 samples, but {FIRST}/oracle_models/CIFAR10/only_margins/forget_set_1 has 160" in words
    numbers = {"split": np.repeat("train", TRAIN), "sample_index": np.arange(TRAIN) + 1}
    np.savez(tmp_path / "other.npz", margins=CANDIDATE[:, :TRAIN], **numbers)
    assert "other.npz has 120 samples, but" in refused(run, "first", file="other.npz")
    split = np.repeat(["train", "validation"], [TRAIN, VALIDATION])
    np.savez(tmp_path / "all.npz", margins=CANDIDATE, split=split, sample_index=np.arange(TRAIN + VALIDATION))
    assert "number other samples: 40 are missing in the first, validation 0 among them" in refused(
        run, "first", file="all.npz"
    )
    broken = CANDIDATE.copy()
    broken[3, 5] = np.inf
    np.save(tmp_path / "inf.npy", broken)
    assert "1 non-finite values, in 1 of 6 models (positions 3)" in refused(run, "first", file="inf.npy")


def test_a_pool_that_is_not_what_it_states(server: HubServer, run: Run) -> None:
    assert "there is no data set owner/first" in refused(run, "first")
    server.publish(FIRST, first_edition(forget=FORGET[:9]))
    assert "forget_set_1.npy has 9 indices from" in refused(run, "first")
    server.publish(FIRST, first_edition(ORACLES[:, :-1]))
    assert "has margins on 120 training and 39 validation samples; expected 120 and 40" in refused(run, "first")
    server.publish(FIRST, {**first_edition(), "full_models/CIFAR10/val_margins_all.pt": b"not a tensor"})
    words = refused(run, "first")
    assert f"{FIRST}/full_models/CIFAR10/val_margins_all.pt is not an archive" in words and "home" not in words
    files = first_edition()
    del files["full_models/CIFAR10/val_margins_all.pt"]
    server.publish(FIRST, files)
    assert "has no file full_models/CIFAR10/val_margins_all.pt" in refused(run, "first")


def test_oracles_that_were_trained_on_the_forget_set_are_refused(server: HubServer, run: Run) -> None:
    server.publish(FIRST, first_edition(margins(4, 2 * MODELS, np.array([], int))))
    words = refused(run, "first")
    assert "the oracles of owner/first at" in words and "were trained on forget set '1'" in words
    assert "--revision" in words and "oracles.forget_sets" not in words


def test_oracles_of_which_margins_do_not_say_whether_they_lack_the_forget_set_get_a_note(
    server: HubServer, run: Run
) -> None:
    # oracles that memorised nothing: there is no drop to expect
    commit = server.publish(FIRST, first_edition(margins(4, 2 * MODELS, np.arange(TRAIN))))
    status, out, err = run("first")
    assert status == 0 and "oracle_test undecided" in out
    assert f"note: whether the oracles of {FIRST} at {commit[:12]}, forget set 1 lack it cannot be decided from" in err
    found = klom_of(run, "first")
    assert found["oracle_test"] == "undecided" and [note for note in found["notes"] if "lack it cannot" in note]


def test_words_that_make_no_sense(server: HubServer, run: Run, tmp_path: Path) -> None:
    assert "there is no pool 'frist'" in refused(run, "frist")
    for number in ("11", "0", "nines", "forget.npy"):
        assert "expected a number from 1 to 10" in refused(run, "first", number=number)
    assert "has no commit v2" in refused(run, "first", "--revision", "v2") or server.repos == {}
    own = str(tmp_path / "mine.npy")
    assert "--pool is given with --original" in refused(run, "first", "--original", own)
    assert main(["score", own, "--oracle", own, "--revision", "0" * 40]) == 1
    assert main(["score", own, "--pool", "first"]) == 1
