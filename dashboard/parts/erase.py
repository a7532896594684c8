"""Erase this person, in a sign-up's drawer: says what goes and what stays, asks why, shows the receipt.

It must not show the number, and keeps nothing of the person: only the receipt, until the drawer is closed.
"""

import streamlit as st

from dashboard import shared, state
from signup.errors import SignupError, StillOpen
from signup.flow import signups
from signup.flow.signups import SignUp
from signup.measure.figures import count
from signup.model import OPEN
from signup.record.checkpoint import to_stdout
from signup.record.erase import Receipt
from signup.record.reasons import MOST_WORDS

REASON, RECEIPT, FRESH = "erase_reason", "erase_receipt", "erase_fresh"
GOES = "**Goes**: number, profile, callbacks, HTTP exchanges and reasons, of every sign-up of this number."
STAYS = "**Stays**: ids, times and outcomes, which then belong to nobody; the audit log, which still verifies."


def title(found: SignUp) -> str:
    """What a drawer is headed with: the masked number, or why there is none."""
    services = shared.services()
    age = (services.clock.now() - found.started_at).total_seconds() / 86_400
    forgotten = "A person who was erased" if age < services.settings.profile_days else "A person no longer kept"
    return found.masked or forgotten


def receipt(found: SignUp) -> None:
    """The receipt of whoever was just erased here."""
    if state.value(FRESH):
        state.remember(FRESH, False)
        st.rerun()  # the drawer's head still shows the number
    whose, made = state.value(RECEIPT) or (None, None)
    if made and whose == found.id:
        _receipt(made)


def offer(found: SignUp, actor: str) -> None:
    """The button, while the person is known."""
    if found.masked:
        _ask(found, actor)


def forget() -> None:
    """The drawer was closed."""
    state.remember(RECEIPT, None)


def _ask(found: SignUp, actor: str) -> None:
    is_open = found.status in OPEN
    why_not = "This sign-up is still open: its callback is on the way. Erase once it has ended." if is_open else None
    with st.popover("Erase this person", icon=":material/person_remove:", key="erase", disabled=is_open, help=why_not):
        st.markdown(f"{GOES}  \n{STAYS}")
        st.caption("It cannot be undone. Backups and files exported before keep what they hold.")
        with st.form("erase_form", border=False):
            st.text_input("Reason", key=REASON, max_chars=MOST_WORDS, placeholder="Kept sealed; do not name the person")
            st.form_submit_button("Erase this person", type="primary", on_click=_erase, args=(found.id, actor))


def _erase(signup_id: str, actor: str) -> None:
    reason = str(state.value(REASON, "")).strip()
    if not reason:
        st.toast("Say why: nobody is erased without a reason.", icon=":material/info:")
        return
    try:
        made = signups.erase(shared.services(), signup_id, reason=reason, actor=actor, say=to_stdout)
    except StillOpen as refused:
        st.toast(refused.sentence, icon=":material/hourglass_top:")
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
    else:
        state.remember(RECEIPT, (signup_id, made))
        state.remember(FRESH, True)


def _receipt(made: Receipt) -> None:
    with st.container(border=True, gap="xsmall", key="receipt"):
        wiped = "1 sign-up was" if made.signups == 1 else f"{count(made.signups)} sign-ups were"
        st.markdown(f":material/check_circle: **Erased** · {wiped} wiped")
        st.caption("The receipt, signed by the audit log's key. It is shown until this panel is closed: copy it now.")
        st.code(made.note, language=None, wrap_lines=True)
        if not made.scrubbed:
            st.caption("Something reads the database now: the file itself is cleaned within the hour.")
