"""The base of pretrained models, made once: what models are trained on, unlearned from and observed with; merged models.

Inputs:  files of the user's folder, if the base lies in one; else an installed package or a download; weights of a shard
Outputs: results/<experiment>/base/manifest.json, and the files that it lists beside it
         results/<experiment>/<population>/<shard>.merged/<model>.safetensors, where they are asked for
"""


rule base:
    input:
        files=PRESENT.base.files(),
    output:
        manifest=path(layout.BASE),
        provenance=layout.provenance(path(layout.BASE)),
    params:
        **made("base"),
    log:
        log_of(layout.BASE),
    localrule: True
    message:
        "Base model"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/base.py"


rule merged:
    input:
        dataset=path(layout.DATASET),
        base=BASE,
        weights=path(layout.WEIGHTS),
    output:
        weights=path(layout.MERGED),
        provenance=layout.provenance(path(layout.MERGED)),
    wildcard_constraints:
        model="[0-9]+",
    params:
        **made("merged"),
    log:
        log_of(layout.MERGED),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "Model {wildcards.model} of {wildcards.population}, merged"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/merge.py"
