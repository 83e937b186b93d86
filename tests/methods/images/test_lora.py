"""An adapter on the classifier: what is stored of it, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench import Bench, same

from unlearnkit.artifacts.weights import WeightFile, write_weights
from unlearnkit.models.low_rank import whole_state
from unlearnkit.training.evaluation import margins_of_models

METHOD = "lora_neg_grad_plus"


def test_a_stored_model_is_its_adapter_and_has_the_margins_of_the_merged_one(bench: Bench, tmp_path: Path) -> None:
    shard, originals, path = bench.shard(METHOD, rank=2), bench.weight_file(0), tmp_path / "delta.safetensors"
    write_weights(path, shard.states, {}, shard.base_of)
    stored, ((_, epoch), *_) = WeightFile(path), shard.states
    assert path.stat().st_size < (bench.folder / "0.safetensors").stat().st_size / 3
    assert {name.rpartition(".")[2] for name in stored.state(0)} == {"lora_A", "lora_B"}
    for index in range(3):
        assert same(whole_state(stored, index, epoch, originals.state), shard.whole_state(index, epoch))
    margins = margins_of_models(shard.whole_state, [0], [epoch], bench.dataset, bench.task, bench.worker())[epoch]
    adapted = bench.call(METHOD, bench.model(), rank=2)
    logits = adapted(bench.task.pixels.normalised(bench.split.forget)).detach().numpy()
    assert np.array_equal(logits.argmax(1) == bench.dataset.labels[bench.forget], margins.correct[0, bench.forget])


def test_only_the_classifier_changes(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("small_cnn")
    after, before = bench.last(METHOD, lr=0.1), bench.weight_file(0).state(0)
    changed = {name for name, array in after.items() if not np.array_equal(array, before[name])}
    assert changed == {f"{bench.task.architecture.adapter.classifier}.weight"}
