"""Observation files: one row per (epoch, split, sample), for every value one column per model index.

Columns: `epoch` int32, `split` ("train", "validation" or "test"), `sample_index` int32 (position within the split),
then the values that the observation declares (`VALUES` of its module): `<value>_0000`, ... of each model, a list of
one length where a value has several numbers, a string where it is text, and `<value>` alone where it belongs to the
sample, whatever the model.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from unlearnkit.artifacts.tables import read_table, write_table
from unlearnkit.declarations import declarations
from unlearnkit.errors import ArtifactError, repair
from unlearnkit.registry import locate

AnyPath = str | os.PathLike[str]

_KEYS = {"epoch": "int32", "split": "string", "sample_index": "int32"}
GAPS = "gaps"
"""Fact of a file that lists the values which are null where they are not known."""
_TEXT = np.dtypes.StringDType()
"""Strings of any length; those of a fixed one lose what they end with, if it is U+0000."""


@dataclass(frozen=True)
class Observed:
    """What some models show on some samples, at one epoch.

    `values` are arrays [models, samples] or [models, samples, width] by name, `of_samples` arrays [samples] that hold
    for all models, text as NumPy's StringDType; `split` and `sample_index` [samples] say which samples these are.
    """

    values: Mapping[str, np.ndarray]
    model_indices: tuple[int, ...]
    split: np.ndarray
    sample_index: np.ndarray
    of_samples: Mapping[str, np.ndarray] = field(default_factory=dict)

    def take_samples(self, rows: np.ndarray | slice) -> Observed:
        """Return what is observed on the samples at `rows` (indices, mask or slice)."""
        return replace(
            self,
            values={name: values[:, rows] for name, values in self.values.items()},
            split=self.split[rows],
            sample_index=self.sample_index[rows],
            of_samples={name: values[rows] for name, values in self.of_samples.items()},
        )

    def take_models(self, models: Sequence[int]) -> Observed:
        """Return what the models with the indices `models` show, in that order; raises ValueError if one lacks."""
        rows = [self.model_indices.index(index) for index in models]
        values = {name: values[rows] for name, values in self.values.items()}
        return replace(self, values=values, model_indices=tuple(models))


def write_observation(path: AnyPath, parts: Mapping[int, Observed], facts: Mapping[str, Any]) -> None:
    """Write what the models of one shard show, keyed by epoch, as one Parquet file; floats become float32.

    Values that `facts` list under GAPS are bool, given as numbers, and null where these are NaN.
    """
    first = next(iter(parts.values()))
    samples = len(first.sample_index)
    columns: dict[str, Any] = {
        "epoch": np.repeat(np.array(list(parts), dtype=np.int32), samples),
        "split": pa.array(np.tile(first.split, len(parts)).tolist()).dictionary_encode(),
        "sample_index": np.tile(first.sample_index.astype(np.int32), len(parts)),
    }
    columns |= {name: _column(np.tile(values, len(parts))) for name, values in first.of_samples.items()}
    for name in first.values:
        for row, model in enumerate(first.model_indices):
            values = np.concatenate([part.values[name][row] for part in parts.values()])
            columns[f"{name}_{model:04d}"] = _with_gaps(values) if name in facts.get(GAPS, ()) else _column(values)
    write_table(path, pa.table(columns), facts)


def require_declared(name: str, parts: Mapping[int, Observed]) -> None:
    """Raise ArtifactError if what an observation returned, keyed by epoch, is not what its module declares."""
    module = locate("observation", name)
    schemas = [dict(schema) for schema in declarations(module).VALUES.values()]
    for part in parts.values():
        models, samples = len(part.model_indices), len(part.sample_index)
        arrays = {**part.values, **part.of_samples}
        returned = {value: _returned(array) for value, array in arrays.items()}
        if returned not in schemas or any(
            array.shape[: min(array.ndim, 2)] != ((models, samples) if value in part.values else (samples,))
            for value, array in arrays.items()
        ):
            told = ", ".join(f"{value} {kind} {[*arrays[value].shape]}" for value, kind in returned.items())
            raise ArtifactError(
                f"observation '{name}' returned {told or 'no values'} for {models} models and {samples} samples",
                expected=" or ".join(
                    ", ".join(f"{value} {kind}" for value, kind in schema.items()) for schema in schemas
                )
                + ", each [models, samples], lists [models, samples, width]",
                remedy=f"correct VALUES or observe in {module}",
            )


def _returned(values: np.ndarray) -> str:
    """Return the type in which values are stored, as observations declare it."""
    names = {"f": "float32", "T": "string"}
    kind = names.get(values.dtype.kind, str(values.dtype))
    return f"{kind} list" if values.ndim == 3 else kind


def read_observation(paths: Sequence[AnyPath], name: str) -> dict[int, Observed]:
    """Read the shards of one population and return epoch -> what is observed, models in the order of the files.

    `name` is a registered observation. Raises ArtifactError, naming the file, if a shard is damaged, holds something
    else, or does not fit the others.
    """
    if not paths:
        raise ArtifactError(f"no file of {name} is given", expected="the files of all shards that hold the models")
    shards = [_read_shard(path, name) for path in paths]
    indices = [index for shard in shards for index in next(iter(shard.values())).model_indices]
    if len(set(indices)) != len(indices):
        raise ArtifactError(f"{paths[-1]} holds a model index that another shard holds too", remedy=repair(paths[-1]))
    epochs = list(shards[0])
    for path, shard in zip(paths, shards, strict=True):
        reference = shards[0][epochs[0]]
        if list(shard) != epochs or not np.array_equal(shard[epochs[0]].sample_index, reference.sample_index):
            raise ArtifactError(f"{path} holds other epochs or samples than {paths[0]}", remedy=repair(path))
    return {epoch: _concatenate([shard[epoch] for shard in shards]) for epoch in epochs}


def read_selection(
    paths: Sequence[AnyPath], selection: Sequence[tuple[str, int, int]], name: str
) -> dict[int, Observed]:
    """Read models from one or more populations: for each (folder, first, stop), those with index first..stop-1.

    `folder` is the end of the folder's path ("oracle/random_50"); files of other observations than `name` are left out.
    Raises ArtifactError if `paths` do not hold one of the models.
    """
    pools: list[dict[int, Observed]] = []
    for folder, first, stop in selection:
        files = [path for path in paths if _lies_in(path, folder) and str(path).endswith(f".{name}.parquet")]
        if not files:
            raise ArtifactError(f"no file of {name} for {folder} among {', '.join(map(str, paths))}")
        whole = read_observation(files, name)
        pools.append({epoch: _take(part, range(first, stop), name, folder) for epoch, part in whole.items()})
    return {epoch: _concatenate([pool[epoch] for pool in pools]) for epoch in pools[0]}


def _lies_in(path: AnyPath, folder: str) -> bool:
    return f"/{Path(path).parent.as_posix()}".endswith(f"/{folder}")


def _take(observed: Observed, models: range, name: str, folder: str) -> Observed:
    missing = sorted(set(models) - set(observed.model_indices))
    if missing:
        raise ArtifactError(f"no {name} of model {missing[0]} of {folder}", expected="one column per model index")
    return observed.take_models(models)


def _read_shard(path: AnyPath, name: str) -> dict[int, Observed]:
    table, facts = read_table(path)
    columns = {column: table[column].combine_chunks() for column in table.column_names}
    gaps = tuple(f"{name}_" for name in facts.get(GAPS, ()))
    kinds = {column: _kind(array, gaps=bool(gaps) and column.startswith(gaps)) for column, array in columns.items()}
    schemas = list(declarations(locate("observation", name)).VALUES.values())
    fitting = (found for schema in schemas if (found := _fit(schema, kinds)))
    if not (found := next(fitting, None)):
        raise ArtifactError(f"{path} is not a file of {name}", expected=_described(schemas), remedy=repair(path))
    indices, of_models, of_samples = found
    whole = Observed(
        {value: np.stack([_as_numpy(columns[f"{value}_{index}"]) for index in indices]) for value in of_models},
        tuple(map(int, indices)),
        np.asarray(columns["split"].to_pylist()),
        _as_numpy(columns["sample_index"]),
        {value: _as_numpy(columns[value]) for value in of_samples},
    )
    epoch_of_row = _as_numpy(columns["epoch"])
    epochs = np.unique(epoch_of_row)
    if len(epochs) == 1:
        return {int(epochs[0]): whole}
    return {int(epoch): whole.take_samples(epoch_of_row == epoch) for epoch in epochs}


def _fit(schema: Mapping[str, str], kinds: Mapping[str, str]) -> tuple[list[str], list[str], list[str]] | None:
    """Return model indices, values of models and values of samples of a file that holds `schema`, else None."""
    of_samples = [value for value in schema if value in kinds]
    of_models = [value for value in schema if value not in kinds]
    found = (re.fullmatch(rf"{re.escape(of_models[0])}_(\d+)", column) for column in kinds) if of_models else ()
    indices = [match[1] for match in found if match]
    needed = {**_KEYS, **{value: schema[value] for value in of_samples}}
    needed |= {f"{value}_{index}": schema[value] for value in of_models for index in indices}
    fits = indices and all(kinds.get(column) == kind for column, kind in needed.items())
    return (indices, of_models, of_samples) if fits else None


def _described(schemas: Sequence[Mapping[str, str]]) -> str:
    listed = (", ".join(f"{value} {kind}" for value, kind in schema.items()) for schema in schemas)
    return f"columns {', '.join(_KEYS)}, and for every model {' or '.join(listed)}"


def _kind(column: pa.Array, *, gaps: bool) -> str:
    """Return the type of a column as observations declare it; "" for one that has gaps where none are stated."""
    kind = column.type
    if column.null_count and not gaps:
        return ""
    if pa.types.is_fixed_size_list(kind):
        return "float32 list" if kind.value_type == pa.float32() else ""
    return "string" if pa.types.is_dictionary(kind) or pa.types.is_string(kind) else _NAMES.get(kind, "")


_NAMES = {pa.float32(): "float32", pa.int32(): "int32", pa.bool_(): "bool"}


def _column(values: np.ndarray) -> pa.Array:
    if np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float32, copy=False)
    if values.dtype.kind == "T":
        return pa.array(values.tolist(), pa.string())
    flat = pa.array(values.reshape(-1))
    return flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _with_gaps(values: np.ndarray) -> pa.Array:
    return pa.array(values == 1, mask=np.isnan(values))


def _as_numpy(column: pa.Array) -> np.ndarray:
    # not to_numpy, which imports pandas: a fifth of a second in every job
    if pa.types.is_fixed_size_list(column.type):
        return np.from_dlpack(column.flatten()).reshape(len(column), -1)
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), _TEXT)
    if column.null_count:
        return np.array([np.nan if value is None else value for value in column.to_pylist()], np.float32)
    if pa.types.is_boolean(column.type):
        return np.from_dlpack(column.cast(pa.uint8())).astype(bool)
    return np.from_dlpack(column)


def _concatenate(parts: Sequence[Observed]) -> Observed:
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        values={name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values},
        model_indices=tuple(index for part in parts for index in part.model_indices),
    )
