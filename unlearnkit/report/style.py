"""How figures look: colours that colour-blind readers can distinguish, sizes, axes, and SVG with reproducible bytes."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

P = ParamSpec("P")

ORIGINAL, ORACLE, UNLEARNED = "#D55E00", "#0072B2", "#1a1a1a"
"""Vermillion, blue and near-black: Okabe and Ito's palette."""
GRID, MUTED = "#e3e3e3", "#666666"
WIDTH = 9.0
"""Width of every figure, inches at 72 px."""
LINE_LENGTH = 34
"""Characters of a name before it is broken."""
LOG_FROM = 10.0
"""Ratio of the largest to the smallest shown value from which an axis is logarithmic."""
RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "unlearnkit",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "text.parse_math": False,
}


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Wrap a function that draws a figure, so that it uses this style and leaves matplotlib's settings as they were."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(RC):
            return draw(*args, **kwargs)

    return wrapped


def svg(figure: Figure) -> str:
    """Return a figure as an <svg> element, the same bytes for the same figure.

    An artist with the gid `title: <text>` gets that text as a tooltip.
    """
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context(RC):
        figure.savefig(stream, format="svg", metadata=nothing)
    text = stream.getvalue()
    text = re.sub(r'<g id="title: ([^"]*)">', r"<g><title>\1</title>", text[text.index("<svg") :])
    # text is measured with DejaVu Sans, which is wider than what may stand in for it
    return text.replace("font-family: 'DejaVu Sans'", "font-family: 'DejaVu Sans', Verdana, Helvetica, sans-serif")


def quantity_axes(axes: Axes, which: str, values: Sequence[float], declared: Mapping[str, Any]) -> None:
    """Scale the "x", "y" or both ("xy") axes for the values of a measure.

    Logarithmic if the measure has a lower and no upper end and the values are positive and span a factor of LOG_FROM,
    otherwise from the lower end of the measure's range if the values come near it.
    """
    shown = np.asarray(values, float)
    if not shown.size:
        return
    low, least, most = declared["low"], shown.min(), shown.max()
    logarithmic = low is not None and least > 0 and declared["high"] is None and most > LOG_FROM * least
    for name in which:
        axes.set(**{f"{name}margin": 0.06})
        axis = axes.xaxis if name == "x" else axes.yaxis
        if logarithmic:
            axes.set(**{f"{name}scale": "log"})
            logarithmic_ticks(axis, most / least)
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        elif low is not None and least - low < 0.2 * (most - low):
            axes.set(**{f"{name}lim": (low - 0.04 * (most - low), most + 0.08 * (most - low))})


def logarithmic_ticks(axis: Axis, span: float) -> None:
    """Put as many ticks on a logarithmic axis as its largest value over its smallest, `span`, leaves room for."""
    subs = (1, 1.5, 2, 3, 5, 7) if span < LOG_FROM else (1, 2, 5) if span < 5 * LOG_FROM else (1, 3)
    axis.set_major_locator(LogLocator(subs=subs))


def row_name(name: str) -> str:
    """Return a name in lines of about LINE_LENGTH characters, broken where a grid's next setting begins."""
    lines = [""]
    for part in re.split(r"(?=\.[A-Za-z])", name):
        if lines[-1] and len(lines[-1]) + len(part) > LINE_LENGTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def axis_title(declared: Mapping[str, Any]) -> str:
    """Return label and unit of a measure."""
    return f"{declared['label']} [{declared['unit']}]"
