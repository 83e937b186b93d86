"""The base of pretrained models, made once: what models are trained on, unlearned from and observed with.

Inputs:  files of the user's folder, if the base lies in one; else an installed package or a download
Outputs: results/<experiment>/base/manifest.json, and the files that it lists beside it
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
