"""CIFAR's batch files as their publisher wrote them."""

from __future__ import annotations

import struct
from itertools import count

import numpy as np

_GROUP = 1000
"""cPickle appends list items in groups of this size."""


def python2_pickle(
    title: str, labels: np.ndarray, images: np.ndarray, names: list[bytes], label: bytes = b"labels"
) -> bytes:
    """Pickle a batch as Python 2's cPickle did: protocol 2, numbered memo entries (`put`) for shared objects only."""
    stream: list[bytes] = []
    memo = count(1)

    def put(*opcodes: bytes) -> None:
        for opcode in opcodes:
            entry = next(memo)
            stream.extend([opcode, b"q%c" % entry if entry < 256 else b"r" + struct.pack("<I", entry)])

    def put_text(text: bytes) -> None:
        put(b"U%c" % len(text) + text)

    put(b"\x80\x02}")
    stream.append(b"(")
    for text in (b"batch_label", title.encode(), label):
        put_text(text)
    put(b"]")
    for first in range(0, len(labels), _GROUP):
        stream.append(b"(" + b"".join(b"K%c" % label for label in labels[first : first + _GROUP].tolist()) + b"e")
    put_text(b"data")
    put(b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\nndarray\n", b"K\0\x85U\x01b\x87R")
    put(b"(K\x01M" + struct.pack("<H", len(labels)) + b"M" + struct.pack("<H", 3072) + b"\x86cnumpy\ndtype\n")
    put(b"U\x02u1K\0K\x01\x87R")
    stream.append(b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T" + struct.pack("<I", images.size))
    stream.extend([images.tobytes(), b"tb"])
    put_text(b"filenames")
    put(b"]")
    for first in range(0, len(names), _GROUP):
        stream.append(b"(")
        for name in names[first : first + _GROUP]:
            put_text(name)
        stream.append(b"e")
    return b"".join([*stream, b"u."])
