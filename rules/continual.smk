"""Forget sets that come after others: the rows of a request, and with them those of all requests before it.

Inputs:  those of rule forget_set; the forget set before; scores of all metrics on the forget sets of chains
Outputs: results/<experiment>/requests/<forget_set>.npy: what a request asks for itself
         results/<experiment>/forget_sets/<forget_set>.npy: what has been asked for so far, which its oracles are trained without
         results/<experiment>/tables/sustainability.{parquet,csv,md,svg}
"""


use rule forget_set as request_rows with:
    output:
        forget_set=path(layout.REQUEST),
        provenance=layout.provenance(path(layout.REQUEST)),
    wildcard_constraints:
        forget_set=CONTINUAL_GRAPH.pattern(),
    params:
        **made("requests"),
    log:
        log_of(layout.REQUEST),
    message:
        "Request {wildcards.forget_set}"


ruleorder: forget_set_after > forget_set


rule forget_set_after:
    input:
        request=path(layout.REQUEST),
        earlier=lambda w: CONTINUAL_GRAPH.earlier(w.forget_set),
    output:
        forget_set=path(layout.FORGET_SET),
        provenance=layout.provenance(path(layout.FORGET_SET)),
    wildcard_constraints:
        forget_set=CONTINUAL_GRAPH.pattern(),
    params:
        **made("forget sets"),
    log:
        log_of(layout.FORGET_SET),
    localrule: True
    message:
        "Forget set {wildcards.forget_set}, with what was asked for before"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/forget_set_after.py"


rule sustainability:
    input:
        forget_sets=CONTINUAL_GRAPH.forget_sets(),
        scores=CONTINUAL_GRAPH.scores(),
    output:
        parquet=path(layout.TABLE, table="sustainability.parquet"),
        csv=path(layout.TABLE, table="sustainability.csv"),
        markdown=path(layout.TABLE, table="sustainability.md"),
        figure=path(layout.TABLE, table="sustainability.svg"),
        provenance=layout.provenance(path(layout.TABLE, table="sustainability.parquet")),
    params:
        **made("tables", table="sustainability"),
    log:
        log_of(layout.TABLE.replace("{table}", "sustainability")),
    localrule: True
    message:
        "Sustainability: distances after each request"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/sustainability.py"
