"""The operator's settings: typed, checked all at once, each with its help; the one source of the example and the docs.

`load(path)` is called by the command line. It raises ConfigError, which names every wrong key with its cure. The help in
each field's description makes config.example.toml and docs/configuration.md (bot/commands/config_docs.py).
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    ValidationError,
)

from bot.config.mistakes import CURES, ConfigError, Mistake, mistakes_of
from bot.core.deadlines import DeadlineKind
from bot.core.guarantee import Product
from bot.core.issuers import KEY_PATTERNS, NUMBER_PATTERNS
from bot.core.own_identifiers import TOKEN_CHARACTERS
from bot.core.paper import PAPERS, PaperKind, PaperRule
from bot.core.register_columns import synonyms
from bot.core.subjects import MAX_SUBJECT, PROFILE_NAMES, template_of

__all__ = ["Config", "ConfigError", "Mistake", "check", "is_loopback", "load"]

_MIB = 1024 * 1024
LOCAL_PART_OCTETS = 64
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]")


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("メールアドレスを1つだけ書いてください（例: hosho@city.example.jp）")
    return text


def _address_or_nothing(text: str) -> str:
    return _address(text) if text else ""


def _path(value: object) -> object:
    if value == "":  # else it would be the folder of the settings file
        raise ValueError("空欄です。使わないときは行ごと削除してください")
    return value


def _pattern(text: str) -> str:
    try:
        re.compile(text)
        re.compile(f"x(?:{text})")  # as it is used: inside another one
    except re.error as error:
        raise ValueError(f"正規表現として読めません（{error}）") from None
    return text


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text):
        raise ValueError("ドメインだけを書いてください（@ は付けません。例: city.example.jp）")
    return text


def _columns(names: Mapping[str, str]) -> Mapping[str, str]:
    synonyms(names)  # raises ValueError, in Japanese, for a name that is no column of ours
    return names


def _profile(name: str) -> str:
    if name not in PROFILE_NAMES:
        raise ValueError(f"知らない書き方です。選べるのは {'、'.join(PROFILE_NAMES)} です")
    return name


def _template(text: str) -> str:
    template_of(text)  # raises ValueError, in Japanese
    return text


_MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

Domain = Annotated[str, AfterValidator(_domain)]
Columns = Annotated[Mapping[str, str], AfterValidator(_columns)]
MailAddress = Annotated[str, AfterValidator(_address)]
MailAddressOrNothing = Annotated[str, AfterValidator(_address_or_nothing)]
Place = Annotated[Path, BeforeValidator(_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]
SubjectProfile = Annotated[str, AfterValidator(_profile)]
SubjectTemplate = Annotated[str, AfterValidator(_template)]
Port = Annotated[int, Field(ge=1, le=65535)]
Tls = Literal["implicit", "starttls", "none"]


class Section(BaseModel):
    """A table of the file. An unknown key is an error: a misspelt setting must not be a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class OfficeSection(Section):
    """市の名称と問合せ先。送信するすべてのメールの署名に使われます。"""

    city: str = Field(min_length=1, description="市の名称", examples=["取手市"])
    department: str = Field(default="", description="担当部署（空欄なら省略）", examples=["財政部 契約課"])
    phone: str = Field(default="", description="問合せ先の電話番号（空欄なら省略）", examples=["0297-00-0000"])
    email: MailAddressOrNothing = Field(
        default="", description="人が読む問合せ先アドレス（空欄なら省略）", examples=["keiyaku@city.example.jp"]
    )
    hours: str = Field(default="", description="受付時間（空欄なら省略）", examples=["平日 8時30分～17時15分"])
    system_name: str = Field(default="電子保証受付システム", description="差出人名に添えるシステムの名称")


class MailSection(Section):
    """受け付けるアドレスと、差出人の確認のしかた。"""

    inboxes: tuple[MailAddress, ...] = Field(
        min_length=1,
        description="認証キーのお知らせを受け付けるアドレス。最初のものが返信の差出人になります",
        examples=[["hosho@city.example.jp"]],
    )
    bounce_address: MailAddressOrNothing = Field(
        default="",
        description="通知メールの不達が戻るアドレス（空欄なら inboxes の最初のもの）",
        examples=["hosho-bounces@city.example.jp"],
    )
    bounce_delimiter: Literal["", "+", "-", "_", "="] = Field(
        default="",
        description=(
            "不達の戻り先をメールごとに変えるときの区切り（例: + なら hosho-bounces+符号@…）。どのメールの不達か確実に分かります。"
            "注意: 市のメールサーバーが区切り以降を無視して届ける設定（Postfix なら recipient_delimiter = +）のときだけ書く"
        ),
    )
    authserv_id: str = Field(
        default="",
        description=(
            "市のMX（受信メールサーバー）が Authentication-Results に書く名前。空欄では送信ドメイン認証を見ずに返信します。"
            "注意: 市のMXが必ずこのヘッダを書くときだけ設定する（書かないMXでは偽物を信じてしまう）"
        ),
        examples=["mx.city.example.jp"],
    )
    own_hops: int = Field(
        default=1,
        ge=1,
        le=20,
        description=(
            "市の側のサーバーがメールの先頭に付ける Received の数（MXから本システムまで）。その上にある authserv_id のヘッダは"
            "すべて、それより下では一番上の1つだけを信じます"
        ),
    )
    staff_domains: tuple[Domain, ...] = Field(
        default=(),
        description="職員のメールのドメイン。これらの差出人には自動で返信しません",
        examples=[["city.example.jp"]],
    )


