"""The blocks attacks and durability: what is refused, in which words, and what a plug-in of a user's may be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import merged
from unlearnkit.errors import ConfigError
from unlearnkit.user_plug_ins import adopt

Change = Callable[[str], dict[str, Any]]
PAIRS = """
experiment: small
data: {name: village_pairs, tokenizer: {kind: bpe, vocabulary_size: 400}, sequence_length: 96, train_size: 60,
       validation_size: 12}
model: {name: nanogpt, layers: 1, width: 32, heads: 2}
training: {epochs: 1, batch_size: 8}
num_models: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 4}}
methods: {ga: {method: ga, steps: 2}}
metrics: {margin: {}}
"""


def test_an_experiment_without_attacks_says_nothing_of_them(valid: dict[str, Any]) -> None:
    dumped = load_experiment(valid).model_dump(mode="json")
    assert not {"attacks", "durability"} & dumped.keys()


def test_attacks_are_typed_by_their_plug_ins(changed: Change) -> None:
    experiment = load_experiment(changed("attacks: {int4: {attack: quantise}, a: {attack: relearn, items: 3}}"))
    assert experiment.model_dump(mode="json")["attacks"]["int4"] == {"attack": "quantise", "bits": 4, "group": None}
    assert experiment.attacks["a"].model_dump()["items"] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "attacks: {a: {attack: quantize}}",
            r"attacks\.a\.attack is 'quantize', which is unknown. Did you mean 'quantise'",
        ),
        (
            "attacks: {a: {bits: 4}}",
            r"attacks\.a\.attack is missing; expected one of 'fine_tune', 'prune', ",
        ),
        ("attacks: {a: {attack: quantise, bits: 3}}", r"attacks\.a\.bits is 3; expected one of 4, 8\."),
        (
            "attacks: {a: {attack: token_relearn}}",
            r"attacks\.a\.attack is 'token_relearn', which is for text, not for the data set in data\.name",
        ),
        (
            "attacks: {a: {attack: relearn, items: 60}}",
            r"attacks\.a\.items is 60, but forget_sets\.random_50 has 50; expected at most 50; the fewer, the more is "
            "left that may come back",
        ),
        (
            "durability: {metrics: [klom]}",
            r"durability says what attacked models are compared by, but there is no attack; expected attacks: \{NAME: "
            r"\{attack: quantise\}\}, for example. Add one, or remove durability",
        ),
        (
            "{attacks: {a: {attack: quantise}}, durability: {metrics: [mia]}}",
            r"durability\.metrics names 'mia', which is not one of the metrics to compute; expected some of klom",
        ),
        (
            "{attacks: {a: {attack: quantise}}, durability: {variants: [scrubs]}}",
            r"durability\.variants names 'scrubs', which is no variant. Did you mean 'scrub'",
        ),
        (
            "{attacks: {a: {attack: quantise}}, methods: {parts: {method: sisa}}, durability: {variants: [parts]}}",
            r"durability\.variants names parts, but sisa leaves models that are more than one network, whose weights "
            "no attack can take for those of one model",
        ),
        (
            "{attacks: {a: {attack: quantise}}, methods: {held_out_oracle: {method: do_nothing}}}",
            r"methods\.held_out_oracle has a name that attacked held-out oracles have. Rename it",
        ),
        ("attacks: {CON: {attack: quantise}}", "attacks has the name 'CON', which Windows reserves for a device"),
    ],
)
def test_what_cannot_be_attacked_is_refused(changed: Change, change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_experiment(changed(change))


def test_metrics_on_pools_are_not_compared(changed: Change) -> None:
    change = (
        "{attacks: {a: {attack: quantise}}, metrics: {ulira: {}}, durability: {metrics: [ulira]}, "
        "pools: {p: {kind: random, models: 20, fraction: 0.5, forget: 10}}}"
    )
    with pytest.raises(ConfigError, match=r"durability\.metrics names ulira, which is scored on pools, and attacks"):
        load_experiment(changed(change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"data": {"name": "village", "pairs": None}, "attacks": {"a": {"attack": "paraphrase"}}},
            "attacks.a: paraphrase changes prompts, but data set 'village' is plain text, which has none; expected a "
            "data set of questions and answers. Remove attacks.a; token_relearn, token_fine_tune, quantise and prune "
            "attack models of any text",
        ),
        ({"attacks": {"a": {"attack": "prefix", "text": ""}}}, "attacks.a: text is empty and examples is 0, so no"),
        ({"attacks": {"a": {"attack": "prefix", "examples": -1}}}, "attacks.a.examples is -1; expected"),
    ],
)
def test_prompts_that_cannot_be_changed_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(merged(yaml.safe_load(PAIRS), change))
    assert message in str(caught.value)


def test_an_attack_of_a_user_is_a_file(changed: Change, tmp_path: Path) -> None:
    path = tmp_path / "shake.py"
    path.write_text(
        "from unlearnkit.config.settings import MethodSettings\n"
        "STACKABLE = True\n"
        "class Settings(MethodSettings):\n    size: float = 0.1\n"
        "def attack(model, data, settings, context):\n    return model\n"
    )
    own = yaml.safe_load("attacks: {shaken: {attack: FILE, size: 0.2}}")
    own["attacks"]["shaken"]["attack"] = str(path)
    try:
        experiment = load_experiment(merged(changed("{}"), own))
        assert experiment.attacks["shaken"].model_dump() == {"attack": "shake", "size": 0.2}
        lacking = tmp_path / "shiver.py"
        lacking.write_text(path.read_text().replace("STACKABLE = True\n", ""))
        own["attacks"]["shaken"]["attack"] = str(lacking)
        with pytest.raises(ConfigError, match=r"attack 'shiver' does not define STACKABLE; expected all that the"):
            load_experiment(merged(changed("{}"), own))
    finally:
        adopt({})
