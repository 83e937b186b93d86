"""Option scores: how likely a model finds the right and the wrong options of a multiple-choice question.

    right   sum of log p over the tokens of the true answer, nats, 0 or less
    wrong   the same of every wrong answer, a list; NaN behind the last one

All options follow the same prompt, and the token that ends an answer does not count. Sums and not means, as in
lm-evaluation-harness, so a long option is less likely than a short one that a model finds as probable word by word.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.data.text import other_answers as kinds
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.answered import most_answers
from unlearnkit.training.language.observed import models_of
from unlearnkit.training.language.options import right_options, wrong_options
from unlearnkit.training.language.written import parts_of_pairs

NEEDS = ("network",)
ONLY_PAIRS = True
VALUES = {"text": {"right": "float32", "wrong": "float32 list"}}
PLANNED_WRONG = 3


class Settings(ObservationSettings):
    """Settings of option scores."""

    def size(self, features: int) -> int:
        """Return the bytes of a number per option, of which WMDP has four to a question."""
        return 4 * (1 + PLANNED_WRONG)

    def passes(self, length: int) -> float:
        """Return the pass over each option with its prompt."""
        return 1.0 + PLANNED_WRONG


def observe(subjects: Subjects, settings: Settings) -> Mapping[str, np.ndarray]:
    """Return the values above, [models, rows] and, of `wrong`, [models, rows, wrong options].

    Raises TrainingError for a row without a prompt.
    """
    tokens, rows = subjects.task.source, subjects.rows
    parts_of_pairs(tokens, rows)
    # all files of a data set have lists of one length, and no list is empty
    width = max(1, most_answers(tokens, kinds.WRONG))
    found: dict[str, list[np.ndarray]] = {name: [] for name in VALUES["text"]}
    for model in models_of(subjects):
        found["right"].append(right_options(model, tokens, rows))
        found["wrong"].append(wrong_options(model, tokens, rows, width))
    return {name: np.stack(values) for name, values in found.items()}
