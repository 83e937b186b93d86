"""Rule alternatives: let original 0 write wrong answers to forget questions; write them, and the data set with them."""

from pathlib import Path

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array, write_json
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.config.data.pairs import GeneratedAlternatives, PairSettings
from unlearnkit.config.execution import Execution
from unlearnkit.data.text.alternatives import with_alternatives
from unlearnkit.data.text.base_tokenizer import BaseTokenizer
from unlearnkit.data.text.pair_file import read_pairs
from unlearnkit.data.text.pair_loading import PairTexts, texts_of
from unlearnkit.data.text.pair_template import template_of
from unlearnkit.data.text.pair_tokenizer import read_pair_tokenizer
from unlearnkit.data.text.text_file import read_text_set, write_text_set
from unlearnkit.training.language.alternatives import Writer, written_alternatives
from unlearnkit.training.setup import architecture_for, describe, worker_for

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output[0], running.key), running.report)
    dataset, file, tokenizer = (
        read_text_set(inputs.dataset),
        read_pairs(inputs.pairs),
        read_pair_tokenizer(inputs.tokenizer),
    )
    texts = texts_of(BaseTokenizer(Path(inputs.pretrained[0]).parent)) if inputs.pretrained else PairTexts()
    pairs = PairSettings.model_validate({name: settings[name] for name in ("template", "begin_of_text")})
    architecture = architecture_for(dataset, on_base(settings["model"], inputs.base))
    model = architecture.gather([architecture.load(WeightFile(inputs.originals).state(0))], worker.device).eval()
    template = template_of(pairs, texts, tokenizer.special)
    writer = Writer(model, worker.device, dataset, file, tokenizer, template, settings["seed"])
    how, rows = GeneratedAlternatives.model_validate(settings["alternatives"]), read_array(inputs.forget_set)
    made = written_alternatives(writer, how, rows.tolist(), running.report)
    changed = with_alternatives(dataset, made.answers)
    for reason, count in made.dropped.items():
        running.report(f"{count} of {how.count * len(rows)} answers left out: {reason}")
    write_json(output.answers, made.to_json(file))
    write_text_set(output.dataset, changed)
    running.record(output.answers, dropped=dict(made.dropped), **describe(worker.device))
    running.record(output.dataset, content_hash=changed.content_hash, **describe(worker.device))
