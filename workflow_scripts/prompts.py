"""Rule prompts: ask the questions of a data set as an attack asks them; write the data set that comes of it."""

from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import read_array
from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.data.text.base_tokenizer import BaseTokenizer
from unlearnkit.data.text.pair_file import read_pairs
from unlearnkit.data.text.pair_loading import PairTexts, texts_of
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import read_pair_tokenizer
from unlearnkit.data.text.prompted import prompted
from unlearnkit.data.text.text_file import read_text_set, write_text_set
from unlearnkit.registry import load
from unlearnkit.seeds import derive_seed

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    file, tokenizer, forget = (
        read_pairs(inputs.pairs),
        read_pair_tokenizer(inputs.tokenizer),
        read_array(inputs.forget_set),
    )
    texts = texts_of(BaseTokenizer(Path(inputs.pretrained[0]).parent)) if inputs.pretrained else PairTexts()
    pairs = PairSettings.model_validate({name: settings[name] for name in ("template", "begin_of_text")})
    prompt = template_of(pairs, texts, tokenizer.special).prompt
    attack = load("attack", settings["attack"])
    ask = partial(
        attack.prompts,
        settings=attack.Settings.model_validate(settings["settings"]),
        rng=Random(derive_seed(settings["seed"], "attacked", 0, "prompts")),
    )
    made = prompted(file, forget, ask, prompt, tokenizer, settings, f"attacks.{snakemake.wildcards.attack}")
    sizes = [text_set.prompts[forget] for text_set in (read_text_set(inputs.dataset), made.text_set)]
    tokens = dict(zip(("before", "after"), (float(np.mean(lengths)) for lengths in sizes), strict=True))
    running.report(f"{made.changed} of {len(forget)} forget prompts changed: {tokens} tokens on average")
    write_text_set(output.dataset, made.text_set)
    facts = {"changed": made.changed, "forgotten": len(forget), "prompt_tokens": tokens}
    running.record(output.dataset, content_hash=made.text_set.content_hash, **facts)
