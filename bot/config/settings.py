"""The operator's settings: typed, checked all at once, each with its help; the one source of the example and the docs.

`load(path)` is called by the command line. It raises ConfigError, which names every wrong key with its cure. The help in
each field's description makes config.example.toml and docs/configuration.md (docs/generate/config_docs.py).
"""

from __future__ import annotations

import codecs
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from bot.config.checks import between_sections
from bot.config.doors import (
    FolderSection,
    ImapSection,
    LmtpSection,
    MailSection,
    OauthSection,
    OutgoingSection,
    SmtpSection,
)
from bot.config.machine import (
    BackupSection,
    CanarySection,
    LogSection,
    MonitoringSection,
    RetentionSection,
    StorageSection,
)
from bot.config.mistakes import ConfigError, Mistake, mistakes_of
from bot.config.office import (
    AnswersSection,
    DeskRuleSection,
    DeskSection,
    IssuedSection,
    LettersSection,
    OfficeSection,
    OperatorSection,
    RemindersSection,
    RepliesSection,
    SummarySection,
)
from bot.config.reading import (
    ConditionsSection,
    MatchingSection,
    PapersSection,
    PasswordsSection,
    PicturesSection,
    ReadingSection,
    RegisterSection,
    SubjectsSection,
)
from bot.config.secrecy import password_file, settings_file, unreadable_cure
from bot.config.types import (
    Section,
    is_loopback,
)

__all__ = ["Config", "ConfigError", "Mistake", "check", "is_loopback", "load"]

_MIB = 1024 * 1024


