"""Rule harness: ask the models of one shard a task of lm-evaluation-harness."""

from importlib.metadata import version
from pathlib import Path

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.artifacts.weights import RepeatedWeights, WeightFile
from unlearnkit.config.execution import Execution
from unlearnkit.config.harness.harness import Harness
from unlearnkit.data.text.free_text import free_text
from unlearnkit.data.text.text_file import read_text_set
from unlearnkit.models.low_rank import whole_state
from unlearnkit.training.language.harness import COLUMNS, Question, answers, stated
from unlearnkit.training.setup import architecture_for, describe, worker_for

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    # models are asked by one process, on the one GPU that the job reserves
    execution = Execution.model_validate({**snakemake.config.get("execution", {}), "processes": 1})
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output[0], running.key), running.report)
    dataset = read_text_set(inputs.dataset)
    architecture = architecture_for(dataset, on_base(settings["model"], inputs.base))
    weights = WeightFile(inputs.weights)
    originals = RepeatedWeights(inputs.originals, settings.get("draws", 1)) if inputs.originals else None
    first = settings.get("unlearned_from") == "first"

    def _network_of(model, epoch):
        state = whole_state(weights, model, epoch, base_of=lambda index: originals.state(0 if first else index))
        return architecture.gather([architecture.load(state)], worker.device).eval()

    text = free_text(inputs.tokenizer, Path(inputs.pretrained[0]).parent if inputs.pretrained else None)
    asked = {name: settings[name] for name in ("task", "begin_of_text", "batch_size", "shots", "shots_seed", "limit")}
    include = Harness.model_validate(snakemake.config["harness"]).include
    question = Question(**asked, text=text, length=dataset.length, include=include)
    rows = answers(question, _network_of, weights.model_indices, weights.epochs, worker)
    facts = {"lm_eval": version("lm-eval"), "population": snakemake.wildcards.population, "task": settings["task"]}
    write_table(output.answers, rows_to_table(rows, COLUMNS), facts)
    running.record(output.answers, harness=stated(question, facts["lm_eval"], rows), **describe(worker.device))
    worker.resume.discard()
