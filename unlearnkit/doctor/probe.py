"""Questions that another process answers: it may crash, hang or be slow without taking the command with it."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unlearnkit.extras import EXTRAS, OF_TASK

SECONDS = 180
"""Patience with a process that is asked."""

_IMPORTS = """
import importlib, json, sys
say = lambda **facts: print("\\n@" + json.dumps(facts), flush=True)
for name in sys.argv[1:]:
    say(begin=name)
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        say(name=name, error=f"{type(error).__name__}: {error}")
    else:
        say(name=name, error="")
        if name == "torch":
            gpus = [module.cuda.get_device_properties(i) for i in range(module.cuda.device_count())]
            say(gpus=[[gpu.name, gpu.total_memory] for gpu in gpus], cuda=module.cuda.is_available(),
                built=module.version.cuda)
"""
_MODULES = {"scikit-learn": "sklearn", "pillow": "PIL", "pyyaml": "yaml"}


@dataclass
class Imports:
    """Module -> error ("" if there is none), and what torch says about GPUs: {"gpus", "cuda", "built"}, or None."""

    errors: dict[str, str] = field(default_factory=dict)
    torch: dict[str, Any] | None = None


def probe_imports(modules: Sequence[str]) -> Imports:
    """Try to import modules in another process; after a crash the rest is tried in a new one."""
    found, waiting = Imports(), list(modules)
    while waiting:
        status, lines = ask(_IMPORTS, *waiting)
        current = waiting[0]
        for facts in lines:
            if "begin" in facts:
                current = facts["begin"]
            elif "gpus" in facts:
                found.torch = facts
            else:
                found.errors[facts["name"]] = facts["error"]
        if current not in found.errors:
            found.errors[current] = f"the process ended with status {status}"
        waiting = [name for name in waiting if name not in found.errors]
    return found


def ask(program: str, *arguments: str) -> tuple[int | str, list[dict[str, Any]]]:
    """Run a Python program and return its status and the JSON objects on its lines that begin with @."""
    command = [sys.executable, "-c", program, *arguments]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout or ""
        return f"timeout after {SECONDS} s", _objects(output)
    return ended.returncode, _objects(ended.stdout)


def requirements(task: str = "") -> list[tuple[str, str, str]]:
    """Return (module, package, lowest version) of the core and of extras that are there or a task needs, torch last."""
    extras = [extra for extra, modules in EXTRAS.items() if OF_TASK.get(task) == extra or find_spec(modules[0])]
    shared = ["workflow"] if extras or find_spec("snakemake") else []
    found = []
    for text in [text for extra in ("", *shared, *extras) for text in _declared(extra)]:
        name, lowest = [*re.split(r"\s*>=\s*", text), ""][:2]
        found.append((_MODULES.get(name.lower(), name.replace("-", "_")), name, lowest))
    return sorted(found, key=lambda item: item[1].startswith("torch"))


def _declared(extra: str) -> list[str]:
    """Return the requirements of an extra, "" for the core, such as "torch>=2.11"."""
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if project.exists():
        stated = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        texts = stated["optional-dependencies"][extra] if extra else stated["dependencies"]
    else:
        split = [text.partition(";") for text in importlib.metadata.requires("unlearnkit") or []]
        texts = [text.strip() for text, _, marker in split if "".join(re.findall(r"extra == .(\w+)", marker)) == extra]
    return [text for text in texts if not text.startswith("unlearnkit[")]


def version_of(text: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: "2.11.0+cu126" -> (2, 11, 0)."""
    match = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line[1:]) for line in output.splitlines() if line.startswith("@{")]
