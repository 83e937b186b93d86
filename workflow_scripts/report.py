"""Rule report_page: everything about the experiment as static pages."""

import os
from functools import partial
from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.store import remove_others, write_text
from unlearnkit.artifacts.tables import read_table
from unlearnkit.data.excerpts import read_excerpts
from unlearnkit.declarations import declarations
from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.registry import locate
from unlearnkit.report.model_counts import read_counts
from unlearnkit.report.opening import opening_figure
from unlearnkit.report.resisting import explorer
from unlearnkit.report.shown import Results
from unlearnkit.report.site import site
from unlearnkit.seeds import derive_seed

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings, folder = params.settings, Path(output.page).parent

with job_of(snakemake) as running:
    pairs = [(forget_set, figure) for forget_set in settings["forget_sets"] for figure in params.figures]
    tables = {
        name: read_table(path)[0].to_pylist() for name, path in zip(settings["metrics"], inputs.tables, strict=True)
    }
    metrics = {name: declarations(locate("metric", name)) for name in settings["metrics"]}
    seed = derive_seed(settings["seed"], "leaderboard", 0, "bootstrap")
    board = leaderboard({**settings, "outside": params.outside, "protocol": {}}, metrics, tables, seed=seed)
    look = partial(read_excerpts, inputs.dataset, tokenizer=next(iter(inputs.tokenizer), None))
    sizes = [row for path in inputs.sizes for row in read_table(path)[0].to_pylist()] if inputs.sizes else None
    results = Results(
        tables=tables,
        costs=read_table(inputs.costs)[0].to_pylist(),
        figures={pair: Path(path).read_text("utf-8") for pair, path in zip(pairs, inputs.figures, strict=True)},
        kinds=params.figures,
        records=[read_record(path) for path in inputs.records],
        contenders=params.contenders,
        files=params.files,
        on_request=params.on_request,
        board=board,
        documented=params.documented,
        explorers={
            name: explorer(files, params.explored_metric, metrics[params.explored_metric], look)
            for name, files in params.explored.items()
        },
        modules=params.modules,
        counts=read_counts(metrics, params.references, sizes, settings, params.configuration),
        hero=opening_figure(settings, metrics, tables, board),
        configuration=params.configuration,
    )
    others = [path for path in output if path.endswith(".html") and path != output.page]
    made = site(settings, metrics, results)
    for path in (output.page, *others):
        write_text(path, made[os.path.relpath(path, folder).removesuffix(".html")])
    remove_others(folder, "*/*.html", others)
    running.record(output.page, also=others)
