# unlearnkit: originals, oracles, unlearned models, margins, scores and report as one graph of files.
# The rules are in rules/, in pipeline order; paths are in unlearnkit/layout.py, inputs and parameters in unlearnkit/graph.py.
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from unlearnkit.config.reading import DEFAULT, refuse_misread
from unlearnkit.errors import UnlearnkitError

min_version("9.0")

# Snakemake itself takes the last of two equal keys, and 010 for 8
if workflow.is_main_process:
    files = [*workflow.configfiles, *([] if "experiment" in config else [DEFAULT])]
    try:
        refuse_misread(files, workflow.config_settings.config_args or ())
    except UnlearnkitError as error:
        raise WorkflowError(str(error)) from None

# a configuration that names its experiment stands alone, any other goes over the default one
if "experiment" not in config:

    configfile: "config.yaml"


include: "rules/common.smk"


rule all:
    input:
        GRAPH.path(layout.REPORT),
        GRAPH.results(*GRAPH.metrics),
    default_target: True


include: "rules/text.smk" if EXPERIMENT.task == "text" else "rules/images.smk"
include: "rules/train.smk"
include: "rules/attribution.smk"
include: "rules/unlearn.smk"
include: "rules/margins.smk"
include: "rules/score.smk"
include: "rules/report.smk"
include: "rules/targets.smk"
