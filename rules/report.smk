"""Tables, figures, the page and the leaderboard.

Inputs:  summaries of all scores, provenance of weights, per-sample scores, margins, learning curves
Outputs: results/<experiment>/tables/{cost,<metric>}.{parquet,csv,md}
         results/<experiment>/figures/<forget_set>/{<metric>_trade_off,<metric>_distributions,{loss_curves,curves},margins}.svg
         results/<experiment>/report/graph.html
         results/<experiment>/report/{index,provenance,{forget_sets,pools,methods,metrics}/<name>}.html
         results/<experiment>/leaderboard/{leaderboard.{json,csv,md,html},critical_difference.svg}
"""

from unlearnkit.registry import REGISTRIES

REPORT_GRAPH = PRESENT.page
SITE_GRAPH = PRESENT.site
LEADERBOARD_GRAPH = PRESENT.leaderboard


rule cost:
    input:
        records=REPORT_GRAPH.cost_records(),
    output:
        parquet=path(layout.TABLE, table="cost.parquet"),
        csv=report(path(layout.TABLE, table="cost.csv"), caption="../docs/captions/cost.rst", category="Tables"),
        markdown=path(layout.TABLE, table="cost.md"),
        provenance=layout.provenance(path(layout.TABLE, table="cost.parquet")),
    params:
        **made("tables", table="cost"),
    log:
        log_of(layout.TABLE.replace("{table}", "cost")),
    localrule: True
    message:
        "Cost of every variant relative to retraining"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/cost.py"


rule table:
    input:
        summaries=lambda w: PRESENT.scores(w.table).score_files(w.table),
        costs=lambda w: [] if w.table in on_pools() else path(layout.TABLE, table="cost.parquet"),
    output:
        parquet=path(layout.TABLE.replace("{table}", "{table}.parquet")),
        csv=report(
            path(layout.TABLE.replace("{table}", "{table}.csv")),
            caption="../docs/captions/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        markdown=path(layout.TABLE.replace("{table}", "{table}.md")),
        provenance=layout.provenance(path(layout.TABLE.replace("{table}", "{table}.parquet"))),
    wildcard_constraints:
        table="|".join(REGISTRIES["metric"]),
    params:
        **made("tables"),
    log:
        log_of(layout.TABLE),
    localrule: True
    message:
        "Table of {wildcards.table}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/table.py"


rule figures:
    input:
        forget_set=path(layout.FORGET_SET),
        tables=[path(layout.TABLE, table=f"{metric}.parquet") for metric in GRAPH.metrics],
        scores=lambda w: [file for files in REPORT_GRAPH.scores_of(w.forget_set).values() for file in files.values()],
        margins=lambda w: REPORT_GRAPH.margin_files(w.forget_set),
        curves=lambda w: [file for files in REPORT_GRAPH.curve_files(w.forget_set).values() for file in files],
    output:
        **{
            name: report(
                path(layout.FIGURE, figure=name),
                caption=f"../docs/captions/{kind}.rst",
                category="Figures",
                labels={"forget set": "{forget_set}", "figure": f"{metric} {kind}".replace("_", " ").strip()},
            )
            for name, (metric, kind) in REPORT_GRAPH.figures().items()
        },
        provenance=layout.provenance(path(layout.FIGURE, figure="margins")),
    params:
        **made("figures"),
        scores=lambda w: REPORT_GRAPH.scores_of(w.forget_set),
        curves=lambda w: REPORT_GRAPH.curve_files(w.forget_set),
    log:
        log_of(layout.FIGURE.replace("{figure}.svg", "figures")),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "Figures of {wildcards.forget_set}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/figures.py"


rule report_page:
    input:
        costs=path(layout.TABLE, table="cost.parquet"),
        tables=[path(layout.TABLE, table=f"{metric}.parquet") for metric in EXPERIMENT.metric_settings],
        figures=[
            path(layout.FIGURE, forget_set=name, figure=figure)
            for name in GRAPH.forget_sets
            for figure in REPORT_GRAPH.figures()
        ],
        records=REPORT_GRAPH.provenance_records(),
        dataset=path(layout.DATASET),
        tokenizer=REPORT_GRAPH.tokenizer(),
        scores=[file for files in REPORT_GRAPH.explored_scores().values() for file in files.values()],
        references=[file for files in SITE_GRAPH.references().values() for file in files.values()],
        sizes=SITE_GRAPH.sizes(),
    output:
        SITE_GRAPH.files()[1:],
        page=report(path(layout.REPORT), caption="../docs/captions/page.rst", category="Report"),
        provenance=layout.provenance(path(layout.REPORT)),
    params:
        **made("report", page=layout.FRONT_PAGE),
        configuration=OPTION,
        figures=REPORT_GRAPH.figures(),
        contenders=REPORT_GRAPH.contenders(),
        pages=SITE_GRAPH.pages(),
        files=SITE_GRAPH.linked_files(),
        on_request=SITE_GRAPH.files_on_request(),
        outside=LEADERBOARD_GRAPH.outside(),
        documented=SITE_GRAPH.documented(),
        modules=SITE_GRAPH.modules(),
        references=SITE_GRAPH.references(),
        explored=REPORT_GRAPH.explored_scores(),
        explored_metric=REPORT_GRAPH.explored_metric(),
    log:
        log_of(layout.REPORT),
    localrule: True
    message:
        "Report"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/report.py"


rule artifact_graph:
    input:
        page=path(layout.REPORT),
    output:
        page=path(layout.ARTIFACT_GRAPH),
        provenance=layout.provenance(path(layout.ARTIFACT_GRAPH)),
    params:
        **made("artifact graph"),
        configuration=OPTION,
    log:
        log_of(layout.ARTIFACT_GRAPH),
    # what it shows should be there, if anything else is to be made
    priority: -1
    localrule: True
    message:
        "Artifact graph"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/artifact_graph.py"


rule leaderboard:
    input:
        tables=LEADERBOARD_GRAPH.tables(),
    output:
        **LEADERBOARD_GRAPH.files(),
        provenance=layout.provenance(LEADERBOARD_GRAPH.files()["json"]),
    params:
        **made("leaderboard"),
    log:
        log_of(layout.LEADERBOARD.replace("{leaderboard}", "leaderboard")),
    localrule: True
    message:
        "Leaderboard"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/leaderboard.py"
