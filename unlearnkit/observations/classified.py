"""Classified: what a classifier of texts says of the answers of models, such as whether they are gibberish.

    probability  of the label, in [0, 1]: of `clean` by default, what a detector of gibberish calls a sound text

Made of `generations` alone; a classifier is asked about an empty answer as about any other. Source: OpenUnlearning
(2025), with autonlp-Gibberish-Detector-492513457 by madhurjindal.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from unlearnkit.config.models.text_readers import ReaderSource
from unlearnkit.config.settings import ObservationSettings
from unlearnkit.facts.base_files import base_files
from unlearnkit.facts.reader_names import reader_name
from unlearnkit.models.text_readers.classifier import TextClassifier
from unlearnkit.models.text_readers.sources import folder_of, hashes_of
from unlearnkit.training.derived import Means, Shown

READS = ("generations",)
NEEDS = ()
ONLY_PAIRS = True
NEEDS_SOURCE = True
VALUES = {"text": {"probability": "float32"}}
IMMATERIAL = {"source": {"folder"}}
KEY = "observations.classified.source"


class Settings(ObservationSettings):
    """Settings of what a classifier says."""

    source: ReaderSource | None = Field(
        None,
        description="classifier of texts: folder, or hub with revision; must be stated; OpenUnlearning: "
        "madhurjindal/autonlp-Gibberish-Detector-492513457",
    )
    label: str = Field("clean", min_length=1, description="label whose probability is noted")
    most_tokens: int = Field(
        32, ge=3, description="tokens of an answer that the classifier reads, its own, special ones included"
    )


def derive(shown: Shown, settings: Settings, means: Means) -> Mapping[str, np.ndarray]:
    """Return the probabilities, {"probability": [models, rows]}.

    Raises DataError if the classifier is not there or has no such label.
    """
    assert settings.source is not None  # the configuration is refused without one
    folder = folder_of(settings.source, KEY)
    classifier = TextClassifier(folder, means.device)
    chosen = classifier.index(settings.label, "observations.classified.label")
    means.facts["classifier"] = {"name": reader_name(settings.source), "files": hashes_of(base_files(folder))}
    texts = shown.observed["generations"].values["text"]
    found = [classifier.probabilities(of_model.tolist(), most=settings.most_tokens)[:, chosen] for of_model in texts]
    return {"probability": np.stack(found)}
