"""Command line: `unlearnkit COMMAND`, or `python -m unlearnkit COMMAND`."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

from unlearnkit.errors import UnlearnkitError
from unlearnkit.extras import absence

OLDEST = (3, 11)
"""The oldest Python, as in pyproject.toml: pip refuses older ones, a clone on PYTHONPATH does not."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as of a shell."""

COMMANDS = {
    "check": "is everything ready for a run: configuration, environment, data, devices?",
    "compare-leaderboards": "do two leaderboards order the methods alike, and which moved?",
    "diff": "how two result folders differ, and why",
    "export": "curves and tables for TensorBoard",
    "init": "make a working folder: configuration, profiles, experiments, a Snakefile",
    "ls": "what can be chosen: methods, metrics, data sets, models, experiments?",
    "new-attack": "start an attack: its file from a template, and its line in the registry",
    "new-dataset": "start a data set: its file from a template, and its line in the registry",
    "new-method": "start a method: its file from a template, and its line in the registry",
    "new-metric": "start a metric: its file from a template, and its line in the registry",
    "new-model": "start a model: its file from a template, and its line in the registry",
    "paper": "LaTeX tables, methods, sources and figures of finished results",
    "plan": "what is missing, and what will it cost?",
    "publish": "results as a data set of the hub that others can verify, reproduce and build on",
    "reproduce": "compute a published value again, and compare",
    "schema": "print the JSON Schema of the configuration",
    "score": "how far are margins, computed anywhere, from those of models that never saw the forget set?",
    "status": "how far is a run: what is done, running, failed and left, and how long will it take?",
    "trace": "what a file was made from",
    "verify": "are all artifacts what their jobs wrote?",
}
"""Command -> one line of help. A command is the module of its name, with _ for -, in `unlearnkit.commands`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 1 if the user has something to correct."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no trees still gets everything else
            stream.reconfigure(errors="replace")
    try:
        _refuse_old_python()
        options = _parser(words[0] if words else "").parse_args(words)
        return options.run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except UnlearnkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        if known := absence(error):
            print(f"error: {known}", file=sys.stderr)
            return 1
        print(f"error: {error}. Run `unlearnkit check`: it reports what the environment lacks", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _refuse_old_python() -> None:
    if sys.version_info < OLDEST:
        raise UnlearnkitError(
            f"{sys.executable} is Python {'.'.join(map(str, sys.version_info[:3]))}",
            expected=f"Python {'.'.join(map(str, OLDEST))} or newer",
            remedy="make an environment with a newer one, in a clone by `make PYTHON=python3.11 .venv/.core`",
        )


def _parser(chosen: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="unlearnkit", description="Checks and plans experiments, and shows where results come from."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if name != chosen:  # not imported: a command must work where what another one needs is broken
            commands.add_parser(name, help=summary)
            continue
        module = importlib.import_module(f"unlearnkit.commands.{name.replace('-', '_')}")
        command = commands.add_parser(name, help=summary, description=module.run.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
