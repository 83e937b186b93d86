"""The forget sets that EasyDUB published: sizes and checksums, by which a copy is recognised.

Source: folder `forget_set_indices` of github.com/RoyRin/data-unlearning-bench, commit 09aa1666. The project's texts
give cifar10/3 once as 500 samples and living17/2 and 3 as 200 samples of one class; its files are what is listed here.
"""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """Samples, SHA-256 of the indices (little-endian int64, in the published order), and the seed if they are drawn."""

    size: int
    sha256: str
    seed: int | None = None


SETS: dict[str, Published] = {
    "cifar10/1": Published(10, "ad3ba977967dbafa3d0dc18eeabf336c050eeac3c0fb468f182dd4dc16d349a7", seed=0),
    "cifar10/2": Published(100, "b1d088d2bfab91aee858d773d40eb56cdc90daecc2219f2f79ff5cf08b0f5515", seed=1),
    "cifar10/3": Published(1000, "3b666da43172f1e5894cc63127acc13b6b7e397567e3f9af40a9b94fc4c2f676", seed=2),
    "cifar10/4": Published(10, "804455852e64b12ff62843df41aadaaebba80c16cd31ac82d00fb6d4107e63b6"),
    "cifar10/5": Published(100, "438cc2ddeb5e4f09bcee6a29be6d9fb6c0d22f127fdf0a7b539c1a4e0a968f3f"),
    "cifar10/6": Published(500, "f3cb1d15142cc06d5fedcff74f95d0b91a879184b8b521ae802d811527178db5"),
    "cifar10/7": Published(10, "8a6fbd4eae99922b0651b51f735b68a5723c7219036d861ebd3ae654de54a370"),
    "cifar10/8": Published(100, "9c5ff3397238d1ab370114776cce8ee043c6e7d79171d471554adbe4ef0f3fd2"),
    "cifar10/9": Published(500, "a76781a4ff4f9bf2d8a2e8fe998dad26b7bef79e05b091171475a42860b2a145"),
    "cifar10/10": Published(100, "4ca70e5be987dbb48198208b3da98d7d249085819a23f6f108921759a9e389f9"),
    "living17/1": Published(500, "5034b318dc51c0e4aa90f77fe773a94b1b2f1269aaf6bc38fa6df6fb1f3d6b06"),
    "living17/2": Published(647, "cdf221ceba91f18443bcf5ea75ab7bbcc2366c23092d28bb8672feb2ab7898ab"),
    "living17/3": Published(663, "fabf40c07d49d3e0d932de186c71ba55ca3509853ffad462bbadc984e6e8c7d6"),
    "living17/4": Published(200, "6456c291bd983abf78467ceabd81946681faed39211ade69d1052a2550ce8efb"),
    "living17/5": Published(200, "ed7e227a8ba3106944f965b6d22e7176b77e14ed6f2ff48336db15fc69a55f55"),
}


def published_file(folder: str, name: str) -> str | None:
    """Return the published file of a forget set below `folder`, None for sets that are drawn."""
    data_set, number = name.split("/")
    return f"{folder}/{data_set.upper()}/forget_set_{number}.npy" if SETS[name].seed is None else None


SOURCE = (
    "the folder forget_set_indices of github.com/RoyRin/data-unlearning-bench (commit 09aa1666) or of the data set "
    "royrin/KLOM-models on huggingface.co"
)
