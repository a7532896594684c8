"""A chart as a picture: the dashboard's own specifications, drawn by vl-convert, without a browser and a network.

What Streamlit adds on the page, colours and a width, is added here. It must not know what a chart shows.
"""

import base64
import tomllib
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import vl_convert

from dashboard.charts import Spec

SCALE = 2
"""Of a PNG: so sharp that it can be shown on a wall."""

_THEME = Path(__file__).parents[2] / ".streamlit" / "config.toml"
_FONT = "Source Sans 3, Source Sans Pro, Segoe UI, Helvetica, Arial, sans-serif"


def svg(spec: Spec, width: int, told: str) -> str:
    """The chart, `width` pixels wide, as an SVG element that says `told` to those who cannot see it.

    Raises ValueError for a specification that cannot be drawn.
    """
    drawn: str = vl_convert.vegalite_to_svg(
        {**spec, "width": width, "autosize": {"type": "fit", "contains": "padding"}},
        vl_version=_version(str(spec.get("$schema", ""))),
        config=_look(),
    )
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(told)}" ', 1)


def png(picture: str) -> bytes:
    """The same picture on white, for slides and mails."""
    drawn: bytes = vl_convert.svg_to_png(picture, scale=SCALE)
    return drawn


def as_address(picture: bytes) -> str:
    """A PNG as an address that needs nobody to answer it."""
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


@cache
def colours() -> dict[str, Any]:
    """The light theme of the dashboard."""
    found: dict[str, Any] = tomllib.loads(_THEME.read_text("utf-8"))["theme"]["light"]
    return found


@cache
def _look() -> dict[str, Any]:
    theme = colours()
    line = theme["borderColor"]
    return {
        "background": theme["backgroundColor"],
        "font": _FONT,
        "range": {"category": theme["chartCategoricalColors"]},
        "view": {"stroke": None},
        "axis": {"gridColor": line, "domainColor": line, "tickColor": line, "gridOpacity": 0.6},
    }


def _version(schema: str) -> str:
    """The newest Vega-Lite here that is not newer than the one a specification was written for."""
    wanted = _numbers(schema.rpartition("/v")[2].removesuffix(".json"))
    known: list[str] = sorted(vl_convert.get_vegalite_versions(), key=_numbers)
    return next((version for version in reversed(known) if _numbers(version) <= wanted), known[-1])


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
