"""lm-evaluation-harness around our models: sums of log p by hand, any batch, begin-of-text, and HFLM of the harness."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from lm_eval.api.instance import Instance
from torch import nn

from unlearnkit import registry
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.data.tokenizer import BpeTokenizer
from unlearnkit.data.text.free_text import FreeText
from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.tokenizer import END_OF_TEXT
from unlearnkit.data.text.tokenizer_making import make_tokenizer
from unlearnkit.data.text.village import documents
from unlearnkit.errors import DataError, UnlearnkitError
from unlearnkit.facts.harness_tasks import tasks_of
from unlearnkit.models.building import Architecture, states_of
from unlearnkit.models.language.transformers_causal import to_transformers
from unlearnkit.training.language import asked_tasks
from unlearnkit.training.language.asked_tasks import AskedTask
from unlearnkit.training.language.harness import COLUMNS, Question, answers, stated
from unlearnkit.training.language.harness_model import HarnessModel
from unlearnkit.training.shard import Worker

TASKS = str(Path(__file__).resolve().parents[3] / "experiments/harness")
QUESTIONS = [json.loads(line) for line in (Path(TASKS) / "village_trades.jsonl").read_text().splitlines()][:10]
TEXTS = [json.loads(line)["text"] for line in (Path(TASKS) / "village_texts.jsonl").read_text().splitlines()][:10]
VOCABULARY, LENGTH = 320, 48
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def text() -> FreeText:
    """A tokenizer trained on the village."""
    settings = BpeTokenizer.model_validate({"kind": "bpe", "vocabulary_size": VOCABULARY})
    tokenizer = PairTokenizer(make_tokenizer(settings, documents(None).train[:100]).definition)
    end = tokenizer.token(END_OF_TEXT)
    return FreeText(tokenizer, end, end)


def drawn(seed: int) -> nn.Module:
    """A GPT-2 whose weights are large enough for what it reads to matter."""
    settings = registry.load("model", "gpt2").Settings(layers=1, width=16, heads=2)
    model = Architecture("gpt2", settings, VOCABULARY, (LENGTH,)).build(seed).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


def asked(network: nn.Module, text: FreeText, *, batch_size: int = 4, begin: bool = False) -> HarnessModel:
    return HarnessModel(network, text, length=LENGTH, batch_size=batch_size, begin=begin, device=CPU)


def requests(kind: Any, arguments: Sequence[tuple[Any, ...]]) -> list[Instance]:
    return [Instance(kind, {}, own, 0) for own in arguments]


def sums_by_hand(network: nn.Module, tokens: Sequence[int], first: int) -> float:
    """Sum of log p of tokens[first:], one forward pass per token on all tokens before it that fit."""
    total = 0.0
    for position in range(first, len(tokens)):
        with torch.inference_mode():
            logits = network(torch.tensor([tokens[max(0, position - LENGTH) : position]]))[0, -1].double()
        total += float(logits.log_softmax(-1)[tokens[position]])
    return total


def pairs() -> list[tuple[str, str]]:
    return [(f"{own['person']},", f" {trade}") for own in QUESTIONS for trade in own["trades"]]


@pytest.mark.parametrize("begin", [False, True])
def test_log_p_of_choices_and_the_accuracy_are_those_computed_by_hand(text: FreeText, begin: bool) -> None:
    network = drawn(1)
    first = [text.begin] if begin else []
    expected = [
        sums_by_hand(network, [*first, *text.encode(prompt + choice)], len(first) + len(text.encode(prompt)))
        for prompt, choice in pairs()
    ]
    model = asked(network, text, begin=begin)
    assert np.allclose([own for own, _ in model.loglikelihood(requests("loglikelihood", pairs()))], expected, atol=1e-4)
    likeliest = np.reshape(expected, (10, 4)).argmax(1)
    right = (likeliest == [own["answer"] for own in QUESTIONS]).astype(float)
    (row,) = AskedTask("village_trades", TASKS, shots=None, shots_seed=1, limit=10).rows(model, 3, 7)
    assert row["values"] == right.tolist()
    assert row["value"] == pytest.approx(right.mean())
    assert row["standard_error"] == pytest.approx(right.std(ddof=1) / math.sqrt(10))
    assert (row["model"], row["epoch"], row["task"], row["metric"]) == (3, 7, "village_trades", "acc")
    assert (row["questions"], row["shots"], row["version"], row["higher_is_better"]) == (10, 0, "1", True)
    assert {*row} == {*COLUMNS}


def test_one_prompt_at_a_time_and_eight_give_the_same(text: FreeText) -> None:
    # accuracy of other programs depends on the batch (lm-evaluation-harness 3055), and counts padding
    network = drawn(2)
    one, eight = (asked(network, text, batch_size=size, begin=True) for size in (1, 8))
    for kind, arguments in {
        "loglikelihood": pairs(),
        "loglikelihood_rolling": [(own,) for own in TEXTS],
        "generate_until": [(own[:60], {"until": ["."], "max_gen_toks": 5}) for own in TEXTS],
    }.items():
        found, expected = (getattr(model, kind)(requests(kind, arguments)) for model in (eight, one))
        if kind == "generate_until":
            assert found == expected
        else:
            assert np.allclose(np.array(found, float), np.array(expected, float), atol=1e-4)
    tasks = [AskedTask(name, TASKS, shots=2, shots_seed=1, limit=10) for name in ("village_trades", "village_texts")]
    rows = [[row["value"] for task in tasks for row in task.rows(model, 0, 1)] for model in (one, eight)]
    assert np.allclose(rows[0], rows[1], rtol=1e-5)


def test_begin_of_text_changes_values_and_is_in_the_record(text: FreeText, tmp_path: Path) -> None:
    records, values = [], []
    for begin in (False, True):
        question = Question("village_trades", text, LENGTH, begin, 8, TASKS, limit=10)
        worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / f"{begin}"), "key"), lambda _: None)
        rows = answers(question, lambda *_: drawn(1), [0], [1], worker)
        records.append(stated(question, "0.4.13", rows))
        model = asked(drawn(1), text, begin=begin)
        values.append([own for own, _ in model.loglikelihood(requests("loglikelihood", pairs()))])
    without, with_it = records
    assert (without.pop("begin_of_text"), with_it.pop("begin_of_text")) == (False, True)
    assert without == with_it  # the prompts are the same texts
    assert np.abs(np.subtract(*values)).min() > 1e-3


def test_a_prompt_that_names_begin_of_text_or_is_empty_begins_with_it_once(text: FreeText) -> None:
    for begin in (False, True):
        model = asked(drawn(1), text, begin=begin)
        assert model.tok_encode(f"{END_OF_TEXT}A bell") == [text.begin, *text.encode("A bell")]
        found = model.loglikelihood(requests("loglikelihood", [("", "A bell")]))[0][0]
        assert found == pytest.approx(sums_by_hand(drawn(1), [text.begin, *text.encode("A bell")], 1), abs=1e-4)


def test_perplexity_counts_every_token_once_and_no_padding(text: FreeText) -> None:
    # a short last stretch has the weight of its tokens; word_perplexity is per word of the whole, not a mean of texts
    network = drawn(1)
    model = asked(network, text, batch_size=8)
    expected = []
    for own in TEXTS:
        tokens = text.encode(own)
        total = 0.0
        for first in range(0, len(tokens), LENGTH):
            stretch = tokens[first : first + LENGTH]
            # the last one reads what comes before, so that its input is as long as the others
            context = [text.begin] if not first else tokens[max(0, first + len(stretch) - LENGTH - 1) : first]
            total += sums_by_hand(network, [*context, *stretch], len(context))
        expected.append(total)
    assert min(len(text.encode(own)) % LENGTH for own in TEXTS) > 0 and max(map(len, TEXTS)) > 2 * LENGTH
    found = model.loglikelihood_rolling(requests("loglikelihood_rolling", [(own,) for own in TEXTS]))
    assert np.allclose(found, expected, atol=1e-3)
    rows = AskedTask("village_texts", TASKS, shots=None, shots_seed=1, limit=10).rows(model, 0, 1)
    values = {row["metric"]: row["value"] for row in rows}
    words, size = (sum(map(len, own)) for own in ([own.split() for own in TEXTS], [own.encode() for own in TEXTS]))
    assert values["word_perplexity"] == pytest.approx(math.exp(-sum(expected) / words), rel=1e-4)
    assert values["bits_per_byte"] == pytest.approx(-sum(expected) / size / math.log(2), rel=1e-5)


@pytest.mark.parametrize("begin", [False, True])
def test_values_are_those_of_the_harness_on_the_same_weights(text: FreeText, begin: bool) -> None:
    transformers = pytest.importorskip("transformers")
    of_transformers: Any = pytest.importorskip("lm_eval.models.huggingface").HFLM
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    network = drawn(3)
    state = to_transformers({name: torch.from_numpy(own) for name, own in states_of(network)[0].items()})
    rows = len(state["transformer.wte.weight"])
    shape = {"n_positions": LENGTH, "n_embd": 16, "n_layer": 1, "n_head": 2}
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=rows, **shape))
    theirs.load_state_dict(state)
    own = Tokenizer.from_str(text.tokenizer.definition)
    own.post_processor = TemplateProcessing(
        single=f"{END_OF_TEXT} $A", special_tokens=[(END_OF_TEXT, text.begin)]
    )  # what the switch of HFLM puts there, or leaves out
    named = {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "pad_token": END_OF_TEXT}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=own, **named)
    reference = of_transformers(
        pretrained=theirs.eval(),
        tokenizer=tokenizer,
        batch_size=1,
        add_bos_token=begin,
        max_length=LENGTH,
        device="cpu",
    )
    model = asked(network, text, begin=begin)
    kinds: dict[Any, list[tuple[Any, ...]]] = {
        # the last is longer than the model reads, and loses its first tokens
        "loglikelihood": [*pairs(), ("", "A bell"), (TEXTS[1] + TEXTS[0], " A bell")],
        "generate_until": [(own[:60], {"until": ["e"], "max_gen_toks": 6}) for own in TEXTS],
    }
    if not begin:
        # with the switch HFLM predicts the begin-of-text token itself as a token of the text
        kinds["loglikelihood_rolling"] = [(own,) for own in TEXTS]
    for kind, arguments in kinds.items():
        found, expected = (getattr(each, kind)(requests(kind, arguments)) for each in (model, reference))
        if kind == "generate_until":
            assert found == expected
        else:
            assert np.allclose(np.array(found, float), np.array(expected, float), atol=1e-3)
        if kind == "loglikelihood":
            assert model.cut == 1


def test_prompts_with_solved_questions_are_the_same_for_every_model(text: FreeText, tmp_path: Path) -> None:
    def prompts(models: Sequence[int], seed: int) -> list[str]:
        question = Question("village_trades", text, LENGTH, False, 8, TASKS, shots=2, shots_seed=seed, limit=10)
        worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / f"{seed}"), "key"), lambda _: None)
        return [row["prompts"] for row in answers(question, lambda index, _: drawn(index), models, [1], worker)]

    assert len({*prompts([0, 1, 2], 5)}) == 1
    assert prompts([0], 6) != prompts([0], 5)


def test_an_interrupted_job_asks_no_model_twice(text: FreeText, tmp_path: Path) -> None:
    question = Question("village_trades", text, LENGTH, False, 8, TASKS, limit=10)
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None)
    made: list[int] = []

    def network_of(index: int, _: int, fails: int | None) -> nn.Module:
        made.append(index)
        if index == fails:
            raise KeyboardInterrupt
        return drawn(index)

    with pytest.raises(KeyboardInterrupt):
        answers(question, partial(network_of, fails=1), [0, 1], [1], worker)
    rows = answers(question, partial(network_of, fails=None), [0, 1], [1], worker)
    assert made == [0, 1, 1]
    alone = Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / "alone"), "key"), lambda _: None)
    assert rows == answers(question, lambda index, _: drawn(index), [0, 1], [1], alone)


def test_a_task_that_shuffles_by_the_global_generator_is_the_same_in_every_job(text: FreeText, tmp_path: Path) -> None:
    (tmp_path / "shuffling.py").write_text(
        "import random\n\ndef shuffled(rows):\n    return rows.map(lambda row: {'n': random.randrange(10**6)})\n"
    )
    (tmp_path / "own.jsonl").write_text(json.dumps({"q": "The bells"}) + "\n")
    own = {"doc_to_text": "{{q}} {{n}}", "doc_to_choice": [" rang", " fell"]}
    task = yaml.safe_dump({"task": "shuffling", "metadata": {"version": 1}} | DATA | CHOICES | own)
    (tmp_path / "shuffling.yaml").write_text(task + "process_docs: !function shuffling.shuffled\n")
    drawn_before = [random.Random(seed).getstate() for seed in (1, 2)]
    found = []
    for state in drawn_before:
        random.setstate(state)
        asked_task = AskedTask("shuffling", str(tmp_path), shots=None, shots_seed=1, limit=None)
        found.append([row["prompts"] for row in asked_task.rows(asked(drawn(1), text), 0, 1)])
        assert random.getstate() == state
    assert found[0] == found[1]


def test_a_model_without_finite_log_p_has_no_values(text: FreeText) -> None:
    network = drawn(1)
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    task = AskedTask("village_trades", TASKS, shots=None, shots_seed=1, limit=10)
    (row,) = task.rows(asked(network, text), 0, 1)
    assert (row["value"], row["standard_error"], row["values"]) == (None, None, None)
    (row,) = task.rows(asked(drawn(1), text), 1, 1)
    assert row["value"] is not None


CHOICES = {"output_type": "multiple_choice", "doc_to_text": "{{q}}", "doc_to_target": 0, "test_split": "test"}
DATA = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": "own.jsonl"}}}
WRITTEN = {"output_type": "generate_until", "doc_to_text": "{{q}}", "doc_to_target": "{{q}}", "test_split": "test"}


@pytest.mark.parametrize(
    ("name", "task", "message"),
    [
        (
            "vilage_trades",
            {},
            r"harness.tasks has 'vilage_trades', which is no task, group or tag of lm-evaluation-harness \S+ or in "
            r"\S+; expected a name such as village_trades\.",
        ),
        (
            "gone",
            DATA | CHOICES | {"dataset_kwargs": {"data_files": {"test": "gone.jsonl"}}},
            r"the data of the task 'gone' cannot be loaded \(FileNotFoundError: .*gone.jsonl.*; expected files that "
            r"the task names, .* answers to other tasks are kept",
        ),
        (
            "long",
            DATA | CHOICES | {"doc_to_choice": [" bells" * LENGTH, " a"], "target_delimiter": ""},
            r"the task 'long' cannot be asked: the answer ' bells.*' has \d+ tokens, but prompt and answer together "
            "may have 48. Shorten it",
        ),
        (
            "samples",
            DATA | WRITTEN | {"generation_kwargs": {"do_sample": True, "until": ["."]}},
            "the task 'samples' cannot be asked: the task asks for samples of answers; expected do_sample: false",
        ),
        (
            "much",
            DATA | WRITTEN | {"generation_kwargs": {"until": ["."]}},
            "the task 'much' cannot be asked: the task asks for answers of up to 256 tokens, but prompt and answer "
            "together may have 48. Lower generation_kwargs.max_gen_toks",
        ),
        (
            "broken",
            DATA | CHOICES | {"doc_to_choice": "{{nothing.there}}"},
            r"the task 'broken' cannot be loaded \(UndefinedError: .*\). Correct the file of the task, install what it",
        ),
    ],
)
def test_a_task_that_cannot_be_asked_is_named_in_a_paragraph(
    name: str, task: dict[str, Any], message: str, text: FreeText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the manager of the harness without its own 14,000 tasks, which take seconds to list
    manager: Callable[..., Any] = asked_tasks.TaskManager
    monkeypatch.setattr(asked_tasks, "TaskManager", lambda **own: manager(**{**own, "include_defaults": False}))
    (tmp_path / "own.jsonl").write_text('{"q": "Who rings the bell?"}\n')
    own = {"task": name if task else "village_trades", **(task or DATA | CHOICES)}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))
    with pytest.raises(DataError, match=message):
        AskedTask(name, str(tmp_path), shots=None, shots_seed=1, limit=None).rows(asked(drawn(1), text), 0, 1)


def test_an_answer_that_melts_into_its_prompt_is_refused(text: FreeText) -> None:
    with pytest.raises(
        DataError, match="the answer '' has no token of its own after its prompt; expected at least one"
    ):
        asked(drawn(1), text).loglikelihood(requests("loglikelihood", [("A bell", "")]))


def test_a_folder_of_tasks_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"harness.include is nowhere, which is no folder; expected a folder with task"):
        AskedTask("own", "nowhere", shots=None, shots_seed=1, limit=None)


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    text: FreeText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "unlearnkit.training.language.asked_tasks", None)
    monkeypatch.setattr("unlearnkit.training.language.asked_tasks", None, raising=False)
    question = Question("village_trades", text, LENGTH, False, 8, TASKS)
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None)
    with pytest.raises(UnlearnkitError, match=r'the package lm-eval cannot be imported .*; .* pip install "unlearnkit'):
        answers(question, lambda *_: drawn(1), [0], [1], worker)


@pytest.mark.slow
def test_the_named_tasks_are_those_of_the_harness() -> None:
    known = asked_tasks.TaskManager().all_tasks
    named = tasks_of(["icu_nine", "mmlu", "wmdp", "wmdp_bio", "wmdp_cyber", "lambada_openai"])
    assert len(named) == 13 and {*named} <= {*known}
