"""A device that refuses what a GPU refuses, on machines without one: its tensors lie in main memory and say otherwise.

Between `with pretending() as device:` and its end, tensors on that device cannot be mixed with those of the CPU, seen
by NumPy, or drawn with a generator of the CPU, and everything computed of them is on the device too. What is computed
is what the CPU computes, by the operations that PyTorch splits a function into, so that only rounding differs.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

NAME = "pretended"
CPU = torch.device("cpu")
_aten = torch.ops.aten
_INDEXING = {_aten.index.Tensor, _aten.index_put_.default, _aten.index_put.default, _aten._index_put_impl_.default}
_COPYING = {_aten.copy_.default, _aten._to_copy.default}


class _Backend(_DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


@functools.cache
def _registered() -> torch.device:
    _setup_privateuseone_for_python_backend(rename=NAME, backend_module=_Backend())
    return torch.device(NAME, 0)


@contextlib.contextmanager
def pretending() -> Iterator[torch.device]:
    """Yield the device, which is there for the duration of the block."""
    device = _registered()
    # a process that has run backwards before has threads for the devices of that time only, so none is used
    with torch.autograd.set_multithreading_enabled(False), _Made(), _Computed():
        yield device


class _Held(Tensor):
    """A tensor of the device; `held` is what it holds, on the CPU."""

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # pyright: ignore

    @staticmethod
    def __new__(cls, held: Tensor) -> _Held:
        tensor = Tensor._make_wrapper_subclass(  # pyright: ignore
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=_registered(),
        )
        tensor.held = held
        return tensor

    def __init__(self, held: Tensor) -> None: ...

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


class _Computed(TorchDispatchMode):
    """Sees every operation, those that make tensors on the device included."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _computed(func, args, kwargs or {})


class _Made(TorchFunctionMode):
    """Sees the functions that fill or read a device below any operation."""

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor, torch.asarray) and kwargs.get("device") is not None:
            device = kwargs.pop("device")
            return func(*args, **kwargs).to(device)
        if func is Tensor.tolist:
            return args[0].cpu().tolist()
        return func(*args, **kwargs)


def _computed(func: Any, args: Any, kwargs: Any) -> Any:
    if torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"):
        with _Computed():  # in an inference mode functions come whole
            return func.decompose(*args, **kwargs)
    flat, layout = tree_flatten((args, kwargs))
    held = {id(value.held): value for value in flat if isinstance(value, _Held)}
    there = _result_is_there(func, args, kwargs, bool(held))
    _refuse_mixture(func, args, flat, there)
    args, kwargs = tree_unflatten([_on_cpu(value) for value in flat], layout)

    def back(value: Any) -> Any:
        if id(value) in held:  # an operation in place returns the tensor that it was given
            return held[id(value)]
        return _Held(value) if there and isinstance(value, Tensor) else value

    # views of tensors that were made outside an inference mode cannot be wrapped within it
    with torch.inference_mode(False), torch.no_grad():
        return tree_map(back, func(*args, **kwargs))


def _result_is_there(func: Any, args: Any, kwargs: Any, any_there: bool) -> bool:
    if func is _aten.copy_.default:
        return isinstance(args[0], _Held)
    device = kwargs.get("device")
    return any_there if device is None else device.type == NAME


def _refuse_mixture(func: Any, args: Any, flat: list[Any], there: bool) -> None:
    """Raise RuntimeError where CUDA does: it lets the CPU's tensors be copied, be indices, and be single numbers."""
    any_there = any(isinstance(value, _Held) for value in flat)
    here = [value for value in flat if isinstance(value, Tensor) and not isinstance(value, _Held) and value.dim()]
    if func in _INDEXING:
        here = [value for value in here if value is args[0] or (func is not _aten.index.Tensor and value is args[2])]
    if any_there and here and func not in _COPYING:
        raise RuntimeError(f"{func}: expected all tensors to be on the same device, found {NAME} and cpu")
    if there and any(isinstance(value, torch.Generator) for value in flat):
        raise RuntimeError(f"{func}: expected a '{NAME}' device type for generator but found 'cpu'")


def _on_cpu(value: Any) -> Any:
    if isinstance(value, _Held):
        return value.held
    return CPU if isinstance(value, torch.device) and value.type == NAME else value
