"""The four registries: name -> module that implements it.

A plug-in is one file and one line here. Modules are named, not imported: the Snakefile reads this file at every parse
and must not import torch. What each kind of module has to define is written in the package docstring of its folder.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from unlearnkit.errors import ConfigError, suggest

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "do_nothing": "unlearnkit.methods.do_nothing",
        "load_oracle": "unlearnkit.methods.load_oracle",
        "early_stopped_retrain": "unlearnkit.methods.early_stopped_retrain",
        "fine_tune": "unlearnkit.methods.fine_tune",
        "ascent_forget": "unlearnkit.methods.ascent_forget",
        "ascent_descent": "unlearnkit.methods.ascent_descent",
        "neg_grad_plus": "unlearnkit.methods.neg_grad_plus",
        "random_labels": "unlearnkit.methods.random_labels",
        "salun": "unlearnkit.methods.salun",
        "bad_teacher": "unlearnkit.methods.bad_teacher",
        "scrub": "unlearnkit.methods.scrub",
        "influence": "unlearnkit.methods.influence",
        "fisher": "unlearnkit.methods.fisher",
        "cf_k": "unlearnkit.methods.cf_k",
        "eu_k": "unlearnkit.methods.eu_k",
        "challenge_fine_tune": "unlearnkit.methods.challenge_fine_tune",
        "challenge_head_reset": "unlearnkit.methods.challenge_head_reset",
        "noisy_fine_tune": "unlearnkit.methods.noisy_fine_tune",
        "fcs": "unlearnkit.methods.fcs",
        "msg": "unlearnkit.methods.msg",
        "cfw": "unlearnkit.methods.cfw",
        "prmq": "unlearnkit.methods.prmq",
        "ct": "unlearnkit.methods.ct",
        "kde": "unlearnkit.methods.kde",
        "rni": "unlearnkit.methods.rni",
        "sisa": "unlearnkit.methods.sisa",
        "oracle_matching": "unlearnkit.methods.oracle_matching",
        "dm_direct": "unlearnkit.methods.dm_direct",
        "datamodel_matching": "unlearnkit.methods.datamodel_matching",
        "ga": "unlearnkit.methods.ga",
        "graddiff": "unlearnkit.methods.graddiff",
        "ga_kl": "unlearnkit.methods.ga_kl",
        "npo": "unlearnkit.methods.npo",
        "token_scrub": "unlearnkit.methods.token_scrub",
        "token_fine_tune": "unlearnkit.methods.token_fine_tune",
    }
)

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "klom": "unlearnkit.metrics.klom",
        "margin_distance": "unlearnkit.metrics.margin_distance",
        "mia": "unlearnkit.metrics.mia",
    }
)

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "digits": "unlearnkit.data.digits",
        "mnist": "unlearnkit.data.mnist",
        "fashion_mnist": "unlearnkit.data.fashion_mnist",
        "cifar10": "unlearnkit.data.cifar10",
        "cifar100": "unlearnkit.data.cifar100",
        "utkface": "unlearnkit.data.utkface",
        "living17": "unlearnkit.data.living17",
        "living17_imagenet": "unlearnkit.data.living17_imagenet",
        "tiny_shakespeare": "unlearnkit.data.tiny_shakespeare",
        "text_files": "unlearnkit.data.text_files",
        "hub_text": "unlearnkit.data.hub_text",
        "fineweb": "unlearnkit.data.fineweb",
        "village": "unlearnkit.data.village",
    }
)

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "mlp": "unlearnkit.models.mlp",
        "small_cnn": "unlearnkit.models.small_cnn",
        "resnet9": "unlearnkit.models.resnet9",
        "resnet18": "unlearnkit.models.resnet18",
        "resnet18_cifar": "unlearnkit.models.resnet18_cifar",
        "tiny_vit": "unlearnkit.models.tiny_vit",
        "gpt2": "unlearnkit.models.gpt2",
        "gpt_neo": "unlearnkit.models.gpt_neo",
        "qwen2": "unlearnkit.models.qwen2",
        "llama": "unlearnkit.models.llama",
        "nanogpt": "unlearnkit.models.nanogpt",
    }
)

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "image": "unlearnkit.training.image_task",
        "text": "unlearnkit.training.text_task",
    }
)
"""Not plug-ins: what images and texts do not have in common. A module is in the fingerprints of its own kind alone."""

REGISTRIES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"method": METHODS, "metric": METRICS, "data set": DATASETS, "model": MODELS}
)


def locate(kind: str, name: str) -> str:
    """Return the module that implements `name`; `kind` is "method", "metric", "data set" or "model".

    Raises ConfigError, with the nearest registered name, if there is none.
    """
    registry = REGISTRIES[kind]
    if name not in registry:
        raise ConfigError(f"unknown {kind} '{name}'", remedy=suggest(name, registry))
    return registry[name]


def task_of(plug_in: Any) -> str:
    """Return which task a data set or model is for, by what it declares: "image" unless it says "text"."""
    return getattr(plug_in, "TASK", "image")


def tasks_of(method: Any) -> tuple[str, ...]:
    """Return which tasks a method is for, by what it declares: images unless it says otherwise."""
    return getattr(method, "TASKS", ("image",))


def load(kind: str, name: str) -> ModuleType:
    """Import and return the module that implements `name`."""
    return importlib.import_module(locate(kind, name))


def load_task(task: str) -> ModuleType:
    """Import and return the module of "image" or "text"."""
    return importlib.import_module(TASKS[task])


def task_of_model(name: str) -> ModuleType:
    """Import and return the module of the task that a registered model is for."""
    return load_task(task_of(load("model", name)))
