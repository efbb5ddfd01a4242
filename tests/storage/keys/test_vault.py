"""The vault and its key file: what is sealed is not readable, not changeable, and lost with the key alone."""

import asyncio
import logging
import os
import pickle
import stat
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.records.secret import AuthKey
from storage.errors import KeysUnfit, NotPrivate, StoreError, Unreadable
from storage.keys.key_file import KeyFile
from storage.keys.vault import Vault, bytes_prefix, derived, key_id_of, new_key, text_prefix
from tests.storage.samples import KEY

OLD, NEW = new_key(), new_key()
OLDER, NEWER, BOTH = Vault([OLD]), Vault([NEW]), Vault([NEW, OLD])


# -- sealing


@given(st.text(max_size=30))
def test_any_key_comes_back_as_it_was(letters: str) -> None:
    key = AuthKey(letters)
    sealed = NEWER.seal(key)
    assert NEWER.unseal(sealed) == key
    assert BOTH.unseal(sealed) == key
    assert sealed.startswith(text_prefix(NEWER.key_ids[0]))


@given(st.binary(max_size=2000))
@example(b"\x00hos")
def test_any_mail_comes_back_as_it_was(content: bytes) -> None:
    sealed = NEWER.seal_bytes(content)
    assert (NEWER.unseal_bytes(sealed), BOTH.unseal_bytes(sealed)) == (content, content)
    prefix = bytes_prefix(NEWER.key_ids[0])
    assert sealed.startswith(prefix)
    assert len(content) < 4 or content not in sealed.removeprefix(prefix)  # a mail may be a piece of the prefix itself


def test_no_key_is_no_key() -> None:
    assert (NEWER.seal(None), NEWER.unseal(None), NEWER.mark(None), NEWER.marks(None)) == (None, None, "", ())


def test_the_same_twice_looks_different() -> None:
    assert NEWER.seal(KEY) != NEWER.seal(KEY)
    assert NEWER.seal_bytes(b"mail") != NEWER.seal_bytes(b"mail")


def test_a_second_key_reads_what_it_sealed_and_the_first_seals() -> None:
    assert BOTH.unseal(OLDER.seal(KEY)) == KEY
    assert BOTH.unseal_bytes(OLDER.seal_bytes(b"mail")) == b"mail"
    assert NEWER.unseal(BOTH.seal(KEY)) == KEY
    assert NEWER.unseal_bytes(BOTH.seal_bytes(b"mail")) == b"mail"


def test_another_key_reads_nothing_and_repeats_nothing() -> None:
    with pytest.raises(Unreadable, match="keys check") as caught:
        NEWER.unseal(OLDER.seal(KEY))
    assert KEY.reveal() not in str(caught.value)
    with pytest.raises(Unreadable, match="keys check"):
        NEWER.unseal_bytes(OLDER.seal_bytes(b"mail"))