class Config(Section):
    """Everything. `base` is the folder that relative paths start from."""

    office: OfficeSection
    mail: MailSection
    desks: tuple[DeskSection, ...]
    desk_rules: tuple[DeskRuleSection, ...] = ()
    storage: StorageSection = StorageSection.model_construct()
    backup: BackupSection = BackupSection.model_construct()
    retention: RetentionSection = RetentionSection.model_construct()
    smtp: SmtpSection = SmtpSection.model_construct()
    lmtp: LmtpSection = LmtpSection.model_construct()
    imap: ImapSection = ImapSection.model_construct()
    folder: FolderSection = FolderSection.model_construct()
    outgoing: OutgoingSection = OutgoingSection.model_construct()
    oauth: OauthSection = OauthSection.model_construct()
    answers: AnswersSection = AnswersSection.model_construct()
    operator: OperatorSection = OperatorSection.model_construct()
    register_: RegisterSection = Field(default=RegisterSection.model_construct(), alias="register")
    summary: SummarySection = SummarySection.model_construct()
    reminders: RemindersSection = RemindersSection.model_construct()
    letters: LettersSection = LettersSection.model_construct()
    issued: IssuedSection = IssuedSection.model_construct()
    reading: ReadingSection = ReadingSection.model_construct()
    papers: PapersSection = PapersSection.model_construct()
    passwords: PasswordsSection = PasswordsSection.model_construct()
    pictures: PicturesSection = PicturesSection.model_construct()
    matching: MatchingSection = MatchingSection.model_construct()
    conditions: ConditionsSection = ConditionsSection.model_construct()
    subjects: SubjectsSection = SubjectsSection.model_construct()
    replies: RepliesSection = RepliesSection.model_construct()
    monitoring: MonitoringSection = MonitoringSection.model_construct()
    canary: CanarySection = CanarySection.model_construct()
    log: LogSection = LogSection.model_construct()
    base: Path = Field(default=Path(), exclude=True)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    def path(self, path: Path) -> Path:
        """A path of the file, made absolute from where the file lies."""
        return (self.base / path).absolute()

    @property
    def data_folder(self) -> Path:
        """storage.folder, absolute."""
        return self.path(self.storage.folder)

    @property
    def database_url(self) -> str:
        """storage.url, or the SQLite file in the data folder."""
        return self.storage.url or f"sqlite:///{self.data_folder / 'hosho.db'}"

    @property
    def key_file(self) -> Path:
        """storage.key_file, absolute."""
        return self.path(self.storage.key_file)

    @property
    def backups(self) -> Path | None:
        """backup.folder, absolute."""
        return self.path(self.backup.folder) if self.backup.folder else None

    @property
    def room_bytes(self) -> int:
        """What must be free on the disk before we promise to keep a mail, in bytes: at least 1.5 mails, as Postfix has it."""
        largest_mib = max(door.max_message_mib for door in (self.smtp, self.lmtp, self.imap))
        return max(self.storage.free_mib * _MIB, largest_mib * _MIB * 3 // 2)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Ours, in lower case: the inboxes, and where bounces come back to."""
        return (*self.inboxes, *((self.mail.bounce_address.lower(),) if self.mail.bounce_address else ()))

    @property
    def inboxes(self) -> tuple[str, ...]:
        """Where notices are mailed to, in lower case: the common ones, then the desks' own."""
        own = (address for desk in self.desks for address in desk.inboxes)
        return tuple(address.lower() for address in (*self.mail.inboxes, *own))

    @property
    def maildir(self) -> Path:
        """Where outgoing mail is written when it must not leave."""
        return self.path(self.outgoing.maildir) if self.outgoing.maildir else self.data_folder / "outgoing"

    def secret(self, path: Path) -> SecretStr:
        """A password from its file. Raises ConfigError when it can't be read or others may read it."""
        file = self.path(path)
        try:
            with file.open("rb") as opened:
                mode = os.fstat(opened.fileno()).st_mode
                secret = opened.read().decode("utf-8").strip()
        except OSError as error:
            cure = unreadable_cure(
                file, error, made="パスワードだけを1行で書いたファイルを置くか、場所を直してください"
            )
            raise ConfigError((Mistake(str(path), f"読めません（{error.strerror}）", cure),)) from None
        except UnicodeDecodeError:
            raise ConfigError((Mistake(str(path), "文字コードがUTF-8ではありません", "書き直してください"),)) from None
        if not secret:
            raise ConfigError((Mistake(str(path), "空のファイルです", "パスワードだけを1行で書いてください"),))
        if mistakes := tuple(password_file(file, mode, str(path))):
            raise ConfigError(mistakes)
        return SecretStr(secret)


def load(path: Path) -> Config:
    """Read and check a TOML file. Raises ConfigError with every mistake."""
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            data = tomllib.loads(_text(opened.read()).replace("\r\n", "\n"))
    except OSError as error:
        cure = unreadable_cure(path, error)
        raise ConfigError((Mistake(str(path), f"設定ファイルを読めません（{error.strerror}）", cure),)) from None
    except UnicodeDecodeError as error:
        cure = "文字コードはUTF-8です。メモ帳では「名前を付けて保存」の文字コードで UTF-8 を選んで保存し直してください"
        raise ConfigError((Mistake(str(path), f"TOMLとして読めません（{error}）", cure),)) from None
    except tomllib.TOMLDecodeError as error:
        cure = 'TOMLの書き方（文字列は" "で囲む等）を確かめてください。文字コードはUTF-8です'
        raise ConfigError((Mistake(str(path), f"TOMLとして読めません（{error}）", cure),)) from None
    return check(data, path.absolute().parent, tuple(settings_file(path, mode, data)))


def _text(content: bytes) -> str:
    """The file as text: Notepad puts a mark in front (BOM), and may write UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def check(data: Mapping[str, object], base: Path, found: Sequence[Mistake] = ()) -> Config:
    """Settings from a parsed file. Raises ConfigError with every mistake, those `found` and between sections included."""
    mistakes = [*found]
    config: Config | None = None
    try:
        config = Config.model_validate({**data, "base": base})
    except ValidationError as error:
        mistakes += mistakes_of(error, Config)
    mistakes += between_sections(data)
    if mistakes or config is None:
        raise ConfigError(tuple(mistakes))
    return config