class StorageSection(Section):
    """データの置き場所。"""

    folder: Place = Field(default=Path("var"), description="データを置くフォルダ（設定ファイルからの相対パス可）")
    url: str = Field(
        default="",
        description=(
            "データベース。空欄なら folder の中のSQLite（hosho.db）。別の場所のSQLiteは sqlite:////絶対パス、"
            "PostgreSQLは postgres://利用者@ホスト/名前"
        ),
        pattern=r"^(|sqlite:////.+|postgres(ql)?://.+)$",
    )
    key_file: Place = Field(
        default=Path("hosho.key"),
        description=(
            "データベースの認証キーとメールを暗号化する鍵のファイル（設定ファイルからの相対パス可）。なければ最初の起動で作ります。"
            "データのフォルダとは別の場所に置き、控えも別に取る（失うと二度と読めません）"
        ),
        examples=["/etc/hosho-bot/keys/hosho.key"],
    )
    free_mib: int = Field(
        default=200,
        ge=1,
        description="ディスクの空きがこれより少ないあいだ、新しいメールを受け取らない（MiB。受け取る大きさの上限の1.5倍は必ず空けます）",
    )


class DoorSection(Section):
    """SMTPとLMTPに共通の設定。"""

    enabled: StrictBool = Field(default=False, description="受信するか")
    host: str = Field(
        default="127.0.0.1",
        description="待ち受けるアドレス（利用者の認証はないため、市のメールサーバーだけが接続できる所にする）",
    )
    port: Port = Field(default=2525, description="待ち受けるポート")
    hostname: str = Field(default="localhost", description="挨拶に名乗るホスト名")
    max_message_mib: int = Field(default=25, ge=1, le=100, description="受け取る大きさの上限（MiB）")
    strict_line_ends: bool = Field(
        default=False,
        description=(
            "改行がCRLFでない行のあるメールを拒否するか（falseなら手を加えずそのまま受け取ります。"
            "メールの終わりに見せかけた行は、どちらでも拒否します）"
        ),
    )
    max_connections: int = Field(
        default=100,
        ge=2,
        le=500,
        description="同時の接続数の上限（満員のときは、最も長く進みのない接続を切って新しい接続を受けます）",
    )
    max_connections_per_ip: int = Field(default=50, ge=1, le=500, description="同じアドレスからの同時の接続数の上限")
    command_seconds: int = Field(default=300, ge=5, le=3600, description="次の命令を待つ時間（秒）")
    data_seconds: int = Field(default=600, ge=10, le=3600, description="1通の本文を受け取る時間の上限（秒）")
    session_seconds: int = Field(default=1800, ge=10, le=86400, description="1つの接続の時間の上限（秒）")


class SmtpSection(DoorSection):
    """SMTPでの受信。市のメールサーバー（Postfix等）から中継します。"""

    enabled: StrictBool = Field(default=False, description="SMTPで受信するか")
    hostname: str = Field(default="localhost", description="挨拶に名乗るホスト名（送信のときの EHLO にも使います）")


class LmtpSection(DoorSection):
    """LMTPでの受信（Postfixの transport から渡す場合）。"""

    enabled: StrictBool = Field(default=False, description="LMTPで受信するか")
    port: Port = Field(default=2424, description="待ち受けるポート")


class ImapSection(Section):
    """IMAPでの受信。既存の受信箱を見に行きます。既読の印は付けません。"""

    enabled: StrictBool = Field(default=False, description="IMAPで受信するか")
    host: str = Field(default="", description="IMAPサーバー", examples=["imap.city.example.jp"])
    port: Port = Field(default=993, description="ポート（implicit は993、starttls は143が普通）")
    tls: Tls = Field(default="implicit", description="暗号化: implicit、starttls、none（このマシン内だけ）")
    user: str = Field(default="", description="利用者名", examples=["hosho"])
    auth: Literal["password", "xoauth2"] = Field(
        default="password", description="ログインの方法: password、xoauth2（Microsoft 365 等のアクセストークン）"
    )
    password_file: Place | None = Field(
        default=None,
        description=(
            "パスワード（xoauth2 ではアクセストークン）だけを書いたファイル（本人だけが読める権限 0600）。ログインのたびに読み直します"
        ),
        examples=["/etc/hosho-bot/imap-password"],
    )
    token_command: tuple[str, ...] = Field(
        default=(),
        description=(
            "アクセストークンを1行で出力するコマンドと引数（xoauth2 のとき。password_file の代わり）。ログインのたびに実行します"
        ),
        examples=[["/usr/local/bin/imap-token", "hosho"]],
    )
    mailbox: str = Field(default="INBOX", description="見る受信箱の名前")
    poll_seconds: int = Field(default=60, ge=5, le=3600, description="新着通知が来ないときに見に行く間隔（秒）")
    max_message_mib: int = Field(default=25, ge=1, le=100, description="取り込む大きさの上限（MiB）")
    reconcile_days: int = Field(
        default=7,
        ge=0,
        le=60,
        description="1日1回、最近何日間のメールをサーバーと照合するか（0は照合しない）。取り込んでいないものがあれば取り込み、知らせます",
    )


