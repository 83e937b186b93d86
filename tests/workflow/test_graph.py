"""The graph: which files a score reads, which settings a job consumes, and that nothing else makes it stale."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from small_graph import CONFIGURATION, graph

from unlearnkit import layout
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.report_graph import ReportGraph


def test_candidates_are_the_references_and_every_variant() -> None:
    assert graph().candidates == ["original", "oracle", "nothing", "floor", "retrain", "scrub"]


def test_variants_are_compared_with_the_oracle_pool() -> None:
    assert graph().selection("klom", "candidate", "nines", "scrub") == [("unlearned/nines/scrub", range(20))]
    assert graph().selection("klom", "candidate", "nines", "original") == [("original", range(20))]
    assert graph().selection("klom", "oracle", "nines", "scrub") == [("oracle/nines", range(20))]
    assert graph().selection("mia", "oracle", "nines", "scrub") == []


def test_originals_are_a_side_of_a_score_where_the_metric_compares_with_them() -> None:
    own = graph(metrics={"klom": {}, "relative": {"num_models": 10}})
    assert own.sides("klom") == ("candidate", "oracle")
    assert own.selection("klom", "original", "nines", "scrub") == []
    assert "original" not in own.score_slice("klom", "nines", "scrub")
    assert own.selection("relative", "original", "nines", "scrub") == [("original", range(10))]
    assert own.score_slice("relative", "nines", "oracle")["original"] == [["original", 0, 10]]
    assert set(own.score_margins("relative", "original", "nines", "scrub")) <= set(own.results("relative"))


def test_a_table_depends_on_the_code_of_a_metric_only_where_that_concludes_from_all_rows() -> None:
    page = ReportGraph(graph(metrics={"klom": {}, "mia": {}, "relative": {}}))
    assert page.table_code("klom") == page.table_code("mia") != page.table_code("relative")


@pytest.mark.parametrize(
    ("compared", "pools"),
    [
        (None, [("held_out_oracle/nines", range(20))]),
        (15, [("oracle/nines", range(15, 20)), ("held_out_oracle/nines", range(10))]),
        (10, [("oracle/nines", range(10, 20))]),
    ],
)
def test_the_floor_compares_disjoint_oracles(compared: int | None, pools: list[tuple[str, range]]) -> None:
    floor = graph(metrics={"klom": {"num_models": compared}})
    assert floor.selection("klom", "candidate", "nines", "oracle") == pools
    reference = floor.selection("klom", "oracle", "nines", "oracle")
    drawn = {(name, index) for name, models in pools for index in models}
    assert len(drawn) == floor.experiment.models_compared("klom")
    assert not drawn & {(name, index) for name, models in reference for index in models}


def test_teachers_come_from_the_shards_of_their_pool_however_many_oracles_are_held_out() -> None:
    methods = {
        "matched": {"method": "oracle_matching", "oracles": 4, "pool": 8, "pool_start": 12},
        "scrub": {"method": "scrub"},
    }
    files = ["results/small/held_out_oracle/nines/0010-0019.safetensors"]
    for held_out in (20, 60):
        some = graph(methods=methods, held_out_oracles=held_out)
        assert some.oracle_pool("matched", "nines") == files
        assert some.oracle_pool("scrub", "nines") == some.effects("matched", "nines") == []
    assert len(graph(methods=methods, shard_size=2).oracle_pool("matched", "nines")) == 4


def test_margin_files_cover_exactly_the_selected_models() -> None:
    held = "results/small/held_out_oracle/nines/{}.margins.parquet"
    floor = graph(metrics={"klom": {"num_models": 15}})
    assert floor.score_margins("klom", "candidate", "nines", "oracle") == [
        "results/small/oracle/nines/0010-0019.margins.parquet",
        held.format("0000-0009"),
    ]
    assert floor.score_margins("klom", "candidate", "nines", "scrub") == [
        "results/small/unlearned/nines/scrub/0000-0009.margins.parquet",
        "results/small/unlearned/nines/scrub/0010-0019.margins.parquet",
    ]


def test_more_models_keep_the_old_files() -> None:
    few = graph().weights(layout.ORIGINAL)
    many = graph(num_models=40, held_out_oracles=40).weights(layout.ORIGINAL)
    assert many[: len(few)] == few
    assert len(many) == 2 * len(few)


def test_a_methods_slice_holds_its_own_settings_only() -> None:
    own = graph().unlearning_slice("scrub")
    assert own["settings"]["epochs"] == 5
    assert own["snapshots"] == [3, 5]
    assert "training" not in own
    assert graph().unlearning_slice("retrain")["training"]["epochs"] == 10


CHANGES: list[tuple[dict[str, Any], set[str]]] = [
    ({"num_models": 40, "held_out_oracles": 40}, {"score"}),
    ({"execution": {"threads": 2, "device": "cpu", "stack_size": 3}}, set()),
    ({"shard_size": 20}, set()),
    ({"training": {"epochs": 11, "batch_size": 64}}, {"training", "oracle", "held_out_oracle", "retrain"}),
    ({"training": {"epochs": 10, "batch_size": 64, "same_initial_weights": True}}, {"oracle"}),
    ({"model": {"name": "mlp", "hidden": [32]}}, {"training", "oracle", "held_out_oracle", "scrub", "retrain"}),
    ({"unlearned_from": "first"}, {"scrub", "retrain"}),
    ({"unlearned_from": "each"}, set()),
    ({"seed": 1}, {"training", "oracle", "held_out_oracle", "scrub", "retrain", "score"}),
    ({"data": {"name": "digits", "root": "elsewhere"}}, set()),
    ({"data": {"name": "digits", "train_size": 1000}}, {"dataset"}),
    ({"data": {"name": "digits", "train_size": 1437, "validation_size": 360}}, set()),
    ({"data": {"name": "digits", "split": "deep_unlearn"}}, {"dataset"}),
    ({"data": {"name": "digits", "image": {"side": 32, "channels": 3}}}, {"dataset"}),
    ({"data": {"name": "digits", "content_hash": "0" * 64}}, {"dataset"}),
    ({"forget_sets": {"nines": {"kind": "class", "label": 8}}}, {"forget_set"}),
    ({"metrics": {"klom": {"bins": 30}}}, {"score"}),
]
SLICES: dict[str, Callable[[Graph], Any]] = {
    "dataset": lambda g: g.dataset_slice(),
    "forget_set": lambda g: g.forget_set_slice("nines"),
    "training": lambda g: g.training_slice("original"),
    "oracle": lambda g: g.training_slice("oracle"),
    "held_out_oracle": lambda g: g.training_slice("held_out_oracle"),
    "scrub": lambda g: g.unlearning_slice("scrub"),
    "retrain": lambda g: g.unlearning_slice("retrain"),
    "score": lambda g: g.score_slice("klom", "nines", "scrub"),
}


@pytest.mark.parametrize(("change", "stale"), CHANGES, ids=lambda value: ",".join(sorted(value)))
def test_a_change_of_the_configuration_changes_the_slices_that_consume_it(
    change: dict[str, Any], stale: set[str]
) -> None:
    before, after = graph(), graph(**change)
    assert {name for name, slice_of in SLICES.items() if slice_of(before) != slice_of(after)} == stale


def test_unlearned_models_start_from_the_originals_of_their_shard_or_from_the_first() -> None:
    file = "results/small/original/{}.safetensors"
    assert graph().start("0010-0019") == file.format("0010-0019")
    first = graph(unlearned_from="first")
    assert {first.start(shard) for shard in first.shards()} == {file.format("0000-0009")}
    assert graph(unlearned_from="first", shard_size=2).start("0018-0019") == file.format("0000-0001")
    assert first.weights(layout.ORIGINAL) == graph().weights(layout.ORIGINAL)


def test_originals_and_oracles_draw_differently() -> None:
    assert graph().training_slice("oracle") != graph().training_slice("held_out_oracle")


def test_as_many_models_are_unlearned_as_a_metric_compares() -> None:
    assert graph(metrics={"klom": {"num_models": 10}, "mia": {}}).unlearned_models() == 20
    assert graph(metrics={"klom": {"num_models": 10}}).unlearned_models() == 10
    assert len(ReportGraph(graph(metrics={"klom": {"num_models": 10}})).cost_records()) == 5


def test_score_files_and_tables() -> None:
    files = graph().score_files("klom")
    assert len(files) == len(set(files)) == 6
    assert files[0] == "results/small/summaries/klom/nines/original.parquet"
    assert graph().tables("klom")[1] == "results/small/tables/klom.csv"


def test_the_whole_graph_is_computed_without_heavy_imports() -> None:
    program = (
        "import sys, yaml\n"
        "from unlearnkit.config.load import load_experiment\n"
        "from unlearnkit.workflow.graph import Graph\n"
        "from unlearnkit.workflow.observation_graph import ObservationGraph\n"
        "g = Graph(load_experiment(yaml.safe_load(sys.stdin.read())))\n"
        "g.data_code('dataset'), g.code('forget_set'), g.model_code('train'), ObservationGraph(g).code('hidden')\n"
        "[g.score_code(name) for name in g.metrics]\n"
        "[g.unlearning_code(name) for name in g.variants]\n"
        "print([name for name in ('torch', 'sklearn', 'matplotlib', 'numpy', 'pyarrow') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=CONFIGURATION, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_scores_and_tables_state_what_the_metric_declares() -> None:
    for start in ("first", "each"):
        own = graph(metrics={"neurips": {}, "klom": {}}, unlearned_from=start)
        stated = {"unlearned_from": start, "test_size": 0}
        assert own.score_slice("neurips", "nines", "scrub")["stated"] == stated
        assert ReportGraph(own).table_slice("neurips")["stated"] == stated
        assert "stated" not in own.score_slice("klom", "nines", "scrub")
        assert "stated" not in ReportGraph(own).table_slice("klom")
