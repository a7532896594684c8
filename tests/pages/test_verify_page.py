"""`verify.html`: the same verdict as `verify.py`, in a browser, from a file, without any network."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signup.record.verifier import verify
from tests.bundles import BELIEVED, FAULTS, KEYS, VERDICTS, Files, kept, vouched, worked, zipped
from tests.odd_files import KEPT, ZIPS, long_files, too_long

PAGE = Path(verify.__file__).with_name("verify.html")
UNTOUCHED = json.loads(worked()["checkpoints.json"])


@pytest.fixture
def verifier(page: Any) -> Any:
    """The page, opened from a file."""
    page.goto(PAGE.as_uri())
    return page


def told(verifier: Any, bundle: list[Path], checkpoints: list[str], keys: str = "") -> tuple[dict[str, Any], list[str]]:
    """The page's report, and its words line by line."""
    verifier.locator("#keys").fill(keys)
    verifier.locator("#checkpoints").set_input_files(checkpoints)
    verifier.locator("#bundle").set_input_files(bundle)
    verifier.locator("#more").wait_for(state="visible")
    report = json.loads(verifier.locator("#json").text_content())
    return report, [verifier.locator("#verdict").text_content(), *verifier.locator("#words").text_content().split("\n")]


CHOOSE = """async ([bundle, kept]) => {
    const part = id => document.getElementById(id);
    const choose = (id, content) => {
        const files = new DataTransfer();
        const bytes = () => Uint8Array.from(atob(content), one => one.charCodeAt(0));
        if (content !== null) files.items.add(new File([bytes()], `${id}.zip`));
        part(id).files = files.files;
        part(id).dispatchEvent(new Event("change"));
    };
    choose("bundle", null);
    choose("checkpoints", kept);
    choose("bundle", bundle);
    await new Promise(done => {
        const look = () => part("more").hidden || done();
        new MutationObserver(look).observe(part("more"), {attributes: true});
        look();
    });
    return ["json", "verdict", "words"].map(id => part(id).textContent);
}"""


def told_next(verifier: Any, bundle: bytes, kept: bytes | None = None) -> tuple[dict[str, Any], list[str]]:
    """The same of one bundle after another, each with its kept file or none, on the page as it stands."""
    given = None if kept is None else b64encode(kept).decode()
    report, verdict, words = verifier.evaluate(CHOOSE, [b64encode(bundle).decode(), given])
    return json.loads(report), [verdict, *words.split("\n")]


def test_it_gives_every_worked_verdict(verifier: Any, tmp_path: Path) -> None:
    for example in VERDICTS:
        files = {**worked(), **{name: text.encode() for name, text in example["replace"].items()}}
        bundle, given = zipped(files, tmp_path / "bundle.zip"), kept(example["checkpoint"], tmp_path)
        report, words = told(verifier, [bundle], given)
        assert {name: report[name] for name in ("valid", "reason", "firstBadSeq")} == {
            name: example[name] for name in ("valid", "reason", "firstBadSeq")
        }
        expected = verify.verify(str(bundle), given, [])
        assert (report, words) == (expected, verify.words(expected, []))
        verifier.reload()


def test_it_names_every_fault_as_the_program_does(verifier: Any, tmp_path: Path) -> None:
    for name, made, _ in FAULTS:
        bundle = zipped(made(), tmp_path / "bundle.zip")
        report, _ = told_next(verifier, bundle.read_bytes())
        expected = verify.verify(str(bundle), [], [])
        if expected["reason"] == "manifest_forged":  # a parser tells in its own words what it cannot read
            report["detail"] = expected["detail"]
        assert report == expected, name


def test_it_calls_complete_what_the_program_does(verifier: Any, tmp_path: Path) -> None:
    for files, complete in BELIEVED:
        bundle = zipped(files, tmp_path / "bundle.zip")
        report, words = told_next(verifier, bundle.read_bytes())
        assert report["complete"] is complete
        expected = verify.verify(str(bundle), [], [])
        assert (report, words) == (expected, verify.words(expected, []))


@pytest.mark.parametrize(
    ("checkpoints", "keys"),
    [(UNTOUCHED, ""), (UNTOUCHED[1:3], KEYS[0].id), ([], f"{KEYS[1].id} {KEYS[0].id.upper()}")],
    ids=["checkpoints", "both", "keys"],
)
def test_checkpoints_and_keys_count_as_they_do_there(
    verifier: Any, tmp_path: Path, checkpoints: list[Any], keys: str
) -> None:
    bundle, given = zipped(worked(), tmp_path / "bundle.zip"), kept(checkpoints, tmp_path)
    report, words = told(verifier, [bundle], given, keys)
    pins = keys.lower().split()
    expected = verify.verify(str(bundle), given, pins)
    assert expected["valid"]
    assert (report, words) == (expected, verify.words(expected, pins))


