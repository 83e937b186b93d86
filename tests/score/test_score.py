"""`unlearnkit score`: margins from the files of any program, aligned with oracles and compared with a floor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from unlearnkit.__main__ import main
from unlearnkit.artifacts.margins import Margins, write_margins
from unlearnkit.metrics.distribution.klom import klom

MODELS, SAMPLES, FORGOTTEN = 12, 40, 10


def pool(seed: int, forget_shift: float = 0.0, models: int = MODELS) -> np.ndarray:
    margins = np.random.default_rng(seed).normal(size=(models, SAMPLES)).astype(np.float32)
    margins[:, :FORGOTTEN] += forget_shift
    return margins


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "oracles.npy", pool(0))
    np.save(tmp_path / "others.npy", pool(1))
    np.save(tmp_path / "originals.npy", pool(2, forget_shift=8))
    np.save(tmp_path / "forget.npy", np.arange(FORGOTTEN))
    return tmp_path


def scored(capsys: pytest.CaptureFixture[str], folder: Path, margins: str, *more: str) -> dict[str, Any]:
    words = ["score", str(folder / margins), "--oracle", str(folder / "oracles.npy"), "--json", *more]
    status = main(words)
    found = capsys.readouterr()
    assert status == 0, found.err
    return json.loads(found.out)


def refused(capsys: pytest.CaptureFixture[str], folder: Path, margins: str, *more: str) -> str:
    assert main(["score", str(folder / margins), "--oracle", str(folder / "oracles.npy"), *more]) == 1
    return " ".join(capsys.readouterr().err.split())


def of(found: dict[str, Any], metric: str, split: str = "forget") -> dict[str, Any]:
    return next(row for row in found["results"] if (row["metric"], row["split"]) == (metric, split))


def test_values_are_those_of_the_metrics_and_say_who_is_above_the_floor(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = ("--floor", str(folder / "others.npy"), "--forget-set", str(folder / "forget.npy"))
    more = (*beside, "--original", str(folder / "originals.npy"))
    np.save(folder / "good.npy", pool(3))
    known, good = scored(capsys, folder, "originals.npy", *beside), scored(capsys, folder, "good.npy", *more)
    expected = klom(unlearned=pool(2, forget_shift=8), oracle=pool(0))
    assert of(known, "klom")["value"] == pytest.approx(np.percentile(expected[:FORGOTTEN], 95), rel=1e-12)
    assert of(known, "klom", "retain")["value"] == pytest.approx(np.percentile(expected[FORGOTTEN:], 95), rel=1e-12)
    assert of(known, "klom")["floor"] == of(good, "klom")["floor"]
    verdicts = [of(found, "margin_distance")["verdict"] for found in (known, good)]
    assert verdicts == ["above the floor", "at the floor"]
    assert of(good, "relative")["verdict"] == "nearer to oracles"
    assert known["samples"] == {"forget": FORGOTTEN, "retain": SAMPLES - FORGOTTEN}


def test_without_other_oracles_half_of_them_are_the_floor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = of(scored(capsys, folder, "others.npy"), "klom")
    half = MODELS // 2
    own = klom(unlearned=pool(1)[:half], oracle=pool(0)[:half])
    floor = klom(unlearned=pool(0)[half:], oracle=pool(0)[:half])
    assert found["floor_n"] == half
    assert [found["value_at_floor_n"], found["floor"]] == pytest.approx([np.percentile(v, 95) for v in (own, floor)])


def test_every_form_of_file_gives_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    margins, order = pool(3), np.random.default_rng(0).permutation(SAMPLES)
    columns = {f"m{number}": own[order] for number, own in enumerate(margins)} | {"sample": order}
    pq.write_table(pa.table(columns), folder / "mine.parquet")
    pyarrow.csv.write_csv(
        pa.table({"sample": range(SAMPLES)} | {f"m{n}": own for n, own in enumerate(margins)}), folder / "mine.csv"
    )
    np.savez(folder / "mine.npz", margins=margins)
    np.save(folder / "turned.npy", margins.T)
    np.savez(folder / "turned.npz", margins=margins.T, sample_index=np.arange(SAMPLES))
    np.savez(folder / "oracles.npz", margins=pool(0), sample_index=np.arange(SAMPLES))
    for split, columns in (("retain", slice(FORGOTTEN, None)), ("forget", slice(FORGOTTEN))):
        (folder / "easydub" / split / "resnet9").mkdir(parents=True)
        for number, own in enumerate(margins):
            np.save(folder / "easydub" / split / "resnet9" / f"id_{number}_epoch_23.npy", own[columns])
    where = {"split": np.repeat("train", SAMPLES), "sample_index": np.arange(SAMPLES)}
    ours = Margins(margins, margins > 0, tuple(range(MODELS)), **where)
    (folder / "ours").mkdir()
    write_margins(folder / "ours" / "0000-0011.margins.parquet", {1: ours}, {})
    np.save(folder / "plain.npy", margins)
    more = ("--forget-set", str(folder / "forget.npy"))
    expected = of(scored(capsys, folder, "plain.npy", *more), "klom")
    for name in ("mine.csv", "mine.npz", "turned.npy", "turned.npz", "ours"):
        found = scored(capsys, folder, name, *more)
        assert of(found, "klom") == expected, name
        assert len(found["notes"]) == 1 + (name == "turned.npy")
        assert "oracles.npy does not number its samples" in found["notes"][0]
    numbered = (*more, "--oracle", str(folder / "oracles.npz"))
    assert of(scored(capsys, folder, "mine.parquet", *numbered), "klom") == expected
    words = ["score", str(folder / "easydub"), "--oracle", str(folder / "easydub"), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == {"forget": FORGOTTEN, "retain": SAMPLES - FORGOTTEN}


def test_more_models_than_samples_are_remarked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("oracles", "others"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy").T)
    assert scored(capsys, folder, "others.npy")["notes"][:1] == [
        f"{folder / 'oracles.npy'} is taken for {SAMPLES} models on {MODELS} samples: [models, samples]"
    ]


def test_of_few_models_no_verdict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(folder / "three.npy", pool(3, models=3))
    found = of(scored(capsys, folder, "three.npy"), "klom")
    assert (found["verdict"], found["low"]) == ("too few models", None)
    assert main(["score", str(folder / "three.npy"), "--oracle", str(folder / "oracles.npy")]) == 0
    assert "no verdict of fewer than 6 models and twice as many oracles" in capsys.readouterr().out


def test_one_model_is_too_few(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(folder / "one.npy", pool(3, models=1))
    words = refused(capsys, folder, "one.npy")
    assert "one.npy has too few models: 1. Give the margins of further models" in words


def test_the_floor_is_of_other_oracles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(folder / "mixed.npy", np.concatenate([pool(0)[:2], pool(1)]))
    for name in ("oracles.npy", "others.npy"):
        words = refused(capsys, folder, "others.npy", "--floor", str(folder / name))
        assert f"are those in {folder / name}; expected a floor of other oracles" in words
    _, note = scored(capsys, folder, "originals.npy", "--floor", str(folder / "mixed.npy"))["notes"]
    assert note == f"2 of the models in {folder / 'mixed.npy'} are in {folder / 'oracles.npy'} as well"
    _, note = scored(capsys, folder, "oracles.npy")["notes"]
    assert note.startswith("12 of the models")


def test_what_does_not_fit_is_refused_in_one_paragraph(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = pool(3)
    broken[4, 7] = np.nan
    np.save(folder / "nan.npy", broken)
    np.save(folder / "short.npy", pool(3)[:, :30])
    np.save(folder / "whole.npy", pool(3).astype(np.int64))
    np.save(folder / "beyond.npy", np.array([SAMPLES]))
    (folder / "empty").mkdir()
    (folder / "models.pt").write_bytes(b"PK")
    np.savez(folder / "oracles_numbered.npz", margins=pool(0), sample_index=np.arange(SAMPLES) + 1)
    np.savez(folder / "numbered.npz", margins=pool(3), sample_index=np.arange(SAMPLES))
    assert "1 non-finite values, in 1 of 12 models (positions 4)" in refused(capsys, folder, "nan.npy")
    assert "has 30 samples, but" in refused(capsys, folder, "short.npy")
    assert "expected floating numbers [models, samples]" in refused(capsys, folder, "whole.npy")
    beyond = refused(capsys, folder, "others.npy", "--forget-set", str(folder / "beyond.npy"))
    assert f"the forget set has sample {SAMPLES}, which is no training sample" in beyond
    assert "holds no margins" in refused(capsys, folder, "empty")
    assert "models.pt is not an archive as torch.save writes it" in refused(capsys, folder, "models.pt")
    assert "does not exist" in refused(capsys, folder, "nowhere.npy")
    np.save(folder / "mask.npy", np.arange(SAMPLES) < FORGOTTEN)
    (folder / "forget.csv").write_text("1\n2\n")
    for name, remedy in (("mask.npy", "numpy.flatnonzero(mask)"), ("forget.csv", "expected an .npy or .pt file")):
        words = refused(capsys, folder, "others.npy", "--forget-set", str(folder / name))
        assert "holds no forget set" in words and remedy in words and "snakemake" not in words
    np.save(folder / "none.npy", np.zeros((0, SAMPLES), np.float32))
    assert "expected floating numbers [models, samples]" in refused(capsys, folder, "none.npy")
    np.savez(folder / "parts.npz", margins=pool(0), split=np.repeat(["forget", "retain"], SAMPLES // 2))
    parts = ("--oracle", str(folder / "parts.npz"))
    stated = refused(capsys, folder, "others.npy", *parts, "--forget-set", str(folder / "forget.npy"))
    assert "itself states which samples are forgotten" in stated
    np.savez(folder / "kept.npz", margins=pool(0), split=np.repeat("retain", SAMPLES))
    originals = ("--original", str(folder / "originals.npy"), "--oracle", str(folder / "kept.npz"))
    assert "has no sample of the forget set" in refused(capsys, folder, "others.npy", *originals)
    np.savez(folder / "halves.npz", margins=pool(3), sample_index=np.arange(SAMPLES) / 2)
    assert "are of type float64" in refused(capsys, folder, "halves.npz")
    assert "Did you mean 'klom'" in refused(capsys, folder, "others.npy", "--metrics", "kloom")
    numbered = ("--oracle", str(folder / "oracles_numbered.npz"))
    assert "1 are missing in the first" in refused(capsys, folder, "numbered.npz", *numbered)


def test_a_table_that_is_no_table_of_margins_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text, words in {
        "a,b\n0.5,nan\n0.5,1.5\n": "column 'b' of {} has 1 gaps or NaN; expected a finite margin of every model",
        "a;b\n0.5;1.5\n": "{} separates columns by semicolons or tabs; expected commas",
        "0.5,-1.5e-01\n0.5,1.5\n": "{} begins with a row of numbers; expected a heading",
        ",0,1\n0,0.5,1.5\n": "column '' of {} is of type int64; expected numbers with a fraction",
    }.items():
        (folder / "own.csv").write_text(text)
        assert words.format(folder / "own.csv") in refused(capsys, folder, "own.csv")


def test_a_score_needs_no_torch(folder: Path) -> None:
    words = ["score", str(folder / "others.npy"), "--oracle", str(folder / "oracles.npy")]
    code = f"import sys; from unlearnkit.__main__ import main; main({words!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
