# unlearnkit: originals, oracles, unlearned models, margins, scores and report as one graph of files.
# The rules are in rules/, in pipeline order; paths are in unlearnkit/layout.py, inputs and parameters in unlearnkit/workflow/graph.py.
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from unlearnkit.config.reading import read_configuration, read_yaml
from unlearnkit.errors import UnlearnkitError
from unlearnkit.workflow.everything import everything

min_version("9.0")

try:
    # Snakemake itself would take the last of two equal keys, and read 010 as 8
    if workflow.is_main_process:
        read_configuration(workflow.configfiles, workflow.config_settings.config_args or ())
    # a file that names its experiment stands alone; any other, and a name on the command line, are merged over the default one
    layers = [(Path(file).parent, read_yaml(Path(file))) for file in workflow.configfiles]
    alone = any("experiment" in layer for _, layer in layers)
except UnlearnkitError as error:
    raise WorkflowError(str(error)) from None

if not alone:

    configfile: "config.yaml"


include: "rules/common.smk"


rule all:
    input:
        everything(PRESENT),
    default_target: True


include: "rules/text.smk" if EXPERIMENT.task == "text" else "rules/images.smk"


if CONTINUAL_GRAPH.names:

    include: "rules/continual.smk"


if BASE:

    include: "rules/base.smk"


if PRESENT.judge.is_own:

    include: "rules/judge.smk"


include: "rules/membership.smk"
include: "rules/train.smk"


if EXPERIMENT.given:

    include: "rules/given.smk"


if EXPERIMENT.published:

    include: "rules/published.smk"


include: "rules/attribution.smk"
include: "rules/search.smk"
include: "rules/unlearn.smk"


if STOPS_GRAPH.variants:

    include: "rules/stops.smk"


include: "rules/observations.smk"
include: "rules/score.smk"


if EXPERIMENT.harness:

    include: "rules/harness.smk"


if EXPERIMENT.attacks:

    include: "rules/attack.smk"


include: "rules/report.smk"
include: "rules/arena.smk"
include: "rules/targets.smk"
