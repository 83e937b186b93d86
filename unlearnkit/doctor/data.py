"""Are the raw files and the forget sets' files there and sound? Nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, Finding
from unlearnkit.doctor.probe import ask

_READ = """
import json, sys
from pathlib import Path
from unlearnkit.data.forget_set_files import file_forget_set, read_scores
from unlearnkit.data.loading import load_image_set
from unlearnkit.errors import UnlearnkitError
for kind, name, root in json.loads(sys.argv[1]):
    try:
        if kind == "data set":
            found = len(load_image_set(name, Path(root) if root else None).images)
        else:
            found = len({"file": file_forget_set, "scores": read_scores}[kind](Path(name)))
    except UnlearnkitError as error:
        print("\\n@" + json.dumps({"name": name, "error": str(error)}))
    else:
        print("\\n@" + json.dumps({"name": name, "error": "", "size": found}))
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
    questions = []
    if data.root is None and size and not fetched.is_dir():
        fact = f"{data.name} is not here yet: the first job downloads {size / 1e6:.0f} MB into {layout.DOWNLOADS}/"
        remedy = f"if jobs have no network, get the files from {declared.SOURCE} and set data.root"
        yield Finding(WARNING, fact, remedy)
    else:
        questions.append(("data set", data.name, str(data.root or layout.DOWNLOADS) if size else ""))
    for name, settings in case.experiment.forget_sets.items():
        file = getattr(settings, "file", None)
        if file and not Path(file).is_file():
            remedy = f"put it there, or correct forget_sets.{name}.file"
            yield Finding(ERROR, f"{file}, the file of forget set {name}, does not exist", remedy)
        elif file:
            questions.append((settings.kind, file, ""))
    status, answers = ask(_READ, json.dumps(questions))
    for answer in answers:
        if answer["error"]:
            yield Finding(ERROR, answer["error"].rstrip("."))
        else:
            yield Finding(OK, f"{answer['name']} is sound: {answer['size']} entries")
    if len(answers) < len(questions):
        missing = ", ".join(name for _, name, _ in questions[len(answers) :])
        yield Finding(ERROR, f"{missing} could not be read (status {status})", "see what `environment` says")
