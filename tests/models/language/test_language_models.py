"""What every language model promises: causal logits, exact sizes, parts, no tensor twice; and that it learns."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from language_models import LENGTH, NAMES, VARIANTS, VOCABULARY, built, module_of, settings_of, some_tokens, stirred
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from unlearnkit.declarations import declarations
from unlearnkit.models.building import Architecture, states_of
from unlearnkit.models.parts import freeze, parameters_of, reset

every_variant = pytest.mark.parametrize(("name", "settings"), VARIANTS)
every_model = pytest.mark.parametrize("name", NAMES)


@every_variant
def test_logits_have_one_column_per_token_of_the_vocabulary(name: str, settings: dict[str, Any]) -> None:
    model = stirred(built(name, **settings))
    for length in (1, 5, LENGTH):
        logits = model(some_tokens(2, length))
        assert logits.shape == (2, length, VOCABULARY)
        assert torch.isfinite(logits).all()


@every_variant
def test_no_logit_sees_a_later_token(name: str, settings: dict[str, Any]) -> None:
    model, tokens = stirred(built(name, **settings)), some_tokens()
    before = model(tokens)
    for place in (1, 17, LENGTH - 1):
        changed = tokens.clone()
        changed[:, place] = (changed[:, place] + 1) % VOCABULARY
        after = model(changed)
        torch.testing.assert_close(after[:, :place], before[:, :place], rtol=1e-5, atol=1e-5)
        assert (after[:, place] - before[:, place]).abs().amax(-1).min() > 1e-3


@every_variant
def test_every_logit_sees_the_token_before(name: str, settings: dict[str, Any]) -> None:
    model = stirred(built(name, **settings))
    tokens = some_tokens().clamp(min=2)  # no end of text among them
    changed = tokens.clone()
    changed[:, 9] = (changed[:, 9] - 1) % VOCABULARY
    assert (model(changed)[:, 10] - model(tokens)[:, 10]).abs().amax(-1).min() > 1e-4


@every_variant
def test_padding_on_the_right_changes_no_real_logit(name: str, settings: dict[str, Any]) -> None:
    model, tokens = stirred(built(name, **settings)), some_tokens()
    alone = model(tokens[:, :20])
    for filler in (0, VOCABULARY - 1):
        padded = tokens.clone()
        padded[:, 20:] = filler
        torch.testing.assert_close(model(padded)[:, :20], alone, rtol=1e-5, atol=1e-5)


@every_variant
def test_a_fresh_model_guesses(name: str, settings: dict[str, Any]) -> None:
    tokens = some_tokens(16)
    logits = built(name, **settings)(tokens[:, :-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    assert abs(loss.item() - math.log(VOCABULARY)) < 0.1


@every_variant
def test_the_seed_decides_the_weights(name: str, settings: dict[str, Any]) -> None:
    first, again, other = (built(name, seed, **settings).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[key], again[key]) for key in first)
    differing = {key for key in first if not torch.equal(first[key], other[key])}
    matrices = {key for key, tensor in first.items() if tensor.dim() == 2 and tensor.any()}
    assert differing == matrices


@every_variant
def test_no_tensor_is_held_twice(name: str, settings: dict[str, Any]) -> None:
    model = built(name, **settings)
    state = model.state_dict()
    assert len({tensor.data_ptr() for tensor in state.values()}) == len(state)
    # nothing but parameters, all float32: a weight file of one is what trains
    assert state.keys() == dict(model.named_parameters()).keys()
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}


@every_variant
@pytest.mark.parametrize("length", [LENGTH, 9])
def test_the_stated_size_is_the_built_one(name: str, settings: dict[str, Any], length: int) -> None:
    model = built(name, length=length, **settings)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(some_tokens(1, length))
    declared = declarations(module_of(name).__name__).Settings(**settings_of(name, **settings).model_dump())
    size = declared.size(VOCABULARY, (length,))
    assert size.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert size.state_bytes == sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    # the counter counts a multiplication and an addition as two, and attention in full; transformers 4 also makes the
    # rotary angles by a product
    assert 2 * size.multiply_adds == pytest.approx(counter.get_total_flops(), rel=1e-3)


@every_variant
def test_there_is_no_dropout(name: str, settings: dict[str, Any]) -> None:
    model, tokens = stirred(built(name, **settings)), some_tokens()
    assert torch.equal(model.train()(tokens), model.eval()(tokens))


@every_variant
def test_blocks_cover_all_parameters_once_in_forward_order(name: str, settings: dict[str, Any]) -> None:
    model = built(name, **settings)
    adapter = module_of(name).adapter(model)
    assert adapter.stages == adapter.blocks
    held = [key for block in adapter.blocks for key in parameters_of(model, block)]
    assert sorted(held) == sorted(dict(model.named_parameters()))
    called: list[str] = []
    parts = [part for block in adapter.blocks for part in block]
    for part in parts:
        model.get_submodule(part).register_forward_hook(lambda *_, part=part: called.append(part))
    model(some_tokens())
    assert called == parts
    assert adapter.first_layer == adapter.blocks[0][0]
    assert isinstance(model.get_submodule(adapter.first_layer), nn.Embedding)
    tied = settings_of(name, **settings).tied
    assert adapter.classifier == (adapter.first_layer if tied else adapter.blocks[-1][-1])
    assert parameters_of(model, [adapter.classifier])
    outside = 1 if tied and name == "nanogpt" else 2  # its last normalisation has no weight
    assert len(adapter.blocks) == settings_of(name, **settings).layers + outside


@every_model
def test_parts_are_reset_and_frozen(name: str) -> None:
    model, fresh = stirred(built(name)), built(name, seed=5)
    blocks = module_of(name).adapter(model).blocks
    reset(model, fresh, blocks[1])
    own, drawn = parameters_of(model), parameters_of(fresh)
    assert {key for key in own if torch.equal(own[key], drawn[key])} == set(parameters_of(model, blocks[1]))
    freeze(model, blocks[0])
    model(some_tokens()).sum().backward()
    assert {key for key in own if own[key].grad is None} == set(parameters_of(model, blocks[0]))


@every_variant
def test_every_weight_gets_a_gradient(name: str, settings: dict[str, Any]) -> None:
    model = stirred(built(name, **settings))
    model(some_tokens()).square().sum().backward()
    assert not [
        key for key, parameter in model.named_parameters() if parameter.grad is None or not parameter.grad.any()
    ]


@every_model
def test_attention_is_pytorchs_causal_kernel(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, seen = functional.scaled_dot_product_attention, []

    def noted(*tensors: Any, **options: Any) -> torch.Tensor:
        seen.append((len(tensors), options.get("attn_mask"), options.get("is_causal")))
        return kernel(*tensors, **options)

    monkeypatch.setattr(functional, "scaled_dot_product_attention", noted)
    built(name)(some_tokens())
    assert seen == [(3, None, True)] * 2


@every_variant
def test_rows_that_pad_the_vocabulary_are_never_seen(name: str, settings: dict[str, Any]) -> None:
    padded = stirred(built(name, **{**settings, "pad_vocabulary_to": 300}))
    plain = built(name, **{**settings, "pad_vocabulary_to": None})
    state = padded.state_dict()
    cut = {key: tensor[:VOCABULARY] if len(tensor) == 300 else tensor for key, tensor in state.items()}
    plain.load_state_dict(cut)
    assert cut.keys() == state.keys()
    assert sum(len(tensor) == 300 for tensor in state.values()) >= 1
    tokens = some_tokens()
    torch.testing.assert_close(padded(tokens), plain(tokens), rtol=1e-5, atol=1e-5)
    padded(tokens).square().sum().backward()
    for parameter in padded.parameters():
        if len(parameter) == 300:
            assert parameter.grad is not None
            assert not parameter.grad[VOCABULARY:].any()


@every_variant
def test_bfloat16_is_close_to_float32(name: str, settings: dict[str, Any]) -> None:
    model, tokens = stirred(built(name, **settings)), some_tokens()
    exact = model(tokens)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = model(tokens)
    assert torch.isfinite(rough).all()
    assert (rough.float() - exact).std() < 0.05 * exact.std()
    rough.float().square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in model.parameters())


@every_variant
def test_the_graph_is_whole(name: str, settings: dict[str, Any]) -> None:
    model, tokens = stirred(built(name, **settings)), some_tokens()
    torch._dynamo.reset()
    compiled: Any = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(tokens), model(tokens), rtol=1e-5, atol=1e-5)


@every_variant
def test_a_copy_is_another_model(name: str, settings: dict[str, Any]) -> None:
    model, tokens = stirred(built(name, **settings)), some_tokens()
    twin = copy.deepcopy(model)
    assert torch.equal(twin(tokens), model(tokens))
    before = model(tokens)
    stirred(twin)
    assert torch.equal(model(tokens), before)
    assert not torch.allclose(twin(tokens), before, atol=1e-2)


@every_model
def test_parts_are_named_without_memory_for_the_weights(name: str) -> None:
    with torch.device("meta"):
        model = module_of(name).build(50_257, (1024,), module_of(name).Settings())
        blocks = module_of(name).adapter(model).blocks
    assert all(parameter.is_meta for parameter in model.parameters())
    assert len(blocks) == module_of(name).Settings().layers + 2


@every_model
def test_eight_sequences_are_learned_by_heart(name: str) -> None:
    model, tokens = built(name, vocabulary=50, length=16), some_tokens(8, 17, 50)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    loss = torch.tensor(math.inf)
    for _ in range(100):
        loss = functional.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


@every_model
def test_states_go_out_and_come_back(name: str) -> None:
    architecture = Architecture(name, settings_of(name), VOCABULARY, (LENGTH,))
    assert architecture.task == "text"
    model = architecture.gather([stirred(architecture.build(seed=3))], torch.device("cpu"))
    (state,) = states_of(model)
    assert sum(array.nbytes for array in state.values()) == settings_of(name).size(VOCABULARY, (LENGTH,)).state_bytes
    tokens = some_tokens()
    assert torch.equal(architecture.load(state)(tokens), model(tokens))
    assert parameters_of(model, [architecture.adapter.classifier])


# the published numbers of parameters: Radford et al. as transformers counts them, EleutherAI/gpt-neo-125m,
# Qwen/Qwen2-0.5B and HuggingFaceTB/SmolLM-135M
PUBLISHED = [
    ("gpt2", 50_257, 1024, 124_439_808),
    ("gpt_neo", 50_257, 2048, 125_198_592),
    ("qwen2", 151_936, 1024, 494_032_768),
    ("llama", 49_152, 2048, 134_515_008),
]


@pytest.mark.parametrize(("name", "vocabulary", "length", "parameters"), PUBLISHED)
def test_the_defaults_are_the_published_models(name: str, vocabulary: int, length: int, parameters: int) -> None:
    assert module_of(name).Settings().size(vocabulary, (length,)).parameters == parameters


REFUSED = [
    ("gpt2", {"width": 30}, "width 30 is not a multiple of heads 4"),
    ("llama", {"kv_heads": 3}, "heads 4 is not a multiple of kv_heads 3"),
    ("qwen2", {"width": 12}, "width / heads is 3"),
    ("gpt_neo", {"attention": ()}, "attention"),
    ("gpt_neo", {"attention": ("far",)}, "attention"),
    ("nanogpt", {"width": 24}, "multiple of 4"),
    ("nanogpt", {"width": 12, "truncated_rotary": False}, "multiple of 2"),
    ("nanogpt", {"value_embeddings": 2}, "2 value embeddings need 4 layers"),
    ("nanogpt", {"without_attention": (2,)}, "among 0 to 1"),
    ("nanogpt", {"document_mask": True}, "document_mask needs end_of_text"),
]


@pytest.mark.parametrize(("name", "settings", "message"), REFUSED)
def test_settings_that_do_not_fit_are_refused(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_of(name, **settings)
