"""Answers: how likely a model finds the answer of a question-answer pair, its paraphrase, and plausible wrong ones.

    given       mean over the tokens of the answer of log p, nats, 0 or less; the token that ends it is one of them
    paraphrase  the same of the first paraphrase of the answer; NaN where there is none
    wrong       the same of every wrong answer, a list; NaN behind the last one

All answers follow the same prompt. exp of such a mean is the probability of an answer normalised by its length. A
sequence of plain text has no prompt: `given` is the negative of its mean loss. Source: Maini et al. 2024 (arXiv
2401.06121), TOFU.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.data.text import other_answers as kinds
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.answered import given_answers, most_answers, other_answers
from unlearnkit.training.language.observed import models_of

NEEDS = ("network",)
VALUES = {"text": {"given": "float32", "paraphrase": "float32", "wrong": "float32 list"}}
PLANNED_WRONG = 5


class Settings(ObservationSettings):
    """Settings of answers."""

    def size(self, features: int) -> int:
        """Return the bytes of a number per answer, of which TOFU has seven to a question."""
        return 4 * (2 + PLANNED_WRONG)


def observe(subjects: Subjects, settings: Settings) -> Mapping[str, np.ndarray]:
    """Return the values above, [models, rows] and, of `wrong`, [models, rows, wrong answers]."""
    tokens, rows = subjects.task.source, subjects.rows
    # all files of a data set have lists of one length, and no list is empty
    wrong = max(1, most_answers(tokens, kinds.WRONG))
    found: dict[str, list[np.ndarray]] = {name: [] for name in VALUES["text"]}
    for model in models_of(subjects):
        found["given"].append(given_answers(model, tokens, rows))
        found["paraphrase"].append(other_answers(model, tokens, rows, kinds.PARAPHRASE, 1)[:, 0])
        found["wrong"].append(other_answers(model, tokens, rows, kinds.WRONG, wrong))
    return {name: np.stack(values) for name, values in found.items()}
