"""Searches for the settings of methods: studies of trials, the settings that are chosen, and what they looked like.

Inputs:  data set, tuning forget sets, originals and their margins; objectives that compare with oracles: margins of these
Outputs: results/<experiment>/studies/<search>/<seed>.parquet, chosen.yaml, trials.csv and curve.svg

Beside a study's table lies its journal, <seed>.parquet.study/, which no rule declares: from it an interrupted study
continues, and a longer one is extended.
"""

SEARCH_GRAPH = PRESENT.searches


rule search:
    input:
        dataset=path(layout.DATASET),
        forget_sets=lambda w: SEARCH_GRAPH.forget_sets(w.search),
        originals=lambda w: SEARCH_GRAPH.originals(w.search, w.seed),
        margins=lambda w: SEARCH_GRAPH.margins(w.search, w.seed),
    output:
        table=path(layout.STUDY),
        provenance=layout.provenance(path(layout.STUDY)),
    params:
        **made("studies"),
    log:
        log_of(layout.STUDY),
    threads: lambda w: SEARCH_GRAPH.names[w.search].workers * EXECUTION.threads
    resources:
        **GPU,
        mem_mb=lambda w, attempt: SEARCH_GRAPH.names[w.search].workers * memory(w, attempt),
        runtime=runtime,
    message:
        "Search {wildcards.search}, study {wildcards.seed}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/search.py"


rule choose:
    input:
        studies=lambda w: SEARCH_GRAPH.studies(w.search),
        dataset=path(layout.DATASET),
        forget_sets=lambda w: SEARCH_GRAPH.forget_sets(w.search),
        originals=lambda w: SEARCH_GRAPH.originals(w.search),
        margins=lambda w: SEARCH_GRAPH.margins(w.search),
    output:
        settings=path(layout.CHOSEN),
        provenance=layout.provenance(path(layout.CHOSEN)),
    params:
        **made("chosen settings"),
    log:
        log_of(layout.CHOSEN),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Settings chosen by search {wildcards.search}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/choose.py"


rule search_report:
    input:
        studies=lambda w: SEARCH_GRAPH.studies(w.search),
        settings=path(layout.CHOSEN),
    output:
        trials=report(
            path(layout.SEARCH_REPORT, presentation="trials.csv"),
            caption="../docs/captions/search.rst",
            category="Searches",
            labels={"search": "{search}"},
        ),
        curve=report(
            path(layout.SEARCH_REPORT, presentation="curve.svg"),
            caption="../docs/captions/search.rst",
            category="Searches",
            labels={"search": "{search}"},
        ),
        provenance=layout.provenance(path(layout.SEARCH_REPORT, presentation="trials.csv")),
        curve_provenance=layout.provenance(path(layout.SEARCH_REPORT, presentation="curve.svg")),
    params:
        **made("search reports"),
    log:
        log_of(layout.SEARCH_REPORT.replace("{presentation}", "report")),
    localrule: True
    message:
        "Trials of search {wildcards.search}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/search_report.py"
