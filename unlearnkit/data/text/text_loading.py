"""How text is read: a registered corpus or its token shards by name, checked."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import registry
from unlearnkit.config.data.hub_text import HubText
from unlearnkit.data.published import check_content, check_root
from unlearnkit.data.text.corpus import Corpus, TokenFiles


def load_corpus(
    name: str, root: Path | None, settings: HubText | None = None, content_hash: str | None = None
) -> tuple[Corpus, str]:
    """Return the documents of a data set and their content hash, compared with the published one and `content_hash`.

    `root` is the folder of the raw files; None: as the data set's module says. `settings` are those of `hub_text`, else
    None. Raises ConfigError for an unknown name and DataError for missing, damaged or different files.
    """
    module = registry.load("data set", name)
    check_root(name, root)
    corpus: Corpus = module.documents(root, settings)
    found = corpus.content_hash
    check_content(name, root, found, published=module.CONTENT_HASH, stated=content_hash, source=module.SOURCE)
    return corpus, found


def load_token_files(name: str, root: Path | None) -> TokenFiles:
    """Return the token shards of a data set that declares TOKENISED; raises what `load_corpus` raises.

    The shards are not opened here: `token_shards.open_stream` checks those that are needed.
    """
    module = registry.load("data set", name)
    check_root(name, root)
    return module.shards(root)
