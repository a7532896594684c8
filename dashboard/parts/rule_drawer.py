"""The drawer that edits one alert rule, and tries it on the last 30 days before it is saved. `?rule=` opens it.

An edit counts from the next minute on and is an event. It must not decide whether a rule makes sense: the rules do.
"""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import labels, shared, state, times, watched
from signup.errors import SignupError
from signup.measure.alerts import kept, told, trial, values
from signup.measure.alerts.rules import DEFAULTS, LONGEST, MOST, ONE, Rule, checked
from signup.measure.alerts.trial import DAYS, Firing, Trial
from signup.measure.figures import count, percent

WIDTH = 560
ACTOR = "user:local"
TRIED = "alert_tried"
SHOWN = 12
TODAY = "Counted with what is known today: a sign-up that ended late counts at its start, as it ended."


def open_it(rule_id: str) -> None:
    """The button of a card was pressed."""
    st.query_params[state.RULE] = rule_id
    state.remember(TRIED, None)


def show() -> None:
    """Draw the drawer when the address names a rule."""
    rule_id = st.query_params.get(state.RULE)
    found = {each.rule.id: each for each in watched.rules() or []}
    if rule_id is None:
        return
    if rule_id not in found:
        st.query_params.pop(state.RULE)
        return
    name = found[rule_id].rule.figure.name
    st.dialog(name, position="right", width=WIDTH, icon=":material/tune:", on_dismiss=_close)(_inside)(
        found[rule_id].rule, found[rule_id].changed
    )


def _close() -> None:
    st.query_params.pop(state.RULE, None)
    state.remember(TRIED, None)


def _inside(rule: Rule, changed: bool) -> None:
    st.caption(f"{told.begun(rule.figure.about)}.")
    with st.form("rule_form", border=False):
        wanted = _fields(rule)
        with st.container(horizontal=True, gap="small"):
            save = st.form_submit_button("Save", type="primary", icon=":material/check:", key="save_rule")
            tried = st.form_submit_button("Try on the last 30 days", icon=":material/history:", key="try_rule")
    if changed and st.button("Back to the default", icon=":material/undo:", key="default_rule"):
        _save(DEFAULTS[rule.id])
    if save:
        _save(wanted)
    if tried:
        _try(wanted)
    if state.value(TRIED):
        _tell(*state.value(TRIED))


def _fields(rule: Rule) -> Rule:
    """Every part of a rule; the rule as it now stands in the form."""
    bad, figure = rule.figure.bad, rule.figure
    unit = "" if figure.whole is None else " (%)"
    verb = {"above": "from", "below": "at most"}[bad] if figure.reaches else bad
    left, middle, right = st.columns(3, gap="small")
    warn = _threshold(left, f"Warn {bad}{unit}", rule, "warn", empty="no warning")
    alert = _threshold(middle, f"Alert {verb}{unit}", rule, "alert")
    recover = _threshold(right, f"Recover at{unit}", rule, "recover")
    left, middle, right = st.columns(3, gap="small")
    since = _whole(left, "From (min ago)", rule, "since", "It looks at sign-ups that started since then")
    until = _whole(middle, "To (min ago)", rule, "until", "And before then. 0: up to now")
    least = _whole(right, "Needs at least", rule, "least", "With fewer there is nothing to say", most=MOST)
    left, middle, right = st.columns(3, gap="small")
    pending = _whole(left, "Bad for (min)", rule, "pending", "How long it must be bad before it fires. 0: at once")
    keep = _whole(middle, "Good for (min)", rule, "keep", "How long it must be good before it is over. 0: at once")
    no_data = _whole(right, "No data after (min)", rule, "no_data", "After this long with too few it has no data")
    silence = st.toggle("Also tell when there is no data", value=rule.tell_no_data, key=f"{rule.id}_tell_no_data")
    return replace(
        rule,
        warn=warn,
        alert=rule.alert if alert is None else alert,
        recover=rule.recover if recover is None else recover,
        since=since,
        until=until,
        least=least,
        pending=pending,
        keep=keep,
        no_data=no_data,
        tell_no_data=silence,
    )


def _threshold(place: DeltaGenerator, label: str, rule: Rule, name: str, empty: str | None = None) -> int | None:
    """In percent for a rate; millionths come back."""
    scale = ONE if rule.figure.whole is None else ONE // 100
    ppm = getattr(rule, name)
    value = place.number_input(
        label,
        min_value=0.0,
        max_value=float(MOST) if rule.figure.whole is None else 100.0,
        value=None if ppm is None else ppm / scale,
        step=1.0,
        format="%g",
        key=f"{rule.id}_{name}",
        placeholder=empty,
    )
    return None if value is None else round(value * scale)


def _whole(place: DeltaGenerator, label: str, rule: Rule, name: str, told_more: str, most: int = LONGEST) -> int:
    value = place.number_input(
        label, min_value=0, max_value=most, value=getattr(rule, name), step=1, key=f"{rule.id}_{name}", help=told_more
    )
    return int(value)


def _save(wanted: Rule) -> None:
    try:
        changed = kept.edit(shared.services(), wanted, ACTOR)
    except SignupError as problem:
        st.error(problem.sentence, icon=":material/error:")
        return
    watched.again()
    _close()
    said = "Saved: it counts from the next minute on." if changed else "Nothing was changed."
    st.toast(said, icon=":material/check:")
    st.rerun()


def _try(wanted: Rule) -> None:
    services = shared.services()
    try:
        checked(wanted)
        now = services.clock.now()
        counted = values.read(services, now - DAYS, now)
    except SignupError as problem:
        state.remember(TRIED, None)
        st.error(problem.sentence, icon=":material/error:")
        return
    state.remember(TRIED, (wanted, trial.run(wanted, counted)))


def _tell(wanted: Rule, found: Trial) -> None:
    """How often, and when; the newest first."""
    many = len(found.firings)
    times_ = "once" if many == 1 else f"{count(many)} times"
    minutes = sum(firing.minutes(found.end) for firing in found.firings)
    st.markdown(
        f"**It would have fired {times_}**, {_span(minutes)} in all." if many else "**It would not have fired.**"
    )
    if many:
        newest = found.firings[: -SHOWN - 1 : -1]
        st.table(
            {_when(firing): _how(wanted, firing) for firing in newest},
            border="horizontal",
            alt=f"The rule would have fired {times_} in the last {DAYS.days} days",
        )
        if many > SHOWN:
            st.caption(f"And {count(many - SHOWN)} times before that.")
    share = found.unknown / found.minutes if found.minutes else 0
    few = f"In {percent(share)} of the minutes there was too little to look at. " if found.unknown else ""
    st.caption(f"{told.begun(told.limits(wanted))}. {few}{TODAY}")


def _when(firing: Firing) -> str:
    zone = times.zone()
    end = times.lately(firing.ended, firing.began, zone) if firing.ended else "now"
    return f"{times.day_and_minute(firing.began, zone)} – {end}"


def _how(wanted: Rule, firing: Firing) -> str:
    look = "red" if firing.severity == "alert" else "orange"
    badge = labels.badge(told.SEVERITIES[firing.severity], look, "notification_important")
    return f"{badge} at worst {told.value(wanted, firing.worst)}"


def _span(minutes: int) -> str:
    return f"{count(minutes)} min" if minutes < 120 else f"{minutes / 60:.1f} h"
