"""What a user sees of a refused job, and does about it."""

from __future__ import annotations

import re

from checkout import Checkout, Outcome


def refusal(outcome: Outcome, *named: str) -> str:
    """Return the paragraph in which a job, or the run before any job, refused to go on.

    Assert that it holds all of `named`, and that there is no traceback.
    """
    assert outcome.status != 0, outcome.output
    assert "Traceback" not in outcome.output, outcome.output
    told = re.findall(r"^.*Error: .*$|^WorkflowError in .*\n.*$", outcome.output, re.MULTILINE)
    paragraphs = [text.splitlines()[-1] for text in told if named[0] in text]
    assert paragraphs, outcome.output
    assert all(text in paragraphs[0] for text in named), paragraphs[0]
    return paragraphs[0]


def repair(copy: Checkout, paragraph: str) -> None:
    """Run the command that the paragraph tells, literally."""
    command = re.search(r"`([^`]+)`", paragraph)
    assert command, paragraph
    ended = copy.run("bash", "-c", command[1])
    assert ended.status == 0, ended.output
