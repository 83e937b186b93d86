"""What all rules share: the validated experiment, its graph, wildcards and resources."""

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from unlearnkit import layout
from unlearnkit.workflow.guards.asked import before_planning
from unlearnkit.config.load import load_experiment
from unlearnkit.config.outside import anchored
from unlearnkit.config.reading import option
from unlearnkit.errors import UnlearnkitError
from unlearnkit.extras import refuse_lacking
from unlearnkit.workflow.repairs.failed_jobs import repair_comparison, repair_records
from unlearnkit.workflow.evaluation import refuse_unfit
from unlearnkit.workflow.guards.given_files import refuse_lost_files
from unlearnkit.workflow.given_models import refuse_unusable_files
from unlearnkit.workflow.base_graph import refuse_unusable_source
from unlearnkit.workflow.repairs.gpu_slots import gpus_here, offer, reserved
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.guards.origin import refuse_foreign, refuse_other_settings
from unlearnkit.workflow.repairs.polling import refuse_without_slurm, repair_executor
from unlearnkit.progress.attaching import show_progress
from unlearnkit.workflow.present import Present
from unlearnkit.workflow.paths import takable
from unlearnkit.workflow.repairs.run_lock import repair_locks
from unlearnkit.workflow.guards.studies import extended, replaced_beside
from unlearnkit.workflow.guards.targets import refuse_unknown
from unlearnkit.workflow.guards.workplace import refuse_changed, refuse_unwritable

try:
    config.update(anchored(config, layers))
    EXPERIMENT = load_experiment(config)
    # the scripts are beside this folder, while a Snakefile that includes ours is elsewhere (unlearnkit init)
    scripts = Path(str(workflow.current_basedir)).parent / "workflow_scripts"
    # Snakemake takes a brace in the folder of the scripts for a wildcard
    takable(str(scripts))
    GRAPH = Graph(EXPERIMENT, scripts)
    PRESENT = Present(GRAPH)
    ATTRIBUTION_GRAPH = PRESENT.attribution
    OBSERVATION_GRAPH = PRESENT.observations
    CONTINUAL_GRAPH = PRESENT.continual
    ATTACK_GRAPH = PRESENT.attacks
    STOPS_GRAPH = PRESENT.stops
    BASE = PRESENT.base.manifest()
    if workflow.is_main_process:
        refuse_lacking(EXPERIMENT.task)
        refuse_lost_files(GRAPH)
        refuse_unusable_files(GRAPH)
        refuse_unusable_source(PRESENT.base)
        refuse_unusable_source(PRESENT.judge)
        refuse_unwritable(".snakemake")
except UnlearnkitError as error:
    raise WorkflowError(str(error)) from None

EXECUTION = EXPERIMENT.execution
# the files that describe the experiment, as errors name them
CONFIGURED = " and ".join(os.path.relpath(file) for file in workflow.configfiles)
# how commands on pages name them; those that lie elsewhere go by their names, since pages may be published
named = [Path(os.path.abspath(file)) for file in workflow.overwrite_configfiles]
OPTION = option([file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file.name for file in named])


def refuse_asked(asked):
    """Refuse a command that asks for something unknown, or would compute from artifacts of another configuration."""
    try:
        refuse_unknown(asked, GRAPH, config)
        for target in asked.targets:
            refuse_unfit(target, EXPERIMENT, CONFIGURED)
        refuse_foreign(GRAPH)
        if not asked.parameters_compared:
            refuse_other_settings(GRAPH)
    except UnlearnkitError as error:
        raise WorkflowError(str(error)) from None


# Snakemake imports the executors that are installed before it reads this file
repair_executor(sys.modules.get("snakemake_executor_plugin_slurm"))
if workflow.is_main_process:
    repair_records(sys.modules["snakemake.jobs"].Job)
    snakemake_records = sys.modules["snakemake.persistence"]
    repair_locks(getattr(snakemake_records, "PersistenceBase", None), WorkflowError, logger.warning)
    repair_comparison(getattr(snakemake_records, "PersistenceBase", None))
    before_planning(workflow, refuse_asked)


wildcard_constraints:
    forget_set=layout.NAME,
    variant=layout.NAME,
    candidate=layout.NAME,
    attribution=layout.NAME,
    attack=layout.NAME,
    pool=layout.NAME,
    output=f"{layout.MARGIN}|{layout.logit('[0-9]+')}",
    metric="[a-z0-9_]+",
    table="[a-z0-9_]+",
    role="oracle|held_out_oracle",
    shard="[0-9]+-[0-9]+",
    search=layout.NAME,
    seed="[0-9]+",
    population=layout.POPULATION,


def memory(wildcards, attempt):
    """Megabytes of memory, growing with every retry."""
    return EXECUTION.memory_mb * attempt


def runtime(wildcards, attempt):
    """Minutes of run time, growing with every retry."""
    return EXECUTION.runtime_minutes * attempt


LOCAL_GPUS = gpus_here(EXECUTION.local_gpus) if EXECUTION.gpus != 0 and workflow.is_main_process else []
# without GPUs jobs ask for none, so that `gpu` limits and requests do not affect CPU runs
GPU = {"gpu": count} if (count := reserved(EXECUTION.gpus, EXECUTION.device, LOCAL_GPUS)) else {}


# each process of a job has threads and, if the configuration asks for any, a GPU of its own
TRAINING_GPU = {name: count * EXECUTION.processes for name, count in GPU.items()}


# the GPUs of this machine limit the jobs that run on it, not those of a cluster
resource_scopes:
    gpu="local",


if GPU and LOCAL_GPUS and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", len(LOCAL_GPUS) * EXECUTION.jobs_per_gpu)


def path(pattern, **wildcards):
    """A path pattern of this experiment."""
    return GRAPH.path(pattern, **wildcards)


def made(stage, **fixed):
    """The parameters of the job that makes a stage of `unlearnkit.stages` (or what a function of the wildcards returns)."""

    def stated(by):
        return lambda w: by(stage if isinstance(stage, str) else stage(w), {**dict(w.items()), **fixed})

    return {"settings": stated(PRESENT.slice_of), "code": stated(PRESENT.code_of)}


def curves(population):
    """The learning curves that a training job leaves beside the weights, and their record."""
    file = path(layout.curves_of(population))
    return {"curves": file, "curves_provenance": layout.provenance(file)}


def log_of(pattern):
    """The log file of a job, by the path pattern of its output."""
    return layout.log_of(path(pattern))


onstart:
    for notice in (replaced_beside(workflow.dag.needrun_jobs()), extended(workflow.dag.needrun_jobs())):
        if notice:
            logger.warning(notice)
    try:
        refuse_unwritable(path(layout.ROOT), f"{layout.LOGS}/{EXPERIMENT.experiment}")
        refuse_changed(path(layout.ROOT))
        if workflow.executor_plugin.name == "slurm":
            refuse_without_slurm()
        elif GPU and LOCAL_GPUS and workflow.local_exec:
            offer(LOCAL_GPUS, EXECUTION.jobs_per_gpu, max(TRAINING_GPU.values()))
    except UnlearnkitError as error:
        raise WorkflowError(str(error)) from None
    show_progress(workflow, logger)