class FolderSection(Section):
    """フォルダでの受信（.eml を置くと読み取り、読み終えたものは done へ移します）。"""

    path: Place | None = Field(
        default=None, description="見張るフォルダ（省略すると使いません）", examples=["/srv/hosho/inbox"]
    )


class OutgoingSection(Section):
    """メールの送信。"""

    method: Literal["maildir", "smtp"] = Field(
        default="maildir", description="maildir はフォルダに書くだけで外へは出ません。試験が済んだら smtp に"
    )
    maildir: Place | None = Field(
        default=None,
        description="maildir の置き場所（省略すると storage.folder の中の outgoing）",
        examples=["/srv/hosho/outgoing"],
    )
    host: str = Field(default="", description="中継サーバー", examples=["relay.city.example.jp"])
    port: Port = Field(default=587, description="ポート")
    tls: Tls = Field(default="starttls", description="暗号化: starttls、implicit、none（このマシン内だけ）")
    user: str = Field(default="", description="利用者名（空欄なら認証しません）", examples=["hosho"])
    password_file: Place | None = Field(
        default=None,
        description="パスワードだけを書いたファイル（本人だけが読める権限 0600）",
        examples=["/etc/hosho-bot/relay-password"],
    )
    ca_file: Place | None = Field(
        default=None,
        description="中継サーバーの証明書を発行した庁内認証局の証明書（PEM。省略するとこのマシンが信頼するもの）",
        examples=["/etc/hosho-bot/city-ca.pem"],
    )
    connections: int = Field(default=3, ge=1, le=10, description="中継サーバーへ同時につなぐ数の上限")
    reply_to: MailAddressOrNothing = Field(
        default="",
        description="送信するメールへの返信を受けるアドレス（空欄なら差出人。別にすると、返信に添えたPDFは読み取られません）",
        examples=["hosho@city.example.jp"],
    )
    unsubscribe: MailAddressOrNothing = Field(
        default="",
        description="「発行完了のお知らせ」（再度のお願いを含む）の配信停止の申出を人が受けるアドレス（空欄なら書きません。issued.stop_by_mail で自動で受け付けるときは使いません）",
        examples=["keiyaku@city.example.jp"],
    )
    keep_subjects: StrictBool = Field(
        default=True,
        description=(
            "送信ドメイン認証で本人と確認できた差出人への返信を「Re: 元の件名」にするか（Gmail等で元のメールと並びます）。"
            "リンクやキーらしい文字を含む件名には使わず、false なら常に定型の件名にします"
        ),
    )


class DeskSection(Section):
    """確認の必要な案件とまとめを受け取る担当。"""

    name: str = Field(min_length=1, description="担当の名称", examples=["契約課"])
    address: MailAddress = Field(description="担当のアドレス", examples=["keiyaku@city.example.jp"])
    products: tuple[Product, ...] = Field(
        default=(),
        description="受け持つ保証区分: contract（契約保証）、advance_payment（前払金）、interim_payment（中間前払金）、other。空欄はすべて",
        examples=[["contract"]],
    )
    staff: tuple[MailAddress, ...] = Field(
        default=(),
        description="この担当として、確認依頼のメールへの返信で指示し、メールで手入力できる職員のアドレス（担当のアドレスのほか）",
        examples=[["yamada@city.example.jp"]],
    )
    deputy: MailAddressOrNothing = Field(
        default="",
        description="確認待ちのまま日数がたったものを知らせる、代理の方（係長など）のアドレス。staff と同じく返信で指示できます",
        examples=["kakaricho@city.example.jp"],
    )
    head: MailAddressOrNothing = Field(
        default="",
        description="さらに日数がたったものを知らせる上司（課長など）のアドレス。staff と同じく返信で指示できます",
        examples=["kacho@city.example.jp"],
    )
    keys_address: MailAddressOrNothing = Field(
        default="",
        description="認証キーを別のメールで送る先（answers.keys が separate のとき。空欄なら担当のアドレス）",
        examples=["keiyaku-key@city.example.jp"],
    )
    inboxes: tuple[MailAddress, ...] = Field(
        default=(),
        description=(
            "受注者がこの担当あてに送るアドレス（mail.inboxes と同じように、本システムに届くもの）。ほかの担当あての書類が届くと、その担当に"
            "回し、差出人に次回の宛先を知らせます"
        ),
        examples=[["keiyaku-hosho@city.example.jp"]],
    )


class AbsenceSection(Section):
    """不在の方と期間。"""

    address: MailAddress = Field(description="不在の方のアドレス", examples=["kakaricho@city.example.jp"])
    since: date = Field(description="不在の最初の日", examples=["2026-12-24"])
    until: date = Field(description="不在の最後の日", examples=["2026-12-28"])
    name: str = Field(default="", description="お名前（「様」を付けて書きます。空欄ならアドレス）", examples=["山田"])


_Days = Annotated[int, Field(ge=0, le=365)]


