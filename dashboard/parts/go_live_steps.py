"""One step of going live: whether it is done, what the doctor knows, and what to copy into the settings or the portal.

What is done is decided in signup/doctor/going_live.py. It must not show a secret: of the app key only that it is set.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import streamlit as st

from dashboard import labels
from dashboard.parts import links
from signup.doctor.going_live import Step
from signup.doctor.reach import PATH
from signup.settings import Settings

EXAMPLE = "signup.example.com"


def progress(steps: Sequence[Step]) -> str:
    """How far it is, in words."""
    left = [step.title for step in steps if not step.done]
    if not left:
        return f"All {len(steps)} steps done: sign-ups are live."
    return f"{len(steps) - len(left)} of {len(steps)} steps done · next: {left[0]}"


def step(number: int, step: Step, settings: Settings, *, expanded: bool) -> None:
    """The step with its tick."""
    icon = ":material/check_circle:" if step.done else ":material/radio_button_unchecked:"
    state = ":green[done]" if step.done else labels.quiet("to do")
    with st.expander(
        f"**{number} {step.title}** {state}", expanded=expanded, key=f"go-live-{step.id}", icon=icon, type="step"
    ):
        INSIDE[step.id](settings)
        mark = ":green[:material/check:]" if step.done else ":gray[:material/pending:]"
        st.markdown(labels.coded(f"{mark} {step.told}" + (f"  \n**Cure:** {step.cure}" if step.cure else "")))


def _account(_: Settings) -> None:
    st.markdown("Create an app for **web sign-up** in Truecaller's developer portal. It gives you an **app key**.")


def _key(_: Settings) -> None:
    st.markdown("Put these into `.env`, the key into a file of its own, and start every program again:")
    lines = ("SIGNUP_MODE=live", "SIGNUP_APP_KEY_FILE=/run/secrets/truecaller-app-key")
    st.code("\n".join([*lines, "SIGNUP_DATABASE_URL=sqlite:///data/live.db"]), language=None, wrap_lines=True)
    st.caption("A database belongs to one mode for ever: a live one is a file of its own.")


def _url(settings: Settings) -> None:
    url = settings.public_callback_url
    st.markdown("Enter this as the callback URL in the portal:")
    st.code(url or f"https://{EXAMPLE}{PATH}", language=None, wrap_lines=True)
    st.markdown(
        "The doctor tries the address that stands in `.env`, so let it be the same:"
        if url
        else f"with a name of yours instead of `{EXAMPLE}`, and the same in `.env`, so that the doctor can try it:"
    )
    st.code(f"SIGNUP_PUBLIC_CALLBACK_URL={url or f'https://{EXAMPLE}{PATH}'}", language=None, wrap_lines=True)


def _https(settings: Settings) -> None:
    host = urlsplit(settings.public_callback_url or "").netloc or EXAMPLE
    st.markdown(
        f"Truecaller calls over HTTPS. Put a proxy in front of the receiver (port {settings.callback_port}) that "
        f"passes on `{PATH}` and nothing else, and does not redirect. With Caddy, which gets its certificate by itself:"
    )
    proxied = f"    reverse_proxy {PATH}* 127.0.0.1:{settings.callback_port}"
    st.code(f"{host} {{\n{proxied}\n}}", language=None, wrap_lines=True)


def _test(settings: Settings) -> None:
    st.markdown("Start a sign-up with **your own number**, tap **Approve** on your phone, and watch it complete.")
    if st.button("Try it", icon=":material/smartphone:", key="go_live_try_it", disabled=settings.mode == "sandbox"):
        links.go(links.TRY_IT)


INSIDE: dict[str, Callable[[Settings], None]] = {
    "account": _account,
    "key": _key,
    "url": _url,
    "https": _https,
    "test": _test,
}
