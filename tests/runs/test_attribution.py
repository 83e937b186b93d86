"""Attributions of both kinds through the workflow, a forget set made of one, and what a change makes again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from checkout import RESULTS, Checkout, MadeOnce

from unlearnkit.artifacts.attribution import GradientFile, MatrixFile, read_effects
from unlearnkit.artifacts.membership import read_membership
from unlearnkit.artifacts.store import TensorFile, read_array
from unlearnkit.data.forget_sets import score_forget_set

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CONFIGURATION = {
    "num_models": 4,
    "held_out_oracles": 4,
    "shard_size": 4,
    "attributions": {
        "subsets": {"kind": "datamodels", "models": 16, "regularization": [0.5, 0.3]},
        "slopes": {"kind": "trak", "checkpoints": 2, "dimension": 32},
    },
    "forget_sets": {"telling": {"kind": "principal_component", "attribution": "subsets", "top": 6, "bottom": 4}},
    "methods": {
        "direct": {"method": "dm_direct", "attribution": "slopes"},
        "matching": {"method": "datamodel_matching", "attribution": "subsets", "epochs": 1, "retain_ratio": 2},
    },
    "metrics": {"klom": {}},
}


def attribution_jobs(copy: Checkout, *arguments: str) -> dict[str, int]:
    made = copy.plan("attributions", *arguments).counts
    return {rule: count for rule, count in made.items() if rule not in ("attributions", "membership", "forget_set")}


@pytest.fixture(scope="module")
def attributed(pristine: Checkout, made_once: MadeOnce) -> Checkout:
    def make(copy: Checkout) -> None:
        copy.configure(CONFIGURATION)
        copy.make("klom_all", "attributions")

    return made_once("attributed", pristine, make)


def test_effects_and_forget_sets_are_made_of_matrices(attributed: Checkout) -> None:
    folder = attributed.result("attribution")
    forget = read_array(attributed.result("forget_sets/telling.npy"))
    components = read_array(folder / "subsets/components.npy")
    assert forget.tolist() == score_forget_set(components[:, 0], 6, 4).tolist()
    for name in ("subsets", "slopes"):
        effects = read_effects(folder / name / "effects/telling.safetensors")
        assert effects.effect.shape == effects.self_effect.shape == (260, 10)
        rows = MatrixFile(folder / name / "matrices/logit_7.safetensors").rows(forget)
        np.testing.assert_allclose(effects.effect[:, 7], rows.sum(axis=0), atol=1e-5)
        np.testing.assert_allclose(effects.self_effect[forget, 7], rows[np.arange(10), forget], atol=1e-6)
        assert effects.effect.any()
    outputs = TensorFile(folder / "subsets/outputs/0004-0007.safetensors")
    assert outputs["included"].sum(axis=1).tolist() == [100] * 4
    stated = read_membership(attributed.result("membership/subsets/0004-0007.safetensors"), 4, 200)
    assert np.array_equal(outputs["included"], stated.member) and not stated.forgotten.any()
    assert outputs["margin"].shape == (4, 260)
    record = json.loads((folder / "subsets/matrices/margin.safetensors.json").read_text())
    assert set(record["explained"]) == {"0.5", "0.3"}
    summaries = Path(attributed.result("summaries/klom/telling")).glob("*.parquet")
    assert {path.stem for path in summaries} == {"original", "oracle", *CONFIGURATION["methods"]}


def test_nothing_is_left_to_do_and_every_file_is_sound(attributed: Checkout) -> None:
    assert attributed.plan("klom_all", "attributions").nothing_to_do
    told = attributed.unlearnkit("verify", RESULTS, "--configfile", "tiny.yaml")
    assert told.status == 0, told.output
    assert told.output.splitlines()[-1] == "sound"
    assert "note" not in told.output
    traced = attributed.unlearnkit("trace", f"{RESULTS}/forget_sets/telling.npy")
    assert "attribution/subsets/matrices/margin.safetensors" in traced.output
    planned = attributed.unlearnkit(
        "plan",
        "attributions",
        "--forceall",
        "--configfile",
        "tiny.yaml",
        "--json",
        "plan.json",
    )
    assert planned.status == 0, planned.output
    assert "| datamodel " in planned.output
    folder = attributed.result("attribution")
    sizes = [path.stat().st_size for path in folder.rglob("*.safetensors")]
    plan = json.loads((attributed.root / "plan.json").read_text())
    rules = ("datamodel", "gradients", "regression", "influence", "effects")
    stages = [stage for stage in plan["stages"] if stage["stage"] in rules]
    assert sum(stage["disk_bytes"]["other"] for stage in stages) == pytest.approx(sum(sizes), rel=0.2)


def test_another_regularization_trains_nothing(attributed: Checkout, tmp_path: Path) -> None:
    copy = attributed.copy(tmp_path / "copy")
    copy.configure({"attributions.subsets.regularization": [0.4]})
    assert attribution_jobs(copy) == {"regression": 11, "components": 1, "effects": 2}
    copy.configure({"attributions.subsets.regularization": [0.5, 0.3], "attributions.slopes.ridge": 0.1})
    assert attribution_jobs(copy) == {"influence": 11, "components": 1, "effects": 1}


def test_more_models_train_only_these(attributed: Checkout, tmp_path: Path) -> None:
    copy = attributed.copy(tmp_path / "copy")
    copy.configure({"attributions.subsets.models": 20})
    assert attribution_jobs(copy) == {"datamodel": 1, "regression": 11, "components": 1, "effects": 2}


def test_a_forget_set_by_memorisation_and_one_by_overlap(attributed: Checkout, tmp_path: Path) -> None:
    copy = attributed.copy(tmp_path / "copy")
    added = {
        "remembered": {"kind": "memorised", "attribution": "subsets", "size": 10},
        "close": {"kind": "overlap", "size": 6, "neighbours": 5},
    }
    copy.configure({"forget_sets": {**CONFIGURATION["forget_sets"], **added}})
    copy.make(*(f"{RESULTS}/forget_sets/{name}.npy" for name in added))
    memorisation = read_array(copy.result("attribution/subsets/memorisation.npy"))
    remembered = read_array(copy.result("forget_sets/remembered.npy"))
    assert memorisation.shape == (200,)
    assert np.delete(memorisation, remembered).max() <= memorisation[remembered].min()
    record = json.loads(copy.result("attribution/subsets/memorisation.npy.json").read_text())
    assert (record["models"], record["failed_models"]) == (16, 0)
    assert len(read_array(copy.result("forget_sets/close.npy"))) == 6
    told = copy.unlearnkit("verify", RESULTS, "--configfile", "tiny.yaml")
    assert told.status == 0 and "note" not in told.output, told.output


def test_projections_by_traker(attributed: Checkout, tmp_path: Path) -> None:
    copy = attributed.copy(tmp_path / "copy")
    own = {"kind": "trak", "checkpoints": 2, "dimension": 32, "projector": "traker"}
    copy.configure({"attributions": {**CONFIGURATION["attributions"], "blocks": own}})
    made = [f"{RESULTS}/attribution/blocks/gradients/000{number}-000{number}.safetensors" for number in range(2)]
    (copy.root / "trak.py").write_text("raise ImportError('there is no such package')")
    refused = copy.snakemake(made[0])
    assert refused.status != 0
    assert "attributions.blocks.projector is 'traker', but that package cannot be imported" in refused.output
    assert "Traceback" not in refused.output
    assert not (copy.root / made[0]).exists()
    (copy.root / "trak.py").unlink()
    copy.make(*made)
    record = json.loads((copy.root / f"{made[0]}.json").read_text())
    assert record["projector"].startswith("BasicProjector of traker 0.")
    log = next((copy.root / "logs").rglob("blocks/gradients/0000-0000*.log")).read_text()
    assert f"gradients are projected by {record['projector']}" in log
    first, second = (GradientFile(copy.root / path) for path in made)
    by_matrix = GradientFile(attributed.result("attribution/slopes/gradients/0000-0000.safetensors"))
    norms = [np.linalg.norm(file.gradients("margin"), axis=1) for file in (first, by_matrix)]
    # 32 dimensions keep a length to about a tenth, and all of them on average
    assert np.mean(norms[0] / norms[1]) == pytest.approx(1, abs=0.2)
    assert not np.allclose(first.gradients("margin"), second.gradients("margin"))
    before = (copy.root / made[0]).read_bytes()
    (copy.root / made[0]).unlink()
    copy.make(made[0])
    assert (copy.root / made[0]).read_bytes() == before
