"""Rule report_page: everything about the experiment as static pages."""

import os
from functools import partial
from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.scores import read_final_scores
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import read_table
from unlearnkit.data.excerpts import read_excerpts
from unlearnkit.declarations import declarations
from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.registry import locate
from unlearnkit.report.model_counts import counts_of
from unlearnkit.report.opening import opening_figure
from unlearnkit.report.resisting import explorer
from unlearnkit.report.shown import Results
from unlearnkit.report.site import site
from unlearnkit.seeds import derive_seed

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    pairs = [(forget_set, figure) for forget_set in settings["forget_sets"] for figure in params.figures]
    folder = Path(output.page).parent
    tables = {
        name: read_table(path)[0].to_pylist() for name, path in zip(settings["metrics"], inputs.tables, strict=True)
    }
    metrics = {name: declarations(locate("metric", name)) for name in settings["metrics"]}
    seed = derive_seed(settings["seed"], "leaderboard", 0, "bootstrap")
    board = leaderboard({**settings, "outside": params.outside, "protocol": {}}, metrics, tables, seed=seed)
    look = partial(read_excerpts, inputs.dataset, tokenizer=next(iter(inputs.tokenizer), None))
    sizes = [row for path in inputs.sizes for row in read_table(path)[0].to_pylist()] if inputs.sizes else None
    of_models = {
        name: {side: read_final_scores(path, metrics[name].HEADLINE) for side, path in files.items()}
        for name, files in params.references.items()
    }
    results = Results(
        tables=tables,
        costs=read_table(inputs.costs)[0].to_pylist(),
        figures={pair: Path(path).read_text("utf-8") for pair, path in zip(pairs, inputs.figures, strict=True)},
        kinds=params.figures,
        records=[read_record(path) for path in inputs.records],
        contenders=params.contenders,
        files={heading: [os.path.relpath(path, folder) for path in paths] for heading, paths in params.files.items()},
        on_request={
            target: [os.path.relpath(path, folder) for path in paths] for target, paths in params.on_request.items()
        },
        board=board,
        documented=params.documented,
        explorers={
            name: explorer(files, params.explored_metric, metrics[params.explored_metric], look)
            for name, files in params.explored.items()
        },
        modules=params.modules,
        counts={
            name: counts_of(
                metric,
                name,
                sizes,
                of_models.get(name, {}),
                next(iter(settings["forget_sets"])),
                derive_seed(settings["seed"], f"counts {name}", 0, "bootstrap"),
            )
            for name, metric in metrics.items()
        },
        hero=opening_figure(settings, metrics, tables, board),
    )
    others = [path for path in output if path.endswith(".html") and path != output.page]
    made = site(settings, metrics, results)
    for path in (output.page, *others):
        write_text(path, made[os.path.relpath(path, folder).removesuffix(".html")])
    running.record(output.page, also=others)
