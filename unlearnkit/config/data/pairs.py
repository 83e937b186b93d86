"""Settings of question-answer pairs: how a pair becomes text, which pairs are taken, and what becomes of rows."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from unlearnkit.config.settings import Settings


class PlainTemplate(Settings):
    """A prompt is `question`, the question and `answer`; the tokenizer's end-of-text token follows the answer."""

    kind: Literal["plain"] = "plain"
    question: str = Field("Question: ", description="text before a question; TOFU's for models without a chat template")
    answer: str = Field("\nAnswer: ", min_length=1, description="text between a question and its answer; TOFU")


class ChatTemplate(Settings):
    """The tokenizer's own chat template; an answer ends with the token that ends a turn."""

    kind: Literal["chat"]
    system: str | None = Field(None, min_length=1, description="system message; null: what the template writes itself")
    date: str = Field(
        "26 Jul 2024",
        min_length=1,
        description="what templates that state today's date are given, since prompts would change every day",
    )


class PerturbedAlternatives(Settings):
    """Alternatives are the wrong answers of the data."""

    kind: Literal["perturbed"] = "perturbed"


class GeneratedAlternatives(Settings):
    """Alternatives are written by original 0, once per forget set."""

    kind: Literal["generated"]
    count: int = Field(5, ge=1, description="answers per question, AltPO's 5; those that cannot be used are left out")
    temperature: float = Field(1.0, gt=0, description="of the softmax that tokens are drawn from; AltPO: 1")
    most_tokens: int = Field(200, ge=1, description="tokens after which an answer is cut off; AltPO: 200")
    ask: str = Field(
        "This is a question with its answer.\nQuestion: {question}\nAnswer: {answer}\nWrite another answer to the same "
        "question: as plausible, in the same form and as long, but one that states other facts and so contradicts it. "
        "Write this answer alone.",
        description="what the model is asked, in the place of a question; {question} and {answer} are replaced",
    )

    @model_validator(mode="after")
    def _asks_the_question(self) -> Self:
        if "{question}" not in self.ask:
            raise ValueError("ask contains no {question}, so every question would be given the same answers")
        return self


class Documents(Settings):
    """What becomes of documents that are longer than `data.sequence_length`, or than a length of their own."""

    cut: Literal["first", "all"] = Field(
        description="first: the first stretch of at most that many tokens is kept; all: they are divided into "
        "consecutive stretches, none of which share a token"
    )
    length: int | None = Field(
        None,
        ge=2,
        # absent unless set: data of whole contexts stay what they are
        exclude_if=lambda value: value is None,
        description="most tokens of a stretch; null: data.sequence_length; ICU: 200, beside longer questions",
    )


class PairRule(Settings):
    """What becomes of rows of `pair_files`: the first rule whose condition a row meets, and whose quota has room."""

    use: Literal["forget", "retain", "validation", "drop"] = Field(
        description="forget, which is trained on and is the forget list `forget`; retain, trained on; validation; or "
        "drop, left out"
    )
    field: str | None = Field(
        None, min_length=1, description="field that the condition is about; null: every row meets it"
    )
    equals: str | int | float | bool | None = Field(None, description="the value of the field; null: no such condition")
    at_least: float | None = Field(None, description="smallest value of the field")
    below: float | None = Field(None, description="values of the field are smaller")
    most: int | None = Field(None, ge=0, description="quota: rows beyond it go on to the next rule; null: none")

    @model_validator(mode="after")
    def _condition_of_a_field(self) -> Self:
        conditions = [self.equals, self.at_least, self.below]
        if (self.field is None) != all(condition is None for condition in conditions):
            raise ValueError("a field and a condition (equals, at_least, below) belong together")
        return self


class PairSettings(Settings):
    """How pairs become text, and which are taken."""

    template: Annotated[PlainTemplate | ChatTemplate, Field(discriminator="kind")] = Field(
        PlainTemplate.model_validate({}), description="how a question and its answer become text"
    )
    begin_of_text: bool = Field(
        False,
        description="whether the tokenizer's begin-of-text token precedes every prompt, beside what a chat template "
        "writes",
    )
    alternatives: Annotated[PerturbedAlternatives | GeneratedAlternatives, Field(discriminator="kind")] = Field(
        PerturbedAlternatives.model_validate({}),
        description="the wrong answers that methods with the view alternatives train on: perturbed, those of the data; "
        "generated, written by original 0",
    )
    documents: Documents | None = Field(
        None, description="of documents among pairs: how longer ones are cut; null: longer ones are errors"
    )
    first: int = Field(0, ge=0, description="first training pair that is taken; data.train_size counts from it")
    further_size: int | None = Field(
        None, ge=1, description="pairs of every further split, such as authors, that are evaluated; null: all"
    )
    targets: Literal["last", "all"] = Field(
        "last",
        description="of pair_files, which answers of a conversation are targets: the last, or each, with the turns "
        "before it as its prompt; all requires data.forget_unit: group, and a conversation without `group` is one",
    )
    rules: tuple[PairRule, ...] = Field(
        (), description="of pair_files: what becomes of the rows of all files; (): the files name the splits"
    )