class RemindersSection(Section):
    """期限の見張り。日数を書いた種類だけを見張ります（0は見張りません）。日数は開庁日で、起算日は数えません。

    担当には定時報告の中で、代理の方、上司、受注者には開庁日に1人1日1通までのメールで知らせます。
    """

    issued_without_notice_days: _Days = Field(
        default=0, description="保証の発行日から、お知らせが届かないまま何日たったら知らせるか"
    )
    notice_without_claim_days: _Days = Field(
        default=0,
        description="前払金・中間前払金のお知らせを受信してから、請求書が見当たらないまま何日たったら知らせるか（紙で届いたものは分かりません）",
    )
    claim_without_notice_days: _Days = Field(
        default=0, description="請求書を受信してから、お知らせが見当たらないまま何日たったら知らせるか"
    )
    contract_guarantee_due_days: _Days = Field(
        default=0, description="契約保証の認証キーを受け取っていない契約を、請負契約日の何日前から知らせるか"
    )
    payment_due_days: _Days = Field(
        default=0,
        description="前払金の請求書を受信した日から何日以内に支払うか（受付済又は確認済のものについて知らせます）",
    )
    payment_warning_days: int = Field(default=3, ge=0, le=60, description="支払期限の何開庁日前から知らせるか")
    guarantee_ends_before_works_days: _Days = Field(
        default=0, description="保証期限が工期の終わりより前の保証を、保証期限の何日前から知らせるか"
    )
    not_verified_days: _Days = Field(default=0, description="受付済のまま、D-Sureでの確認がなく何日たったら知らせるか")
    held_deputy_days: _Days = Field(
        default=0,
        description="確認待ちの受付と、担当者が読む必要のあるメールを、何日たったら代理の方（desks.deputy）に知らせるか",
    )
    held_head_days: _Days = Field(default=0, description="同じく、何日たったら上司（desks.head）に知らせるか")
    contractor_days: _Days = Field(
        default=0,
        description="保証の発行日から、お知らせが届かないまま何日たったら受注者に知らせるか（台帳でお知らせを希望し、アドレスのある方だけ）",
    )
    contractor_times: int = Field(default=1, ge=1, le=2, description="受注者へ、1つの保証について何回まで知らせるか")
    all_days: tuple[DeadlineKind, ...] = Field(
        default=(DeadlineKind.PAYMENT_DUE,), description="開庁日でなく、土日・祝日も数える種類"
    )
    repeat_days: int = Field(
        default=5,
        ge=0,
        le=60,
        description="一度知らせたものを、何開庁日ごとにまた知らせるか（0は、状況が悪くなったときだけ。定時報告には毎回載せます）",
    )
    ends_after_days: int = Field(
        default=10,
        ge=0,
        le=365,
        description="請求書が見当たらないもの、支払期限を、期限から何開庁日たったら知らせるのをやめるか（紙の請求書や支払いは分からないため）",
    )
    claim_window_days: int = Field(
        default=60, ge=1, le=365, description="同じ差出人のお知らせと請求書を、何日以内なら組と見るか"
    )
    begins_on: date | None = Field(
        default=None,
        description="この日より前に始まったもの（発行日、契約日、受信日など）は知らせない",
        examples=["2026-12-01"],
    )
    absences: tuple[AbsenceSection, ...] = Field(
        default=(),
        description="不在の方。その間は、次の方（担当→代理→上司、代理→上司、上司→代理）に知らせ、そのことを書き添えます",
        examples=[
            [{"address": "kakaricho@city.example.jp", "since": "2026-12-24", "until": "2026-12-28", "name": "山田"}]
        ],
    )


class AnswersSection(Section):
    """担当者への確認依頼に、返信で「承認」「差戻し 理由」などと書いて処理できるようにする機能。

    mail.authserv_id を設定し、送信ドメイン認証で職員本人と確認できる場合だけ働きます。
    """

    enabled: StrictBool = Field(
        default=True,
        description="返信での処理と、メールでの手入力（件名「手入力 …」）を使うか（mail.authserv_id がなければ使いません）",
    )
    days: int = Field(default=30, ge=1, le=365, description="1通の確認依頼に返信できる日数")
    keys: Literal["masked", "in_list", "separate"] = Field(
        default="masked",
        description=(
            "D-Sureで確認するものの認証キーを、担当へどう知らせるか。masked は知らせません（お知らせのPDFか submissions show --reveal-keys で確認）。"
            "in_list は、返信で処理できるとき、一覧（定時報告、返信への回答）に載せます。separate は、一覧と別のメールで desks の keys_address へ、"
            "受付番号とキーだけを1件につき1回（保証が変わればもう一度）送ります（返信での処理を使わなくても送ります）。知らせたことは操作の記録に残ります"
        ),
    )


class OperatorSection(Section):
    """このシステムを管理する担当。受信や送信ができないとき、照合で差があったときなどに知らせます。"""

    address: MailAddressOrNothing = Field(
        default="",
        description="知らせる先のアドレス（空欄ならすべての担当）",
        examples=["joho@city.example.jp"],
    )


class RegisterSection(Section):
    """保証の台帳（CSV・XLSX）の取込み。"""

    watch_folder: Place | None = Field(
        default=None,
        description="台帳ファイルを見張るフォルダ（省略すると使いません）",
        examples=["/srv/hosho/register"],
    )
    columns: Columns = Field(
        default={},
        description="列名の読み替え（ファイルの列名 = 標準の列名）",
        examples=[{"契約の名称": "工事名"}],
    )


