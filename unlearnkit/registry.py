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
        "do_nothing": "unlearnkit.methods.references.do_nothing",
        "load_oracle": "unlearnkit.methods.references.load_oracle",
        "early_stopped_retrain": "unlearnkit.methods.references.early_stopped_retrain",
        "fine_tune": "unlearnkit.methods.images.fine_tune",
        "ascent_forget": "unlearnkit.methods.images.ascent_forget",
        "ascent_descent": "unlearnkit.methods.images.ascent_descent",
        "neg_grad_plus": "unlearnkit.methods.images.neg_grad_plus",
        "lora_neg_grad_plus": "unlearnkit.methods.images.lora_neg_grad_plus",
        "random_labels": "unlearnkit.methods.images.random_labels",
        "salun": "unlearnkit.methods.images.salun",
        "bad_teacher": "unlearnkit.methods.images.bad_teacher",
        "scrub": "unlearnkit.methods.images.scrub",
        "influence": "unlearnkit.methods.images.influence",
        "fisher": "unlearnkit.methods.images.fisher",
        "cf_k": "unlearnkit.methods.images.cf_k",
        "eu_k": "unlearnkit.methods.images.eu_k",
        "challenge_fine_tune": "unlearnkit.methods.challenge.challenge_fine_tune",
        "challenge_head_reset": "unlearnkit.methods.challenge.challenge_head_reset",
        "noisy_fine_tune": "unlearnkit.methods.images.noisy_fine_tune",
        "fcs": "unlearnkit.methods.challenge.fcs",
        "msg": "unlearnkit.methods.challenge.msg",
        "cfw": "unlearnkit.methods.challenge.cfw",
        "prmq": "unlearnkit.methods.challenge.prmq",
        "ct": "unlearnkit.methods.challenge.ct",
        "kde": "unlearnkit.methods.challenge.kde",
        "rni": "unlearnkit.methods.challenge.rni",
        "sisa": "unlearnkit.methods.images.sisa",
        "oracle_matching": "unlearnkit.methods.images.oracle_matching",
        "dm_direct": "unlearnkit.methods.images.dm_direct",
        "datamodel_matching": "unlearnkit.methods.images.datamodel_matching",
        "ga": "unlearnkit.methods.language.ga",
        "graddiff": "unlearnkit.methods.language.graddiff",
        "ga_kl": "unlearnkit.methods.language.ga_kl",
        "npo": "unlearnkit.methods.language.npo",
        "token_scrub": "unlearnkit.methods.language.token_scrub",
        "token_fine_tune": "unlearnkit.methods.language.token_fine_tune",
    }
)

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "klom": "unlearnkit.metrics.distribution.klom",
        "margin_distance": "unlearnkit.metrics.distribution.margin_distance",
        "mia": "unlearnkit.metrics.attacks.mia",
        "margin": "unlearnkit.metrics.utility.margin",
    }
)

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "digits": "unlearnkit.data.images.digits",
        "mnist": "unlearnkit.data.images.mnist",
        "fashion_mnist": "unlearnkit.data.images.fashion_mnist",
        "cifar10": "unlearnkit.data.images.cifar10",
        "cifar100": "unlearnkit.data.images.cifar100",
        "utkface": "unlearnkit.data.images.utkface",
        "living17": "unlearnkit.data.images.living17",
        "living17_imagenet": "unlearnkit.data.images.living17_imagenet",
        "image_folder": "unlearnkit.data.images.image_folder",
        "image_arrays": "unlearnkit.data.images.image_arrays",
        "tiny_shakespeare": "unlearnkit.data.text.tiny_shakespeare",
        "text_files": "unlearnkit.data.text.text_files",
        "hub_text": "unlearnkit.data.text.hub_text",
        "fineweb": "unlearnkit.data.text.fineweb",
        "village": "unlearnkit.data.text.village",
    }
)

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "mlp": "unlearnkit.models.images.mlp",
        "small_cnn": "unlearnkit.models.images.small_cnn",
        "resnet9": "unlearnkit.models.images.resnet9",
        "resnet18": "unlearnkit.models.images.resnet18",
        "resnet18_cifar": "unlearnkit.models.images.resnet18_cifar",
        "tiny_vit": "unlearnkit.models.images.tiny_vit",
        "gpt2": "unlearnkit.models.language.gpt2",
        "gpt_neo": "unlearnkit.models.language.gpt_neo",
        "qwen2": "unlearnkit.models.language.qwen2",
        "llama": "unlearnkit.models.language.llama",
        "nanogpt": "unlearnkit.models.language.nanogpt",
    }
)

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "image": "unlearnkit.training.images.image_task",
        "text": "unlearnkit.training.language.text_task",
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


def views_of(plug_in: Any) -> tuple[str, ...]:
    """Return the named sets beside retain and forget that a method reads, or that a data set provides."""
    return getattr(plug_in, "VIEWS", ())


def weights_of(method: Any) -> str:
    """Return what is stored of the models of a method, by what it declares: "full" unless it says "delta"."""
    return getattr(method, "WEIGHTS", "full")


def load(kind: str, name: str) -> ModuleType:
    """Import and return the module that implements `name`."""
    return importlib.import_module(locate(kind, name))


def load_task(task: str) -> ModuleType:
    """Import and return the module of "image" or "text"."""
    return importlib.import_module(TASKS[task])


def task_of_model(name: str) -> ModuleType:
    """Import and return the module of the task that a registered model is for."""
    return load_task(task_of(load("model", name)))
