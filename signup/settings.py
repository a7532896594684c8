"""Every setting, as one table: it feeds the code, `.env.example`, the README, `doctor` and the Health page.

The bottom floor of the story: each program calls `load()` once, first thing, and hands the result on. The only
module that reads the environment. A secret's value must never leave it in a message or in `describe()`.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from signup import settings_checks as checks
from signup import settings_sources as sources
from signup.errors import SettingsWrong
from signup.settings_sources import PREFIX, Source

ABOUT_FILES = (
    "# A secret may stand in a file instead: SIGNUP_APP_KEY_FILE, SIGNUP_KEYS_FILE, SIGNUP_AUDIT_KEYS_FILE,",
    "# SIGNUP_API_TOKENS_FILE, SIGNUP_WEBHOOK_URL_FILE, SIGNUP_WEBHOOK_SECRET_FILE and SIGNUP_DATABASE_URL_FILE name",
    "# one.",
)
REQUEST_URL = "https://api4.truecaller.com/v1/apps/requests"
PROFILE_URLS = tuple(
    f"https://{host}.truecaller.com/v1/default" for host in ("profile4", "profile4-noneu", "profile4-eu")
)

Seconds = Annotated[float, AfterValidator(checks.duration(1))]
Days = Annotated[float, AfterValidator(checks.duration(checks.SECONDS_IN_A_DAY))]
Port = Annotated[int, Field(ge=1, le=65535)]
Url = Annotated[str, AfterValidator(checks.url)]
Keys = Annotated[tuple[Annotated[SecretStr, AfterValidator(checks.key)], ...], BeforeValidator(checks.split)]
ApiTokens = tuple[Annotated[checks.ApiToken, BeforeValidator(checks.api_token)], ...]


@dataclass(frozen=True)
class SettingRow:
    """One setting for people. `value` is what is in force; of a secret only "set" or "not set".

    `secret`: may stand in a file named by NAME_FILE, and never shows. The database's address is one for its password.
    """

    name: str
    default: str
    meaning: str
    secret: bool
    value: str = ""
    source: Source = "default"


def _setting(meaning: str, default: Any, shown: str | None = None, *, secret: bool = False) -> Any:
    """A row of the table. `shown` is the default's text where the value in code does not say it."""
    extra: dict[str, Any] = {"shown": str(default) if shown is None else shown, "secret": secret}
    return Field(default=default, description=meaning, json_schema_extra=extra, repr=not secret, validate_default=True)


