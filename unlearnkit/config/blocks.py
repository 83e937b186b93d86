"""Blocks of the configuration that name a plug-in: typed by what it declares, so that all are checked and documented.

Such a block holds the plug-in's own settings beside a few keys of ours. Its class is made here from both.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, create_model, model_validator
from pydantic.fields import FieldInfo

from unlearnkit import registry
from unlearnkit.config.names import Name, UserPath
from unlearnkit.config.settings import Settings
from unlearnkit.declarations import declarations
from unlearnkit.errors import UnlearnkitError

Block = TypeVar("Block", bound=Settings)

MODEL_KEYS = ("name",)
ATTACK_KEYS = ("attack",)
METHOD_KEYS = ("method", "tuned_by", "settings_file", "snapshots", "grid")
"""Our own keys in the blocks of models, attacks and methods; no plug-in may have a setting of that name."""


class ModelBlock(Settings):
    """The architecture and its settings."""

    name: str = Field(description="registered model")


class MethodBlock(Settings):
    """A named variant: a method and its settings, or a grid over them."""

    method: str = Field(description="registered method")
    tuned_by: Name | None = Field(None, description="one of the `searches`, whose chosen settings the method is given")
    settings_file: UserPath | None = Field(
        None,
        min_length=1,
        description="YAML file with settings of the method; one below results/ may be made by a rule during the run",
    )
    snapshots: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(
        None,
        min_length=1,
        description="epochs at which the model is evaluated, rising; null: after the last epoch only",
    )


class AttackBlock(Settings):
    """A named attack and its settings."""

    attack: str = Field(description="registered attack")


class MetricsBlock(Settings):
    """The metrics to compute, each with its settings ({} for the defaults)."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(
                f"no metric is asked for, but at least one of {', '.join(type(self).model_fields)} is needed"
            )
        return self


class ObservationsBlock(Settings):
    """What is noted of the models beside margins, of all of them: observation -> settings ({} for the defaults)."""


def declared(kind: str, name: str) -> Any:
    """Return what plug-in `name` declares: its `Settings` class and its upper-case constants."""
    return declarations(registry.locate(kind, name))


def names_for(kind: str, task: str) -> list[str]:
    """Return the registered plug-ins of a kind that are for a task; of all kinds but metrics."""
    tasks_by_kind = {
        "method": registry.tasks_of,
        "attack": registry.tasks_of,
        "observation": lambda plug_in: tuple(plug_in.VALUES),
    }
    tasks = tasks_by_kind.get(kind, lambda plug_in: (registry.task_of(plug_in),))
    return [name for name in registry.REGISTRIES[kind] if task in tasks(declared(kind, name))]


def reads_of(observation: str) -> tuple[str, ...]:
    """Return the observations that an observation is made of; none if it is made of weights."""
    return getattr(declared("observation", observation), "READS", ())


def assembles(method: str) -> bool:
    """Return whether the models of a method are more than one network: it defines `assemble`."""
    return "assemble" in vars(declared("method", method))["__defined__"]


def asks_otherwise(attack: str) -> bool:
    """Return whether an attack changes prompts, and no weights."""
    return registry.changes_prompts(declared("attack", attack))


def data_block(base: type[Settings], task: str) -> Any:
    """Return the type of `data`: `base` with the name of a data set that is registered for the task."""
    return _block("data", base, name=_tag("data set", *names_for("data set", task)))


def model_block(task: str) -> Any:
    """Return the type of `model`: the settings of any model registered for the task, distinguished by `name`."""
    return _union((_named("model", name, MODEL_KEYS, ModelBlock) for name in names_for("model", task)), "name")


def methods_block(task: str) -> Any:
    """Return the type of `methods`: variant -> settings of any method for the task, distinguished by `method`."""
    block = _union((_method(name) for name in names_for("method", task)), "method")
    return Annotated[dict[Name, block], Field(min_length=1)]


def attacks_block(task: str) -> Any:
    """Return the type of `attacks`: name -> settings of any attack for the task, distinguished by `attack`."""
    block = _union((_named("attack", name, ATTACK_KEYS, AttackBlock) for name in names_for("attack", task)), "attack")
    return dict[Name, block]


