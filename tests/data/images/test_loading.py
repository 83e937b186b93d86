"""Every registered data set is what it declares; anything else is a DataError that says what to do."""

from __future__ import annotations

import ast
import gzip
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from unlearnkit import registry
from unlearnkit.config.blocks import names_for
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set, load_published
from unlearnkit.declarations import declarations, source_path
from unlearnkit.errors import ConfigError, DataError

IMAGES = names_for("data set", "image")


def assert_is_as_declared(image_set: ImageSet, name: str) -> None:
    declared = declarations(registry.locate("data set", name))
    assert image_set.content_hash == declared.CONTENT_HASH
    assert image_set.images.shape == (declared.TRAIN_SIZE + declared.VALIDATION_SIZE, *declared.IMAGE_SHAPE)
    assert (image_set.train_size, image_set.validation_size) == (declared.TRAIN_SIZE, declared.VALIDATION_SIZE)
    assert len(np.unique(image_set.labels)) == len(declared.CLASS_NAMES) == declared.NUM_CLASSES
    pixels = image_set.train_images.mean(axis=(0, 2, 3)) / 255
    np.testing.assert_allclose(pixels, declared.MEAN, atol=1e-4)
    assert (image_set.class_names, image_set.mean, image_set.std) == (
        declared.CLASS_NAMES,
        declared.MEAN,
        declared.STD,
    )


def deviation(image_set: ImageSet) -> np.ndarray:
    """Standard deviation per channel of the training pixels, scaled to 0..1, from the counts of the 256 values."""
    values = np.arange(256) / 255
    counts = [np.bincount(channel.ravel(), minlength=256) for channel in image_set.train_images.swapaxes(0, 1)]
    return np.array([np.sqrt(np.average((values - np.average(values, weights=c)) ** 2, weights=c)) for c in counts])


def test_digits_need_no_files(digits: ImageSet) -> None:
    assert_is_as_declared(digits, "digits")
    np.testing.assert_allclose(deviation(digits), digits.std, atol=1e-4)
    assert np.unique(digits.images).tolist() == [15 * count for count in range(17)]


def test_digits_are_those_of_scikit_learn(digits: ImageSet) -> None:
    from sklearn.datasets import load_digits

    published = load_digits()
    rows = np.lexsort(digits.images.reshape(1797, -1).T)
    expected = np.lexsort(published.data.T)  # pyright: ignore[reportAttributeAccessIssue]
    np.testing.assert_array_equal(digits.images[rows].reshape(1797, -1) / 15, published.data[expected])  # pyright: ignore
    np.testing.assert_array_equal(digits.labels[rows], published.target[expected])  # pyright: ignore


@pytest.mark.parametrize(("name", "folder"), [("mnist", ""), ("mnist", "mnist"), ("fashion_mnist", "fashion_mnist")])
def test_idx_data_sets_from_either_folder(name: str, folder: str, shared_data: Path) -> None:
    image_set = load_image_set(name, shared_data / folder)
    assert_is_as_declared(image_set, name)
    np.testing.assert_allclose(deviation(image_set), image_set.std, atol=1e-4)


def test_subset_is_taken_after_the_check(shared_data: Path) -> None:
    part = load_image_set("mnist", shared_data, train_size=5, validation_size=3)
    # the first labels of MNIST's training and test files
    assert part.labels.tolist() == [5, 0, 4, 1, 9, 7, 2, 1]


def test_torchvisions_own_layout(shared_data: Path, tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (shared_data / "mnist").glob("*.gz"):
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    assert_is_as_declared(load_image_set("mnist", tmp_path), "mnist")


def test_one_changed_label_is_found(shared_data: Path, tmp_path: Path) -> None:
    for file in (shared_data / "mnist").glob("*.gz"):
        (tmp_path / file.name).symlink_to(file)
    changed = tmp_path / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(changed.read_bytes()))
    content[-1] = (content[-1] + 1) % 10
    changed.unlink()
    changed.write_bytes(gzip.compress(content))
    expected = declarations(registry.locate("data set", "mnist")).CONTENT_HASH
    with pytest.raises(
        DataError, match=rf"'{tmp_path}'.*not the published mnist: content hash \w{{64}}; expected {expected}"
    ):
        load_image_set("mnist", tmp_path)


