"""What is remembered of a log outside its database."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from signup.errors import BackupRestored, SettingsWrong
from signup.record import pins
from signup.record.pins import Pins, Point
from signup.settings import Settings

LOG, OTHER = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22", "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d23"
KEY, ROOT = "61319bf946b6dd78646ed25f34843281", "bcb81287fdc8c0388fe881c3a0661970ef3f6df0148ded7e8a34888d396cab3b"
WHOLE = Pins(keys=(KEY,), checked=Point(7, ROOT), signed=Point(9, ROOT))
Build = Callable[..., Settings]


def file(settings: Build) -> Path:
    return Path(settings().data_dir) / "keys" / pins.FILE


def test_what_is_pinned_of_one_log_is_kept_beside_the_others(settings: Build) -> None:
    pins.change(settings(), OTHER, lambda before: replace(before, keys=(KEY,)))
    pins.change(settings(), LOG, lambda _: WHOLE)
    assert pins.read(settings(), LOG) == WHOLE
    assert pins.read(settings(), OTHER) == Pins(keys=(KEY,))
    assert json.loads(file(settings).read_text())[LOG] == {
        "keys": [KEY],
        "checked": {"root": ROOT, "seq": 7},
        "signed": {"root": ROOT, "seq": 9},
    }


def test_nothing_is_remembered_of_an_unknown_log(settings: Build) -> None:
    assert pins.read(settings(), LOG) == Pins()


def test_only_the_owner_reads_the_pins(settings: Build) -> None:
    pins.change(settings(), LOG, lambda _: WHOLE)
    assert file(settings).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        f'{{"{LOG}":[]}}',
        f'{{"{LOG}":{{"keys":["x"]}}}}',
        f'{{"{LOG}":{{"keys":[],"signed":{{"seq":"1","root":"{ROOT}"}}}}}}',
        f'{{"{LOG}":{{"keys":[],"signed":{{"seq":1}}}}}}',
    ],
)
def test_pins_that_cannot_be_read_stop_the_program(settings: Build, content: str) -> None:
    file(settings).parent.mkdir(parents=True)
    file(settings).write_text(content)
    with pytest.raises(SettingsWrong, match=r"audit-pins\.json"):
        pins.read(settings(), LOG)


def test_pins_that_cannot_be_written_are_told(settings: Build) -> None:
    file(settings).parent.parent.mkdir(parents=True, exist_ok=True)
    file(settings).parent.write_text("a file where the folder should be")
    with pytest.raises(SettingsWrong, match=r"audit-pins\.json"):
        pins.change(settings(), LOG, lambda _: WHOLE)


def test_many_who_write_at_once_lose_nothing(settings: Build) -> None:
    names = [f"{number:032x}" for number in range(40)]
    wired = settings()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: pins.change(wired, LOG, lambda p: replace(p, keys=(*p.keys, key))), names))
    assert sorted(pins.read(wired, LOG).keys) == names


def test_a_place_never_goes_back() -> None:
    assert pins.later(None, Point(1, ROOT)) == Point(1, ROOT)
    assert pins.later(Point(2, ROOT), Point(1, ROOT)) == Point(2, ROOT)
    assert pins.later(Point(2, ROOT), Point(3, ROOT)) == Point(3, ROOT)


def test_a_head_behind_what_was_signed_is_a_restored_backup() -> None:
    pins.refuse_restored(WHOLE, 9)
    pins.refuse_restored(Pins(), 0)
    with pytest.raises(BackupRestored, match="accept-restore"):
        pins.refuse_restored(WHOLE, 8)