def test_the_seven_files_do_as_well_as_the_zip(verifier: Any, tmp_path: Path) -> None:
    for name, content in worked().items():
        (tmp_path / name).write_bytes(content)
    report, _ = told(verifier, [tmp_path / name for name in worked()], [])
    assert report["valid"]


DROP = """async ([bundle, checkpoint]) => {
    const files = new DataTransfer();
    files.items.add(new File([Uint8Array.from(bundle)], "bundle.zip"));
    files.items.add(new File([checkpoint], "kept.json"));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer: files }));
}"""


def test_a_bundle_and_a_checkpoint_may_be_dropped_together(verifier: Any, tmp_path: Path) -> None:
    content = zipped(worked(), tmp_path / "bundle.zip").read_bytes()
    verifier.evaluate(DROP, [list(content), json.dumps(UNTOUCHED[1])])
    verifier.locator("#more").wait_for(state="visible")
    assert json.loads(verifier.locator("#json").text_content())["outside"] == {"given": 1, "matched": 1}
    assert verifier.locator("#verdict").text_content() == "VALID"


NOT_WHOLE: list[Callable[[Files], Files]] = [
    lambda files: {**files, "events.ndjson": files["events.ndjson"][:-1]},
    lambda files: {**files, "events.ndjson": files["events.ndjson"].replace(b'"seq":7', b'"seq":07')},
    lambda files: {**files, "events.ndjson": files["events.ndjson"].replace(b"watcher", b"w\xe4tcher", 1)},
    lambda files: {**files, "events.ndjson": b"x" * 9000 + files["events.ndjson"]},
    lambda files: {**files, "events.ndjson": b"\xef\xbb\xbf" + files["events.ndjson"]},
    lambda files: {**files, "checkpoints.json": files["checkpoints.json"].replace(b",", b", ", 1)},
    lambda files: {**files, "checkpoints.json": b"[]\n"},
]


def test_files_in_another_form_are_refused_alike(verifier: Any, tmp_path: Path) -> None:
    for change in NOT_WHOLE:
        bundle = zipped(vouched(change(worked())), tmp_path / "bundle.zip")
        report, _ = told_next(verifier, bundle.read_bytes())
        assert report == verify.verify(str(bundle), [], [])
        assert report["valid"] is False


def test_what_is_no_bundle_ends_with_cannot_tell(verifier: Any, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(b"no zip")
    report, words = told(verifier, [tmp_path / "bundle.zip"], [])
    assert (report["valid"], words[0]) == (None, "CANNOT TELL unreadable")


def test_it_asks_for_nothing_from_anywhere(page: Any, tmp_path: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(PAGE.as_uri())
    told(page, [zipped(worked(), tmp_path / "bundle.zip")], [])
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [PAGE.as_uri()]
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'")


def test_it_fits_a_phone(page: Any, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(PAGE.as_uri())
    told(page, [zipped(worked(), tmp_path / "bundle.zip")], [])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_kept_file_counts_for_what_it_does_there(verifier: Any, tmp_path: Path) -> None:
    bundle = zipped(worked(), tmp_path / "bundle.zip").read_bytes()
    for name, (content, expected) in KEPT.items():
        report, _ = told_next(verifier, bundle, content)
        assert (report["reason"], report["outside"]["matched"]) == expected, name


@pytest.mark.long
def test_a_long_file_is_read_to_its_end_or_not_at_all(verifier: Any, tmp_path: Path) -> None:
    bundle = zipped(worked(), tmp_path / "bundle.zip")
    for name, content, expected in long_files():
        (tmp_path / "kept").write_bytes(content)
        report, _ = told(verifier, [bundle], [str(tmp_path / "kept")])
        assert (report["reason"], report["outside"]["matched"]) == expected, name
        verifier.reload()


def test_a_zip_holds_what_it_says_and_nothing_else(verifier: Any) -> None:
    for name, (content, expected) in ZIPS.items():
        report, _ = told_next(verifier, content)
        assert report["reason"] == expected, name


@pytest.mark.long
def test_a_bundle_with_more_than_is_read_is_not_called_forged(verifier: Any, tmp_path: Path) -> None:
    for _, files in too_long():
        bundle = zipped(files, tmp_path / "bundle.zip")
        report, _words = told(verifier, [bundle], [])
        assert report == verify.verify(str(bundle), [], [])
        assert report["reason"] == "unreadable"
        verifier.reload()