class SummarySection(Section):
    """担当者へのまとめ。開庁日の決まった時刻に送ります。"""

    times: tuple[time, ...] = Field(default=(time(9, 0),), description="送る時刻（日本時間）", examples=[["09:00"]])
    closed_days: tuple[date, ...] = Field(
        default=(), description="祝日・土日・年末年始のほかに閉庁する日", examples=[["2026-11-13"]]
    )
    year_end_from: str = Field(default="12-29", pattern=_MONTH_DAY, description="年末の閉庁の最初の日（月-日）")
    year_end_to: str = Field(default="01-03", pattern=_MONTH_DAY, description="年始の閉庁の最後の日（月-日）")
    html: StrictBool = Field(
        default=True, description="文面と同じ内容のHTMLを添えるか（除かれても、文面だけで足ります）"
    )
    workbook: StrictBool = Field(
        default=True, description="Excelのファイル（要対応、受付、台帳、件数の推移）を添えるか。認証キーは載りません"
    )


class LettersSection(Section):
    """メールの文面。市の言葉に直したいものだけを、別のフォルダに置けます。"""

    folder: Place | None = Field(
        default=None,
        description=(
            "市の文面（mail_templates/ja から写して直したもの）のフォルダ。ないものは、付属の文面を使います。"
            "直したら ./run letters check で確かめてください（誤りがあると起動しません）"
        ),
        examples=["/etc/hosho-bot/letters"],
    )
    english: StrictBool = Field(
        default=False,
        description=(
            "受注者への文面の下に、同じ内容の英文を添えるか"
            "（mail_templates/en。市の英文は、folder の中の en フォルダに置きます）"
        ),
    )


class IssuedSection(Section):
    """「電子保証（認証キー）発行完了のお知らせ」（市からの案内）。"""

    enabled: StrictBool = Field(default=False, description="台帳に発行日時が入った希望者へ送るか")
    stop_by_mail: StrictBool = Field(
        default=True,
        description=(
            "enabled か reminders.contractor_days を設定しているとき、受信用アドレスに届いた「配信停止」「配信再開」のメールを自動で受け付け、確認を返信するか"
            "（送信ドメイン認証で本人と確認できた場合だけ。mail.authserv_id がなければ、これまでどおり担当に知らせます）"
        ),
    )


class ReadingSection(Section):
    """番号とキーの形式。保証会社により異なるため、合わないものは人が確認します。"""

    number_patterns: tuple[Pattern, ...] = Field(
        default=NUMBER_PATTERNS, description="保証契約番号の形式（正規表現。どれか1つに全体が合えばよい）"
    )
    key_patterns: tuple[Pattern, ...] = Field(
        default=KEY_PATTERNS, description="認証キーの形式（正規表現。どれか1つに全体が合えばよい）"
    )


def _rule(kind: PaperKind) -> PaperRule:
    return PAPERS[kind].rule or PaperRule.PERSON


class PapersSection(Section):
    """認証キーのお知らせ（PDF）以外の書類の扱い。accept はそのまま受け取る、ask は市に必要なものの送付を差出人にお願いする、person は返信せずに人が確認する、です。担当が処理する書類（請求書、契約書、保険会社・銀行等の書類）は、どれを選んでも担当に知らせます。"""

    image_notice: PaperRule = Field(
        default=_rule(PaperKind.IMAGE_NOTICE),
        description="スキャン・FAX・写真のお知らせで、読み取れないもの（ask はダウンロードしたPDFの送付をお願いします）",
    )
    key_in_body: Literal["accept", "person"] = Field(
        default="person",
        description="メール本文に書かれた番号とキー（accept はお知らせと同じに扱い、person は受け取ったうえで人が確認します）",
    )
    net_desk_screen: PaperRule = Field(
        default=_rule(PaperKind.NET_DESK_SCREEN),
        description=(
            "保証会社のシステム（ネットデスク、e-Net保証）の画面。番号とキーが読み取れたものは、accept ならお知らせと同じに扱い、"
            "ほかは受け取ったうえで人が確認します。読み取れないものは、ask ならお知らせの送付をお願いします"
        ),
    )
    viewing_screen: PaperRule = Field(
        default=_rule(PaperKind.VIEWING_SCREEN),
        description="保証確認サービス（D-Sure）等の画面の印刷（ask はお知らせの送付をお願いします）",
    )
    certificate: PaperRule = Field(
        default=_rule(PaperKind.CERTIFICATE),
        description="保証書・保証証書の写し（ask はお知らせの送付をお願いします）",
    )
    completion_mail: PaperRule = Field(
        default=_rule(PaperKind.COMPLETION_MAIL),
        description="保証会社からの発行完了のメール（ask はお知らせの送付をお願いします）",
    )
    insurer_access: PaperRule = Field(
        default=_rule(PaperKind.INSURER_ACCESS),
        description="保険会社の証券の閲覧用URL・パスワード（ask は担当への問合せをお願いします）",
    )
    insurer_security: PaperRule = Field(
        default=_rule(PaperKind.INSURER_SECURITY),
        description="保険会社の証券のPDF（ask は担当への問合せをお願いします）",
    )
    bank_guarantee: PaperRule = Field(
        default=_rule(PaperKind.BANK_GUARANTEE),
        description="銀行等の保証書（ask は原本の提出をお願いします）",
    )
    claim: PaperRule = Field(
        default=_rule(PaperKind.CLAIM),
        description="お知らせのない前払金の請求書（ask はお知らせの送付もお願いします）",
    )
    works_contract: PaperRule = Field(
        default=_rule(PaperKind.WORKS_CONTRACT),
        description="お知らせのない契約書（ask はお知らせの送付もお願いします）",
    )