@pytest.mark.parametrize("place", [20, 30, 60, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(NEWER.seal_bytes(b"a mail of some length, so that there is something to change"))
    sealed[place] ^= 1
    with pytest.raises(Unreadable):
        NEWER.unseal_bytes(bytes(sealed))


def test_what_is_not_sealed_is_recognised() -> None:
    for plain in (KEY.reveal(), "", "sealed1", "sealed1:", f"{text_prefix(NEWER.key_ids[0])}鍵"):
        with pytest.raises(Unreadable):
            NEWER.unseal(plain)
    for plain in (b"", b"From: a@example.jp\r\n\r\n", bytes_prefix(NEWER.key_ids[0])):
        with pytest.raises(Unreadable):
            NEWER.unseal_bytes(plain)
    assert [key_id_of(plain) for plain in ("Ab3dEf7hJk9m", b"From: a", NEWER.seal(KEY), NEWER.seal_bytes(b""))] == [
        *("", ""),
        *NEWER.key_ids * 2,
    ]


# -- looking up


def test_equal_keys_have_one_mark_and_others_another() -> None:
    assert NEWER.mark(KEY) == NEWER.mark(AuthKey(KEY.reveal()))
    assert len({NEWER.mark(KEY), NEWER.mark(AuthKey("Ab3dEf7hJk9M")), OLDER.mark(KEY)}) == 3
    assert BOTH.marks(KEY) == (NEWER.mark(KEY), OLDER.mark(KEY))
    assert len(NEWER.mark(KEY)) == 64


def test_derived_secrets_differ_by_label_and_are_not_the_key() -> None:
    secrets = {derived(OLD.encode(), label) for label in (b"letters", b"verp", b"key mark", b"key id")}
    assert len(secrets) == 4
    assert all(len(secret) == 32 for secret in secrets)
    assert derived(OLD.encode(), b"letters") != derived(NEW.encode(), b"letters")


# -- showing nothing


def test_a_vault_shows_nothing_and_stays_in_its_process() -> None:
    assert (repr(NEWER), str(NEWER), f"{NEWER}") == ("Vault(…)",) * 3
    assert all(NEW not in repr(each) for each in vars(NEWER).values())
    with pytest.raises(TypeError):
        pickle.dumps(NEWER)


@pytest.mark.parametrize(
    "wrong", ["", "short", "x" * 44, "鍵" * 11, NEW[:-1]], ids=["empty", "short", "no-base64-of-32", "kanji", "cut"]
)
def test_a_wrong_line_is_refused_and_not_repeated(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the library's; the next line reads them
        Vault([wrong])
    file = key_file(tmp_path, f"{NEW}\n{wrong or 'x'}\n")
    with pytest.raises(KeysUnfit, match="控え") as caught:
        file.vault()
    assert NEW not in str(caught.value)
    assert caught.value.__cause__ is None


# -- large mails


async def test_a_large_mail_does_not_stop_the_loop() -> None:
    content = os.urandom(25 * 1024 * 1024)
    gaps: list[float] = []
    done = asyncio.Event()

    async def beat() -> None:
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0)
            gaps.append(time.perf_counter() - before)

    beating = asyncio.create_task(beat())
    sealed = await NEWER.seal_mail(content)
    assert await NEWER.unseal_mail(sealed) == content
    done.set()
    await beating
    assert (
        len(gaps) > 20
    )  # it went round while the thread worked; in one piece it would have gone round a few times at most


# -- the file


def key_file(folder: Path, text: str, mode: int = 0o600) -> KeyFile:
    path = folder / "hosho.key"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return KeyFile(path)


def test_a_file_is_made_once_private_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = KeyFile(tmp_path / "keys" / "hosho.key")
    vault = file.vault(may_create=True)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.path.parent.iterdir()] == ["hosho.key"]
    assert file.vault().key_ids == file.vault(may_create=True).key_ids == vault.key_ids
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert "控え" in told[0]
    assert file.path.read_text("utf-8").splitlines()[1] not in told[0]


def test_processes_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    first, second = KeyFile(tmp_path / "hosho.key"), KeyFile(tmp_path / "hosho.key")
    first._create()
    vault = first.vault()
    second._create()  # as if it had seen no file a moment before
    assert second.vault().key_ids == vault.key_ids
    assert [path.name for path in tmp_path.iterdir()] == ["hosho.key"]


def test_a_missing_file_is_never_replaced_by_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(KeysUnfit, match="がありません"):
        KeyFile(tmp_path / "hosho.key").vault()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_use_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    with pytest.raises(NotPrivate, match="chmod 600"):
        key_file(tmp_path, NEW, mode).vault(may_create=True)


@pytest.mark.parametrize("content", [b"", b"# a comment\n\n", b"\xff\xfe"])
def test_a_file_without_keys_is_refused_with_the_cure(tmp_path: Path, content: bytes) -> None:
    file = key_file(tmp_path, "")
    file.path.write_bytes(content)
    with pytest.raises(StoreError, match="鍵ファイル"):
        file.vault(may_create=True)
    assert file.path.read_bytes() == content


def test_a_folder_that_can_not_be_made_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"storage\.key_file|調べられません"):
        KeyFile(tmp_path / "file" / "hosho.key").vault(may_create=True)


def test_a_rotation_of_the_file_may_be_cut_off_and_begun_again(tmp_path: Path) -> None:
    file = key_file(tmp_path, f"# words\n{OLD}\n")
    both = file.begin_rotation()
    assert (len(both.key_ids), both.key_ids[1]) == (2, OLDER.key_ids[0])
    assert file.begin_rotation().key_ids == both.key_ids
    assert file.vault().key_ids == both.key_ids
    assert file.end_rotation().key_ids == both.key_ids[:1]
    assert file.vault().key_ids == both.key_ids[:1]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["hosho.key"]


def test_a_file_behind_a_link_stays_behind_it(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    key_file(real, OLD)
    link = tmp_path / "hosho.key"
    link.symlink_to(real / "hosho.key")
    vault = KeyFile(link).begin_rotation()
    assert link.is_symlink()
    assert KeyFile(real / "hosho.key").vault().key_ids == vault.key_ids
