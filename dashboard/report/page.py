"""The report's HTML, written by hand: no script, nothing fetched, everything that came from outside made harmless.

Stands on the same rows, charts, figures and sentences as the Overview (parts/kpis.py, rows.py, charts.py, said.py). It
must not count.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from dashboard import charts, labels, rows, said, times
from dashboard.numbers import Numbers
from dashboard.parts import kpis, moved
from dashboard.report import pictures
from signup.measure import glossary
from signup.measure.figures import NOTHING, count, duration, percent
from signup.measure.question import SettledQuestion
from signup.phone import country_name
from signup.words import FUNNEL, MEASURES

WIDE, NARROW = 760, 430
LATENCIES = ("requestSeconds", "decisionSeconds", "profileSeconds")
_CLOSED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { --line: %(borderColor)s; --text: %(textColor)s; --quiet: %(grayTextColor)s;
  --soft: %(secondaryBackgroundColor)s; --good: %(greenTextColor)s; --bad: %(redTextColor)s; }
body { font: 14px/1.45 "Source Sans 3", "Source Sans Pro", "Segoe UI", Helvetica, Arial, sans-serif; color: var(--text);
  background: %(backgroundColor)s; max-width: 1280px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 15px; margin: 0; }
p { margin: 4px 0; } small, .quiet { color: var(--quiet); font-size: 12.5px; }
.figures, .cards { display: grid; gap: 12px; margin-top: 12px; }
.figures { grid-template-columns: repeat(auto-fit, minmax(168px, 1fr)); }
.cards { grid-template-columns: repeat(13, 1fr); }
.card, .figure { border: 1px solid var(--line); border-radius: 8px; padding: 12px; min-width: 0; break-inside: avoid; }
.card { grid-column: span 13; } .wide { grid-column: span 8; } .narrow { grid-column: span 5; }
.figure b { display: block; font-size: 1.75rem; font-weight: 600; line-height: 1.25; } .weak b { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); }
.three { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 12px; }
svg { display: block; max-width: 100%%; height: auto; } a { color: var(--quiet); }
.head { display: flex; justify-content: space-between; gap: 12px; }
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%%; }
th, td { text-align: left; padding: 5px 8px 5px 0; vertical-align: top; border-top: 1px solid var(--line); }
th { font-weight: 600; border-top: 0; } .n { text-align: right; white-space: nowrap; }
code { background: var(--soft); border-radius: 4px; padding: 0 4px; font-size: 12.5px; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
@media (max-width: 800px) { .wide, .narrow { grid-column: span 13; } }
@media print { body { padding: 0; } .card, .figure { break-inside: avoid; } .png { display: none; } }
@page { size: A4 landscape; margin: 12mm; }
"""


