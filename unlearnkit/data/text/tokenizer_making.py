"""The three kinds of tokenizer: GPT-2's, BPE trained on the training text, and the characters of that text.

The last two depend only on the training documents and the settings, not on the order of the documents or the number of
threads.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from unlearnkit.config.data.tokenizer import BpeTokenizer, CharacterTokenizer, Gpt2Tokenizer
from unlearnkit.data.language_packages import missing_package
from unlearnkit.data.text.corpus import Corpus
from unlearnkit.data.text.gpt2_tables import folder_tables, hub_tables
from unlearnkit.data.text.token_shards import write_shard
from unlearnkit.data.text.tokenizer import END_OF_TEXT, TextTokenizer, write_tokenizer
from unlearnkit.errors import DataError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

Settings = Gpt2Tokenizer | BpeTokenizer | CharacterTokenizer


def write_tokens(settings: Settings, corpus: Corpus, train: str, validation: str, definition: str) -> TextTokenizer:
    """Write the token shards `train` and `validation` and the tokenizer's `definition`, and return the tokenizer.

    Raises DataError as `make_tokenizer` and `TextTokenizer.encode` do.
    """
    tokenizer = make_tokenizer(settings, corpus.train)
    write_tokenizer(definition, tokenizer)
    write_shard(train, tokenizer.stream(corpus.train))
    write_shard(validation, tokenizer.stream(corpus.validation))
    return tokenizer


def make_tokenizer(settings: Settings, training: Iterable[str]) -> TextTokenizer:
    """Return the tokenizer of `settings`; `training` are the training documents, which `gpt2` ignores.

    Raises DataError if the library tokenizers or a file is missing, or the text does not yield the stated vocabulary.
    """
    try:
        if isinstance(settings, Gpt2Tokenizer):
            return _gpt2(settings)
        if isinstance(settings, BpeTokenizer):
            return _trained(settings, training)
        return _characters(settings, training)
    except ImportError as error:
        raise missing_package("tokenizers", "turns text into tokens", error) from None


def _gpt2(settings: Gpt2Tokenizer) -> TextTokenizer:
    tables = folder_tables(Path(settings.folder)) if settings.folder else hub_tables(settings.hub)
    return _finished(_byte_level(tables))


def _trained(settings: BpeTokenizer, training: Iterable[str]) -> TextTokenizer:
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer

    tokenizer = _byte_level(BPE())
    trainer = BpeTrainer(
        vocab_size=settings.vocabulary_size,
        min_frequency=settings.min_frequency,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=ByteLevel.alphabet(),  # every byte, so that any text can be encoded
        show_progress=False,
    )
    tokenizer.train_from_iterator(training, trainer)
    if (found := tokenizer.get_vocab_size()) != settings.vocabulary_size:
        raise DataError(
            f"the training text yields {found:,} tokens from pairs that occur at least {settings.min_frequency} times",
            expected=f"{settings.vocabulary_size:,}, the tokenizer's vocabulary_size",
            remedy=f"set vocabulary_size to {found} or less, lower min_frequency, or use more text",
        )
    return _finished(tokenizer)


def _characters(settings: CharacterTokenizer, training: Iterable[str]) -> TextTokenizer:
    from tokenizers import Tokenizer
    from tokenizers.decoders import Fuse
    from tokenizers.models import BPE

    characters = sorted(set().union(*training))
    found, stated = len(characters) + 1, settings.vocabulary_size
    if stated not in (None, found):
        raise DataError(
            f"the training text has {len(characters):,} different characters, with end of text {found:,} tokens",
            expected=f"{stated:,} tokens, the tokenizer's vocabulary_size",
            remedy=f"set it to {found}, or leave it out",
        )
    vocabulary = {token: number for number, token in enumerate([*characters, END_OF_TEXT])}
    # BPE without merges leaves the characters of a text
    tokenizer = Tokenizer(BPE(vocabulary, []))
    tokenizer.decoder = Fuse()
    return _finished(tokenizer)


def _byte_level(model: BPE) -> Tokenizer:
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as Decoder
    from tokenizers.pre_tokenizers import ByteLevel

    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = Decoder()
    return tokenizer


def _finished(tokenizer: Tokenizer) -> TextTokenizer:
    tokenizer.add_special_tokens([END_OF_TEXT])
    return TextTokenizer(tokenizer.to_str())
