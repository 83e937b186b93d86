"""Runs that judge single sequences between their epochs: rule unlearn with a stop file beside the weights, and their table.

Inputs:  those of rule unlearn; stop files of all such variants
Outputs: those of rule unlearn, and results/<experiment>/unlearned/<forget_set>/<variant>/<shard>.stops.parquet
         results/<experiment>/tables/stops.{parquet,csv,md,svg}
"""


use rule unlearn as unlearn_stopping with:
    output:
        weights=path(layout.weights_of(layout.UNLEARNED)),
        margins=path(layout.margins_of(layout.UNLEARNED)),
        stops=path(layout.STOPS),
        provenance=layout.provenance(path(layout.weights_of(layout.UNLEARNED))),
        margins_provenance=layout.provenance(path(layout.margins_of(layout.UNLEARNED))),
        stops_provenance=layout.provenance(path(layout.STOPS)),
    wildcard_constraints:
        variant=STOPS_GRAPH.pattern(),


ruleorder: unlearn_stopping > unlearn


rule stops:
    input:
        STOPS_GRAPH.files(),
    output:
        parquet=path(layout.TABLE, table="stops.parquet"),
        csv=path(layout.TABLE, table="stops.csv"),
        markdown=path(layout.TABLE, table="stops.md"),
        figure=path(layout.TABLE, table="stops.svg"),
        provenance=layout.provenance(path(layout.TABLE, table="stops.parquet")),
    params:
        **made("tables", table="stops"),
    log:
        log_of(layout.TABLE.replace("{table}", "stops")),
    localrule: True
    message:
        "When runs stopped"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/stops.py"
