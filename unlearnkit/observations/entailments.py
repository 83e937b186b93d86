"""Entailments: whether the answers of models follow from the true ones, and these from them, by an NLI classifier.

    answer_label      what the classifier says of the true answer, given the generated one as premise
    generated_label   what it says of the generated answer, given the true one as premise

Both are labels of the classifier in lower case, such as "entailment"; "none" where recall of ROUGE-L is below 0.1,
since texts without common words hardly speak of the same. Made of `generations` alone. Closer look asks the first of
forget sets and the second of other sets. Source: Yuan et al. 2024 (arXiv 2410.08109), with
deberta-v3-base-tasksource-nli.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
VALUES = {"text": {"answer_label": "string", "generated_label": "string"}}
IMMATERIAL = {"source": {"folder"}}
KEY = "observations.entailments.source"
ENTAILMENT = "entailment"
NONE = "none"
LEAST_RECALL = 0.1


class Settings(ObservationSettings):
    """Settings of entailments."""

    source: ReaderSource | None = Field(
        None,
        description="NLI classifier with a label entailment: folder, or hub with revision; must be stated; Closer "
        "look: deberta-v3-base-tasksource-nli",
    )

    def size(self, features: int) -> int:
        """Return the bytes of two labels."""
        return 28


def derive(shown: Shown, settings: Settings, means: Means) -> Mapping[str, np.ndarray]:
    """Return the labels, {"answer_label", "generated_label": [models, rows]}.

    Raises DataError if the classifier is not there or has no label entailment.
    """
    assert settings.source is not None  # the configuration is refused without one
    folder = folder_of(settings.source, KEY)
    classifier = TextClassifier(folder, means.device)
    classifier.index(ENTAILMENT, KEY)
    means.facts["classifier"] = {"name": reader_name(settings.source), "files": hashes_of(base_files(folder))}
    part = shown.observed["generations"]
    answers, texts, recalls = part.of_samples["answer"].tolist(), part.values["text"], part.values["rougeL_recall"]
    found = [
        labels(classifier, of_model.tolist(), answers, recall) for of_model, recall in zip(texts, recalls, strict=True)
    ]
    stacked = np.array(found, np.dtypes.StringDType())
    return {"answer_label": stacked[:, 0], "generated_label": stacked[:, 1]}


def labels(
    classifier: TextClassifier, texts: Sequence[str], answers: Sequence[str], recall: np.ndarray
) -> tuple[list[str], list[str]]:
    """Return the labels of true answers given the generated ones, and the other way round, each [texts]."""
    names = [label.lower() for label in classifier.labels]
    compared = np.flatnonzero(recall >= LEAST_RECALL).tolist()

    def asked(premises: Sequence[str], hypotheses: Sequence[str]) -> list[str]:
        found = [NONE] * len(texts)
        if compared:
            chosen = [premises[at] for at in compared], [hypotheses[at] for at in compared]
            for at, best in zip(compared, classifier.probabilities(*chosen).argmax(axis=1), strict=True):
                found[at] = names[best]
        return found

    return asked(texts, answers), asked(answers, texts)
