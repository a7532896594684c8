import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.errors import SettingsWrong
from signup.settings import PROFILE_URLS, REQUEST_URL, Settings, load, table

KEY = base64.b64encode(bytes(range(32))).decode()
SECRET = "do-not-show-this-7f3a"


def loaded(**given: str) -> Settings:
    return load({f"SIGNUP_{name.upper()}": text for name, text in given.items()}, env_file=None)


def told(**given: str) -> str:
    """What is said about wrong settings."""
    with pytest.raises(SettingsWrong) as wrong:
        loaded(**given)
    return wrong.value.sentence


def test_nothing_given_is_the_sandbox_on_loopback() -> None:
    settings = loaded()
    assert (settings.mode, settings.bind, settings.callback_bind) == ("sandbox", "127.0.0.1", "127.0.0.1")
    assert settings.database_url == "sqlite:///data/signup.db"
    assert (settings.lock_seconds, settings.token_seconds, settings.answer_seconds) == (300, 600, 600)
    ports = (settings.dashboard_port, settings.callback_port, settings.sandbox_port, settings.api_port)
    assert ports == (8501, 8502, 8503, 8504)


def test_in_sandbox_mode_the_addresses_are_the_sandboxs_on_its_own_port() -> None:
    settings = loaded(sandbox_port="9123")
    assert settings.request_url == "http://127.0.0.1:9123/v1/apps/requests"
    assert settings.profile_urls == ("http://127.0.0.1:9123/v1/default",)
    assert settings.app_key and settings.app_key.get_secret_value() == "sandbox"


def test_in_live_mode_the_addresses_are_the_documented_ones() -> None:
    settings = loaded(mode="live", app_key=SECRET)
    assert settings.request_url == REQUEST_URL == "https://api4.truecaller.com/v1/apps/requests"
    assert settings.profile_urls == PROFILE_URLS
    assert [url.split("/")[2] for url in PROFILE_URLS] == [
        "profile4.truecaller.com",
        "profile4-noneu.truecaller.com",
        "profile4-eu.truecaller.com",
    ]


def test_live_without_an_app_key_is_refused() -> None:
    assert "SIGNUP_APP_KEY is needed in live mode" in told(mode="live")


def test_a_missing_app_key_is_told_beside_another_problem() -> None:
    sentence = told(mode="live", sandbox_port="x")
    assert "SIGNUP_APP_KEY" in sentence
    assert "SIGNUP_SANDBOX_PORT" in sentence


def test_every_problem_is_told_together_in_one_line() -> None:
    sentence = told(mode="prod", lok_seconds="3", token_seconds="x", default_region="XX", bind="0.0.0.0")
    problems = sentence.split("; ")
    assert len(problems) == 5
    assert "\n" not in sentence


def test_an_unknown_name_suggests_the_nearest() -> None:
    assert told(lok_seconds="3") == "SIGNUP_LOK_SECONDS is unknown: did you mean SIGNUP_LOCK_SECONDS?"
    assert "SIGNUP_APP_KEY_FILE" in told(app_key_fil="x")


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_the_sandbox_listens_on_this_machine_or_on_all_of_its_addresses(host: str) -> None:
    assert loaded(sandbox_bind=host).sandbox_bind == host


@pytest.mark.parametrize("host", ["192.0.2.1", "localhost", "::"])
def test_the_sandbox_listens_nowhere_else(host: str) -> None:
    assert told(sandbox_bind=host) == "SIGNUP_SANDBOX_BIND must be '127.0.0.1' or '0.0.0.0'"


def test_names_of_other_programs_are_none_of_our_business() -> None:
    assert load({"PATH": "/bin", "SIGN": "x", "XSIGNUP_MODE": "live"}, env_file=None).mode == "sandbox"


def test_an_empty_value_is_as_good_as_none() -> None:
    assert loaded(app_key="", mode=" ", lock_seconds="").mode == "sandbox"


@pytest.mark.parametrize(
    "name",
    [row.name.removeprefix("SIGNUP_").lower() for row in table() if row.name.endswith(("_SECONDS", "_DAYS"))],
)
@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e300", "soon"])
def test_a_duration_is_above_zero_and_finite(name: str, text: str) -> None:
    assert f"SIGNUP_{name.upper()} must be" in told(**{name: text})


def test_a_duration_may_be_a_fraction() -> None:
    assert loaded(lock_seconds="0.25").lock_seconds == 0.25


