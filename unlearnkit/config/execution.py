"""How jobs run: device, threads, memory, time."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from unlearnkit.config.settings import Settings


class Execution(Settings):
    """How jobs run. Nothing here makes an artifact stale, since results differ by rounding at most.

    On a CPU the same job repeats to the bit, and so does a model that is trained alone or in the same stack in another
    shard. Another stack size, number of threads, device or processor changes results by rounding, which training
    multiplies (docs/reruns.md).

    The values are what one job asks of the machine; profiles say which machine (partitions, number of cores).
    """

    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$",
        examples=["auto", "cpu", "cuda", "cuda:1"],
        description="where models are trained and evaluated; auto: a GPU if the job sees one, else the CPU",
    )
    threads: int = Field(
        1, ge=1, le=1024, description="CPU threads per process; models are small, so more jobs beat more threads"
    )
    gpus: int | None = Field(
        None,
        ge=0,
        le=1,
        description="GPUs that each process of a training or unlearning job, and each margin job, reserves: 0 or 1; "
        "null: 1 if `device` is auto or cuda and the machine on which Snakemake runs has a GPU, else 0",
    )
    local_gpus: list[int] | None = Field(
        None,
        min_length=1,
        examples=[[0, 1, 2, 3]],
        description="the GPUs of this machine that jobs which reserve one are placed on, in the order of nvidia-smi; "
        "null: those that CUDA_VISIBLE_DEVICES leaves. Without effect on a cluster",
    )
    jobs_per_gpu: int = Field(
        1, ge=1, le=64, description="jobs that share a GPU of this machine; without effect on a cluster"
    )
    processes: int = Field(
        1,
        ge=1,
        le=64,
        description="processes that train or unlearn one model together, each with its share of every step, all on one "
        "machine; language models only. The job reserves `threads` and `gpus` for each of them",
    )
    sharding: Literal["replicate", "full"] = Field(
        "replicate",
        description="what each of several processes holds in training: replicate: the whole model; full: its part of "
        "weights, gradients and optimiser state (PyTorch's fully_shard), with 2 processes or more. In unlearning each "
        "holds the whole model",
    )
    micro_batch_size: int | None = Field(
        None,
        ge=1,
        description="sequences per forward pass of a process, for memory; null: all that it has of a step; language "
        "models only",
    )
    compile: bool = Field(
        False, description="compile the model for training with torch.compile; language models only; needs a compiler"
    )
    memory_mb: int = Field(2000, ge=100, description="memory per job at the first attempt, MB; grows with every retry")
    runtime_minutes: int = Field(
        60, ge=1, description="run time granted to a job at the first attempt, minutes; grows with every retry"
    )
    stack_size: int | None = Field(
        None,
        ge=1,
        description="models trained as one tensor program; null: what was measured to be fastest for the model",
    )
    checkpoint_seconds: float = Field(
        60, ge=0, description="time between resume points of a job, seconds: the work that is lost when it is killed"
    )

    @model_validator(mode="after")
    def _one_device_each(self) -> Self:
        if self.processes > 1 and ":" in self.device:
            raise ValueError(f"device is {self.device}, a single GPU, but there are {self.processes} processes")
        if self.gpus and ":" in self.device:
            raise ValueError(
                f"device is {self.device}, but a job that reserves a GPU sees it as cuda: set device: cuda"
            )
        return self

    @field_validator("local_gpus")
    @classmethod
    def _different(cls, gpus: list[int] | None) -> list[int] | None:
        if gpus and (len(set(gpus)) < len(gpus) or min(gpus) < 0):
            raise ValueError(f"is {gpus}, which must be different numbers, counted from 0")
        return gpus
