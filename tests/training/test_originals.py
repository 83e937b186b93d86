"""A model's weights depend on recipe, data, base seed, role and index: not on shards, interruptions or N.

Other stacks change them by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from interruption import InterruptionError, interrupting

from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import Pixels, Samples, retain_set
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import TrainingError
from unlearnkit.training.images.loop import fit
from unlearnkit.training.originals import train_shard
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.shard import ShardResult, Task, Worker
from unlearnkit.training.unlearning import run_method
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

RECIPE = Recipe.model_validate({"epochs": 4, "batch_size": 64, "lr": 0.2, "warmup_epochs": 1})
ALL = retain_set(300, None)
ROUNDING = 3e-6
"""Between stacks of perceptrons of other sizes: ten times what was measured, 3e-7, on seven choices of instruction
sets while single models had another product than stacks, and 0 since then. Another batch moves weights by 1e-2."""
TaskOf = Callable[..., Task]
WorkerOf = Callable[..., Worker]


def train(task: Task, worker: Worker, models: Sequence[int] = range(4), recipe: Recipe = RECIPE) -> ShardResult:
    return train_shard(task, recipe, ALL, role="original", model_indices=models, worker=worker)


def assert_same(first: ShardResult, second: ShardResult, atol: float = 0.0) -> None:
    """Assert that the models of `second` have the same weights in `first`: the same bits, or to within `atol`."""
    assert second.states
    for key, state in second.states.items():
        assert first.states[key].keys() == state.keys()
        for name, array in state.items():
            assert first.states[key][name].shape == array.shape
            np.testing.assert_allclose(first.states[key][name], array, rtol=0, atol=atol, err_msg=f"{key} {name}")


def test_models_learn(task_of: TaskOf, worker_of: WorkerOf) -> None:
    task = task_of("mlp")
    result = train(task, worker_of(), recipe=RECIPE.model_copy(update={"epochs": 12}))
    for state in result.states.values():
        logits = task.architecture.load(state)(task.pixels.normalised(torch.arange(300, 340)))
        assert (logits.argmax(-1) == task.pixels.labels[300:]).float().mean() > 0.8


def test_every_model_is_kept_at_its_last_epoch_with_its_cost(task_of: TaskOf, worker_of: WorkerOf) -> None:
    ticks = iter(range(1000))
    result = train(task_of("mlp"), worker_of(stack_size=2, clock=lambda: float(next(ticks))))
    assert sorted(result.states) == [(index, 4) for index in range(4)]
    assert result.passes == {4: 4 * 300}
    assert list(result.seconds) == [4]
    assert result.seconds[4] > 0


@pytest.mark.parametrize("stack_size", [1, 3, 4])
def test_stacks_of_perceptrons_agree_to_rounding(task_of: TaskOf, worker_of: WorkerOf, stack_size: int) -> None:
    task = task_of("mlp")
    assert_same(train(task, worker_of(stack_size=stack_size)), train(task, worker_of(stack_size=2)), ROUNDING)


def test_shards_of_whole_stacks_change_no_bit(task_of: TaskOf, worker_of: WorkerOf) -> None:
    task = task_of("mlp")
    whole = train(task, worker_of(stack_size=2))
    for models in (range(2), range(2, 4)):
        assert_same(whole, train(task, worker_of(stack_size=2), models))


def test_stacks_of_convolutional_networks_agree_to_rounding(task_of: TaskOf, worker_of: WorkerOf) -> None:
    task, short = task_of("small_cnn"), RECIPE.model_copy(update={"epochs": 1, "lr": 0.02})
    single, stacked = (train(task, worker_of(stack_size=size), range(2), short) for size in (1, 2))
    for key, state in single.states.items():
        for name, array in state.items():
            np.testing.assert_allclose(stacked.states[key][name], array, atol=2e-5, err_msg=name)


@pytest.mark.parametrize(("model", "atol"), [("mlp", ROUNDING), ("small_cnn", 0.0)])
def test_shards_leave_models_and_more_models_leave_the_old_ones(
    task_of: TaskOf, worker_of: WorkerOf, model: str, atol: float
) -> None:
    task, short = task_of(model), RECIPE.model_copy(update={"epochs": 2})
    few = train(task, worker_of(), range(2), short)
    many = train(task, worker_of(), range(4), short)
    assert_same(many, few, atol)
    assert_same(many, train(task, worker_of(), range(1, 4), short), atol)
    assert len({next(iter(state.values())).tobytes() for state in many.states.values()}) == 4


@pytest.mark.parametrize("augmentation", ["none", "flip", "crop_flip"])
@pytest.mark.parametrize("epoch", [1, 3])
@pytest.mark.parametrize("model", ["mlp", "small_cnn"])
def test_a_run_resumes_after_an_epoch_to_the_same_bits(
    task_of: TaskOf, worker_of: WorkerOf, model: str, epoch: int, augmentation: str
) -> None:
    task, recipe = task_of(model), RECIPE.model_copy(update={"augmentation": augmentation})
    models = range(2) if model == "mlp" else range(1)
    whole = train(task, worker_of(), models, recipe)
    heard: list[str] = []
    with pytest.raises(InterruptionError):
        report = interrupting(f"epoch {epoch + 1}/4")
        train(task, worker_of(folder="resumed", report=report, checkpoint_seconds=0), models, recipe)
    resumed = train(task, worker_of(folder="resumed", report=heard.append, checkpoint_seconds=0), models, recipe)
    assert f"epoch {epoch + 1}/4" in heard[0]
    assert_same(resumed, whole)
    assert resumed.passes == whole.passes


def test_momentum_of_zero_resumes_too(task_of: TaskOf, worker_of: WorkerOf) -> None:
    task, recipe = task_of("mlp"), RECIPE.model_copy(update={"momentum": 0.0})
    whole = train(task, worker_of(), recipe=recipe)
    with pytest.raises(InterruptionError):
        report = interrupting("epoch 3/4")
        train(task, worker_of(folder="resumed", report=report, checkpoint_seconds=0), recipe=recipe)
    assert_same(train(task, worker_of(folder="resumed"), recipe=recipe), whole)


@pytest.mark.parametrize(
    "change", [{"optimizer": "adam", "lr": 0.01}, {"drop_last": True}, {"resolution": 12}], ids=str
)
def test_every_recipe_resumes_to_the_same_bits(task_of: TaskOf, worker_of: WorkerOf, change: dict[str, object]) -> None:
    task, recipe = task_of("small_cnn"), RECIPE.model_copy(update=change)
    whole = train(task, worker_of(), range(1), recipe)
    with pytest.raises(InterruptionError):
        report = interrupting("epoch 3/4")
        train(task, worker_of(folder="resumed", report=report, checkpoint_seconds=0), range(1), recipe)
    resumed = train(task, worker_of(folder="resumed"), range(1), recipe)
    assert_same(resumed, whole)
    assert resumed.passes == whole.passes == {4: 4 * (256 if recipe.drop_last else 300)}


FEW = torch.arange(0, 10)
"""Samples for the large models, which take a second for a handful."""


def train_vit(task: Task, worker: Worker, models: Sequence[int] = (0,), lr: float = 0.01) -> ShardResult:
    recipe = Recipe.model_validate({"epochs": 2, "batch_size": 5, "lr": lr, "warmup_epochs": 1})
    return train_shard(task, recipe, FEW, role="original", model_indices=models, worker=worker)


def test_stochastic_depth_repeats_resumes_and_leaves_the_global_generator(task_of: TaskOf, worker_of: WorkerOf) -> None:
    task = task_of("tiny_vit", drop_path=0.5)
    torch.manual_seed(1)
    whole = train_vit(task, worker_of())
    torch.manual_seed(2)
    before = torch.get_rng_state()
    with pytest.raises(InterruptionError):
        train_vit(task, worker_of(folder="resumed", report=interrupting("epoch 2/2"), checkpoint_seconds=0))
    assert_same(train_vit(task, worker_of(folder="resumed")), whole)
    assert torch.equal(torch.get_rng_state(), before)
    still = train_vit(task_of("tiny_vit", drop_path=0.0), worker_of())
    assert any(not np.array_equal(still.states[0, 2][name], whole.states[0, 2][name]) for name in still.states[0, 2])


def test_stochastic_depth_is_the_same_in_a_stack(task_of: TaskOf, worker_of: WorkerOf) -> None:
    # small steps, since batch norm over five samples magnifies the rounding of a convolution in every one
    def states(stack_size: int, drop_path: float = 0.5) -> ShardResult:
        task = task_of("tiny_vit", drop_path=drop_path)
        return train_vit(task, worker_of(stack_size=stack_size), range(2), lr=1e-4)

    def distance(first: ShardResult, second: ShardResult) -> float:
        pairs = [(state[name], second.states[key][name]) for key, state in first.states.items() for name in state]
        return max(float(np.abs(one - other).max()) for one, other in pairs if one.dtype == np.float32)

    single, stacked = states(1), states(2)
    assert distance(single, stacked) < 1e-3 < 1e-2 < distance(single, states(1, drop_path=0.01))
    draws = [name for name in single.states[0, 2] if name.endswith("draws")]
    assert draws
    for key, state in single.states.items():
        assert all(np.array_equal(stacked.states[key][name], state[name]) for name in draws)
        assert all(state[name][1] == 4 for name in draws)


def test_a_shard_resumes_between_stacks(task_of: TaskOf, worker_of: WorkerOf) -> None:
    task = task_of("mlp")
    whole = train(task, worker_of(stack_size=2))
    with pytest.raises(InterruptionError):
        train(task, worker_of(stack_size=2, folder="resumed", report=interrupting("models_0002-0003: epoch 1/4")))
    heard: list[str] = []
    resumed = train(task, worker_of(stack_size=2, folder="resumed", report=heard.append))
    assert not [text for text in heard if text.startswith("models_0000-0001: epoch")]
    assert [text for text in heard if text.startswith("models_0002-0003: epoch")]
    assert_same(resumed, whole)
    assert resumed.passes == whole.passes


def test_states_are_stored_no_more_often_than_asked(task_of: TaskOf, worker_of: WorkerOf) -> None:
    worker = worker_of(report=interrupting("epoch 4/4"), checkpoint_seconds=60)
    with pytest.raises(InterruptionError):
        train(task_of("mlp"), worker)
    assert not worker.resume.folder.exists()


def test_nothing_is_left_to_resume_after_the_last_stack(task_of: TaskOf, worker_of: WorkerOf) -> None:
    worker = worker_of(checkpoint_seconds=0)
    train(task_of("mlp"), worker)
    assert list(worker.resume.folder.iterdir()) == []


DEEP = (4, 4, 4, 4)
"""Channels of a network in which an 8 x 8 image ends as one pixel, so that batch norm needs two samples."""


@pytest.mark.parametrize("stack_size", [1, 2])
def test_a_batch_of_one_is_explained(task_of: TaskOf, worker_of: WorkerOf, stack_size: int) -> None:
    task, recipe = task_of("small_cnn", channels=DEEP), RECIPE.model_copy(update={"epochs": 1})
    train(task, worker_of(), range(1), recipe)
    message = (
        r"training\.batch_size = 23 divides 300 samples .* choose a batch size that does not leave a last batch of one"
    )
    with pytest.raises(TrainingError, match="(?is)" + message):
        train(task, worker_of(stack_size=stack_size), range(2), recipe.model_copy(update={"batch_size": 23}))


@pytest.mark.parametrize(
    ("method", "settings", "says"),
    [
        ("fine_tune", {"batch_size": 72}, r"fine_tune with .*batch_size=72 .* 289 retain and 11 forget samples"),
        ("scrub", {"forget_batch_size": 5}, r"scrub with .*forget_batch_size=5 .* 289 retain and 11 forget samples"),
        ("early_stopped_retrain", {}, r"training\.batch_size = 72 divides 289 samples"),
    ],
)
def test_a_batch_of_one_is_explained_in_every_method(
    task_of: TaskOf, worker_of: WorkerOf, method: str, settings: dict[str, int], says: str
) -> None:
    task, recipe = task_of("small_cnn", channels=DEEP), RECIPE.model_copy(update={"batch_size": 72})
    procedure = UnlearningRecipe.from_slice(
        {"method": method, "settings": settings, "snapshots": [1], "training": recipe.model_dump()}
    )
    split = UnlearningSplit(torch.arange(11, 300), torch.arange(11), {"validation": torch.arange(0)})
    model, worker = task.fresh("original", [0], torch.device("cpu")), worker_of()
    with pytest.raises(TrainingError, match=says):
        run_method(task, procedure, split, model, {}, (0,), worker)


def test_leaving_out_the_only_batch_is_told(task_of: TaskOf, worker_of: WorkerOf) -> None:
    recipe = RECIPE.model_copy(update={"drop_last": True, "batch_size": 301})
    with pytest.raises(TrainingError, match="leaves out the only batch: 300 samples, batches of 301"):
        train(task_of("mlp"), worker_of(), range(1), recipe)


def test_another_error_of_a_model_stays_as_it_is(task_of: TaskOf) -> None:
    class Refusing(torch.nn.Linear):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            raise ValueError("not today")

    samples = Samples(task_of("mlp").pixels, ALL, [torch.Generator()])
    with pytest.raises(ValueError, match="not today"):
        fit(Refusing(1, 1), samples, RECIPE, end_epoch=lambda *_: None)


def test_roles_and_base_seeds_draw_differently(task_of: TaskOf, worker_of: WorkerOf) -> None:
    def first_weights(base_seed: int, role: str) -> bytes:
        short, task = RECIPE.model_copy(update={"epochs": 1}), task_of("mlp", base_seed)
        result = train_shard(task, short, ALL, role=role, model_indices=[0], worker=worker_of())
        return result.states[0, 1]["1.weight"].tobytes()

    weights = {first_weights(seed, role) for seed in (0, 1) for role in ("original", "oracle", "held_out_oracle")}
    assert len(weights) == 6


def test_oracles_never_see_the_forget_set(task_of: TaskOf, worker_of: WorkerOf, digits: ImageSet) -> None:
    forget = np.array([250, 3, 77, 120, 5])

    def oracles(images: np.ndarray, labels: np.ndarray) -> ShardResult:
        pixels = Pixels(
            torch.from_numpy(images), torch.from_numpy(labels), digits.mean, digits.std, torch.device("cpu")
        )
        task = Task(pixels, task_of("mlp").architecture, base_seed=0)
        recipe = RECIPE.model_copy(update={"augmentation": "crop_flip"})
        kept = retain_set(300, forget)
        return train_shard(task, recipe, kept, role="oracle", model_indices=range(2), worker=worker_of())

    def altered(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        images, labels = digits.images.copy(), digits.labels.copy()
        images[rows], labels[rows] = 255 - images[rows], (labels[rows] + 1) % 10
        return images, labels

    reference = oracles(digits.images, digits.labels)
    assert reference.passes == {4: 4 * 295}
    assert_same(oracles(*altered(forget)), reference)
    assert_same(oracles(*altered(np.arange(300, 340))), reference)
    with pytest.raises(AssertionError):
        assert_same(oracles(*altered(np.array([4]))), reference)


def test_every_key_of_the_recipe_reaches_the_weights(task_of: TaskOf, worker_of: WorkerOf) -> None:
    changes: list[dict[str, object]] = [
        {},
        {"label_smoothing": 0.1},
        {"schedule": "cosine"},
        {"schedule": "cosine", "schedule_unit": "epoch"},
        {"schedule_unit": "epoch"},
        {"augmentation": "flip"},
        {"augmentation": "crop_flip"},
        {"momentum": 0.5},
        {"optimizer": "adam"},
        {"drop_last": True},
    ]
    recipes = [RECIPE.model_copy(update={"epochs": 2, **change}) for change in changes]
    results = [train(task_of("mlp"), worker_of(), [0], recipe) for recipe in recipes]
    assert len({result.states[0, 2]["1.weight"].tobytes() for result in results}) == len(changes)


def test_decay_and_resolution_reach_the_weights_of_a_convolutional_network(
    task_of: TaskOf, worker_of: WorkerOf
) -> None:
    changes: list[dict[str, object]] = [{}, {"decayed": "not_normalisation"}, {"resolution": 12}]
    recipes = [RECIPE.model_copy(update={"epochs": 2, **change}) for change in changes]
    results = [train(task_of("small_cnn"), worker_of(), [0], recipe) for recipe in recipes]
    assert len({result.states[0, 2]["0.0.weight"].tobytes() for result in results}) == len(changes)


@pytest.mark.parametrize("model", ["mlp", "small_cnn"])
def test_bfloat16_trains_float32_weights(task_of: TaskOf, worker_of: WorkerOf, model: str) -> None:
    task = task_of(model)
    recipe = RECIPE.model_copy(update={"epochs": 2, "precision": "bfloat16"})
    state = train(task, worker_of(), [0], recipe).states[0, 2]
    exact = train(task, worker_of(), [0], recipe.model_copy(update={"precision": "float32"})).states[0, 2]
    assert {array.dtype for name, array in state.items() if "num_batches" not in name} == {np.dtype(np.float32)}
    differences = [np.abs(state[name] - exact[name]).max() for name in state]
    assert 0 < max(differences) < 0.5
