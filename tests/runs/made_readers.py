"""Models that read texts for the tests: tiny encoders and classifiers with random weights, and a tokenizer of words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

KNOWN = ("the", "cat", "sat", "on", "a", "mat", "dog", "ran", "home", "in", "rain", "sun", "and", "far", "away")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *KNOWN]
_SIZES = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 24,
    "initializer_range": 0.5,
}


def save_reader(folder: Path, labels: Sequence[str] = (), seed: int = 0) -> Any:
    """Write an encoder, or a classifier with `labels`, with its tokenizer as transformers does, and return it."""
    import transformers
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing

    numbers = {word: number for number, word in enumerate(WORDS)}
    made = Tokenizer(WordLevel(numbers, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()  # pyright: ignore
    ends = [("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])]
    made.post_processor = TemplateProcessing(  # pyright: ignore
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    transformers.utils.logging.disable_progress_bar()
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, model_input_names=inputs, **special).save_pretrained(
        folder
    )
    stated = {"id2label": dict(enumerate(labels)), "label2id": {name: at for at, name in enumerate(labels)}}
    config = transformers.BertConfig(vocab_size=len(WORDS), **_SIZES, **(stated if labels else {}))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        kind = transformers.BertForSequenceClassification if labels else transformers.BertModel
        network = kind(config)
    network.save_pretrained(folder)
    return network.eval()
