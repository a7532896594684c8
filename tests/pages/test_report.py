"""The report: what the Overview shows, in a file that needs nobody."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.downloads import DOWNLOADS
from dashboard.parts import report_button
from dashboard.parts.filters import Filters
from dashboard.report import __main__ as program
from dashboard.report import page as report_page
from dashboard.report import pictures
from dashboard.report.page import Report
from signup.commands import report as command
from signup.commands.parsing import Parser
from signup.commands.stats import asked
from signup.errors import UsageWrong
from signup.measure.fold import fold
from signup.measure.glossary import GLOSSARY
from signup.measure.question import Question
from signup.services import open_services
from signup.settings import load
from signup.words import MEASURES
from tests.machine import ROOT, eventually
from tests.pages.fixtures import lives

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
CHARTS = {"outcomes", "funnel", "success-rate", "lock", "requestSeconds", "decisionSeconds", "profileSeconds"}
Environ = Callable[..., dict[str, str]]


def report(told: Any, filters: dict[str, str] | None = None, **chosen: Any) -> Report:
    question = Question(**{"zone": "Europe/Stockholm", **chosen})
    numbers = lives.numbers(told, replace(question, outcomes=()), NOW)
    return Report(numbers, question.settled(NOW), filters or {}, "sandbox", NOW)


@pytest.fixture(scope="module")
def whole() -> tuple[str, dict[str, str]]:
    """The report of two months, and its charts."""
    about = report(lives.month(NOW, days=56, a_day=5))
    svgs = report_page.drawn(about)
    return report_page.html(about, svgs, {name: pictures.png(svg) for name, svg in svgs.items()}), svgs


def test_it_holds_every_chart_of_the_overview_each_to_be_saved_as_a_png(whole: tuple[str, dict[str, str]]) -> None:
    html, svgs = whole
    assert set(svgs) == CHARTS
    assert html.count("<svg") == len(CHARTS)
    assert set(re.findall(r'download="([^"]+)\.png" href="data:image/png;base64,iVBOR', html)) == CHARTS


def test_it_says_how_each_number_is_counted(whole: tuple[str, dict[str, str]]) -> None:
    assert [name for name in GLOSSARY if MEASURES[name] not in whole[0]] == []


def test_every_chart_and_every_column_says_what_it_is(whole: tuple[str, dict[str, str]]) -> None:
    html, _ = whole
    told = re.findall(r'<svg role="img" aria-label="([^"]+)"', html)
    assert len(told) == len(set(told)) == len(CHARTS)
    assert re.search("About [0-9]+% of the sign-ups are completed", told[0])
    assert re.findall("<th>|<th (?!scope=.col)|>&nbsp;<", html) == []
    assert html.count('<th scope="col"') == 3 + 5 + 2


def test_the_outcomes_chosen_say_what_is_drawn_and_listed_and_change_no_number() -> None:
    told = lives.month(NOW, days=7, a_day=40)
    every, failed, declined = (
        report_page.html(report(told, outcomes=outcomes), {}, {}) for outcomes in ((), ("failed",), ("declined",))
    )
    keys = [re.findall(r"</i>([A-Z][a-z]+) [0-9]", html) for html in (every, failed, declined)]
    assert keys == [["Completed", "Declined", "Ignored", "Failed", "Open"], ["Failed"], ["Declined"]]
    assert "Failed sign-ups are not among the outcomes chosen." in declined
    assert failed.count("<code>") > 0 == declined.count("<code>")
    assert len({html[html.index('class="figures"') : html.index('class="cards"')] for html in (every, failed)}) == 1
    svgs = [report_page.drawn(report(told, outcomes=outcomes)) for outcomes in ((), ("failed",))]
    assert {name for name in CHARTS if svgs[0].get(name) != svgs[1].get(name)} == {"outcomes"}


def test_a_range_of_the_page_is_compared_as_the_page_compares_it() -> None:
    parser = Parser("report")
    command.add_options(parser)
    for name in ("1h", "24h", "7d", "28d"):
        written = asked(parser.parse_args([f"--range={name}", "--tz=Asia/Kolkata", "--out=x"])).settled(NOW)
        shown = Filters(name, zone="Asia/Kolkata").question().settled(NOW)
        assert (written, written.before()) == (shown, shown.before())


def test_a_browser_asks_nobody_and_finds_nothing_wrong(
    whole: tuple[str, dict[str, str]], tmp_path: Path, page: Any
) -> None:
    (tmp_path / "report.html").write_text(whole[0], "utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text))
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"file://{tmp_path}/report.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [address for address in asked if not address.startswith((f"file://{tmp_path}/", "data:"))] == []


def test_an_empty_log_is_a_report_too_with_dashes_for_what_is_unknown() -> None:
    about = report([])
    html = report_page.html(about, report_page.drawn(about), {})
    assert "No sign-ups match." in html
    assert "No failed sign-ups in this range." in html
    assert "<svg" not in html
    assert "<b>–</b>" in html


def test_compared_with_nothing_it_speaks_of_no_other_period() -> None:
    with_, without = (report(lives.month(NOW, days=40, a_day=20), against=against) for against in ("year", "nothing"))
    assert "compared with 28 Oct 2025 15:01 – 25 Nov 2025 15:01" in report_page.html(with_, {}, {})
    html = report_page.html(without, {}, {})
    assert re.search("compared with [0-9]|>from [0-9]|; dashed", html) is None


def test_what_was_chosen_stands_in_it_and_can_do_no_harm() -> None:
    html = report_page.html(report([], {"channels": "<script>alert(1)</script>"}), {}, {})
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_times_are_told_in_the_zone_that_was_asked_for() -> None:
    html = report_page.html(report([]), {}, {})
    assert f"{NOW.astimezone(ZoneInfo('Europe/Stockholm')):%d %b %H:%M}"[:-2] in html


def run(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "signup", "report", *words]
    return subprocess.run(command, check=False, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60)


def filled(environ: Environ) -> dict[str, str]:
    chosen = environ()
    with open_services(load(chosen, env_file=None), migrate=True) as services:
        lives.write(services, lives.month(datetime.now(UTC) - timedelta(hours=1), days=3, a_day=10))
    return chosen


def test_the_command_writes_the_file_and_its_charts(environ: Environ, tmp_path: Path) -> None:
    out, charts = tmp_path / "overview.html", tmp_path / "charts"
    done = run(filled(environ), f"--out={out}", f"--charts={charts}", "--country=IN,SE", "--json", "--progress")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"file": str(out)})
    assert "countries: India, Sweden" in out.read_text("utf-8")
    assert {picture.read_bytes()[:4] for picture in charts.glob("*.png")} == {b"\x89PNG"}
    assert {tuple(json.loads(line)) for line in done.stderr.splitlines()} == {("done", "total", "bytes")}


def here(monkeypatch: pytest.MonkeyPatch, chosen: dict[str, str], *words: str) -> int:
    """The program behind the command, in this process."""
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return program.run(words)


def test_the_program_counts_every_outcome_and_draws_those_chosen(
    environ: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "overview.html"
    assert here(monkeypatch, filled(environ), f"--out={out}", "--outcome=failed") == 0
    html = out.read_text("utf-8")
    assert "outcomes drawn: Failed" in html
    assert re.search("Success rate</small><b>[0-9.]+%", html)


def test_a_range_before_all_that_a_pruned_log_knows_is_refused_as_on_the_page(
    environ: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, out = filled(environ), tmp_path / "overview.html"
    pruned(chosen)
    with pytest.raises(UsageWrong, match="Old events have left the log, and nothing is known from before"):
        here(monkeypatch, chosen, f"--out={out}", "--from=2024-01-01", "--to=2024-02-01")
    assert not out.exists()
    assert here(monkeypatch, chosen, f"--out={out}", "--range=7d", "--against=year") == 0
    html = out.read_text("utf-8")
    assert re.search("compared with [0-9]|>from [0-9]|; dashed", html) is None
    assert "nothing is known from before" in html


def pruned(chosen: dict[str, str]) -> None:
    """Old events have left the log."""
    with open_services(load(chosen, env_file=None)) as services:
        seq = fold(services).seq
        with services.store.write() as tx:
            tx.run("set_pruned", seq=seq)
            tx.run("drop_pruned_events", seq=seq)


def test_where_the_charts_cannot_go_is_told_before_anything_is_written(
    environ: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("no folder")
    out = tmp_path / "overview.html"
    with pytest.raises(UsageWrong, match=r"The charts cannot be written to .*taken \(File exists\)"):
        here(monkeypatch, filled(environ), f"--out={out}", f"--charts={tmp_path / 'taken'}")
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out=x.html", "--tz=Mars/Olympus"], "zone"),
        (["--out=x.html", "--country=Sweden"], "country"),
        (["--out=x.html", "--range=7d", "--from=2026-11-24"], "--range"),
        ([], "--out"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(environ: Environ, words: list[str], told: str) -> None:
    done = run(environ(), *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_place_where_nothing_can_be_written_is_one_sentence(
    environ: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageWrong, match=r"^The file cannot be written to [^\n]+$"):
        here(monkeypatch, filled(environ), f"--out={tmp_path}/nowhere/x.html")


def opened(page: Any) -> Any:
    """The Overview with the report's panel open."""
    page.session_state[report_button.PANEL] = True
    page.run()
    assert not page.exception
    return page