@pytest.mark.parametrize("text", ["0", "65536", "-1", "80.5", "http"])
def test_a_port_is_from_1_to_65535(text: str) -> None:
    assert "SIGNUP_CALLBACK_PORT must be" in told(callback_port=text)


def test_two_programs_cannot_share_a_port() -> None:
    assert told(api_port="8501") == "SIGNUP_API_PORT must differ from SIGNUP_DASHBOARD_PORT"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "example.com"])
def test_the_dashboard_binds_nothing_but_loopback_while_there_is_no_sign_in(host: str) -> None:
    sentence = told(bind=host)
    assert "SIGNUP_BIND" in sentence
    assert "sign-in" in sentence


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_any_loopback_address_will_do(host: str) -> None:
    assert loaded(bind=host).bind == host


def test_the_receiver_may_be_public() -> None:
    assert loaded(callback_bind="0.0.0.0").callback_bind == "0.0.0.0"
    assert "SIGNUP_CALLBACK_BIND" in told(callback_bind="every where")


@pytest.mark.parametrize(
    "url",
    [
        "http://api4.truecaller.com/v1/apps/requests",
        "https://evil\\@profile4.truecaller.com/v1/default",
        "https://user:pass@profile4.truecaller.com/v1/default",
        "https://profile4.truecaller.com/v1/default#x",
        "https://profile4.truecaller.com:99999/v1/default",
        "ftp://127.0.0.1/x",
        "https:///v1/default",
        "profile4.truecaller.com",
        "https://prof\u00efle4.truecaller.com/",
        "http://127.0.0.1.evil.example/",
    ],
)
@pytest.mark.parametrize("name", ["request_url", "profile_urls", "public_callback_url"])
def test_an_address_is_https_and_reads_one_way_only(name: str, url: str) -> None:
    sentence = told(**{name: url})
    assert sentence.startswith(f"SIGNUP_{name.upper()} must")
    assert url not in sentence


def test_http_is_fine_to_this_machine() -> None:
    assert loaded(request_url="http://localhost:9/x").request_url == "http://localhost:9/x"


def test_several_profile_addresses_stand_in_one_setting() -> None:
    assert loaded(profile_urls="https://a.example/x, https://b.example/y").profile_urls == (
        "https://a.example/x",
        "https://b.example/y",
    )


def test_a_region_is_a_country_that_numbers_are_known_for() -> None:
    assert loaded(default_region="se").default_region == "SE"
    assert "SIGNUP_DEFAULT_REGION" in told(default_region="XX")
    assert "SIGNUP_DEFAULT_REGION" in told(default_region="Sweden")


@pytest.mark.parametrize("name", ["keys", "audit_keys"])
def test_keys_are_base64_of_32_bytes_each(name: str) -> None:
    assert [key.get_secret_value() for key in getattr(loaded(**{name: f"{KEY},{KEY}"}), name)] == [KEY, KEY]
    for wrong in (KEY[:-4], KEY + "AAAA", "not base64", f"{KEY},", f"{KEY},x"):
        if wrong == f"{KEY},":
            assert len(getattr(loaded(**{name: wrong}), name)) == 1
        else:
            assert f"SIGNUP_{name.upper()} must be base64 of exactly 32 bytes" in told(**{name: wrong})


def test_an_app_key_that_would_break_a_header_is_refused() -> None:
    for wrong in ("two words", "line\nend", "\u00e9"):
        assert "SIGNUP_APP_KEY must" in told(app_key=wrong)


def test_api_tokens_have_a_name_a_role_and_a_secret() -> None:
    (token,) = loaded(api_tokens="ops:viewer:a:b").api_tokens
    assert (token.name, token.role, token.token.get_secret_value()) == ("ops", "viewer", "a:b")
    assert "SIGNUP_API_TOKENS" in told(api_tokens="ops:root:x")
    assert "one name twice" in told(api_tokens="ops:viewer:x,ops:viewer:y")


