"""The tree of a data set that was made of many files stays readable as text."""

from __future__ import annotations

from unlearnkit.lineage.tree import lines


def test_many_raw_files_are_counted() -> None:
    files = [{"path": f"faces/{number}.jpg", "sha256": "0" * 64, "raw": True} for number in range(30)]
    node = {"name": "data/dataset.safetensors", "sha256": "1" * 64, "present": True, "from": files}
    shown = list(lines(node))
    assert len(shown) == 12
    assert "faces/9.jpg" in shown[10] and "and 20 more files, the last of them faces/29.jpg" in shown[11]
    assert len(list(lines({**node, "from": files[:10]}))) == 11