def metrics_block() -> type[MetricsBlock]:
    """Return the type of `metrics`: one optional block of settings for every registered metric."""
    fields = {}
    for name in registry.REGISTRIES["metric"]:
        block = _block(f"metric_{name}", declared("metric", name).Settings)
        description = f"compute metric {name} with these settings"
        fields[name] = (block, Field(None, description=description, json_schema_extra=_drop_default))
    return _block("metrics", MetricsBlock, **fields)


def observations_block(task: str) -> type[ObservationsBlock]:
    """Return the type of `observations`: one optional block of settings for every observation of a task but margins."""
    fields = {}
    for name in names_for("observation", task):
        if name != registry.ALWAYS_OBSERVED:
            block = _block(f"observation_{name}", declared("observation", name).Settings)
            description = f"make {name} of all models, with these settings"
            fields[name] = (block, Field(None, description=description, json_schema_extra=_drop_default))
    return _block("observations", ObservationsBlock, **fields)


def attack_settings(block: AttackBlock) -> Any:
    """Return the settings of the attack that a block names."""
    settings = block.model_dump(exclude={*ATTACK_KEYS})
    return declared("attack", block.attack).Settings.model_validate(settings)


def own_settings(block: ModelBlock | MethodBlock) -> dict[str, Any]:
    """Return the plug-in's settings that a model or method block sets, without our own keys."""
    return block.model_dump(
        exclude_unset=True, exclude={*MODEL_KEYS} if isinstance(block, ModelBlock) else {*METHOD_KEYS}
    )


def _named(kind: str, name: str, keys: tuple[str, ...], block: type[Settings]) -> type[Settings]:
    """Return the settings of a plug-in with the only key of ours, which names it."""
    settings = _settings(kind, name, keys)
    tag: dict[str, Any] = {keys[0]: _tag(kind, name)}
    return create_model(f"{kind}_{name}", __base__=(settings, block), __doc__=settings.__doc__, **tag)


def _method(name: str) -> type[Settings]:
    settings = _settings("method", name, METHOD_KEYS)
    further: dict[str, Any] = {"method": _tag("method", name)}
    if settings.model_fields:
        axes = {key: _axis(field) for key, field in settings.model_fields.items()}
        grid = _block(f"grid_{name}", Settings, f"Lists of values of settings of {name}.", **axes)
        meaning = "lists of values of some settings: one variant for every combination, named after its values"
        further["grid"] = (grid | None, Field(None, description=meaning))
    # fields only: the rules of the class hold for every combination of a grid, not for what stands beside it
    fields = {key: (field.rebuild_annotation(), _optional(field)) for key, field in settings.model_fields.items()}
    return _block(f"method_{name}", MethodBlock, settings.__doc__, **fields, **further)


def _settings(kind: str, name: str, reserved: Iterable[str]) -> type[Settings]:
    settings: type[Settings] = declared(kind, name).Settings
    for key in reserved:
        if key in settings.model_fields:
            raise UnlearnkitError(
                f"{kind} '{name}' declares a setting '{key}'",
                expected=f"a name other than {', '.join(reserved)}, which the configuration uses itself",
                remedy=f"rename it in {registry.locate(kind, name)}",
            )
    return settings


def _optional(field: FieldInfo) -> FieldInfo:
    """Return the field without an obligation to set it: a grid may set it instead, and `Settings` has the last word."""
    if not field.is_required():
        return field
    return FieldInfo.merge_field_infos(field, default=None, json_schema_extra=_drop_default)


def _drop_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _axis(field: FieldInfo) -> tuple[Any, Any]:
    values = tuple[field.rebuild_annotation(), ...]
    description = f"values to try: {field.description}"
    return (values, Field(None, min_length=1, description=description, json_schema_extra=_drop_default))


def _tag(kind: str, *names: str) -> tuple[Any, Any]:
    return (Literal[names], Field(description=f"registered {kind}"))


def _block(title: str, base: type[Block], doc: str | None = None, **fields: Any) -> type[Block]:
    return create_model(title, __base__=base, __doc__=doc or base.__doc__, **fields)


def _union(blocks: Iterable[type[Settings]], key: str) -> Any:
    first, *others = blocks
    return Annotated[functools.reduce(operator.or_, others, first), Field(discriminator=key)] if others else first
