"""Rule partners: find the retained sequences nearest to each of a forget set; write them with their distances."""

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.partners import write_partners
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.config.data.partners import PartnerSettings
from unlearnkit.config.execution import Execution
from unlearnkit.data.text.sequences import Tokens
from unlearnkit.data.text.text_file import read_text_set
from unlearnkit.training.language.partners import partners_of, state_vectors
from unlearnkit.training.language.text_vectors import text_vectors
from unlearnkit.training.setup import architecture_for, describe, worker_for

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings
# the folder of an encoder decides no result, and is in no slice
configured = snakemake.config["data"].get("partners") or {}

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output[0], running.key), running.report)
    dataset, forget = read_text_set(inputs.dataset), read_array(inputs.forget_set)
    how = PartnerSettings.model_validate(configured)
    if inputs.originals:
        architecture = architecture_for(dataset, on_base(settings["model"], inputs.base, snakemake.config["model"]))
        model = architecture.gather([architecture.load(WeightFile(inputs.originals[0]).state(0))], worker.device).eval()
        vectors = state_vectors(model, architecture.adapter, Tokens(dataset, worker.device))
        stated = {"embedder": {"name": "states of original 0 after its last block"}}
    else:
        vectors, stated = text_vectors(how, dataset, inputs.tokenizer[0], worker.device)
    partners, distances = partners_of(dataset, forget, vectors, how.last_tokens, how.neighbours)
    write_partners(output.partners, forget, partners, distances)
    running.record(output.partners, **stated, **describe(worker.device))