def _app_key(key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    """The sandbox takes any key; Truecaller does not."""
    if key is None and info.data.get("mode") == "live":
        raise ValueError("is needed in live mode: set Truecaller's app key, or SIGNUP_MODE=sandbox")
    return key or SecretStr("sandbox")


def _request_url(url: object, info: ValidationInfo) -> object:
    return url or (REQUEST_URL if info.data.get("mode") == "live" else _in_sandbox("/v1/apps/requests", info))


def _profile_urls(urls: object, info: ValidationInfo) -> object:
    return urls or (PROFILE_URLS if info.data.get("mode") == "live" else (_in_sandbox("/v1/default", info),))


def _in_sandbox(path: str, info: ValidationInfo) -> str:
    return f"http://127.0.0.1:{info.data.get('sandbox_port', 8503)}{path}"


def _unlike_the_ports_above(port: int, info: ValidationInfo) -> int:
    taken = [name for name, value in info.data.items() if name.endswith("_port") and value == port]
    if taken:
        raise ValueError(f"must differ from {PREFIX}{taken[0].upper()}")
    return port


def _webhook_url(url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    return checks.webhook_url(url, info.data.get("webhook_private", False)) if url else None


def _webhook_secret(secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if secret is None and info.data.get("webhook_url"):
        raise ValueError("is needed with SIGNUP_WEBHOOK_URL: whoever receives it could not know who sent it")
    return secret


def _log(form: object) -> object:
    return form or ("plain" if sys.stderr.isatty() else "json")


OwnPort = Annotated[Port, AfterValidator(_unlike_the_ports_above)]


class Settings(BaseSettings):
    """The table. An attribute is the setting's name without SIGNUP_, in lower case."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    mode: Literal["sandbox", "live"] = _setting(
        "`sandbox` or `live`. Live without an app key refuses to start", "sandbox"
    )
    dashboard_port: OwnPort = _setting("where the dashboard listens", 8501)
    callback_port: OwnPort = _setting("where the receiver listens", 8502)
    sandbox_port: OwnPort = _setting("where the sandbox listens", 8503)
    api_port: OwnPort = _setting("where the REST API listens (a later version)", 8504)
    database_url: Annotated[str, AfterValidator(checks.database_url)] = _setting(
        "or `postgresql://...`", "sqlite:///data/signup.db", secret=True
    )
    app_key: Annotated[SecretStr | None, AfterValidator(checks.header_value), AfterValidator(_app_key)] = _setting(
        "Truecaller's app key", None, "", secret=True
    )
    request_url: Annotated[Url, BeforeValidator(_request_url)] = _setting(
        "where the request is POSTed; `https` unless the host is this machine",
        None,
        "the documented one; in sandbox mode the sandbox's",
    )
    profile_urls: Annotated[tuple[Url, ...], BeforeValidator(_profile_urls), BeforeValidator(checks.split)] = _setting(
        "comma-separated, the same `https` rule; the first is the default; a callback's `endpoint` must equal one",
        None,
        "the three documented ones; in sandbox mode the sandbox's",
    )
    upstream_seconds: Seconds = _setting("total deadline of one step at Truecaller, both tries of a POST together", 8)
    default_region: Annotated[str, AfterValidator(checks.region)] | None = _setting(
        "ISO country for national spellings, such as SE", None, ""
    )
    lock_seconds: Seconds = _setting("how long a number is locked after a start", 300)
    token_seconds: Seconds = _setting("how long an access token lives", 600)
    answer_seconds: Seconds = _setting("how long a person may take to answer", 600)
    keys: Keys = _setting(
        "comma-separated base64 32-byte keys, the first is current",
        (),
        "created in `data/keys/` on the first run",
        secret=True,
    )
    audit_keys: Keys = _setting(
        "Ed25519 seeds (base64) that sign the record", (), "derived from `SIGNUP_KEYS`", secret=True
    )
    checkpoint_seconds: Seconds = _setting("how often the record is signed", 3600)
    profile_days: Days = _setting("how long profiles, numbers and traces are kept, in days", 30)
    audit_days: Days = _setting("how long sign-ups and the audit log are kept, in days", 400)
    webhook_private: bool = _setting("alert webhooks may go to private addresses, and over plain http", False, "false")
    webhook_url: Annotated[SecretStr | None, AfterValidator(_webhook_url)] = _setting(
        "where alerts are POSTed as Standard Webhooks; `https`", None, "", secret=True
    )
    webhook_secret: Annotated[
        SecretStr | None, AfterValidator(checks.webhook_secret), AfterValidator(_webhook_secret)
    ] = _setting("what signs them: `whsec_` and base64 of 24 to 64 bytes", None, "", secret=True)
    bind: Annotated[str, AfterValidator(checks.loopback)] = _setting(
        "dashboard and API; until there is sign-in any address but loopback is refused", "127.0.0.1"
    )
    callback_bind: Annotated[str, AfterValidator(checks.address)] = _setting(
        "the receiver; Truecaller must reach it through HTTPS, so it may be public", "127.0.0.1"
    )
    sandbox_bind: Literal["127.0.0.1", "0.0.0.0"] = _setting(  # noqa: S104  other machines meet a code there
        "the sandbox; `0.0.0.0` lets a real phone in the same network play the sandbox's, after a one-time code",
        "127.0.0.1",
    )
    public_callback_url: Url | None = _setting(
        "the callback URL set in Truecaller's portal; the doctor tries it", None, ""
    )
    data_dir: Annotated[Path, AfterValidator(checks.folder)] = _setting("exports, keys, checkpoints", Path("data"))
    api_tokens: Annotated[ApiTokens, BeforeValidator(checks.split), AfterValidator(checks.distinct_names)] = _setting(
        "`name:role:token`, comma-separated; roles `viewer operator auditor` (a later version)", (), "", secret=True
    )
    log: Annotated[Literal["plain", "json"], BeforeValidator(_log)] = _setting(
        "`plain` text or one JSON object per line", None, "`plain` on a terminal, else `json`"
    )

    _places: dict[str, Source] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` found: it also knows NAME_FILE, unknown names, and where each value came from."""
        return (init_settings,)

    @property
    def database_name(self) -> str:
        """The database's address without login and options, for messages and pages."""
        parts = urlsplit(self.database_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def receiver_url(self) -> str:
        """Where this machine reaches the receiver: one that listens on all addresses is on loopback too."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.callback_bind, self.callback_bind)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.callback_port}"

    def remember(self, places: Mapping[str, Source]) -> None:
        """Note where each value was given, for `describe`."""
        self._places.update(places)

    def describe(self) -> list[SettingRow]:
        """Each setting with its value in force and where it came from; of a secret only whether it is set."""
        return [self._describe(row) for row in table()]

    def _describe(self, row: SettingRow) -> SettingRow:
        value = getattr(self, row.name.removeprefix(PREFIX).lower())
        if row.name == "SIGNUP_DATABASE_URL":
            text = self.database_name
        elif row.secret:
            text = "set" if value else "not set"
        elif isinstance(value, bool):
            text = str(value).lower()
        elif isinstance(value, tuple):
            text = ", ".join(value)
        else:
            text = "" if value is None else str(value).removesuffix(".0")
        source = self._places.get(row.name, "default")
        return SettingRow(row.name, row.default, row.meaning, row.secret, text, source)


def table() -> list[SettingRow]:
    """Every setting with its default, no value: what the README, `.env.example` and the tests read."""
    rows = []
    for name, field in Settings.model_fields.items():
        extra = cast("dict[str, Any]", field.json_schema_extra)
        rows.append(SettingRow(PREFIX + name.upper(), extra["shown"], field.description or "", extra["secret"]))
    return rows


def load(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """The settings in force: a variable, else `.env`, else the default.

    SettingsWrong tells every problem in one line.
    """
    names = {row.name: row.secret for row in table()}
    given, problems = sources.read(names, os.environ if environ is None else environ, env_file)
    values: dict[str, Any] = {name.removeprefix(PREFIX).lower(): text for name, (text, _) in given.items()}
    try:
        settings = Settings(**values)
        settings.remember({name: source for name, (_, source) in given.items()})
    except ValidationError as error:
        for name, sentence in _sentences(error):
            problems.setdefault(name, sentence)
    if problems:
        raise SettingsWrong("; ".join(problems.values()))
    return settings


def env_example() -> str:
    """The text of `.env.example`: every setting, commented out, with its meaning and default."""
    lines = ["# Copy to .env and uncomment what you change. A real variable beats this file.", *ABOUT_FILES]
    for row in table():
        plain = row.default and "`" not in row.default and " " not in row.default
        default = f" (default: {row.default})" if row.default and not plain else ""
        lines += ["", f"# {row.meaning}{default}", f"# {row.name}={row.default if plain else ''}"]
    return "\n".join(lines).replace("`", "") + "\n"


def readme_table() -> str:
    """The same for the README, as a Markdown table."""
    lines = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for row in table():
        default = row.default if not row.default or " " in row.default else f"`{row.default}`"
        lines.append(f"| `{row.name}` | {default or '-'} | {row.meaning} |")
    return "\n".join(lines)


def _sentences(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Each refused setting with a sentence that never repeats its value."""
    plain = {
        "float_parsing": "must be a number",
        "int_parsing": "must be a whole number",
        "bool_parsing": "must be true or false",
        "greater_than_equal": "must be from 1 to 65535",
        "less_than_equal": "must be from 1 to 65535",
    }
    for problem in error.errors(include_url=False, include_input=False):
        name = PREFIX + str(problem["loc"][0]).upper()
        context = problem.get("ctx", {})
        if problem["type"] == "literal_error":
            yield name, f"{name} must be {context['expected']}"
        else:
            yield name, f"{name} {context.get('error') or plain.get(problem['type'], problem['msg'])}"
