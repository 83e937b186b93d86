"""The block `harness`: the tasks of lm-evaluation-harness that models are asked, and how."""

from __future__ import annotations

from pydantic import Field

from unlearnkit.config.names import Name, UserPath
from unlearnkit.config.settings import Settings


class Harness(Settings):
    """Tasks of lm-evaluation-harness, and everything that decides what a model answers to them."""

    tasks: tuple[Name, ...] = Field(
        min_length=1,
        description="tasks, groups or tags of lm-evaluation-harness, such as mmlu, wmdp or lambada_openai, those of "
        "`include`, or icu_nine, the nine of Iterative Contrastive Unlearning",
    )
    begin_of_text: bool = Field(
        description="whether a prompt begins with the begin-of-text token of the tokenizer (end-of-text where it has "
        "none); it changes results, so it has no default; an empty prompt is this token in either case",
    )
    include: UserPath | None = Field(
        None,
        description="folder with task files of your own (*.yaml), whose data files are named from this folder; such a "
        "file takes precedence over a task of the same name",
    )
    shots: int | None = Field(
        None, ge=0, description="solved questions in a prompt; null: as a task states, which is 0 where it states none"
    )
    shots_seed: int = Field(
        1234, ge=0, description="seed of the draw of solved questions, the same for all models; the harness has 1234"
    )
    limit: int | None = Field(None, ge=1, description="first questions of every task; null: all of them")
    batch_size: int = Field(8, ge=1, description="prompts of a forward pass; it changes results by rounding only")
