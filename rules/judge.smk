"""The files of a language model that judges answers, if it is another than the base of the experiment's models.

Inputs:  files of the user's folder, if the model lies in one; else an installed package or a download
Outputs: results/<experiment>/judge/manifest.json, and the files that it lists beside it
"""


rule judge_base:
    input:
        files=PRESENT.judge.files(),
    output:
        manifest=path(layout.JUDGE),
        provenance=layout.provenance(path(layout.JUDGE)),
    params:
        **made("judge base"),
    log:
        log_of(layout.JUDGE),
    localrule: True
    message:
        "Model that judges answers"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/base.py"
