"""Rule search: run the trials of one study that its journal does not hold yet, and write all of them as a table."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.config.execution import Execution
from unlearnkit.search.bench import Inputs
from unlearnkit.search.study import Orders, run_study

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    read = Inputs(inputs.dataset, list(inputs.forget_sets), list(inputs.originals), list(inputs.margins))
    key = running.key_without("trials")
    orders = Orders(read, output.table, key, settings, execution.model_dump(mode="json"), execution.threads)
    running.timing.state(resumed=orders.journal.exists(), models=settings["models"])
    with running.timing.measure("training") as work:
        # fewer processes where Snakemake has fewer cores
        workers = max(1, snakemake.threads // execution.threads)
        rows = run_study(orders, workers, running.report, running.timing.state)
        work.units = sum(row["passes"] for row in rows) * settings["models"]
    write_table(output.table, rows_to_table(rows), {"search": settings["search"], "study": settings["study"]})
    running.record(output.table, journal=str(orders.journal))
