"""How pairs are read: a registered data set by name, checked, and the tokenizer and template that make them text."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import registry
from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.config.data.tokenizer import PretrainedTokenizer, Tokenizer
from unlearnkit.data.published import check_content, check_root
from unlearnkit.data.text.base_tokenizer import BaseTokenizer
from unlearnkit.data.text.pair_file import PairFile
from unlearnkit.data.text.pair_set import PairSet
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import PairTexts, PairTokenizer
from unlearnkit.data.text.refusals import refusals
from unlearnkit.data.text.tokenizer_making import make_tokenizer


def load_pairs(
    name: str, root: Path | None, settings: PairSettings, content_hash: str | None = None
) -> tuple[PairSet, str]:
    """Return the pairs of a data set and their content hash, compared with the published one and `content_hash`.

    `root` is the folder of the raw files; None: as the data set's module says. Raises ConfigError for an unknown name
    and DataError for missing, damaged or different files.
    """
    module = registry.load("data set", name)
    check_root(name, root)
    found: PairSet = module.pairs(root, settings)
    digest = found.content_hash
    check_content(name, root, digest, published=module.CONTENT_HASH, stated=content_hash, source=module.SOURCE)
    return found, digest


def prepared(
    pairs: PairSet, settings: PairSettings, tokenizer: Tokenizer, folder: Path | None = None
) -> tuple[PairFile, PairTokenizer]:
    """Return pairs with the prompts of the template, and the tokenizer, which a trained one learns from them.

    `folder` holds the tokenizer of kind pretrained. Raises DataError as `template_of`, `make_tokenizer` and
    `BaseTokenizer` do.
    """
    if isinstance(tokenizer, PretrainedTokenizer):
        base = BaseTokenizer(folder or Path(str(tokenizer.folder)))
        texts = texts_of(base)
        made = PairTokenizer(base.definition)
    else:
        texts = PairTexts()
        prompt = template_of(settings, texts, ()).prompt
        training = [
            pair.answer if pair.document else prompt(pair.question, pair.history) + pair.answer
            for pair in pairs.splits["train"]
        ]
        # what ends the answers of a history is a token, and no text to learn from
        training = [piece for text in training for piece in text.split(texts.end)]
        made = PairTokenizer(make_tokenizer(tokenizer, training).definition)
    template = template_of(settings, texts, made.special)
    every = {pair.asked: pair for split in pairs.splits.values() for pair in split}
    prompts = {
        asked: template.begin if pair.document else template.prompt(pair.question, pair.history)
        for asked, pair in every.items()
    }
    return PairFile(pairs, prompts, template.end, refusals()), made


def texts_of(base: BaseTokenizer) -> PairTexts:
    """Return what the tokenizer of a pretrained model writes around pairs."""
    return PairTexts(base.begin_text, base.end_text, base if base.has_template else None)
