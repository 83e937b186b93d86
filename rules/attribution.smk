"""Attributions: what every training sample contributes to every output. Forget sets are chosen by them, and methods match them.

Inputs:  data set; membership (kind datamodels); originals (kind trak); forget set (effects); files of CLIP, where it is a folder
Outputs: results/<experiment>/attribution/<attribution>/{outputs,gradients}/<shard>.safetensors
         results/<experiment>/attribution/<attribution>/matrices/<output>.safetensors
         results/<experiment>/attribution/<attribution>/{components,memorisation}.npy
         results/<experiment>/attribution/<attribution>/effects/<forget_set>.safetensors
         results/<experiment>/data/embeddings.npy
"""

# the two kinds fill the same paths, each for its own names
NONE = "(?!)"
BY_MODELS = "|".join(map(re.escape, ATTRIBUTION_GRAPH.names("datamodel outputs"))) or NONE
BY_GRADIENTS = "|".join(map(re.escape, ATTRIBUTION_GRAPH.names("gradients"))) or NONE


rule datamodel:
    input:
        dataset=path(layout.DATASET),
        membership=lambda w: path(layout.MEMBERSHIP, pool=w.attribution),
    output:
        outputs=path(layout.DATAMODELS),
        provenance=layout.provenance(path(layout.DATAMODELS)),
    wildcard_constraints:
        attribution=BY_MODELS,
    params:
        **made("datamodel outputs"),
        outputs=ATTRIBUTION_GRAPH.outputs(),
    log:
        log_of(layout.DATAMODELS),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Models on subsets {wildcards.shard}, for {wildcards.attribution}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/datamodel.py"


rule regression:
    input:
        outputs=lambda w: ATTRIBUTION_GRAPH.sources(w.attribution),
    output:
        matrix=path(layout.MATRIX),
        provenance=layout.provenance(path(layout.MATRIX)),
    wildcard_constraints:
        attribution=BY_MODELS,
    params:
        **made("attributions"),
    log:
        log_of(layout.MATRIX),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Datamodels {wildcards.attribution} of {wildcards.output}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/regression.py"


rule gradients:
    input:
        dataset=path(layout.DATASET),
        originals=lambda w: ATTRIBUTION_GRAPH.originals(w.shard),
    output:
        gradients=path(layout.GRADIENTS),
        provenance=layout.provenance(path(layout.GRADIENTS)),
    wildcard_constraints:
        attribution=BY_GRADIENTS,
    params:
        **made("gradients"),
        outputs=ATTRIBUTION_GRAPH.outputs(),
    log:
        log_of(layout.GRADIENTS),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Gradients of original {wildcards.shard}, for {wildcards.attribution}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/gradients.py"


rule influence:
    input:
        gradients=lambda w: ATTRIBUTION_GRAPH.sources(w.attribution),
    output:
        matrix=path(layout.MATRIX),
        provenance=layout.provenance(path(layout.MATRIX)),
    wildcard_constraints:
        attribution=BY_GRADIENTS,
    params:
        **made("attributions"),
    log:
        log_of(layout.MATRIX),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Influence {wildcards.attribution} on {wildcards.output}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/influence.py"


rule components:
    input:
        matrix=path(layout.MATRIX, output=layout.MARGIN),
    output:
        components=path(layout.COMPONENTS),
        provenance=layout.provenance(path(layout.COMPONENTS)),
    params:
        **made("components"),
    log:
        log_of(layout.COMPONENTS),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "Principal components of {wildcards.attribution}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/components.py"


rule memorisation:
    input:
        dataset=path(layout.DATASET),
        outputs=lambda w: ATTRIBUTION_GRAPH.sources(w.attribution),
    output:
        memorisation=path(layout.MEMORISATION),
        provenance=layout.provenance(path(layout.MEMORISATION)),
    wildcard_constraints:
        attribution=BY_MODELS,
    params:
        **made("memorisation"),
        outputs=ATTRIBUTION_GRAPH.logits(),
    log:
        log_of(layout.MEMORISATION),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "Memorisation of training samples by the models of {wildcards.attribution}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/memorisation.py"


rule effects:
    input:
        forget_set=path(layout.FORGET_SET),
        matrices=lambda w: ATTRIBUTION_GRAPH.matrices(w.attribution),
    output:
        effects=path(layout.EFFECTS),
        provenance=layout.provenance(path(layout.EFFECTS)),
    params:
        **made("effects"),
        kind=lambda w: ATTRIBUTION_GRAPH.attributions[w.attribution].kind,
    log:
        log_of(layout.EFFECTS),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "Effects of {wildcards.forget_set} by {wildcards.attribution}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/effects.py"


rule embeddings:
    input:
        dataset=path(layout.DATASET),
        model=lambda w: ATTRIBUTION_GRAPH.embedding_files(),
    output:
        embeddings=path(layout.EMBEDDINGS),
        provenance=layout.provenance(path(layout.EMBEDDINGS)),
    params:
        **made("embeddings"),
    log:
        log_of(layout.EMBEDDINGS),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Embeddings by {params.settings[model]}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/embeddings.py"
