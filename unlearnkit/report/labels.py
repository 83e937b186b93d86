"""Labels of points in a scatter plot: placed where they cover nothing, left out where there is no room.

Used instead of the package adjustText, which moves labels until a time limit, so that every run gives different bytes,
and which leaves some on points and on each other where a plot is crowded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

PLACES = (
    *((8, 0, "left", "center"), (-8, 0, "right", "center"), (0, 8, "center", "bottom"), (0, -8, "center", "top")),
    *((6, 6, "left", "bottom"), (6, -6, "left", "top"), (-6, 6, "right", "bottom"), (-6, -6, "right", "top")),
)
"""Offsets in points and alignments, in the order in which they are tried."""
POINT_RADIUS = 9.0  # pixels that a label keeps away from a point


def label_points(figure: Figure, axes: Axes, points: np.ndarray, texts: Sequence[str], limit: int) -> list[str]:
    """Label up to `limit` of `points` [points, 2] (axis units), the first ones first; return the texts placed.

    An empty text is not placed. The limits of the axes must be final.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    frame = axes.get_window_extent()
    pixels = axes.transData.transform(points)
    taken: list[Bbox] = [
        Bbox.from_bounds(x - POINT_RADIUS, y - POINT_RADIUS, *[2 * POINT_RADIUS] * 2) for x, y in pixels
    ]
    placed: list[str] = []
    for number, (point, text) in enumerate(zip(points, texts, strict=True)):
        if not text or len(placed) >= limit:
            continue
        for dx, dy, horizontal, vertical in PLACES:
            label = axes.annotate(
                text,
                point,
                (dx, dy),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=7.5,
                linespacing=0.9,
                # above lines and below points
                zorder=2.5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            )
            box = label.get_window_extent(canvas.get_renderer())
            others = (other for index, other in enumerate(taken) if index != number)
            if _inside(box, frame) and not any(box.overlaps(other) for other in others):
                taken.append(box)
                placed.append(text)
                break
            label.remove()
    return placed


def _inside(box: Bbox, frame: Bbox) -> bool:
    return frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
