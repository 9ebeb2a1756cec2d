"""A line drawn as SVG, by hand: no package, no script, no font that a reader may lack."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 96, 28, 64, 64
FONT = "font-family='Helvetica, Arial, sans-serif'"
INK, SOFT, LINE, MARK = "#222", "#666", "#1f5fa8", "#c2410c"


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers that cover `low` … `high`: steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        return [low]
    rough = (high - low) / (most - 1)
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * (1 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def line_chart(
    points: Sequence[tuple[float, float]],
    title: str,
    labels: tuple[str, str],
    notes: Sequence[tuple[int, str]] = (),
) -> str:
    """An SVG picture of points joined by a line.

    Parameters
    ----------
    points : x and y, in the order of x.
    labels : what x and y count.
    notes : words to stand at single points, by their number.
    """
    across = ticks(0.0, max(x for x, _ in points) or 1.0)
    lowest, highest = min(y for _, y in points), max(y for _, y in points)
    room = 0.08 * (highest - lowest) or 0.1 * abs(highest) or 1.0
    up = ticks(max(lowest - room, min(lowest, 0.0)), highest)

    def at(x: float, y: float) -> tuple[float, float]:
        right = (x - across[0]) / (across[-1] - across[0]) * (WIDTH - LEFT - RIGHT)
        above = (y - up[0]) / ((up[-1] - up[0]) or 1.0) * (HEIGHT - TOP - BOTTOM)
        return round(LEFT + right, 1), round(HEIGHT - BOTTOM - above, 1)

    size = f"viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}'"
    out = [
        f"<svg xmlns='http://www.w3.org/2000/svg' {size} role='img' {FONT} font-size='13'>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>",
        _text(LEFT, 32, title, size=17, weight="bold"),
    ]
    for y in up:
        _, v = at(across[0], y)
        out.append(f"<path d='M{LEFT} {v}H{WIDTH - RIGHT}' stroke='#e2e2e2'/>")
        out.append(_text(LEFT - 8, v + 4, f"{y:,.12g}", "end", SOFT))
    for x in across:
        h, _ = at(x, up[0])
        out.append(f"<path d='M{h} {HEIGHT - BOTTOM}v5' stroke='{SOFT}'/>")
        out.append(_text(h, HEIGHT - BOTTOM + 20, f"{x:.12g}", "middle", SOFT))
    out.append(f"<path d='M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}' stroke='{SOFT}'/>")
    out.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, labels[0], "middle"))
    out.append(_text(LEFT, TOP - 12, labels[1]))
    places = [at(x, y) for x, y in points]
    path = " ".join(f"{h},{v}" for h, v in places)
    out.append(f"<polyline points='{path}' fill='none' stroke='{LINE}' stroke-width='2.5'/>")
    words = dict(notes)
    for k, (h, v) in enumerate(places):
        out.append(f"<circle cx='{h}' cy='{v}' r='4' fill='{MARK if k in words else LINE}'/>")
        if k in words:
            left = h > WIDTH * 0.7  # a falling line leaves room above to the right and below to the left
            out.append(
                _text(h + (-8 if left else 8), v + (18 if left else -10), words[k], "end" if left else "start", MARK)
            )
    return "\n".join([*out, "</svg>", ""])


def _text(
    x: float, y: float, words: str, anchor: str = "start", colour: str = INK, size: int = 13, weight: str = ""
) -> str:
    bold = f" font-weight='{weight}'" * bool(weight)
    return (
        f"<text x='{x}' y='{y}' text-anchor='{anchor}' fill='{colour}' font-size='{size}'{bold}>{escape(words)}</text>"
    )
