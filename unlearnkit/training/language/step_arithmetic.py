"""The numbers of sequences, tokens and steps of a run on text, reported before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StepArithmetic:
    """The numbers of steps that draw batches of `batch_size` from a set of `sequences`, in passes over it.

    A step is at most `micro_batch` sequences per forward pass x `accumulation` passes x `processes`. The last step of a
    pass, and the last forward pass of a step, take what is left. `tokens_per_step` are the input tokens of a full step,
    averaged where sequences differ in length.
    """

    sequences: int
    effective_batch: int
    micro_batch: int
    accumulation: int
    processes: int
    steps_per_pass: int
    steps: int
    warmup_steps: int
    tokens_per_step: int

    @classmethod
    def of(
        cls,
        *,
        sequences: int,
        mean_length: float,
        batch_size: int,
        most: int | None,
        steps: int,
        warmup_steps: int,
        processes: int = 1,
    ) -> StepArithmetic:
        """Return the numbers of `steps` steps; forward passes have at most `most` sequences, if that is given."""
        batch = min(batch_size, sequences)
        share = -(-batch // processes)
        micro = min(share, most or share)
        return cls(
            sequences=sequences,
            effective_batch=batch,
            micro_batch=micro,
            accumulation=-(-share // micro),
            processes=processes,
            steps_per_pass=-(-sequences // batch_size),
            steps=steps,
            warmup_steps=min(warmup_steps, steps),
            tokens_per_step=round(batch * mean_length),
        )

    def line(self) -> str:
        """Return the numbers as one line for a log."""
        return (
            f"effective batch {self.effective_batch} of {self.sequences} sequences "
            f"(micro-batch {self.micro_batch} x accumulation {self.accumulation} x processes {self.processes}), "
            f"{self.steps_per_pass} steps per pass, {self.steps} steps, {self.warmup_steps} of them warm-up, "
            f"{self.tokens_per_step} tokens per step"
        )

    def facts(self) -> dict[str, Any]:
        """Return name -> number, for a provenance record."""
        return dict(vars(self))
