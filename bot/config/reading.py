"""What is read and how it is matched: [reading] [papers] [pictures] [passwords] [matching] [conditions] [subjects] [register].

Each field's description is the help in config.example.toml and docs/configuration.md. Raises nothing itself.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, StrictBool

from bot.config.types import Columns, FilePath, Pattern, Section, Sheets, SubjectProfile, SubjectTemplate
from bot.core.issuers import KEY_PATTERNS, NUMBER_PATTERNS
from bot.core.mail.subject_forms import MAX_SUBJECT, PROFILE_NAMES
from bot.core.policy.conditions import KINDS
from bot.core.records.guarantee import Product
from bot.core.records.paper import PaperKind, PaperRule


class RegisterSection(Section):
    """保証の台帳（CSV・XLSX）の取込み。"""

    watch_folder: FilePath | None = Field(
        default=None,
        description="台帳ファイルを見張るフォルダ（省略すると使いません）",
        examples=["/srv/hosho/register"],
    )
    columns: Columns = Field(
        default={},
        description=(
            "列名の読み替え（ファイルの列名 = 標準の列名）。1行に1つの工事の保証が並ぶ台帳では、保証ごとの列を"
            "「契約保証：保証契約番号」のように書きます（ファイルの列名 = 保証区分：標準の列名）。"
            "見出しが2行のときは、上下をつないだ列名（「前払金」の下の「証書番号」なら、前払金証書番号）です"
        ),
        examples=[{"契約の名称": "工事名", "履行保証No": "契約保証：保証契約番号"}],
    )
    sheets: Sheets = Field(
        default={},
        description="保証区分の列がないシートの、保証区分（シート名 = 保証区分）。シート名が保証区分そのものなら、書かなくて構いません",
        examples=[{"R8前払": "前払金保証"}],
    )


class ReadingSection(Section):
    """番号とキーの形式。保証会社により異なるため、合わないものは人が確認します。"""

    number_patterns: tuple[Pattern, ...] = Field(
        default=NUMBER_PATTERNS,
        description="保証契約番号の形式（正規表現。どれか1つに全体が合えばよい。繰返しには {1,20} のように上限を付ける）",
    )
    key_patterns: tuple[Pattern, ...] = Field(
        default=KEY_PATTERNS,
        description="認証キーの形式（正規表現。どれか1つに全体が合えばよい。繰返しには {1,20} のように上限を付ける）",
    )


def _rule(kind: PaperKind) -> PaperRule:
    return kind.rule or PaperRule.PERSON


class PapersSection(Section):
    """認証キーのお知らせ（PDF）以外の書類の扱い。accept はそのまま受け取る、ask は市に必要なものの送付を差出人にお願いする、person は返信せずに人が確認する、です。担当が処理する書類（請求書、契約書、保険会社・銀行等の書類）は、どれを選んでも担当に知らせます。"""

    image_notice: PaperRule = Field(
        default=_rule(PaperKind.IMAGE_NOTICE),
        description="スキャン・FAX・写真のお知らせで、読み取れないもの（ask はダウンロードしたPDFの送付をお願いします）",
    )
    key_in_body: Literal["accept", "person"] = Field(
        default="person",
        description="メール本文に書かれた番号とキー（accept はお知らせと同じに扱い、person は受け取った上で人が確認します）",
    )
    net_desk_screen: PaperRule = Field(
        default=_rule(PaperKind.NET_DESK_SCREEN),
        description=(
            "保証会社のシステム（ネットデスク、e-Net保証）の画面。番号とキーが読み取れたものは、accept ならお知らせと同じに扱い、"
            "ほかは受け取った上で人が確認します。読み取れないものは、ask ならお知らせの送付をお願いします"
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
            "画像の文字を読み取るか。読み取るにはOCRの組（./run ocr で入ります）が必要で、ない間は画像の書類を人が確認します。"
            "PDFの見た目と中の文字情報との照合も、これで行います"
        ),
    )
    in_alerts: StrictBool = Field(
        default=True,
        description="要確認の知らせに、書類の画像（番号と認証キーの拡大を含む）を添えるか。認証キーがメールに写ります",
    )

    @property
    def sees(self) -> bool | None:
        """Whether pictures are recognised; None = wherever the recogniser is installed."""
        return None if self.recognise else False


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
    strangers_fill_rows: StrictBool = Field(
        default=False,
        description=(
            "台帳のアドレスや確認済のお知らせの差出人と確かめられない方のお知らせでも、受け付けたときに番号とキーを台帳に書き込むか"
            "（falseなら、担当者がD-Sureで確認済としたときに書き込みます）。"
            "注意: 工事名・受注者・保証区分は公表されているため、trueにすると、誰でも偽の番号とキーを台帳に書き込めます"
        ),
    )


class ConditionsSection(Section):
    """電子保証の利用条件（何も書かなければ、条件はありません）。合わないお知らせには、代わりに提出するものを返信し、担当には定時報告の1行で知らせます。

    保証区分と契約の種類はお知らせの記載で、金額と契約日は台帳で確かめます（台帳による理由は、台帳の方と確かめられた差出人にだけ知らせます）。
    """

    begins_on: date | None = Field(
        default=None, description="お知らせの受付を始める日（これより前に届いたものは対象外）", examples=["2026-12-01"]
    )
    products: tuple[Product, ...] = Field(
        default=(), description="対象とする保証区分。空欄は全て", examples=[["contract", "advance_payment"]]
    )
    kinds: tuple[str, ...] = Field(
        default=(),
        description="対象とする契約の種類（kind_words にあるもの）。空欄は全て。名称から種類が分からないものは、対象とみなします",
        examples=[["工事", "業務委託"]],
    )
    kind_words: dict[str, tuple[str, ...]] = Field(
        default=dict(KINDS),
        description="契約の種類と、工事名・業務名のどの言葉で見分けるか（最後に現れる言葉で決めます）",
    )
    least_yen: int | None = Field(default=None, ge=0, description="対象とする請負金額の下限（円）", examples=[5000000])
    most_yen: int | None = Field(default=None, ge=0, description="対象とする請負金額の上限（円）", examples=[500000000])
    contracted_from: date | None = Field(
        default=None, description="対象とする請負契約日の最初の日", examples=["2026-12-01"]
    )
    contracted_until: date | None = Field(
        default=None, description="対象とする請負契約日の最後の日", examples=["2027-03-31"]
    )
    instead: str = Field(
        default="",
        max_length=200,
        description="代わりに提出していただくもの（返信に載せる1文。空欄なら、紙の保証証書を担当へ提出するようお願いします）",
        examples=["お手数ですが、紙の保証証書を、契約課の窓口へご持参ください。"],
    )


class SubjectsSection(Section):
    """メールの件名の読取り。工事番号などを照合の手掛かりにし、担当者に示します。件名の書き方を理由に、メールを断ることはありません。"""

    profiles: tuple[SubjectProfile, ...] = Field(
        default=PROFILE_NAMES,
        description="読み取る件名の書き方（docs/subjects.md に一覧。普通は、全てのままで構いません。[] は使わない）",
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