@pytest.mark.parametrize(
    "url", ["mysql://x", "sqlite:///", "sqlite:///:memory:", "sqlite://x.db", "postgresql://[", "x"]
)
def test_a_database_is_a_file_or_a_postgresql(url: str) -> None:
    assert "SIGNUP_DATABASE_URL must" in told(database_url=url)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}%zz@127.0.0.1/x",
        f"postgresql://u:{SECRET}%00@127.0.0.1/x",
        f"postgresql://u:hun/{SECRET}@127.0.0.1/x",
        f"postgresql://u:{SECRET}/ter@127.0.0.1/x",
        f"postgresql://u:12/{SECRET}@127.0.0.1/x",
        f"postgresql://u:12?{SECRET}@127.0.0.1/x",
        f"postgresql://u:{SECRET}#ter@127.0.0.1/x",
        f"postgresql://u:12#{SECRET}@127.0.0.1/x",
        f"postgresql://u:hun@{SECRET}@127.0.0.1/x",
        f"postgresql://u:[{SECRET}]@127.0.0.1/x",
        f"postgresql://u:hun {SECRET}@127.0.0.1/x",
        f"postgresql://u:hun\n{SECRET}@127.0.0.1/x",
        f"postgresql://u:\u2100{SECRET}@127.0.0.1/x",
        f"postgresql://u:{SECRET}",
        f"postgresql:/u:{SECRET}@127.0.0.1/x",
        f"POSTGRESQL://u:{SECRET}@127.0.0.1/x",
    ],
)
def test_a_password_that_breaks_its_address_is_refused_and_not_repeated(url: str) -> None:
    sentence = told(database_url=url)
    assert sentence.startswith("SIGNUP_DATABASE_URL must be")
    assert SECRET not in sentence


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:%40%2F%3F%23%25:;!@db.example/x", "postgresql://db.example/x"),
        ("postgresql://u@one.example:5432,two.example:5433/x?target_session_attrs=primary", None),
        ("postgresql://[::1]:5432/x", "postgresql://[::1]:5432/x"),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/x", "postgresql://%2Fvar%2Frun%2Fpostgresql/x"),
        ("postgresql:///x?host=/tmp", "postgresql:///x"),
        ("postgresql://", "postgresql://"),
    ],
)
def test_whatever_postgresqls_library_reads_one_way_only_is_an_address(url: str, shown: str | None) -> None:
    settings = loaded(database_url=url)
    assert settings.database_url == url
    assert settings.database_name == shown or shown is None


def test_a_data_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "SIGNUP_DATA_DIR" in told(data_dir=str(tmp_path / "file"))


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    settings = loaded(app_key_file=str(tmp_path / "key"))
    assert settings.app_key and settings.app_key.get_secret_value() == SECRET
    assert source_of(settings, "SIGNUP_APP_KEY") == "file"


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    assert (
        told(app_key=SECRET, app_key_file=str(tmp_path))
        == "SIGNUP_APP_KEY_FILE and SIGNUP_APP_KEY are both set: keep one"
    )


def test_a_file_that_cannot_be_read_is_told_without_its_name(tmp_path: Path) -> None:
    sentence = told(mode="live", app_key_file=str(tmp_path / SECRET))
    assert sentence == "SIGNUP_APP_KEY_FILE names a file that cannot be read (No such file or directory)"


def test_only_secrets_stand_in_files() -> None:
    assert "SIGNUP_MODE_FILE is unknown" in told(mode_file="/x")


def test_a_real_variable_beats_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('# mine\nSIGNUP_LOCK_SECONDS=5\nexport SIGNUP_APP_KEY="pa$$word"\nOTHER=1\n')
    settings = load({"SIGNUP_LOCK_SECONDS": "7"}, env_file)
    assert settings.lock_seconds == 7
    assert settings.app_key and settings.app_key.get_secret_value() == "pa$$word"
    assert source_of(settings, "SIGNUP_LOCK_SECONDS") == "environment"
    assert source_of(settings, "SIGNUP_APP_KEY") == ".env"
    assert source_of(settings, "SIGNUP_MODE") == "default"


def test_a_real_file_variable_beats_the_env_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SIGNUP_APP_KEY=old\n")
    (tmp_path / "key").write_text("new")
    settings = load({"SIGNUP_APP_KEY_FILE": str(tmp_path / "key")}, tmp_path / ".env")
    assert settings.app_key and settings.app_key.get_secret_value() == "new"


def test_the_env_file_is_checked_like_the_environment(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SIGNUP_LOK_SECONDS=5\n'broken\n")
    with pytest.raises(SettingsWrong, match=r"\.env cannot be read at line 2.*SIGNUP_LOK_SECONDS is unknown"):
        load({}, env_file)
    env_file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsWrong, match="not UTF-8"):
        load({}, env_file)


