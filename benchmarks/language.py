"""Time the training of language models against a plain loop: `python benchmarks/language.py`.

Writes benchmarks/results/language.md: tokens per second of our loop and of a loop with transformers as it is usually
written, at equal model and batch; the forms take turns, and the best of several rounds counts. On a CPU: CPU time of
one thread. On a GPU: wall time, and the fraction of the peak in bfloat16.
"""

from __future__ import annotations

import datetime
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.cutting import cut
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.training.language.text_loop import Step, fit_text
from unlearnkit.training.language.training_order import TrainingOrder
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker

RESULT = Path(__file__).parent / "results" / "language.md"
PEAK = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense bfloat16 operations per second of a device, by its maker's data sheet."""
STARTUP = """
import torch
from unlearnkit.artifacts.job import job_of
from unlearnkit.training.originals import train_shard
from unlearnkit.training.processes import starting
from unlearnkit.training.language import text_task
from unlearnkit.models.building import Architecture
from unlearnkit.registry import load
settings = load("model", "NAME").Settings.model_validate({"layers": 2, "width": 64, "heads": 4})
model = Architecture("NAME", settings, 2048, (128,)).build(0)
torch.optim.AdamW(model.parameters())
"""


@dataclass(frozen=True)
class Case:
    """A model and a batch."""

    layers: int
    width: int
    heads: int
    vocabulary: int
    length: int
    batch: int
    steps: int
    rounds: int
    precision: str = "float32"

    def __str__(self) -> str:
        return f"width {self.width}, {self.layers} layers, batch {self.batch} x {self.length}"


CPU_CASES = (Case(2, 64, 4, 2048, 128, 16, 9, 5), Case(4, 256, 4, 2048, 128, 16, 4, 4))
GPU_CASES = (Case(12, 768, 12, 50_257, 1024, 32, 21, 3, "bfloat16"),)


def text_of(case: Case) -> TextSet:
    """Return random tokens for the steps of a case."""
    sequences = case.batch * case.steps
    tokens = np.random.default_rng(0).integers(case.vocabulary, size=(sequences + 1) * case.length, dtype=np.uint16)
    found = cut(tokens, case.length, "sequence", end_of_text=0)
    return TextSet(tokens, *found, sequences, 1, case.vocabulary, case.length)


def plain(case: Case, device: torch.device) -> float:
    """Return the seconds per step of a loop with transformers' own model, loss and torch's AdamW."""
    config = transformers.GPT2Config(
        vocab_size=case.vocabulary,
        n_positions=case.length,
        n_embd=case.width,
        n_layer=case.layers,
        n_head=case.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        use_cache=False,
    )
    model: Any = transformers.GPT2LMHeadModel(config)
    model.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-4, betas=(0.9, 0.95), weight_decay=0.1)
    text = torch.from_numpy(text_of(case).tokens[: case.batch * case.steps * case.length].astype(np.int64))
    batches = text.view(case.steps, case.batch, case.length)
    clock, times = _clock(device), []
    for batch in batches:
        batch = batch.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=case.precision == "bfloat16"):
            loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        times.append(clock())
    return (times[-1] - times[0]) / (case.steps - 1)


def ours(
    case: Case, device: torch.device, *, compiled: bool = False, micro: int | None = None, **recipe_keys: Any
) -> float:
    """Return the seconds per step of the loop of the workflow."""
    model = {"name": "gpt2", "layers": case.layers, "width": case.width, "heads": case.heads}
    task = task_for(text_of(case), model, 0, device)
    recipe = TextRecipe.model_validate({"batch_size": case.batch, "precision": case.precision, **recipe_keys})
    rows = torch.arange(case.batch * case.steps)
    resume = ResumeFolder("unused", "")
    worker = Worker(device, time.perf_counter, resume, print, micro_batch_size=micro, compiled=compiled)
    clock, times = _clock(device), []

    def end_step(step: Step) -> None:
        if step.number in (1, case.steps):
            times.append(clock())

    training_order = TrainingOrder(recipe, rows, len(rows), lambda stage: torch.Generator().manual_seed(0))
    network = task.fresh("original", [0], device)
    fit_text(network, task.architecture.adapter, task.source, training_order, recipe, worker, end_step=end_step)
    return (times[-1] - times[0]) / (case.steps - 1)


def _clock(device: torch.device) -> Callable[[], float]:
    """Return a clock: CPU time of this process, or on a GPU the wall time once all work is done."""
    if device.type == "cpu":
        return time.process_time

    def synchronised() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return synchronised


