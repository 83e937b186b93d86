"""State dicts from elsewhere: read without running code, renamed, and compared with the model that they are for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from unlearnkit.artifacts.weights import State
from unlearnkit.errors import DataError
from unlearnkit.models.fitting import converted, fitting_names, mapped
from unlearnkit.models.state_files import read_fetched_state, read_state

STATE = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.ones(2)}


def saved(tmp_path: Path, content: Any, name: str = "model.pt") -> str:
    torch.save(content, tmp_path / name)
    return str(tmp_path / name)


@pytest.mark.parametrize("wrapping", ["", "state_dict", "model_state_dict", "model"])
def test_weights_are_found_in_common_wrappings(tmp_path: Path, wrapping: str) -> None:
    content = {wrapping: STATE, "epoch": 3} if wrapping else STATE
    state = read_state(saved(tmp_path, content))
    assert state["fc.weight"].tolist() == STATE["fc.weight"].tolist()


def test_safetensors_are_read_with_their_types(tmp_path: Path) -> None:
    own = {name: tensor.to(torch.bfloat16) for name, tensor in STATE.items()}
    safetensors.torch.save_file(own, tmp_path / "model.safetensors")
    state = read_state(str(tmp_path / "model.safetensors"))
    assert state["fc.weight"].dtype == ml_dtypes.bfloat16 and state["fc.weight"].astype(float)[1, 2] == 5


def test_an_entry_is_taken_by_its_key(tmp_path: Path) -> None:
    path = saved(tmp_path, {"model": STATE, "ema": {"fc.bias": torch.zeros(2)}})
    assert list(read_state(path, "ema")) == ["fc.bias"]
    with pytest.raises(DataError, match="no tensors under 'emma'"):
        read_state(path, "emma")


def test_ambiguous_wrappings_ask_for_the_key(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the keys model, state_dict.*entry: state_dict"):
        read_state(saved(tmp_path, {"model": STATE, "state_dict": STATE}))


class Trap(nn.Module):
    """A module whose unpickling would be noticed."""

    def __setstate__(self, state: Any) -> None:
        raise AssertionError("code of the file was executed")


def test_a_pickled_module_is_refused_without_running_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"more than tensors.*torch\.save\(model\.state_dict\(\)"):
        read_state(saved(tmp_path, Trap()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_fetched_weights_are_the_same(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {name: tensor.to(dtype).t() for name, tensor in STATE.items()} | {"norm.batches": torch.tensor(3)}
    path = saved(tmp_path, {"state_dict": state, "epoch": 3})
    known, found = read_state(path), read_fetched_state(path)
    assert {name: (array.dtype, array.tolist()) for name, array in found.items()} == {
        name: (array.dtype, array.tolist()) for name, array in known.items()
    }
    assert all(array.flags.writeable and array.flags.c_contiguous for array in found.values())


def test_fetched_weights_are_not_unpickled_by_torch(tmp_path: Path) -> None:
    path = Path(saved(tmp_path, {"state_dict": STATE, "on": torch.device("cpu")}))  # torch would take this
    assert list(read_state(str(path))) == [*STATE]
    with pytest.raises(DataError, match=r"model.pt holds torch.device, which is no tensor"):
        read_fetched_state(str(path))


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
def test_a_file_of_something_else_is_refused_in_one_paragraph(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a checkpoint at all")
    with pytest.raises(DataError, match=name) as caught:
        read_state(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def arrays(**shapes: tuple[int, ...]) -> State:
    return {name.replace("_", "."): np.zeros(shape, np.float32) for name, shape in shapes.items()}


EXPECTED = arrays(head_weight=(10, 4), head_bias=(10,), body_weight=(4, 8))


def names_of(found: State, **options: Any) -> dict[str, str]:
    return fitting_names(found, EXPECTED, options.pop("key_map", {}), "m.pt", "originals", **options)


@pytest.mark.parametrize(
    ("key_map", "given", "expected"),
    [
        ({"a.b": "c"}, "a.b", "c"),
        ({"a.": "z."}, "a.b", "z.b"),
        ({"a.": ""}, "a.b", "b"),
        ({"": "m."}, "a.b", "m.a.b"),
        ({"a.": "x.", "a.b.": "y.", "a.b.c": "z"}, "a.b.d", "y.d"),
        ({"a.": "x.", "a.b.": "y.", "a.b.c": "z"}, "a.b.c", "z"),
        ({"a.": None}, "a.b", None),
        ({"a": "c"}, "a.b", "a.b"),
    ],
)
def test_names_are_mapped_whole_then_by_the_longest_beginning(key_map: dict, given: str, expected: str | None) -> None:
    assert mapped(given, key_map) == expected


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "module._orig_mod."])
def test_names_of_wrappers_are_left_out(wrapper: str) -> None:
    assert names_of({wrapper + name: array for name, array in EXPECTED.items()}) == {n: wrapper + n for n in EXPECTED}


def test_all_that_does_not_fit_is_listed_with_a_key_map_to_try() -> None:
    found = arrays(fc_weight=(10, 4), fc_bias=(10,), body_weight=(4, 9), extra=(1,))
    with pytest.raises(DataError) as caught:
        names_of(found)
    message = str(caught.value)
    assert "missing head.weight, head.bias" in message and "unexpected fc.weight, fc.bias, extra" in message
    assert "body.weight float32 [4, 9] instead of float32 [4, 8]" in message
    assert 'originals.key_map: {"fc.weight": "head.weight", "fc.bias": "head.bias"}' in message


def test_other_classes_are_told_by_their_shape() -> None:
    found = {**EXPECTED, **arrays(head_weight=(2, 4), head_bias=(2,))}
    with pytest.raises(
        DataError, match=r"head\.weight float32 \[2, 4\] instead of float32 \[10, 4\].*settings of `model`"
    ):
        names_of(found)


def test_a_key_map_that_names_nothing_or_one_name_twice_is_refused() -> None:
    with pytest.raises(DataError, match=r"key_map names 'tail\.', and m\.pt has no such tensor"):
        names_of(EXPECTED, key_map={"tail.": "head."})
    with pytest.raises(DataError, match=r"'body\.weight' and 'head\.weight' both get the name"):
        names_of(dict(sorted(EXPECTED.items())), key_map={"body.weight": "head.weight"})


def test_one_name_of_a_shared_tensor_is_enough() -> None:
    found = {name: array for name, array in EXPECTED.items() if name != "head.bias"}
    found["shared"] = np.zeros(10, np.float32)
    names = names_of({**found}, key_map={"shared": "head.bias"}, tied=[["head.bias"]])
    assert names["head.bias"] == "shared"
    twice = {**EXPECTED, "copy.bias": EXPECTED["head.bias"]}
    own = fitting_names(EXPECTED, twice, {}, "m.pt", "originals", [["head.bias", "copy.bias"]])
    assert own["copy.bias"] == "head.bias"


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_floating_types_become_that_of_the_model(kind: Any) -> None:
    own = converted(np.array([1.5, -2.0]).astype(kind), np.zeros(2, np.float32), "w", "m.pt")
    assert own.dtype == np.float32 and own.tolist() == [1.5, -2.0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(DataError, match=r"m\.pt: the tensor 'w' holds NaN or infinite values"):
        converted(np.array([value], np.float32), np.zeros(1, np.float32), "w", "m.pt")
