"""`verify`, `checkpoint` and `keys`: what an auditor and an operator run."""

import base64
import json
import shutil
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from signup.record import note
from signup.store.driver import sqlite
from tests.steps.conftest import SEEDS, CommandLine, Told

IDS = [note.SigningKey.of(base64.b64decode(seed)).id for seed in SEEDS]
BUNDLE = json.loads((Path(__file__).parent.parent / "vectors/record/bundle.json").read_text("utf-8"))


def run_sql(folder: Path, *statements: str) -> None:
    with closing(sqlite.connect(str(folder / "data" / "signup.db"), isolation_level=None)) as database:
        for trigger in ("events_keep", "events_stay", "checkpoints_stay", "checkpoints_keep"):
            database.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            database.execute(statement)


def pinned(folder: Path) -> dict[str, Any]:
    [of_our_log] = json.loads((folder / "data/keys/audit-pins.json").read_text()).values()
    assert isinstance(of_our_log, dict)
    return of_our_log


def reason(told: Told) -> tuple[int, Any]:
    return told.code, told.json["reason"]


def test_a_checkpoint_signs_the_sealed_head_and_tells_it_on_stderr_too(log: CommandLine, tmp_path: Path) -> None:
    told = log("checkpoint", "--out", "kept.json", "--json")
    made = told.json
    assert (told.code, made["seq"], made["keyId"]) == (0, 3, IDS[0])
    assert set(made) == {"at", "keyId", "note", "root", "seq"}
    assert told.out == told.err == (tmp_path / "kept.json").read_text()
    assert (tmp_path / f"data/checkpoints/{made['at'][:7]}.jsonl").read_text() == told.out
    assert pinned(tmp_path) == {"keys": [IDS[0]], "signed": {"root": made["root"], "seq": 3}}


def test_people_see_which_key_signed(log: CommandLine) -> None:
    assert f"Key    {IDS[0]}" in log("checkpoint").out


def test_a_checkpoint_that_cannot_be_written_says_where(log: CommandLine) -> None:
    told = log("checkpoint", "--out", "nowhere/kept.json")
    assert (told.code, told.out) == (2, "")
    assert "nowhere/kept.json" in told.err


def test_our_own_log_is_sealed_and_found_whole(log: CommandLine, tmp_path: Path) -> None:
    made = log("checkpoint", "--json").json
    told = log("verify", "--json")
    facts = told.json
    assert (told.code, told.err, facts["valid"], facts["events"], facts["unsealed"]) == (0, "", True, 4, 0)
    assert facts["warnings"] == ["no_outside_checkpoint"], "our own pin counts"
    assert pinned(tmp_path)["checked"] == {"root": made["root"], "seq": 3}


def test_the_checkpoint_that_was_kept_is_compared_in_whatever_form(log: CommandLine, tmp_path: Path) -> None:
    lines = [log("checkpoint", "--json").out for _ in range(2)]
    made = [json.loads(line) for line in lines]
    forms = {
        "note": made[0]["note"],
        "line": lines[0],
        "log": f"something else\n{lines[0]}{{}}\n{lines[1]}",
        "array": json.dumps(made),
    }
    for name, content in forms.items():
        (tmp_path / name).write_text(content, "utf-8")
    counts = {name: log("verify", "--checkpoint", name, "--json").json["outside"] for name in forms}
    assert counts == {name: {"given": n, "matched": n} for name, n in zip(forms, (1, 1, 2, 2), strict=True)}


@pytest.mark.parametrize("content", ["", "[]", "{}", '[{"note":1}]', "[", '{"note":'])
def test_a_file_without_a_checkpoint_is_said_so(log: CommandLine, tmp_path: Path, content: str) -> None:
    (tmp_path / "kept").write_text(content)
    told = log("verify", "--checkpoint", "kept", "--json")
    assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1)