def measured(case: Case, device: torch.device) -> str:
    """Return the rows of a table: seconds per step, tokens per second and ratio of every form of a case."""
    forms: dict[str, Callable[[], float]] = {
        "plain loop, transformers": lambda: plain(case, device),
        "ours": lambda: ours(case, device),
        "ours, micro-batches of a quarter": lambda: ours(case, device, micro=case.batch // 4),
        "ours, Muon": lambda: ours(case, device, optimizer="muon"),
    }
    if device.type == "cuda":
        forms["ours, compiled"] = lambda: ours(case, device, compiled=True)
    best = dict.fromkeys(forms, np.inf)
    for _ in range(case.rounds):
        for name, form in forms.items():
            best[name] = min(best[name], form())
            print(f"{case}: {name}: {best[name] * 1000:.1f} ms", flush=True)
    tokens, base = case.batch * case.length, best["plain loop, transformers"]
    return "".join(
        f"| {case} | {name} | {seconds * 1000:.1f} ms | {tokens / seconds:,.0f} | {base / seconds:.2f} |"
        f"{_fraction(case, tokens / seconds, device)}\n"
        for name, seconds in best.items()
    )


def _fraction(case: Case, tokens_per_second: float, device: torch.device) -> str:
    """Return the cell with the fraction of the peak: (6 N + 12 layers length width) operations per token.

    N counts all weights but those of positions (Chowdhery et al. 2022, appendix B, as in nanoGPT).
    """
    if device.type == "cpu":
        return ""
    peak = next((peak for name, peak in PEAK.items() if name in torch.cuda.get_device_name(device)), None)
    weights = 12 * case.layers * case.width**2 + 13 * case.layers * case.width + (case.vocabulary + 2) * case.width
    operations = 6 * weights + 12 * case.layers * case.length * case.width
    return f" {tokens_per_second * operations / peak:.1%} |" if peak else " unknown peak |"


def optimisers() -> str:
    """Return the rows of a table: milliseconds per step of AdamW in PyTorch's three forms."""
    rows = ""
    for case in CPU_CASES:
        model = {"name": "gpt2", "layers": case.layers, "width": case.width, "heads": case.heads}
        network = task_for(text_of(case), model, 0, torch.device("cpu")).fresh("original", [0], torch.device("cpu"))
        for parameter in network.parameters():
            parameter.grad = torch.randn_like(parameter)
        forms = {"fused": {"fused": True}, "foreach": {"foreach": True}, "for loop": {"foreach": False}}
        best = dict.fromkeys(forms, np.inf)
        for _ in range(4):
            for name, form in forms.items():
                optimizer = torch.optim.AdamW(network.parameters(), **form)  # pyright: ignore[reportArgumentType]
                optimizer.step()
                start = time.process_time()
                for _ in range(10):
                    optimizer.step()
                best[name] = min(best[name], (time.process_time() - start) / 10)
        cells = " | ".join(f"{seconds * 1000:.2f} ms" for seconds in best.values())
        rows += f"| width {case.width}, {case.layers} layers | {cells} |\n"
    return rows


def startup(name: str) -> float:
    """Return the CPU seconds of a process that imports what a training job imports and builds a model: best of 3."""
    best = np.inf
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", STARTUP.replace("NAME", name)], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return best


def gpu_section() -> str:
    """Return what was measured on a GPU, or that there was none."""
    head = "\n## GPT-2 small on a GPU, bfloat16\n\n"
    if not torch.cuda.is_available():
        return head + "Not measured: this machine had no GPU. Run the same command on one that has.\n"
    device = torch.device("cuda")
    return (
        f"{head}{torch.cuda.get_device_name(device)}, wall time.\n\n"
        "| case | form | time per step | tokens per second | relative | fraction of peak |\n"
        "| --- | --- | --- | --- | --- | --- |\n" + "".join(measured(case, device) for case in GPU_CASES)
    )


def main() -> None:
    """Measure and write the result."""
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    rows = "".join(measured(case, torch.device("cpu")) for case in CPU_CASES)
    seconds = startup("nanogpt"), startup("gpt2")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        "# Training language models\n\n"
        f"Made by `python benchmarks/language.py` on {datetime.date.today()}.\n"
        f"{os.cpu_count()} cores ({platform.machine()}), shared with others, one thread used. Python"
        f" {platform.python_version()}, torch {torch.__version__}, transformers {transformers.__version__}.\n"
        "GPT-2 from scratch on random tokens of a vocabulary of 2,048, float32, AdamW. The plain loop is transformers'"
        " `GPT2LMHeadModel` with its loss and `torch.optim.AdamW`. CPU time per step without the first, best of several"
        " rounds; the forms take turns.\n\n"
        "| case | form | CPU time per step | tokens per second | relative |\n| --- | --- | --- | --- | --- |\n"
        + rows
        + "\n## AdamW, CPU time per step\n\n| model | fused | foreach | for loop |\n| --- | --- | --- | --- |\n"
        + optimisers()
        + "\n## What a job costs before its first step\n\n"
        f"CPU time of imports and of building one model: {seconds[0]:.1f} s for `nanogpt`, {seconds[1]:.1f} s for"
        " `gpt2`, which needs transformers. A shard pays this once, whatever the number of its models: they are trained"
        " one after the other in one process.\n" + gpu_section()
    )


if __name__ == "__main__":
    main()