def test_another_data_set_under_the_same_file_names_is_found(shared_data: Path) -> None:
    with pytest.raises(DataError, match="not the published mnist"):
        load_image_set("mnist", shared_data / "fashion_mnist")


@pytest.mark.parametrize("name", registry.DATASETS)
def test_missing_root_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"data.root '{tmp_path}/absent' does not exist; expected the .* {name}"):
        load_image_set(name, tmp_path / "absent")


def test_root_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is not a folder"):
        load_image_set("mnist", tmp_path / "file")


@pytest.mark.parametrize("name", [name for name in IMAGES if name != "digits"])
def test_empty_root_says_what_to_put_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"'{tmp_path}'.*expected .*data\.root"):
        load_image_set(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("utkface", "susanqq.github.io/UTKFace.*into 'data/UTKFace'"),
        ("living17", "royrin/KLOM-models.*into 'data/living17'"),
        ("living17_imagenet", "image-net.org.*into 'data/imagenet'"),
    ],
)
def test_what_cannot_be_downloaded_says_where_from_and_where_to(
    name: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"in 'data', .*these folders\. Get it from .*{place}, or name.*data\.root"):
        load_image_set(name, None)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar100"])
def test_download_without_network_says_what_to_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # the discard port: every connection is refused
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)  # urllib remembers the proxies of its first call
    with pytest.raises(
        DataError, match=r"could not be downloaded into 'data'.*expected .*Get them from .*data\.root"
    ) as caught:
        load_image_set(name, None)
    files = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
    assert files.get(name, "train-images") in str(caught.value)
    assert not [file for file in (tmp_path / "data").rglob("*") if file.is_file()]


@pytest.mark.parametrize("cut", [3, 100, 5_000])
def test_interrupted_download_is_told(
    cut: int, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (shared_data / "mnist").glob("*.gz"):
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes())[:cut])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="or is incomplete there"):
        load_image_set("mnist", None)


def test_stated_content_hash_is_compared(digits: ImageSet) -> None:
    assert load_published("digits", None, digits.content_hash)[1] == digits.content_hash
    assert load_image_set("digits", None, content_hash=digits.content_hash, train_size=20).train_size == 20
    with pytest.raises(DataError, match=rf"content hash {digits.content_hash}; expected 0+, .*data\.content_hash"):
        load_image_set("digits", None, content_hash="0" * 64)


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"[Dd]id you mean 'cifar10'"):
        load_image_set("cifar_10", None)


@pytest.mark.parametrize("name", IMAGES)
def test_declarations_are_literals(name: str) -> None:
    module = registry.locate("data set", name)
    tree = ast.parse(source_path(module).read_text())
    literals = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name) and target.id.isupper():
            literals[target.id] = ast.literal_eval(node.value)
    declared = declarations(module)
    assert {"CONTENT_HASH", "SOURCE"} <= literals.keys()
    assert literals["CONTENT_HASH"] or literals["CHECKED_BY"]
    if not hasattr(declared, "facts"):
        assert {"NUM_CLASSES", "IMAGE_SHAPE", "TRAIN_SIZE", "MEAN"} <= literals.keys()
        assert len(declared.CLASS_NAMES) == literals["NUM_CLASSES"]
        assert len(literals["MEAN"]) == len(literals["STD"]) == literals["IMAGE_SHAPE"][0]
    assert all(getattr(declared, key) == value for key, value in literals.items())


def test_importing_the_data_sets_imports_nothing_heavy() -> None:
    modules = [*registry.DATASETS.values(), "unlearnkit.data.forget_sets", "unlearnkit.data.images.loading"]
    program = (
        f"import sys, {', '.join(modules)}; print(*{{'torch', 'torchvision', 'sklearn', 'PIL'}} & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