@dataclass(frozen=True)
class Report:
    """What a report is about. `filters`: what was chosen, by its name, for people. `made`: when it was counted.

    The outcomes of `asked` only choose what is drawn and listed: the numbers are of all. `known_from`: what was before
    may have left the log uncounted; None as long as the log has lost nothing.
    """

    numbers: Numbers
    asked: SettledQuestion
    filters: dict[str, str]
    mode: str
    made: datetime
    known_from: datetime | None = None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The outcomes to draw: those asked for, else all."""
        return tuple(name for name in labels.OUTCOME if name in self.asked.outcomes) or tuple(labels.OUTCOME)


def drawn(report: Report) -> dict[str, str]:
    """Every chart as an SVG by its name; one that has nothing to show is left out."""
    now, zone = report.numbers.now, report.asked.zone
    cut = rows.buckets(now["series"], report.asked, report.made)
    specs: dict[str, tuple[charts.Spec, int, str]] = {}
    if now["started"]:
        bars = charts.outcomes(rows.outcomes(cut, report.chosen), report.asked.interval, dark=False)
        specs["outcomes"] = bars, WIDE, said.outcomes(now)
        specs["funnel"] = charts.funnel(rows.funnel(now["funnel"], FUNNEL), dark=False), NARROW, said.funnel(now)
    before = report.numbers.before
    success = rows.success(cut, rows.earlier(cut, before["series"] if before else (), report.asked))
    if drawable(success, "rate"):
        drawn = charts.success(success, report.asked.interval, dark=False, compared=bool(before))
        specs["success-rate"] = drawn, WIDE, said.success(now, before)
    if now["retrySeconds"]["n"]:
        specs["lock"] = charts.retries(rows.retries(report.numbers.retries), dark=False), NARROW, said.retries(now)
    for metric in LATENCIES:
        interval, utc = rows.latency_interval(report.asked)
        points, unit = rows.latency(now["latency"], metric, rows.UTC if utc else zone, interval)
        if drawable(points, "p50"):
            drawn = charts.latency(points, interval, unit, dark=False)
            specs[metric] = drawn, NARROW - 60, said.latency(now, metric)
    return {name: pictures.svg(*told) for name, told in specs.items()}


def drawable(points: Sequence[rows.Row], name: str) -> bool:
    """Whether a line has more than one point."""
    return sum(point[name] is not None for point in points) > 1


def html(report: Report, svgs: dict[str, str], pngs: dict[str, bytes]) -> str:
    """The whole page. `pngs`: the same charts, to be saved from the page one by one."""

    def chart(name: str, nothing: str) -> str:
        if name not in svgs:
            return f'<p class="quiet">{nothing}</p>'
        address = pictures.as_address(pngs[name])
        return f'{svgs[name]}<small class="png"><a download="{name}.png" href="{address}">Save as PNG</a></small>'

    now = report.numbers.now
    dashed = "; dashed: the period before" if report.numbers.before else ""
    cards = [
        _card(
            "wide",
            "Outcomes over time",
            "sign-ups by start time",
            _key(now, report.chosen),
            chart("outcomes", "No sign-ups match."),
        ),
        _card("narrow", "Funnel", "every sign-up of the range", chart("funnel", "No sign-ups match.")),
        _card("wide", "Success rate", f"completed ÷ finished{dashed}", chart("success-rate", _FEW)),
        _card("narrow", "Lock", "how soon people try again", _lock(now), chart("lock", "No lock hits in this range.")),
        _card(
            "",
            "Latency",
            "percentiles",
            f'<div class="three">{"".join(_latency(now, m, chart) for m in LATENCIES)}</div>',
        ),
        _card("wide", "Errors and what to do", "step × code", _errors(now["errors"], report.asked.outcomes)),
        _card("narrow", "By country", "from the number range", _countries(report.numbers.countries)),
        _card("", "How is this counted", "", _glossary()),
    ]
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{_title(report)}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_CLOSED}">',
            f"<style>{_STYLE % pictures.colours()}</style>\n</head>\n<body>",
            _head(report),
            f'<div class="figures">{"".join(map(_figure, kpis.figures_of(report.numbers)))}</div>',
            *(f"<p>{escape(moved.sentence(one))}</p>" for one in report.numbers.moved),
            f'<div class="cards">{"".join(cards)}</div>\n</body>\n</html>\n',
        ]
    )


_FEW = "Too few finished sign-ups per bucket for a rate."


def _title(report: Report) -> str:
    return escape(f"Truecaller sign-ups, {_span(report.asked)}")


def _span(asked: SettledQuestion) -> str:
    return times.between(asked.start, asked.end, asked.zone)


def _head(report: Report) -> str:
    earlier = report.asked.before()
    compared = [f"compared with {_span(earlier)}"] if report.numbers.before else []
    if report.known_from and report.asked.earliest < report.known_from:
        compared.append(f"nothing is known from before {times.day(report.known_from, report.asked.zone)}")
    counted = times.day_and_second(report.made, report.asked.zone)
    told = [
        f"{_span(report.asked)} ({report.asked.zone.key})",
        *compared,
        *(f"{name}: {value}" for name, value in report.filters.items()),
        f"counted {counted} up to event {count(report.numbers.now['asOfSeq'])}",
    ]
    mode = labels.MODE[report.mode].name
    return f'<h1>Truecaller sign-ups</h1>\n<p class="quiet">{escape(" · ".join([mode, *told]))}</p>'


def _figure(figure: kpis.Figure) -> str:
    change = f'<span class="{_tone(figure)}">{escape(figure.change.text)}</span> · ' if figure.change.text else ""
    weak = " weak" if figure.weak else ""
    return (
        f'<div class="figure{weak}" title="{escape(figure.formula)}"><small>{escape(figure.label)}</small>'
        f"<b>{escape(figure.value)}</b><small>{change}{escape(figure.told)}</small></div>"
    )


def _tone(figure: kpis.Figure) -> str:
    if figure.colour == "off" or figure.change.direction == "flat":
        return "quiet"
    return "good" if (figure.change.direction == "up") == (figure.colour == "normal") else "bad"


def _card(width: str, title: str, aside: str, *inside: str) -> str:
    return (
        f'<section class="card {width}"><div class="head"><h2>{escape(title)}</h2><small>{escape(aside)}</small></div>'
        f"{''.join(inside)}</section>"
    )


def _key(now: rows.Row, chosen: Sequence[str]) -> str:
    palette = pictures.colours()["chartCategoricalColors"]
    keys = [
        f'<span><i style="background:{palette[place]}"></i>{look.name} {count(now[name])} '
        f"<small>{percent(now[name] / now['started'] if now['started'] else None)}</small></span>"
        for place, (name, look) in enumerate(labels.OUTCOME.items())
        if name in chosen
    ]
    return f'<p class="key">{"".join(keys)}</p>'


def _lock(now: rows.Row) -> str:
    told = [f"{MEASURES[name]} {count(now[name])}" for name in ("lockHits", "lockedNumbers", "hitsBeforeDecision")]
    return f"<p>{' · '.join(told)} · median retry {duration(now['retrySeconds']['p50'])}</p>"


def _latency(now: rows.Row, metric: str, chart: Any) -> str:
    told = " · ".join(f"{p} {duration(now[metric][p])}" for p in rows.PERCENTILES)
    inside = chart(metric, "Too few per bucket to draw a line.")
    return f"<div><p>{MEASURES[metric]}<br><small>{told} · n {count(now[metric]['n'])}</small></p>{inside}</div>"


def _errors(found: Sequence[rows.Row], outcomes: Collection[str]) -> str:
    listed = rows.errors(found, outcomes)
    if not listed:
        return f"<p>{said.no_errors(outcomes)}</p>"
    lines = [
        (
            count(row["count"]),
            f"{escape(row['step'])} <code>{escape(row['code'])}</code>{'' if row['inErrorRate'] else ' (a warning)'}",
            escape(row["cure"]),
        )
        for row in listed
    ]
    return _table(("Count", "Error", "What to do"), lines, numbers=(0,))


def _countries(found: Sequence[rows.Row]) -> str:
    if not found:
        return "<p>No sign-ups match.</p>"
    lines = [
        (
            escape(country_name(row["country"])),
            count(row["started"]),
            percent(row["successRate"]),
            duration(row["decisionSeconds"]["p50"]),
            count(row["failed"]),
        )
        for row in found
    ]
    return _table(("Country", "Started", "Success rate", "Median", "Failed"), lines, numbers=(1, 2, 3, 4))


def _glossary() -> str:
    told = [(MEASURES[name], escape(entry.told)) for name, entry in glossary.GLOSSARY.items()]
    return _table(
        ("Number", "How it is counted"), [*told, *((name, escape(rule)) for name, rule in glossary.RULES.items())]
    )


def _table(head: Sequence[str], lines: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of texts that are HTML already."""

    def row(cells: Sequence[str], opening: str) -> str:
        kinds = [' class="n"' if place in numbers else "" for place in range(len(cells))]
        told = (f"<{opening}{kind}>{cell or NOTHING}" for kind, cell in zip(kinds, cells, strict=True))
        return "".join(f"{cell}</{opening[:2]}>" for cell in told)

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in lines)
    names = row([escape(name) for name in head], 'th scope="col"')
    return f'<div class="scroll"><table><tr>{names}</tr>{body}</table></div>'
