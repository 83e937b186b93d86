"""Rule figures: all figures of one forget set."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import read_selection
from unlearnkit.artifacts.scores import read_final_scores
from unlearnkit.artifacts.store import read_array, remove_others, write_text
from unlearnkit.artifacts.tables import read_table
from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.report.curves import training_curves
from unlearnkit.report.figures import metric_figure
from unlearnkit.report.margins import margins_figure
from unlearnkit.report.style import svg
from unlearnkit.report.words import words_of

params, inputs, output, forget_set = snakemake.params, snakemake.input, snakemake.output, snakemake.wildcards.forget_set
settings = params.settings
words = words_of(settings)

with job_of(snakemake) as running:
    tables = dict(zip(settings["metrics"], inputs.tables, strict=True))
    for name, (metric, kind) in settings["figures"].items():
        if kind == "curves":
            read = {who: [read_table(path)[0] for path in paths] for who, paths in params.curves.items()}
            write_text(output[name], svg(training_curves(read)))
        if not metric:
            continue
        declared = declarations(locate("metric", metric))
        rows = [row for row in read_table(tables[metric])[0].to_pylist() if row["forget_set"] == forget_set]
        paths = params.scores[metric] if kind == "distributions" else {}
        values = {candidate: read_final_scores(path, declared.HEADLINE) for candidate, path in paths.items()}
        write_text(output[name], svg(metric_figure(kind, declared, rows, values, settings["methods"], words)))
    read = {who: read_selection(inputs.margins, [selection]) for who, selection in settings["margins"].items()}
    write_text(output.margins, svg(margins_figure(read, read_array(inputs.forget_set), settings)))
    remove_others(Path(output.margins).parent, "*.svg", output)
    running.record(output.margins, also=[output[name] for name in settings["figures"] if name != "margins"])
