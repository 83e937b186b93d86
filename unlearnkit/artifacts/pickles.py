"""What a pickle would do, read from its operations before any is carried out."""

from __future__ import annotations

import pickletools
from typing import Any

_DATA = frozenset(
    (
        *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BINFLOAT"),
        *("BININT", "BININT1", "BININT2", "LONG1", "LONG4"),
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
        *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS"),
        *("EMPTY_SET", "ADDITEMS", "FROZENSET", "NEWOBJ", "NEWOBJ_EX"),
        *("BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET"),
        *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
    )
)
"""Operations that pickles of protocol 2 to 5 have; the others are of older ones, or no pickler writes them."""
_SIMPLE = frozenset(("None", "bool", "int", "int_or_bool", "float", "str", "bytes"))
"""Kinds of values whose hash takes no longer than reading them; that of nested tuples can take for ever."""
_HASHED = {
    "SETITEM": slice(1, None, 2),
    "SETITEMS": slice(1, None, 2),
    "ADDITEMS": slice(1, None),
    "FROZENSET": slice(None),
}
"""Operation -> which of the values that it takes are hashed."""
_MOST_BITS = 64


def require_data(content: bytes) -> None:
    """Raise ValueError unless a pickle has the operations of `_DATA` alone, and hashes text and numbers alone.

    It then takes time and memory in proportion to its length, as far as functions that it calls do. Numbers have 64
    bits at most, and a place of the memo is one that the pickle can have. Raises IndexError and KeyError if the pickle
    takes what is not there.
    """
    stack: list[bool] = []  # of each value, whether it is simple
    marks: list[int] = []
    memo: dict[int, bool] = {}
    for operation, argument, _ in pickletools.genops(content):
        name = operation.name
        if name not in _DATA:
            raise ValueError(f"the operation {name}")
        if isinstance(argument, int) and argument.bit_length() > _MOST_BITS:
            raise ValueError(f"a number of {argument.bit_length()} bits")
        if name == "MARK":
            marks.append(len(stack))
        elif "PUT" in name or name == "MEMOIZE":
            memo[_place(argument, memo, content)] = stack[-1]
        elif "GET" in name:
            stack.append(memo[_place(argument, memo, content)])
        else:
            taken = _taken(operation, stack, marks)
            if not all(taken[_HASHED.get(name, slice(0))]):
                raise ValueError("a key or an element of a set that is neither text nor a number")
            stack.extend(kind.name in _SIMPLE for kind in operation.stack_after)


def _place(argument: Any, memo: dict[int, bool], content: bytes) -> int:
    place = len(memo) if argument is None else argument
    if place > len(content):  # memory would be taken up to there
        raise ValueError(f"place {place} of the memo")
    return place


def _taken(operation: pickletools.OpcodeInfo, stack: list[bool], marks: list[int]) -> list[bool]:
    """Remove from the stack what an operation takes, and return it: what lies under its mark first."""
    before = operation.stack_before
    if pickletools.markobject in before:
        start = marks.pop() - before.index(pickletools.markobject)
    else:
        start = len(stack) - len(before)
    if start < 0:
        raise IndexError("nothing is left to take")
    taken = stack[start:]
    del stack[start:]
    return taken
