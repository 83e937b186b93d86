"""What `unlearnkit check` finds about the base of pretrained models: files are read, and nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.facts.base_files import base_files, refuse_unusable_base
from unlearnkit.models.base_making import gguf_file, refuse_without_readers
from unlearnkit.models.language.base_loading import configuration, refuse_long

Finding = tuple[str, ...]
"""Level (ok or warning), fact and, where there is one, remedy."""


def base_findings(source: BaseSource, length: int) -> Iterator[Finding]:
    """Yield the finding on a base for sequences of `length` tokens.

    Raises DataError or TrainingError as the jobs do that make the base and read it.
    """
    if source.hub:
        yield (
            "warning",
            f"the model {source.hub} is downloaded from huggingface.co by the first job, and was not examined",
            "if jobs have no network, fetch it to a folder and name that in model.source.folder",
        )
    elif source.package:
        path = gguf_file(source.package)
        refuse_without_readers()
        yield "ok", f"{path.name} of the package {source.package} is there, and the first job converts it"
    elif source.folder:
        folder = Path(source.folder)
        refuse_unusable_base(folder, source.folder)
        config = configuration(source.folder)
        refuse_long(config, length)
        yield "ok", f"the model {folder} is sound: {config.model_type}, {len(base_files(folder))} files"