def test_the_overviews_button_writes_it_with_the_filters_of_the_screen(dashboard: Callable[..., Any]) -> None:
    first = datetime.now(UTC)
    page = opened(dashboard(lives.month(first, days=3, a_day=10), country="IN", range="7d", outcome="failed"))
    page.button(key="start_report").click().run()
    eventually(lambda: page.run().link_button, seconds=30)
    (link,) = page.link_button
    offer = DOWNLOADS.take(link.proto.url.rpartition("/")[2])
    assert offer
    html = offer.path.read_text("utf-8")
    assert "countries: India · outcomes drawn: Failed" in html
    earlier = [Question(preset="7d").settled(now).before().start for now in (first, datetime.now(UTC))]
    assert any(f"compared with {start:%d %b %Y %H:%M} – " in html for start in earlier)


def test_a_closed_panel_offers_nothing_for_the_link_lives_a_minute(dashboard: Callable[..., Any]) -> None:
    page = dashboard(lives.life(datetime.now(UTC) - timedelta(hours=3), "completed"))
    assert [button.key for button in page.button if button.key == "start_report"] == []
    assert not opened(page).button(key="start_report").disabled


def test_a_range_that_ends_before_it_begins_is_one_sentence_and_no_report(dashboard: Callable[..., Any]) -> None:
    life = lives.life(datetime.now(UTC) - timedelta(hours=3), "completed")
    page = opened(dashboard(life, range="custom", **{"from": "2026-11-24T10:00", "to": "2026-11-23T10:00"}))
    assert "The range ends before it begins: choose a start before its end." in [told.value for told in page.error]
    assert page.button(key="start_report").disabled