class PicturesSection(Section):
    """画像の書類（スキャン、FAX、写真）の読取りと、担当への知らせに添える画像。"""

    recognise: StrictBool = Field(
        default=True,
        description=(
            "画像の文字を読み取るか。読み取るにはOCRの組（./run ocr で入ります）が必要で、ないあいだは画像の書類を人が確認します。"
            "PDFの見た目と中の文字情報との照合も、これで行います"
        ),
    )
    in_alerts: StrictBool = Field(
        default=True,
        description="要確認の知らせに、書類の画像（番号と認証キーの拡大を含む）を添えるか。認証キーがメールに写ります",
    )


class MatchingSection(Section):
    """台帳との照合。番号が台帳にないときの自動受付の条件です。"""

    name_score: int = Field(
        default=100,
        ge=80,
        le=100,
        description="工事名がどれだけ似ていれば自動で受け付けるか（100は表記の揺れを除いて同じ）",
    )
    margin: int = Field(default=5, ge=1, le=50, description="2番目の候補との点差がこれ以上のときだけ自動で受け付ける")
    automatic_products: tuple[Product, ...] = Field(
        default=(Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT, Product.CONTRACT),
        description="自動で受け付ける保証区分",
    )


class SubjectsSection(Section):
    """メールの件名の読取り。工事番号などを照合の手掛かりにし、担当者に示します。件名の書き方を理由に、メールを断ることはありません。"""

    profiles: tuple[SubjectProfile, ...] = Field(
        default=PROFILE_NAMES,
        description="読み取る件名の書き方（docs/subjects.md に一覧。ふつうは、すべてのままで構いません。[] は使わない）",
    )
    patterns: tuple[SubjectTemplate, ...] = Field(
        default=(),
        description=(
            "市が決めた件名の書き方（先に試します）。{工事番号}、{工事名}、{保証区分}、{受注者}、{その他} を4つまで、区切りを挟んで書きます。"
            f"空白はどの区切りにも、括弧はどの括弧にも合います。件名は{MAX_SUBJECT}文字まで読みます"
        ),
        examples=[["【保証書類】{工事番号} {工事名}"]],
    )


class PasswordsSection(Section):
    """パスワード付きのファイルと、別のメールで届くパスワード。同じ差出人アドレスのメールどうしだけを組み合わせ、パスワードは保存しません。"""

    enabled: StrictBool = Field(default=True, description="メールの文からパスワードを読み取ってファイルを開くか")
    window_hours: int = Field(
        default=72,
        ge=1,
        le=720,
        description="ファイルとパスワードのメールを、届いた時刻の差がこの時間以内なら組み合わせます",
    )


class RepliesSection(Section):
    """差出人への返信。"""

    enabled: StrictBool = Field(default=True, description="差出人に返信するか")
    delay_seconds: int = Field(
        default=5,
        ge=0,
        le=600,
        description="メールが届いてから返信するまでの時間（秒）。照合の結果によらず同じにして、番号を探られないようにします",
    )
    per_address_per_hour: int = Field(
        default=20,
        ge=1,
        description="1つのアドレスへ1時間に返信する上限（上限に達した分は定時報告に1行で載ります。以下同じ）",
    )
    per_address_per_day: int = Field(default=60, ge=1, description="1つのアドレスへ1日に返信する上限")
    kind_per_day: int = Field(
        default=1,
        ge=1,
        description="受領のほかの返信（相違、再送、送付のお願い）を、1つのアドレスへ種類ごとに1日に送る上限",
    )
    notice_per_day: int = Field(
        default=2, ge=1, description="同じお知らせが同じアドレスから繰り返し届いたとき、1日に返信する上限"
    )
    words_per_day: int = Field(
        default=1,
        ge=1,
        description=(
            "添付のないメールには、その日そのアドレスへ送ったメール（種類を問わない）がこの数に達していれば返信しない"
            "（印のない自動応答との往復を防ぎます。担当には知らせます）"
        ),
    )
    per_domain_per_hour: int = Field(
        default=60, ge=1, description="1つのドメインへ1時間に返信する上限（誰でも取得できるメールのドメインを除く）"
    )
    per_domain_per_day: int = Field(
        default=200, ge=1, description="1つのドメインへ1日に返信する上限（誰でも取得できるメールのドメインを除く）"
    )
    in_all_per_hour: int = Field(default=500, ge=1, description="全体で1時間に返信する上限")
    in_all_per_day: int = Field(default=2000, ge=1, description="全体で1日に返信する上限")
    alerts_per_desk_per_hour: int = Field(
        default=30, ge=1, description="1つの担当へ1時間に送る知らせの上限（上限に達した分は定時報告だけになります）"
    )
    alerts_per_desk_per_day: int = Field(default=100, ge=1, description="1つの担当へ1日に送る知らせの上限")
    guessed_keys: int = Field(
        default=3, ge=3, description="同じ番号について異なる認証キーがいくつ届いたら、推測の疑いとして担当に知らせるか"
    )
    guessed_keys_days: int = Field(default=7, ge=1, le=365, description="上の数を数える日数")
    guessed_numbers: int = Field(
        default=20,
        ge=2,
        description="1つのアドレスから台帳にない番号が1日にいくつ届いたら、推測の疑いとして担当に知らせるか",
    )
    free_mail_domains: tuple[Domain, ...] = Field(
        default=(),
        description="誰でも取得できるメールのドメイン（組込みの一覧への追加）",
        examples=[["mail.example.com"]],
    )


