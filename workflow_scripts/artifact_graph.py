"""Rule artifact_graph: which artifacts are there, out of date or missing, as a page of the report."""

import datetime
from importlib import metadata
from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_text
from unlearnkit.config.load import load_experiment
from unlearnkit.lineage.records import Results
from unlearnkit.lineage.stock import edges, stock
from unlearnkit.report.artifact_graph import graph_page
from unlearnkit.workflow.everything import expected
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

output, settings = snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    present = Present(Graph(load_experiment(snakemake.config)))
    results = Results(Path(output.page).parents[1])
    found = stock(results, present, expected(present))
    now = datetime.datetime.now(datetime.UTC)
    version, option = metadata.version("unlearnkit"), snakemake.params.configuration
    page = graph_page(settings["experiment"], found, edges(results), version, now, option)
    write_text(output.page, page)
    running.record(output.page)
