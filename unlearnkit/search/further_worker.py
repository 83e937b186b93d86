"""A further worker of a study: `python -m unlearnkit.search.further_worker`, started by `study`.

Its orders are the first line of standard input, as JSON; it ends when standard input does.
"""

from __future__ import annotations

import json
import os
import sys
import threading

from unlearnkit.errors import UnlearnkitError
from unlearnkit.search.bench import Inputs
from unlearnkit.search.study import Orders, take_part


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Read the orders, and run trials until the study is finished."""
    orders = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        parsed = Orders(**{**orders, "inputs": Inputs(**orders["inputs"])})
        take_part(parsed, lambda text: print(text, file=sys.stderr, flush=True))
    except UnlearnkitError as error:
        # the job's own process meets the same and says so
        print(f"a further worker ends: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