def test_no_env_file_is_fine(tmp_path: Path) -> None:
    assert load({}, tmp_path / ".env").mode == "sandbox"


TAKE_ANY_TEXT = {"SIGNUP_APP_KEY", "SIGNUP_DATA_DIR"}


@pytest.mark.parametrize("name", [row.name for row in table() if row.name not in TAKE_ANY_TEXT])
def test_a_wrong_value_is_never_repeated(name: str) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        load({name: SECRET}, env_file=None)
    assert SECRET not in wrong.value.sentence
    assert name in wrong.value.sentence


def test_a_secrets_value_shows_nowhere() -> None:
    settings = loaded(
        app_key=SECRET,
        keys=KEY,
        audit_keys=KEY,
        api_tokens=f"ops:viewer:{SECRET}",
        database_url=f"postgresql://me:{SECRET}@db.example/signup?password={SECRET}",
    )
    shown = repr(settings) + str(settings) + repr(settings.describe()) + repr(settings.app_key)
    assert SECRET not in shown
    assert KEY not in shown
    assert settings.database_name == "postgresql://db.example/signup"


def test_describe_says_what_is_in_force() -> None:
    rows = {row.name: row for row in loaded(lock_seconds="2.5", keys=KEY, webhook_private="1").describe()}
    assert rows["SIGNUP_LOCK_SECONDS"].value == "2.5"
    assert rows["SIGNUP_TOKEN_SECONDS"].value == "600"
    assert rows["SIGNUP_KEYS"].value == "set"
    assert rows["SIGNUP_AUDIT_KEYS"].value == "not set"
    assert rows["SIGNUP_WEBHOOK_PRIVATE"].value == "true"
    assert rows["SIGNUP_PROFILE_URLS"].value == "http://127.0.0.1:8503/v1/default"
    assert rows["SIGNUP_DATABASE_URL"].value == "sqlite:///data/signup.db"


def test_the_log_is_json_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    assert loaded().log == "json"
    monkeypatch.setattr("sys.stderr", Terminal())
    assert loaded().log == "plain"
    assert loaded(log="json").log == "json"


@given(st.dictionaries(st.sampled_from([row.name for row in table()]), st.text(max_size=30), max_size=6))
def test_any_text_is_taken_or_refused_in_one_line(given: dict[str, str]) -> None:
    try:
        load(given, env_file=None)
    except SettingsWrong as wrong:
        assert "\n" not in wrong.sentence


def test_settings_cannot_be_changed(settings: Callable[..., Settings]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings().mode = "live"


def source_of(settings: Settings, name: str) -> str:
    return next(row.source for row in settings.describe() if row.name == name)


WHSEC = f"whsec_{KEY}"


def test_a_webhook_goes_over_https_and_is_signed() -> None:
    settings = loaded(webhook_url="https://hooks.example/T/B/x", webhook_secret=WHSEC)
    assert settings.webhook_url and settings.webhook_url.get_secret_value() == "https://hooks.example/T/B/x"
    assert settings.webhook_secret and settings.webhook_secret.get_secret_value() == WHSEC
    assert "SIGNUP_WEBHOOK_SECRET is needed" in told(webhook_url="https://hooks.example/x")
    assert "SIGNUP_WEBHOOK_URL must begin with https" in told(webhook_url="http://127.0.0.1/x", webhook_secret=WHSEC)
    assert "SIGNUP_WEBHOOK_URL must be" in told(webhook_url="hooks.example", webhook_secret=WHSEC)


def test_a_webhook_in_a_private_network_may_do_without_tls() -> None:
    assert loaded(webhook_url="http://10.0.0.7/x", webhook_secret=WHSEC, webhook_private="true").webhook_url


@pytest.mark.parametrize("text", ["x", "whsec_", "whsec_eHh4", f"whpk_{KEY}", KEY, "whsec_not base64"])
def test_a_webhooks_secret_has_the_form_of_one(text: str) -> None:
    assert told(webhook_secret=text) == "SIGNUP_WEBHOOK_SECRET must be whsec_ followed by base64 of 24 to 64 bytes"


def test_neither_a_webhooks_address_nor_its_secret_shows() -> None:
    settings = loaded(webhook_url=f"https://hooks.example/{SECRET}", webhook_secret=WHSEC)
    shown = repr(settings) + repr(settings.describe())
    assert SECRET not in shown
    assert KEY not in shown
