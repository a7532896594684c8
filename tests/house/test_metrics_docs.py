"""The table, the dashboard and the alert rules in docs/ ask for nothing but what the receiver tells."""

import json
import re
from typing import Any

import pytest
import yaml

from callback_server.families import METRICS
from callback_server.traffic import ROUTES, STATUSES, Traffic
from signup.measure.totals import POSSIBLE, REJECTED_CALLBACKS
from signup.model import OPEN
from tests.house.sources import ROOT

PAGE = (ROOT / "docs/metrics.md").read_text("utf-8")
DASHBOARD = json.loads((ROOT / "docs/grafana/dashboard.json").read_text("utf-8"))
RULES = yaml.safe_load((ROOT / "docs/grafana/alerts.yml").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]

FROM_PROMETHEUS = {"job", "instance"}
PROCESS = set(re.findall(r"`(process_\w+)`", PAGE))
ENDS = {"histogram": ("_bucket", "_sum", "_count")}
SERIES = {f"{one.name}{end}": one for one in METRICS for end in ENDS.get(one.kind, ("",))}
LABELS = {name: {*one.labels, *FROM_PROMETHEUS, *(["le"] if "_bucket" in name else [])} for name, one in SERIES.items()}
LABELS |= dict.fromkeys(PROCESS, FROM_PROMETHEUS)

QUERIES = {f"{panel['title']} {one['refId']}": one["expr"] for panel in PANELS for one in panel["targets"]}
QUERIES |= {rule["alert"]: rule["expr"] for rule in ALERTS}
NAME = re.compile(r"\b(?:signup|process)_\w+")
SELECTOR = re.compile(r"([a-zA-Z_:]\w*)\s*\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def values(name: str) -> list[dict[str, str]]:
    """Every combination of label values that a metric may have."""
    described = SERIES[name]
    short = name.removeprefix("signup_").removesuffix("_total")
    found: dict[str, Any] = {
        **POSSIBLE,
        "rejected_callbacks": [(reason,) for reason in REJECTED_CALLBACKS.values()],
        "open": [(str(status),) for status in OPEN],
        "receiver_requests": [(route, str(status)) for route in ROUTES.values() for status in STATUSES],
    }
    return [dict(zip(described.labels, labels, strict=True)) for labels in found[short]]


@pytest.mark.parametrize("where", QUERIES)
def test_a_query_names_only_what_is_told(where: str) -> None:
    query = QUERIES[where]
    names = set(NAME.findall(query))
    assert names
    assert names <= LABELS.keys()
    bare = set(re.findall(r"([a-zA-Z_:][\w:]*)\s*[{\[]", query))
    assert bare <= names, "a metric of somebody else"


@pytest.mark.parametrize("where", QUERIES)
def test_a_query_asks_for_labels_and_values_that_there_are(where: str) -> None:
    query = QUERIES[where]
    for name, inside in SELECTOR.findall(query):
        asked = {label: value for label, _, value in MATCHER.findall(inside)}
        assert asked.keys() <= LABELS[name]
        ours = {label: value for label, value in asked.items() if label not in FROM_PROMETHEUS}
        assert not ours or any(ours.items() <= one.items() for one in values(name)), ours
    every = set.union(*(LABELS[name] for name in NAME.findall(query)))
    for group in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", query):
        assert {label.strip() for label in group.split(",")} <= every


@pytest.mark.parametrize("where", QUERIES)
def test_totals_that_every_receiver_tells_are_never_summed_over_receivers(where: str) -> None:
    query = QUERIES[where]
    if any(SERIES[name].of == "installation" for name in NAME.findall(query) if name in SERIES):
        added = re.findall(r"\bsum(?: by \(([^)]*)\))? ?\((?!max)", query)
        assert all("instance" in group for group in added)
        assert re.search(r"\b(max|min)( by \([^)]*\))? ?\(", query)


def test_the_page_shows_the_table() -> None:
    rows = re.findall(r"^\| `(signup_\w+)` \| (\w+) \| ([^|]+) \| (\w+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (one.name, one.kind, " ".join(f"`{label}`" for label in one.labels) or "-", one.of, one.meaning)
        for one in METRICS
    ]


def test_the_page_shows_every_value_of_a_label() -> None:
    told = {
        head: set(re.findall(r"`([^`]+)`", rest))
        for head, rest in re.findall(r"^\| (`.+?) \| (.+) \|$", PAGE, re.MULTILINE)
    }
    for head, name, label in (
        ("`result` of `signup_sent_total`", "signup_sent_total", "result"),
        ("`result` of callbacks", "signup_callbacks_total", "result"),
        ("`outcome`", "signup_finished_total", "outcome"),
        ("`status` of `signup_open`", "signup_open", "status"),
        ("`reason` of `signup_rejected_numbers_total`", "signup_rejected_numbers_total", "reason"),
        ("`reason` of `signup_quarantined_callbacks_total`", "signup_quarantined_callbacks_total", "reason"),
        ("`reason` of `signup_rejected_callbacks_total`", "signup_rejected_callbacks_total", "reason"),
        ("`step`", "signup_errors_total", "step"),
        ("`in_error_rate`", "signup_errors_total", "in_error_rate"),
    ):
        assert told[head] == {one[label] for one in values(name)}, head
    assert told["`route`"] == {*ROUTES.values(), "other"}
    assert told["`status` of `signup_receiver_requests_total`"] == {*map(str, STATUSES), "other"}


def test_the_page_names_every_alert() -> None:
    assert set(re.findall(r"`(Signup\w+)`", PAGE)) == {rule["alert"] for rule in ALERTS}


def test_every_total_is_told_as_0_before_it_happens() -> None:
    counters = {one.name.removeprefix("signup_").removesuffix("_total") for one in METRICS if one.kind == "counter"}
    assert counters == {*POSSIBLE, "rejected_callbacks", "receiver_requests"}
    assert set(Traffic().requests().values()) == {0}


def test_every_alert_says_how_bad_it_is_what_happened_and_what_to_do() -> None:
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert all(rule["annotations"][part].endswith(".") for part in ("summary", "description")), rule["alert"]
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_the_dashboard_asks_the_chosen_data_source_and_no_two_panels_overlap() -> None:
    names = [variable["name"] for variable in DASHBOARD["templating"]["list"]]
    assert names == ["datasource", "job"]
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert all(one["datasource"] == chosen for panel in PANELS for one in (panel, *panel["targets"]))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


def test_every_panel_says_what_it_shows() -> None:
    assert [panel["title"] for panel in PANELS if not panel["description"].endswith(".")] == []
