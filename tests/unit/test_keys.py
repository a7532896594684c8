"""Keys seal cells, look numbers up, rotate, and are never replaced in silence."""

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from signup.errors import KeyLost, SettingsWrong, WrongMode
from signup.keys import Keyring, kept_in
from signup.services import open_services
from tests.steps.story import begin

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_sealed_cell_opens_only_in_its_own_place():
    keyring = Keyring([OLD])
    sealed = keyring.seal("signups", "number", "row-1", b"46761234567")
    assert keyring.open("signups", "number", "row-1", sealed) == b"46761234567"
    for place in (("signups", "number", "row-2"), ("signups", "token", "row-1"), ("profiles", "number", "row-1")):
        with pytest.raises(KeyLost):
            keyring.open(*place, sealed)


def test_a_folder_above_that_may_be_passed_but_not_read_keeps_no_key_from_being_kept(tmp_path, monkeypatch):
    def refused(path, *rest, **named):
        if path == tmp_path:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *rest, **named)

    opened = os.open
    monkeypatch.setattr("os.open", refused)
    first = kept_in(tmp_path / "keys", create=True)
    assert kept_in(tmp_path / "keys", create=True) == first


def test_sealing_twice_never_gives_the_same_text():
    keyring = Keyring([OLD])
    assert keyring.seal("t", "c", "r", b"x") != keyring.seal("t", "c", "r", b"x")


def test_after_a_rotation_old_cells_open_and_new_ones_are_sealed_with_the_new_key():
    sealed = Keyring([OLD]).seal("t", "c", "r", b"x")
    rotated = Keyring([NEW, OLD])
    assert rotated.open("t", "c", "r", sealed) == b"x"
    with pytest.raises(KeyLost):
        Keyring([OLD]).open("t", "c", "r", rotated.seal("t", "c", "r", b"x"))
    assert Keyring([OLD]).fingerprints(1)[0] == rotated.fingerprints(1)[1]


def test_a_key_file_is_made_once_for_many_who_ask_and_readable_by_its_owner_alone(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: kept_in(tmp_path / "keys", create=True), range(8)))
    assert len({tuple(keys) for keys in found}) == 1
    assert stat.S_IMODE((tmp_path / "keys" / "app-keys").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["app-keys"]


def test_a_new_keys_name_is_on_the_disk_before_anything_is_written_under_it(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", lambda handle: synced.append((os.fstat(handle).st_ino, path.exists())))
    folder = tmp_path / "data" / "keys"
    path = folder / "app-keys"
    kept_in(folder, create=True)
    assert synced[0] == (path.stat().st_ino, False)
    for changed in (folder, folder.parent, tmp_path):
        assert (changed.stat().st_ino, True) in synced


def test_whoever_finds_a_key_that_another_has_just_made_brings_its_name_to_the_disk_too(tmp_path, monkeypatch):
    kept_in(tmp_path / "keys", create=True)
    synced = []
    monkeypatch.setattr("os.fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    kept_in(tmp_path / "keys", create=True)
    assert {(tmp_path / "keys").stat().st_ino, tmp_path.stat().st_ino} <= set(synced)


def test_a_lost_key_refuses_to_start_and_is_not_made_anew(settings, tmp_path):
    chosen = settings()
    with open_services(chosen, migrate=True):
        pass
    path = tmp_path / "data" / "keys" / "app-keys"
    path.unlink()
    with pytest.raises(KeyLost), open_services(chosen):
        pass
    assert not path.exists()


def test_a_key_that_something_is_sealed_with_cannot_be_dropped_and_one_without_is_forgotten(
    settings, clock, truecaller
):
    old, new = (base64.b64encode(key).decode() for key in (OLD, NEW))
    with open_services(settings(keys=old), migrate=True):
        pass
    with open_services(settings(keys=new), clock=clock, truecaller=truecaller) as services:
        begin(services)
    with pytest.raises(KeyLost, match="put it back"), open_services(settings(keys=old)):
        pass
    with open_services(settings(keys=f"{old},{new}")):
        pass


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"not base64 at all", b"c2hvcnQ="])
def test_a_key_file_that_cannot_be_used_is_one_sentence_that_names_it(settings, tmp_path, content):
    folder = tmp_path / "data" / "keys"
    folder.mkdir(parents=True)
    (folder / "app-keys").write_bytes(content)
    with pytest.raises(SettingsWrong, match="app-keys"), open_services(settings(), migrate=True):
        pass


def test_a_database_of_the_other_mode_is_refused_with_a_way_out(settings):
    with open_services(settings(), migrate=True):
        pass
    live = settings(mode="live", app_key="k" * 20)
    with pytest.raises(WrongMode, match="SIGNUP_DATABASE_URL"), open_services(live):
        pass
