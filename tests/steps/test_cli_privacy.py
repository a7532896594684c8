"""`redact`: what may be taken out of the log, from a terminal."""

from tests.steps.conftest import CommandLine


def test_a_redaction_is_done_told_and_leaves_the_log_valid(log: CommandLine) -> None:
    told = log("redact", "2", "--reason", "a name got in", "--json")
    assert (told.code, told.json, told.err) == (0, {"seq": 2}, "")
    events = log("events", "--json")
    assert [event["details"] is None for event in events.lines] == [False, True, False, False]
    assert (events.lines[-1]["kind"], events.lines[-1]["actor"]) == ("audit.redacted", "cli")
    assert "a name got in" not in events.out
    facts = log("verify", "--json").json
    assert (facts["valid"], facts["redacted"]) == (True, 1)


def test_people_are_told_what_became_of_a_redaction(log: CommandLine) -> None:
    assert "The details of event 2 are gone" in log("redact", "2", "--reason", "why").out


def test_what_cannot_be_redacted_is_one_line_and_exit_2(log: CommandLine) -> None:
    for words in (("redact", "2"), ("redact", "0", "--reason", "x"), ("redact", "9", "--reason", "x")):
        told = log(*words)
        assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1), words


def test_a_redacted_log_is_still_listed_exported_and_counted(log: CommandLine) -> None:
    for seq in ("1", "2", "3"):
        log("redact", seq, "--reason", "why")
    for words in (("events",), ("stats",), ("export", "--format", "csv", "--out", "a.csv"), ("verify",)):
        assert log(*words).code == 0, words
