"""Are the raw files and the forget sets' files there and sound? Nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, Finding
from unlearnkit.doctor.probe import ask

Question = tuple[str, str, str, dict[str, Any] | None]
"""Kind, name or file, root, and the block `data` of text."""

_READ = """
import json, sys
from pathlib import Path
from unlearnkit.data.forget_set_files import file_forget_set, read_scores
from unlearnkit.data.loading import load_image_set
from unlearnkit.errors import UnlearnkitError

def entries(kind, name, root, block):
    folder = Path(root) if root else None
    if kind == "image":
        return len(load_image_set(name, folder).images), "entries"
    if kind in ("text", "tokens", "tokenizer"):
        from unlearnkit.config.text_data import TextDataBlock
        from unlearnkit.data.text_loading import load_corpus, load_token_files
        from unlearnkit.data.token_shards import open_shard
        from unlearnkit.data.tokenizer_making import make_tokenizer
        data = TextDataBlock.model_validate(block)
        if kind == "text":
            corpus, _ = load_corpus(data.name, folder, data.hub, data.content_hash)
            return len(corpus.train) + len(corpus.validation), "documents"
        if kind == "tokens":
            files = load_token_files(data.name, folder)
            return sum(len(open_shard(path)) for path in (*files.train, *files.validation)), "tokens"
        return make_tokenizer(data.tokenizer, ()).vocabulary_size, "tokens"
    if kind in ("file", "unit_file"):
        return len(file_forget_set(Path(name), block["sha256"])), "entries"
    return len(read_scores(Path(name))), "entries"

for kind, name, root, block in json.loads(sys.argv[1]):
    try:
        found, of = entries(kind, name, root, block)
    except UnlearnkitError as error:
        print("\\n@" + json.dumps({"name": name, "error": str(error)}))
    else:
        print("\\n@" + json.dumps({"name": name, "error": "", "size": found, "of": of}))
"""


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on the raw files of the data set and on the files that forget sets name."""
    from unlearnkit import layout
    from unlearnkit.declarations import declarations
    from unlearnkit.registry import locate

    if case.experiment is None:
        yield Finding(WARNING, "not examined, since the configuration is not valid", "correct the configuration")
        return
    data = case.experiment.data
    declared = declarations(locate("data set", data.name))
    size, fetched = declared.DOWNLOAD_BYTES, Path(layout.DOWNLOADS, getattr(declared, "DOWNLOAD_FOLDER", ""))
    questions: list[Question] = []
    if data.root is None and size and not fetched.is_dir():
        fact = f"{data.name} is not here yet: the first job downloads {size / 1e6:.0f} MB into {layout.DOWNLOADS}/"
        remedy = f"if jobs have no network, get the files from {declared.SOURCE} and set data.root"
        yield Finding(WARNING, fact, remedy)
    elif data.name == "hub_text" and not Path(data.hub.path).is_dir():
        remedy = "if jobs have no network, save it to a folder and name that in data.hub.path"
        yield Finding(
            WARNING, f"{data.hub.path} is read from huggingface.co by the first job, and not looked at", remedy
        )
    else:
        root = data.root or (layout.DOWNLOADS if size else "")
        questions.append((_kind(case.experiment.task, declared), data.name, str(root), _block(case.experiment)))
    if folder := getattr(getattr(data, "tokenizer", None), "folder", None):
        questions.append(("tokenizer", folder, "", _block(case.experiment)))
    for name, settings in case.experiment.forget_sets.items():
        file = getattr(settings, "file", None)
        if file and not Path(file).is_file():
            remedy = f"put it there, or correct forget_sets.{name}.file"
            yield Finding(ERROR, f"{file}, the file of forget set {name}, does not exist", remedy)
        elif file:
            questions.append((settings.kind, file, "", {"sha256": getattr(settings, "sha256", None)}))
    status, answers = ask(_READ, json.dumps(questions))
    for answer in answers:
        if answer["error"]:
            yield Finding(ERROR, answer["error"].rstrip("."))
        else:
            yield Finding(OK, f"{answer['name']} is sound: {answer['size']} {answer['of']}")
    if len(answers) < len(questions):
        missing = ", ".join(name for _, name, _, _ in questions[len(answers) :])
        yield Finding(ERROR, f"{missing} could not be read (status {status})", "see what `environment` says")


def _kind(task: str, declared: Any) -> str:
    return "image" if task == "image" else "tokens" if getattr(declared, "TOKENISED", False) else "text"


def _block(experiment: Any) -> dict[str, Any] | None:
    return experiment.data.model_dump(mode="json") if experiment.task == "text" else None
