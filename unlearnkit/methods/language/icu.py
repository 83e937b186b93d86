"""ICU: iterative contrastive unlearning (Tang et al. 2024, arXiv 2407.20271), with a partner for every forget sequence.

    minimise - gamma * CE(forget) + partner_weight * CE(partners) + alpha * KL(p_original || p_model)(partners)

over the active forget sequences and their partners, the retained sequences that are nearest to them (rule partners).
Before the first epoch and after each, the model continues the prefix of every forget sequence; one whose continuation
is unlike its true suffix is inactive in the next epoch, with its partner: BERTScore < `min_bert_score` or (by
`sample_rule`: and) BLEU < `min_bleu`. All are judged every time, so one may become active again.

The run stops where `stop` says, at the latest after `epochs`: `both`, as published, once the mean accuracy and the mean
likelihood of the set are below their limits or no sequence is active; `set` by these means; `samples` once each
sequence is inactive or has its own accuracy and likelihood below the limits. A run without an active sequence ends in
any case, since nothing can change.

Adam with beta2 0.98 at a constant rate, no decay, no clipping. Corrected: a batch without active sequences is no step,
and its weights no NaN; the original's distribution is that of the frozen original, for every batch, the last short one
included; no padding is read or counted; `epochs` ends a run that never forgets; the divergence that is stated is the
true one, 0 at the original. `learn: mismatched` is the form in which ICU compares with LLMU: labels of the partner on
the inputs of the forget sequence in place of CE(partners), with the same stop.

Cost: 7/3 for every active forget sequence and its partner; what stops the run is evaluation, and counts no passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.language import WEIGHT
from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.methods.stopping import StoppedSettings
from unlearnkit.config.models.text_readers import TokenReader
from unlearnkit.data.text.mismatched import fitted
from unlearnkit.data.text.partnered import Partnered
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.errors import TrainingError
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.language.epoch_watch import EpochWatch, Seen, loop_settings, means_of
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch, descend
from unlearnkit.models.parts import sharing
from unlearnkit.training.language.likeness import by_states, likeness_of
from unlearnkit.training.language.memorised import divergences
from unlearnkit.training.language.sequence_losses import sequence_means
from unlearnkit.training.language.stretches import Stretch
from unlearnkit.training.language.token_losses import divergence_sum, sequence_sums, token_sum
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
STOPS = True
NEEDS = ("tokenizer",)
VIEWS = ("validation", "partners")
IMMATERIAL = {"encoder": {"source": {"folder"}}}


class Settings(StoppedSettings):
    """Settings of ICU; defaults of the authors' code for GPT-Neo 125M."""

    epochs: int = Field(50, ge=1, description="passes over the forget set, at most; ours: the authors have no limit")
    min_epochs: int = Field(0, ge=0, description="epochs before the run may stop")
    lr: float = Field(5e-6, ge=0, description="learning rate of Adam, constant")
    batch_size: int = Field(
        8, ge=1, description="forget sequences of a step, active or not; ICU: 4 from 1.3 billion on"
    )
    max_accuracy: float = Field(
        0.5994, ge=0, le=1, description="memorisation accuracy below which the forget set counts as forgotten"
    )
    first_prefix: int = Field(150, ge=1, description="tokens of the shortest prefix of the extraction likelihood")
    gamma: float = Field(1.0, ge=0, description="weight of the ascent")
    partner_weight: float = Field(0.5, ge=0, description="weight of the cross entropy of partners")
    alpha: float = Field(1.0, ge=0, description="weight of the divergence on partners")
    learn: Literal["partners", "mismatched"] = Field(
        "partners",
        description="what the second loss is of: partners, or their labels on inputs of the forget sequences",
    )
    prefix: int = Field(50, ge=1, description="tokens before the suffix, which the model continues")
    suffix: int = Field(50, ge=1, description="last tokens of a forget sequence, which continuations are compared with")
    beams: int = Field(2, ge=1, le=64, description="beams of a continuation; 1 takes the likeliest token")
    continued_together: int = Field(8, ge=1, description="sequences that are continued together")
    sample_rule: Literal["or", "and"] = Field(
        "or", description="whether one comparison below its limit makes a sequence inactive, as published, or both"
    )
    min_bert_score: float = Field(0.3, ge=-1, le=1, description="F1 of BERTScore, for bert-base-uncased at layer 9")
    min_bleu: float = Field(0.01, ge=0, le=1, description="BLEU-4 of words without smoothing")
    stop: Literal["both", "set", "samples"] = Field(
        "both", description="what ends a run: means of the set or no active sequence, the means alone, or every sample"
    )
    encoder: TokenReader | None = Field(
        None,
        description="what has states of tokens for BERTScore: encoder with a source, wordllama, or null, the original; "
        "ICU: encoder, bert-base-uncased",
    )
    encoder_layer: int = Field(9, ge=1, description="layer of an encoder whose states are read")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the cost of `epoch` epochs in which every sequence is active."""
        return (2 + FORWARD_PASS) * self.planned_samples(forget, epoch)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return a space around the published rate and weights; ours."""
        return {"lr": LogUniform(1e-7, 1e-3), "partner_weight": WEIGHT, "alpha": WEIGHT}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Ascend on active forget sequences, descend on their partners, and stop once they are forgotten."""
    draws = Partnered(data.forget, data.partners)
    steps = draws.batches_per_epoch(settings.batch_size)
    watch = Refining(data, settings, context, steps, draws)
    loop = loop_settings(settings, settings.batch_size, steps)
    return descend(model, [Term(draws, contrast(settings, context))], loop, context, beta2=settings.beta2, watch=watch)


def contrast(settings: Settings, context: Context) -> Loss:
    """Return the sum of the three losses, each a mean over the targets of the batch.

    Of a partner's labels on inputs of another length as many count as fit: they are averaged by sequence.
    """
    reference = context.reference()

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        partners = batch.paired
        assert partners is not None
        context.count(len(batch.inputs) + len(partners.inputs))
        forgotten, other = model(batch.inputs), model(partners.inputs)
        ascent = -token_sum(forgotten, batch.labels) / batch.targets
        if settings.learn == "partners":
            learned = token_sum(other, partners.labels) / partners.targets
        else:
            labels = fitted(batch.labels, partners.labels)
            learned = sequence_means(sequence_sums(forgotten, labels), labels).sum() / batch.sequences
        kept = divergence_sum(other, reference(partners.inputs), partners.labels) / partners.targets
        return settings.gamma * ascent + settings.partner_weight * learned + settings.alpha * kept

    return loss


class Refining(EpochWatch):
    """Judges every forget sequence after every epoch, and lets those take part that the model still writes down."""

    def __init__(
        self, data: Sets[Sequences], settings: Settings, context: Context, steps: int, draws: Partnered
    ) -> None:
        super().__init__(data, settings, context, steps)
        self.options, self.draws = settings, draws
        self.original = sharing(context.original).eval()
        tokens = data.forget.tokens
        self._refuse_unfit()
        self.likeness = likeness_of(
            Stretch(settings.prefix, settings.suffix),
            beams=settings.beams,
            together=settings.continued_together,
            tokenizer=context.references["tokenizer"],
            reader=settings.encoder,
            layer=settings.encoder_layer,
            states=by_states(self.original, context.adapter, tokens),
            device=tokens.device,
        )

    def fixed(self) -> dict[str, float]:
        """Return the limits of the means, and those of single sequences."""
        return {**super().fixed(), "bleu": self.options.min_bleu, "bert_score": self.options.min_bert_score}

    def begin(self, model: nn.Module) -> bool:
        """Note what compares texts, and look at the model before the first step."""
        self.context.note(f"BERTScore by {self.likeness.name}")
        return super().begin(model)

    def see(self, model: nn.Module, rows: Tensor) -> Seen:
        """Return what the model knows and writes of sequences; of the forget set also the divergence on partners."""
        seen = {**self.memory(model, rows), **self.likeness.of(model, self.draws.tokens, rows)}
        if rows is self.rows:
            seen["divergence"] = divergences(model, self.original, self.draws.tokens, self.data.partners.indices)
        return seen

    def judged(self, seen: Seen) -> Seen:
        """Return which sequences are active in the next epoch, and let these take part."""
        unlike = [self.under(name, seen[name]) for name in ("bert_score", "bleu")]
        self.draws.active = ~(unlike[0] | unlike[1] if self.options.sample_rule == "or" else unlike[0] & unlike[1])
        return {"active": self.draws.active.float()}

    def reason(self, seen: Seen) -> str:
        """Return why a run stops after what was seen, "" if it goes on."""
        if not bool(seen["active"].any()):
            return "no sequence is active"
        if self.options.stop != "samples":
            return self.forgotten(means_of(seen))
        # a sequence that leaves no n tokens has no likelihood, and is judged by its accuracy
        likelihood = self.under("likelihood", seen["likelihood"].nan_to_num(0.0))
        every = (seen["active"] == 0) | (self.under("accuracy", seen["accuracy"]) & likelihood)
        return "every sequence is inactive or below both limits" if bool(every.all()) else ""

    def end(self, step: int, model: nn.Module, stopped: bool) -> bool:
        """Look at the model where an epoch ends, and note at the end how many steps had nothing to learn from."""
        stops = super().end(step, model, stopped)
        if (stops or (step == self.options.epochs * self.steps and not stopped)) and self.draws.skipped:
            self.context.note(f"{self.draws.skipped} steps were skipped, since no sequence of their batch was active")
        return stops

    def captured(self) -> dict[str, Tensor]:
        """Return limits, which sequences are active, and how many steps were skipped."""
        return {**super().captured(), "active": self.draws.active, "skipped": torch.tensor(self.draws.skipped)}

    def restored(self, stored: Mapping[str, Tensor]) -> None:
        """Take them back."""
        super().restored(stored)
        self.draws.active, self.draws.skipped = stored["active"].bool(), int(stored["skipped"])

    def _refuse_unfit(self) -> None:
        text, rows = self.draws.tokens.text_set, self.rows.numpy()
        needed = self.options.prefix + self.options.suffix
        if len(short := rows[text.lengths[rows] < needed]):
            raise TrainingError(
                f"icu continues the last {needed} tokens of forget sequences (prefix {self.options.prefix}, suffix "
                f"{self.options.suffix}), but {len(short)} of {len(rows)} have fewer, such as training sequence "
                f"{short[0]} with {text.lengths[short[0]]}",
                expected=f"forget sequences of {needed} tokens or more",
                remedy="shorten prefix and suffix of the method, or leave these sequences out of the forget set",
            )
        if len(asked := rows[text.prompts[rows] > 0]):
            raise TrainingError(
                f"icu continues documents, but {len(asked)} of {len(rows)} forget sequences are answers to questions, "
                f"such as training sequence {asked[0]}",
                expected="a forget set of plain text",
                remedy="choose a forget set of documents, or llmu, which forgets answers",
            )
