"""Rule durability: what metrics show before and after attacks, of unlearned models and of oracles."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.scores import read_final_scores
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import read_table, rows_to_table, write_table
from unlearnkit.declarations import declarations
from unlearnkit.layout import attack_of, subject_of
from unlearnkit.registry import locate
from unlearnkit.report.durability import COLUMNS, UNTRAINED, Scored, costs_of, figure, rows
from unlearnkit.report.durability_text import markdown
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    scored, records, sides = (
        [],
        {},
        (("", inputs.scores, inputs.summaries), ("attacked", inputs.attacked_scores, inputs.attacked_summaries)),
    )
    for attacked, *files in sides:
        for scores, summary in zip(*files, strict=True):
            *_, attack, metric, forget_set, candidate = Path(scores).with_suffix("").parts
            declared = declarations(locate("metric", metric))
            found = [row for row in read_table(summary)[0].to_pylist() if row["measure"] == declared.HEADLINE]
            last = max(row["epoch"] for row in found)
            statistics = {row["split"]: row for row in found if row["epoch"] == last}
            who = (attack if attacked else "", metric, declared, forget_set, candidate)
            scored.append(Scored(*who, statistics, read_final_scores(scores, declared.HEADLINE)))
    for path in inputs.records:
        folder = "/".join(Path(path).parts[2:-1])
        who = (attack_of(folder), subject_of(folder), folder.rpartition("/")[2] if attack_of(folder) else "oracle")
        records.setdefault(who, []).append(read_record(path))
    prompts = {}
    for path in inputs.prompts:
        *_, attack, forget_set, _ = Path(path).parts
        prompts[attack, forget_set] = read_record(path)
    made = rows(scored, costs_of(records) | {(*who, ""): UNTRAINED for who in prompts}, settings["held_out"])
    write_table(output.parquet, rows_to_table(made, COLUMNS), {"table": "durability"})
    write_text(output.csv, to_csv(made, COLUMNS))
    write_text(output.markdown, markdown(made, settings["attacks"], settings["left_out"], prompts))
    write_text(output.figure, svg(figure(made)))
    running.record(output.parquet, also=[output.csv, output.markdown, output.figure])
