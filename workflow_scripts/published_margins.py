"""Rules published_original_margins and published_oracle_margins: fetch margins or logits, and check them."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import read_margins, write_margins
from unlearnkit.artifacts.store import read_array
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.layout import shard_indices
from unlearnkit.published.margins import facts_of_oracles, fetched_margins, gaps_of
from unlearnkit.published.pool import Pool

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    pool = Pool(settings["published"], running.report)
    name = snakemake.wildcards.get("forget_set", "")
    forget = read_array(inputs.forget_set) if inputs.get("forget_set") else None
    models = shard_indices(snakemake.wildcards.shard)
    margins = fetched_margins(pool, read_image_set(inputs.dataset), models, settings["role"], forget, name)
    facts = {}
    if forget is not None:
        facts["oracles"] = facts_of_oracles(read_margins([inputs.originals]), margins, forget, name, pool.place)
        running.report(f"forget set {name}: {facts['oracles']['verdict']}")
    population = f"{settings['role']}/{name}".rstrip("/")
    write_margins(output.margins, margins, {"unit": "nats", "population": population, **gaps_of(margins)})
    running.record(output.margins, sources=pool.sources, **facts)
    running.timing.state(models=len(models))