class LogSection(Section):
    """記録。認証キーは記録されません。"""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="記録の細かさ")
    format: Literal["text", "json"] = Field(default="text", description="記録の形（端末では text、収集するなら json）")


class Config(Section):
    """Everything. `base` is the folder that relative paths start from."""

    office: OfficeSection
    mail: MailSection
    desks: tuple[DeskSection, ...]
    storage: StorageSection = StorageSection()
    smtp: SmtpSection = SmtpSection()
    lmtp: LmtpSection = LmtpSection()
    imap: ImapSection = ImapSection()
    folder: FolderSection = FolderSection()
    outgoing: OutgoingSection = OutgoingSection()
    answers: AnswersSection = AnswersSection()
    operator: OperatorSection = OperatorSection()
    register_: RegisterSection = Field(default=RegisterSection(), alias="register")
    summary: SummarySection = SummarySection()
    reminders: RemindersSection = RemindersSection()
    letters: LettersSection = LettersSection()
    issued: IssuedSection = IssuedSection()
    reading: ReadingSection = ReadingSection()
    papers: PapersSection = PapersSection()
    passwords: PasswordsSection = PasswordsSection()
    pictures: PicturesSection = PicturesSection()
    matching: MatchingSection = MatchingSection()
    subjects: SubjectsSection = SubjectsSection()
    replies: RepliesSection = RepliesSection()
    log: LogSection = LogSection()
    base: Path = Field(default=Path(), exclude=True)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

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
            others = file.stat().st_mode & 0o077
            secret = file.read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(
                (Mistake(str(path), f"読めません（{error.strerror}）", "ファイルの場所と権限を確かめてください"),)
            ) from None
        if not secret:
            raise ConfigError((Mistake(str(path), "空のファイルです", "パスワードだけを1行で書いてください"),))
        if others:
            raise ConfigError(
                (Mistake(str(path), "ほかの利用者も読める権限です", f"chmod 600 {file} を実行してください"),)
            )
        return SecretStr(secret)


