"""The palette, measured from `.streamlit/config.toml`: what stands side by side can be told apart by everyone.

Colour-blind sight is simulated as Machado, Oliveira and Fernandes (2009) describe for a full deficiency; distance is
CIEDE2000. Both are small enough to stand here and serve nobody but these tests.
"""

import colorsys
import math
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

OUTCOMES = 6
FAMILIES = ("green", "orange", "yellow", "gray", "red", "blue", "violet")
BADGE_TINT = {"light": 0.10, "dark": 0.20}
SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
Colour = tuple[float, float, float]
THEME: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8")
)["theme"]


def channels(text: str) -> Colour:
    """`#RRGGBB` as three numbers from 0 to 1, still gamma-coded."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def linear(colour: Colour) -> Colour:
    """Gamma-coded channels as amounts of light."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return red, green, blue


def seen_by(light: Colour, sight: str) -> Colour:
    """What an eye of this sight makes of an amount of light."""
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in SIGHT[sight])
    return red, green, blue


def lab(light: Colour) -> Colour:
    """CIELAB under D65."""
    red, green, blue = light
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def mean_hue(h1: float, h2: float, grey: bool) -> float:
    """The hue between two hues, the short way round."""
    if grey:
        return h1 + h2
    if abs(h1 - h2) <= 180:
        return (h1 + h2) / 2
    return (h1 + h2 + (360 if h1 + h2 < 360 else -360)) / 2


def ciede2000(first: Colour, second: Colour) -> float:
    """How different two CIELAB colours look; about 2 is just noticeable."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    chroma7 = ((math.hypot(a1, b1) + math.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * math.sqrt(chroma7 / (chroma7 + 25**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = math.degrees(math.atan2(b1, a1)) % 360, math.degrees(math.atan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    turn = 0.0 if grey else (h2 - h1 + 180) % 360 - 180
    hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    lightness, chroma, mean = (l1 + l2) / 2 - 50, (c1 + c2) / 2, mean_hue(h1, h2, grey)
    weight = 1 + sum(
        k * math.cos(math.radians(n * mean + d))
        for k, n, d in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    )
    dl = (l2 - l1) / (1 + 0.015 * lightness**2 / math.sqrt(20 + lightness**2))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = hue / (1 + 0.015 * chroma * weight)
    bend = (
        -2
        * math.sqrt(chroma**7 / (chroma**7 + 25**7))
        * math.sin(math.radians(60 * math.exp(-(((mean - 275) / 25) ** 2))))
    )
    return math.sqrt(dl**2 + dc**2 + dh**2 + bend * dc * dh)


def contrast(first: Colour, second: Colour) -> float:
    """WCAG contrast of two gamma-coded colours, 1 to 21."""
    amounts = sorted(
        sum(k * c for k, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (first, second)
    )
    return (amounts[1] + 0.05) / (amounts[0] + 0.05)


def tinted(colour: Colour, ground: Colour, share: float) -> Colour:
    """A little of one colour over another: how Streamlit makes a badge's background."""
    red, green, blue = (c * share + g * (1 - share) for c, g in zip(colour, ground, strict=True))
    return red, green, blue


def badge_text(theme: dict[str, Any], family: str) -> Colour:
    """The badge's text: as the theme says, else the family's colour 15 points lighter, as Streamlit derives it."""
    if f"{family}TextColor" in theme:
        return channels(theme[f"{family}TextColor"])
    hue, lightness, saturation = colorsys.rgb_to_hls(*channels(theme[f"{family}Color"]))
    return colorsys.hls_to_rgb(hue, min(1.0, lightness + 0.15), saturation)


both_modes = pytest.mark.parametrize("mode", ["light", "dark"])


def test_the_distance_agrees_with_published_pairs() -> None:
    assert ciede2000((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert ciede2000((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514)) == pytest.approx(0.9082, abs=1e-4)


@both_modes
@pytest.mark.parametrize("sight", list(SIGHT))
def test_any_two_outcomes_differ_for_every_eye(mode: str, sight: str) -> None:
    colours = THEME[mode]["chartCategoricalColors"][:OUTCOMES]
    seen = [lab(seen_by(linear(channels(c)), sight)) for c in colours]
    assert min(round(ciede2000(a, b), 1) for a, b in combinations(seen, 2)) >= 13.9


@both_modes
def test_every_mark_stands_out_from_the_page(mode: str) -> None:
    ground = channels(THEME[mode]["backgroundColor"])
    assert min(contrast(channels(c), ground) for c in THEME[mode]["chartCategoricalColors"]) >= 3.0


@both_modes
@pytest.mark.parametrize("family", FAMILIES)
def test_the_text_on_a_badge_can_be_read(mode: str, family: str) -> None:
    theme = THEME[mode]
    colour = channels(theme[f"{family}Color"])
    badge = tinted(colour, channels(theme["backgroundColor"]), BADGE_TINT[mode])
    assert contrast(badge_text(theme, family), badge) >= 5.3


@both_modes
@pytest.mark.parametrize("ink", ["textColor", "linkColor"])
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
def test_text_and_links_can_be_read_on_page_and_panel(mode: str, ink: str, ground: str) -> None:
    assert contrast(channels(THEME[mode][ink]), channels(THEME[mode][ground])) >= 4.5


@both_modes
def test_white_can_be_read_on_the_primary_button(mode: str) -> None:
    assert contrast((1, 1, 1), channels(THEME[mode]["primaryColor"])) >= 4.5


def test_both_modes_name_the_same_eight_colours() -> None:
    assert [len(THEME[mode]["chartCategoricalColors"]) for mode in ("light", "dark")] == [8, 8]