def test_an_altered_log_is_told_with_its_row(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    run_sql(tmp_path, "UPDATE events SET actor = 'user:eve' WHERE seq = 2")
    told = log("verify", "--json")
    assert (*reason(told), told.json["firstBadSeq"], told.json["lastBadSeq"]) == (1, "row_changed", 2, 2)
    assert log("verify").out.startswith("NOT VALID row_changed, event 2\n")


def test_a_log_that_cannot_be_sealed_is_checked_all_the_same(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    run_sql(tmp_path, "DELETE FROM events WHERE seq = 3")
    told = log("verify", "--json")
    assert reason(told) == (1, "tail_missing")
    assert "changed from outside" in told.err


def test_a_log_under_another_name_is_neither_sealed_nor_signed_until_a_person_accepts_it(
    log: CommandLine, tmp_path: Path
) -> None:
    log("checkpoint")
    before = json.loads((tmp_path / "data/keys/audit-pins.json").read_text())
    run_sql(
        tmp_path,
        "UPDATE audit_log SET log_id = '019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22'",
        "DELETE FROM audit_checkpoints",
        "DELETE FROM events_inbox",
        "DELETE FROM events WHERE kind = 'audit.checkpoint'",
    )
    log("start", "abc")
    for words in (("checkpoint",), ("events",), ("export", "--format", "csv", "--out", "x.csv")):
        refused = log(*words)
        assert (refused.code, "--accept-restore" in refused.err) == (1, True), words
    for _ in range(2):
        found = log("verify")
        assert "--accept-restore" in found.err
        assert "NOT PINNED" in found.out or "has signed nothing yet" in found.out
    told = next(check for check in log("doctor", "--json").json["checks"] if check["name"] == "Audit log")
    assert (told["ok"], "--accept-restore" in told["cure"]) == (False, True)
    after = json.loads((tmp_path / "data/keys/audit-pins.json").read_text())
    assert {log_id: after[log_id] for log_id in before} == before

    assert log("keys", "--accept-restore").code == 0
    assert log("checkpoint").code == log("verify").code == 0


def test_a_new_database_beside_an_old_data_folder_begins_a_log_of_its_own(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    for path in (tmp_path / "data").glob("signup*"):
        path.unlink()
    assert log("start", "abc").code == 4
    began = log("events")
    assert (began.code, began.err.count("A new audit log begins")) == (0, 1)
    assert log("checkpoint").code == log("verify").code == 0
    assert "begins" not in log("events").err


def test_a_log_cut_behind_its_pins_is_found_without_a_checkpoint(log: CommandLine, tmp_path: Path) -> None:
    log("events")
    shutil.copy(tmp_path / "data/signup.db", tmp_path / "older.db")
    log("start", "abc")
    log("checkpoint")
    shutil.copy(tmp_path / "older.db", tmp_path / "data/signup.db")
    told = log("verify", "--json")
    assert (*reason(told), told.json["firstBadSeq"], told.json["lastBadSeq"]) == (1, "tail_missing", 4, 4)
    assert log("verify", "older.db", "--json").json["valid"] is True, "a copy need not be the newest"


def test_a_restored_backup_seals_nothing_until_a_person_accepts_it(log: CommandLine, tmp_path: Path) -> None:
    log("events")
    shutil.copy(tmp_path / "data/signup.db", tmp_path / "older.db")
    log("start", "abc")
    lost = log("checkpoint", "--json").json
    shutil.copy(tmp_path / "older.db", tmp_path / "data/signup.db")
    (tmp_path / "kept").write_text(json.dumps(lost))
    refused = log("events", "--json")
    assert (refused.code, refused.out) == (1, "")
    assert "--accept-restore" in refused.err
    assert log("keys", "--accept-restore", "--json").code == 0
    assert log("events", "--kind", "audit.restored", "--json").json["details"] == {"root": lost["root"], "seq": 4}
    assert log("verify", "--json").json["valid"] is True
    assert reason(log("verify", "--checkpoint", "kept", "--json")) == (1, "outside_checkpoint_contradicted")
    assert log("keys", "--accept-restore").code == 2, "there is nothing left to accept"


def test_a_copy_is_checked_whatever_its_mode(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    shutil.copy(tmp_path / "data/signup.db", tmp_path / "copy.db")
    log.settings(mode="live", app_key="k", database_url="sqlite:///none/live.db")
    told = log("verify", "copy.db", "--json")
    assert (told.code, told.json["mode"], told.json["valid"]) == (0, "sandbox", True)
    assert not (tmp_path / "none").exists()


def test_what_is_no_log_cannot_be_told_about(log: CommandLine, tmp_path: Path) -> None:
    with closing(sqlite.connect(str(tmp_path / "other.db"))) as database:
        database.execute("CREATE TABLE t (a)")
    assert reason(log("verify", "other.db", "--json")) == (2, "unreadable")
    assert log("verify", "nothing.db").code == 2


def test_a_plain_export_is_known_by_its_sum(log: CommandLine, tmp_path: Path) -> None:
    log("export", "--format", "csv", "--out", "log.csv")
    told = log("verify", "log.csv", "--json")
    assert (told.code, told.json["known"], told.json["rows"]) == (0, True, 4)
    with (tmp_path / "log.csv").open("ab") as file:
        file.write(b"\r\n")
    told = log("verify", "log.csv", "--json")
    assert (told.code, told.json["known"], told.json["seq"]) == (1, False, None)
    assert log("verify", "log.csv").out.startswith("NOT KNOWN")


def test_a_parquet_file_is_known_by_its_sum_and_a_sqlite_file_proves_itself(log: CommandLine) -> None:
    log("checkpoint")
    log("export", "--format", "parquet", "--out", "log.parquet")
    assert log("verify", "log.parquet", "--json").json["known"] is True
    log("export", "--format", "sqlite", "--out", "log.db")
    assert log("verify", "log.db", "--json").json["valid"] is True


def test_a_sqlite_file_of_some_events_is_known_by_its_sum(log: CommandLine, tmp_path: Path) -> None:
    log("export", "--format", "sqlite", "--out", "some.db", "--kind", "number.*")
    told = log("verify", "some.db", "--json")
    assert (told.code, told.json["known"], told.json["rows"]) == (0, True, 3)
    assert log("verify", "some.db").out.startswith("KNOWN        some.db was exported at ")
    with closing(sqlite.connect(str(tmp_path / "some.db"))) as database, database:
        database.execute("UPDATE events SET actor = 'user:eve' WHERE seq = 2")
    told = log("verify", "some.db")
    assert (told.code, "holds no whole log" in told.out) == (2, True)


def bundle(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "bundle.zip", "w") as archive:
        for name, content in BUNDLE["files"].items():
            archive.writestr(name, content)
    return folder / "bundle.zip"


def test_a_bundle_is_checked_as_its_receivers_do(log: CommandLine, tmp_path: Path) -> None:
    path = bundle(tmp_path)
    told = log("verify", str(path), "--json")
    assert (told.code, told.json["valid"], told.json["complete"]) == (0, True, True)
    assert "key_not_pinned" in told.json["warnings"]
    assert log("verify", str(path), "--key", "61319bf946b6dd78646ed25f34843281", "--json").json["warnings"] == [
        "no_outside_checkpoint"
    ]
    assert reason(log("verify", str(path), "--key", IDS[0], "--json")) == (1, "key_not_trusted")
    assert log("verify", str(path), "--incremental").code == 2


STRANGERS = "0" * 32


def test_a_named_key_counts_instead_of_the_one_we_remember(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    shutil.copy(tmp_path / "data/signup.db", tmp_path / "copy.db")
    log("export", "--format", "bundle", "--out", "log.zip")
    for what in ((), ("copy.db",), ("log.zip",)):
        assert log("verify", *what, "--json").json["valid"] is True, what
        assert reason(log("verify", *what, "--key", STRANGERS, "--json")) == (1, "key_not_trusted"), what
        assert log("verify", *what, "--key", IDS[0], "--json").json["valid"] is True, what
    assert pinned(tmp_path)["keys"] == [IDS[0]]


def test_what_a_stranger_gave_us_is_no_word_about_our_log(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    (tmp_path / "other").write_text(BUNDLE["files"]["checkpoints.json"], "utf-8")
    assert reason(log("verify", "--checkpoint", "other", "--json")) == (1, "log_mixed")
    assert reason(log("verify", "--key", STRANGERS, "--json")) == (1, "key_not_trusted")
    assert "full" not in pinned(tmp_path)
    log("verify", "--key", IDS[0])
    assert pinned(tmp_path)["full"]["reason"] is None
    log("verify", "--checkpoint", "other")
    assert pinned(tmp_path)["full"]["reason"] is None


def test_a_new_key_in_front_of_the_old_one_is_trusted(log: CommandLine) -> None:
    log("checkpoint")
    log.settings(audit_keys=f"{SEEDS[1]},{SEEDS[0]}")
    assert log("checkpoint", "--json").json["keyId"] == IDS[1]
    assert log("verify", "--key", IDS[0], "--json").json["keys"] == IDS
    found = {key["keyId"]: (key["current"], key["endorsed"]) for key in log("keys", "--json").json["keys"]}
    assert found == {IDS[0]: (False, False), IDS[1]: (True, True)}


def test_a_lost_key_stops_what_seals_and_names_the_way_out(log: CommandLine) -> None:
    log("checkpoint")
    log.settings(audit_keys=SEEDS[1])
    for words in (("events",), ("checkpoint",), ("keys",), ("watch", "--once"), ("stats",)):
        told = log(*words)
        assert (told.code, told.out) == (2, ""), words
        assert "--new-without-old" in told.err
    assert log("start", "abc").code == 4, "who does not sign does not ask"
    assert log("verify", "--json").json["valid"] is True, "nor who only reads"


def test_a_key_without_the_old_one_is_not_trusted_until_a_person_pins_both(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    log.settings(audit_keys=SEEDS[1])
    assert log("keys", "--new-without-old").code == 0
    assert reason(log("verify", "--json")) == (1, "key_not_trusted")
    assert reason(log("verify", "--key", IDS[0], "--json")) == (1, "key_not_trusted")
    assert log("verify", "--key", IDS[0], "--key", IDS[1], "--json").json["valid"] is True
    assert pinned(tmp_path)["keys"] == IDS, "what a person said is remembered"
    assert log("verify", "--json").json["valid"] is True


def test_a_key_that_is_not_lost_is_not_replaced(log: CommandLine) -> None:
    log("checkpoint")
    told = log("keys", "--new-without-old")
    assert (told.code, told.out) == (2, "")


@pytest.mark.parametrize(
    "words", [("verify", "--key", "abc"), ("verify", "a", "b"), ("checkpoint", "x"), ("keys", "x")]
)
def test_what_makes_no_sense_is_a_usage_error(log: CommandLine, words: tuple[str, ...]) -> None:
    told = log(*words)
    assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1)


def test_people_are_told_in_a_few_lines(log: CommandLine, environ: Callable[..., dict[str, str]]) -> None:
    log("checkpoint")
    lines = log("verify").out.splitlines()
    assert [line.split()[0] for line in lines] == ["VALID", "log", "rows", "checkpoints", "key"]
    assert lines[-1] == f"key          {IDS[0]} pinned"