def is_loopback(host: str) -> bool:
    """Whether the host is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(path: Path) -> Config:
    """Read and check a TOML file. Raises ConfigError with every mistake."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        cure = "config.example.toml を写して作り、--config で場所を指定してください"
        raise ConfigError((Mistake(str(path), f"設定ファイルを読めません（{error.strerror}）", cure),)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        cure = 'TOMLの書き方（文字列は" "で囲む等）を確かめてください。文字コードはUTF-8です'
        raise ConfigError((Mistake(str(path), f"TOMLとして読めません（{error}）", cure),)) from None
    return check(data, path.absolute().parent)


def check(data: Mapping[str, object], base: Path) -> Config:
    """Settings from a parsed file. Raises ConfigError with every mistake, those between sections included."""
    mistakes: list[Mistake] = []
    config: Config | None = None
    try:
        config = Config.model_validate({**data, "base": base})
    except ValidationError as error:
        mistakes += mistakes_of(error, Config)
    mistakes += _between_sections(data)
    if mistakes or config is None:
        raise ConfigError(tuple(mistakes))
    return config


def _between_sections(data: Mapping[str, object]) -> Iterator[Mistake]:
    """Rules over several sections, on what was written, so that they speak even when a section is wrong."""

    def table(name: str) -> Mapping[str, object]:
        value = data.get(name)
        return value if isinstance(value, Mapping) else {}

    # A door whose `enabled` is no true or false is reported as such, and was meant.
    doors = [table(name).get("enabled", False) for name in ("smtp", "lmtp", "imap")]
    if all(door is False for door in doors) and not table("folder").get("path"):
        yield Mistake(
            "smtp / lmtp / imap / folder",
            "受信の方法が1つも選ばれていません",
            "smtp.enabled、lmtp.enabled、imap.enabled のどれかを true にするか、folder.path を書いてください",
        )
    for name in ("base", "register_"):  # our own names of fields, not the file's
        if name in data:
            yield Mistake(name, *CURES["extra_forbidden"])
    desks = data.get("desks")
    if isinstance(desks, list) and not desks:
        yield Mistake("desks", "担当が1つもありません", "[[desks]] に name と address を書いてください")
    yield from _doubled(table("mail").get("inboxes"), desks)
    yield from _too_long(table("mail"))
    if table("imap").get("enabled") is True:
        yield from _imap(table("imap"))
    yield from _reminders(table("reminders"), desks)
    outgoing = table("outgoing")
    if outgoing.get("method") == "smtp":
        yield from _incomplete("outgoing", outgoing, ("host",), 'method = "smtp"')
    if bool(outgoing.get("user")) != bool(outgoing.get("password_file")):
        cure = "両方書くか、両方省いてください"
        yield Mistake("outgoing.user / outgoing.password_file", "片方だけが書かれています", cure)
    smtp, lmtp = table("smtp"), table("lmtp")
    if (
        smtp.get("enabled") is True
        and lmtp.get("enabled") is True
        and smtp.get("port", 2525) == lmtp.get("port", 2424)
        and smtp.get("host", "127.0.0.1") == lmtp.get("host", "127.0.0.1")
    ):
        yield Mistake("lmtp.port", "smtp.port と同じです", "どちらかを別の番号にしてください")


def _too_long(mail: Mapping[str, object]) -> Iterator[Mistake]:
    """A bounce address has to leave room for its extension in 64 octets (RFC 5321 §4.5.3.1.1)."""
    inboxes = mail.get("inboxes")
    address = mail.get("bounce_address") or (inboxes[0] if isinstance(inboxes, list) and inboxes else "")
    local = str(address).rpartition("@")[0]
    if mail.get("bounce_delimiter") and len(local) > LOCAL_PART_OCTETS - 1 - TOKEN_CHARACTERS:
        cure = f"@ の前が{LOCAL_PART_OCTETS - 1 - TOKEN_CHARACTERS}文字以内のアドレスを mail.bounce_address に書くか、bounce_delimiter を省いてください"
        yield Mistake("mail.bounce_delimiter", f"{address} では長すぎて符号を付けられません", cure)


def _doubled(inboxes: object, desks: object) -> Iterator[Mistake]:
    """Addresses that would make a mail go round, and names that would not tell two desks apart."""
    own = _written(inboxes)
    if len(set(own)) != len(own):
        yield Mistake("mail.inboxes", "同じアドレスが2回あります", "1つにしてください")
    tables = [desk for desk in desks if isinstance(desk, Mapping)] if isinstance(desks, list) else []
    for place, desk in enumerate(tables, 1):
        for address in _written(desk.get("inboxes")):
            if address in own:
                cure = "mail.inboxes か、1つの担当の inboxes の、どちらか1か所だけに書いてください"
                yield Mistake(f"desks（{place}番目）.inboxes", f"{address} がほかの所にもあります", cure)
            own.append(address)
    for place, desk in enumerate(tables, 1):
        for key in ("address", "deputy", "head"):
            if str(desk.get(key, "")).lower() in own:
                cure = "担当者が読む別のアドレスにしてください"
                what = "受け付けるアドレス（mail.inboxes、desks.inboxes）と同じです"
                yield Mistake(f"desks（{place}番目）.{key}", what, cure)
        if any(desk.get("name") == other.get("name") for other in tables[: place - 1]):
            yield Mistake(f"desks（{place}番目）.name", "同じ名称の担当があります", "別の名称にしてください")


def _reminders(table: Mapping[str, object], desks: object) -> Iterator[Mistake]:
    """That each step goes to somebody, and comes after the one before."""
    deputy, head = table.get("held_deputy_days", 0), table.get("held_head_days", 0)
    if isinstance(deputy, int) and isinstance(head, int) and 0 < head <= deputy:
        cure = "held_deputy_days より大きくしてください"
        yield Mistake("reminders.held_head_days", "代理の方に知らせる日数より後になっていません", cure)
    tables = [desk for desk in desks if isinstance(desk, Mapping)] if isinstance(desks, list) else []
    for days, key in ((deputy, "deputy"), (head, "head")):
        if days and tables and not any(desk.get(key) for desk in tables):
            cure = f"[[desks]] に {key} を書いてください"
            yield Mistake(f"reminders.held_{key}_days", "知らせる相手がどの担当にもありません", cure)
    absences = table.get("absences")
    for place, one in enumerate(absences if isinstance(absences, list) else (), 1):
        dates = (one.get("since"), one.get("until")) if isinstance(one, Mapping) else ()
        first, last = (str(day) for day in dates) if dates else ("", "")
        if last and last < first:
            cure = "since より後の日にしてください"
            yield Mistake(f"reminders.absences（{place}番目）.until", "不在の最初の日より前です", cure)


def _written(addresses: object) -> list[str]:
    return [str(address).lower() for address in addresses] if isinstance(addresses, list) else []


def _imap(table: Mapping[str, object]) -> Iterator[Mistake]:
    """Where the password or token comes from: one place, and one that fits the way of logging in."""
    command = bool(table.get("token_command"))
    needed = ("host", "user") if command else ("host", "user", "password_file")
    yield from _incomplete("imap", table, needed, "enabled = true")
    if command and table.get("password_file"):
        yield Mistake("imap.token_command", "password_file と両方が書かれています", "どちらかを省いてください")
    if command and table.get("auth", "password") != "xoauth2":
        yield Mistake(
            "imap.token_command", "auth が xoauth2 でないときは使えません", 'auth = "xoauth2" と書いてください'
        )


def _incomplete(name: str, table: Mapping[str, object], needed: Sequence[str], because: str) -> Iterator[Mistake]:
    """What a connection needs once it is wanted; and that it is not made in the clear to another machine."""
    for key in needed:
        if not table.get(key):
            yield Mistake(f"{name}.{key}", f"{because} のときは必要です", f"{key} を書いてください")
    host = table.get("host")
    if table.get("tls") == "none" and isinstance(host, str) and host and not is_loopback(host):
        cure = "implicit か starttls にしてください（none は host がこのマシンのときだけ使えます）"
        yield Mistake(f"{name}.tls", "暗号化せずに別のマシンへはつなげません", cure)
