"""The phone alone, for a real one: a page that rings, says who asks and takes the person's answer.

This machine needs no code for it, every other needs the one that the Try page shows. The pages fetch nothing but the
prompts, and run no script but their own. It must not decide what an answer does; `truecaller` does.
"""

import secrets
from collections.abc import Callable
from typing import Any

import phonenumbers
from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.guests import SESSION_SECONDS, Guests
from sandbox.peers import is_here
from sandbox.phones import NotRinging, Phones, Prompt
from sandbox.truecaller import Truecaller

NAME = "phone"
PATH = "/phone"
COOKIE = "sandbox-phone"
ANSWERS = ("approve", "another_number", "decline", "ignore")
POLICY = (
    "default-src 'none'; style-src 'nonce-{0}'; script-src 'nonce-{0}'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def blueprint(truecaller: Truecaller, phones: Phones, guests: Guests) -> Blueprint:
    """The page, its code, and what its script asks for."""
    pages = Blueprint(NAME, __name__, url_prefix=PATH)

    def in_person() -> bool:
        return is_here() or guests.knows(request.cookies.get(COOKIE, ""))

    @pages.get("")
    def page() -> Response:
        return _page("phone.html") if in_person() else _page("code.html", 403, wrong=False)

    @pages.get("/code")
    def asked_anew() -> AnyResponse:
        return redirect(PATH, 303)

    @pages.post("/code")
    def enter() -> AnyResponse:
        answer = redirect(PATH, 303)
        session = guests.enter("".join(request.form.get("code", "").split()))
        if session is None:
            return answer if in_person() else _page("code.html", 403, wrong=True)
        answer.set_cookie(COOKIE, session, max_age=int(SESSION_SECONDS), path=PATH, httponly=True, samesite="Strict")
        return answer

    _script_routes(pages, truecaller, phones, in_person)
    pages.after_request(_private)
    return pages


def _script_routes(pages: Blueprint, truecaller: Truecaller, phones: Phones, in_person: Callable[[], bool]) -> None:
    @pages.get("/prompts")
    def prompts() -> Response:
        if not in_person():
            abort(403)
        return jsonify([_shown(prompt) for prompt in phones.ringing()])

    @pages.post("/prompts")
    def answer() -> Response:
        if not in_person():
            abort(403)
        word = request.form.get("answer", "")
        if word not in ANSWERS:
            abort(400)
        try:
            truecaller.tap(request.form.get("id", ""), word)
        except NotRinging:
            abort(404)
        return jsonify({"answer": word})


def _page(name: str, status: int = 200, **shown: Any) -> Response:
    nonce = secrets.token_urlsafe(16)
    answer = make_response(render_template(name, nonce=nonce, **shown), status)
    answer.headers["Content-Security-Policy"] = POLICY.format(nonce)
    return answer


def _private(answer: Response) -> Response:
    """Kept by no cache, guessed at by no browser, named to no other site."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _shown(prompt: Prompt) -> dict[str, str]:
    return {"id": prompt.request_id, "number": pretty(prompt.number)}


def pretty(number: int) -> str:
    """As people write it; what cannot be a phone's number as it is."""
    try:
        found = phonenumbers.parse(f"+{number}")
    except phonenumbers.NumberParseException:
        return f"+{number}"
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
