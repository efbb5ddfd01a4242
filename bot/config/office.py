"""The office and its letters: [office] [[desks]] [operator] [replies] [answers] [letters] [issued] [summary] [reminders].

Each field's description is the help in config.example.toml and docs/configuration.md. Raises nothing itself.
"""

from __future__ import annotations

from datetime import date, time
from typing import Literal, Self

from pydantic import Field, StrictBool, model_validator

from bot.config.types import MONTH_DAY, Days, Domain, FilePath, MailAddress, MailAddressOrNothing, Section, Sender
from bot.core.deadlines.rules import DeadlineKind
from bot.core.records.guarantee import Product


class OfficeSection(Section):
    """市の名称と問合せ先。送信する全てのメールの署名に使われます。"""

    city: str = Field(min_length=1, description="市の名称", examples=["取手市"])
    department: str = Field(default="", description="担当部署（空欄なら省略）", examples=["財政部 契約課"])
    phone: str = Field(default="", description="問合せ先の電話番号（空欄なら省略）", examples=["0297-00-0000"])
    email: MailAddressOrNothing = Field(
        default="", description="人が読む問合せ先アドレス（空欄なら省略）", examples=["keiyaku@city.example.jp"]
    )
    hours: str = Field(default="", description="受付時間（空欄なら省略）", examples=["平日 8時30分～17時15分"])
    system_name: str = Field(default="電子保証受付システム", description="差出人名に添えるシステムの名称")


class DeskSection(Section):
    """確認の必要な案件と定時報告を受け取る担当。"""

    name: str = Field(min_length=1, description="担当の名称", examples=["契約課"])
    address: MailAddress = Field(description="担当のアドレス", examples=["keiyaku@city.example.jp"])
    products: tuple[Product, ...] = Field(
        default=(),
        description="受け持つ保証区分: contract（契約保証）、advance_payment（前払金）、interim_payment（中間前払金）、other。空欄は全て",
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
        description="更に日数がたったものを知らせる上司（課長など）のアドレス。staff と同じく返信で指示できます",
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
    department: str = Field(
        default="",
        description="受注者への文面で名乗る部署（空欄なら office.department）。その件の担当が1つに決まるときに使います（下の3つも同じ）",
        examples=["建設部 道路課"],
    )
    phone: str = Field(
        default="", description="その問合せ先の電話番号（空欄なら office.phone）", examples=["0297-00-0001"]
    )
    email: MailAddressOrNothing = Field(
        default="", description="その問合せ先のアドレス（空欄なら office.email）", examples=["doro@city.example.jp"]
    )
    hours: str = Field(default="", description="その受付時間（空欄なら office.hours）", examples=["平日 9時～16時"])

    default: StrictBool = Field(
        default=False,
        description=(
            "お知らせのないメールのうち、どの担当のものか分からないものを、この担当が受け持つか。どの担当にも書かなければ、"
            "products が空欄の最初の担当（なければ最初の担当）が受け持ちます"
        ),
    )


class DeskRuleSection(Section):
    """お知らせのないメールを、どの担当が受け持つか。上から順に見て、書いた条件が全て当てはまった最初のもので決めます。

    当てはまるものがなければ、届いた担当のアドレス（desks の inboxes）、差出人の保証の担当課（台帳）、既定の担当（desks の default）の順で決めます。
    メールは1つの担当だけに知らせ、その担当の定時報告に、「対応済」とするまで載せます。
    """

    desk: str = Field(min_length=1, description="受け持つ担当の名称（desks の name）", examples=["契約課"])
    recipients: tuple[MailAddress, ...] = Field(
        default=(), description="届いた宛先のアドレス（どれか1つ）", examples=[["hosho-kouji@city.example.jp"]]
    )
    senders: tuple[Sender, ...] = Field(
        default=(),
        description="差出人のアドレスかドメイン（どれか1つ。ドメインは、その下のものも含みます）",
        examples=[["kensetsu.example.jp"]],
    )
    subject_words: tuple[str, ...] = Field(
        default=(), description="件名の中の言葉（どれか1つ）", examples=[["前払金", "請求書"]]
    )

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not (self.recipients or self.senders or self.subject_words):
            raise ValueError("recipients、senders、subject_words のどれかを書いてください")
        return self


class AbsenceSection(Section):
    """不在の方と期間。"""

    address: MailAddress = Field(description="不在の方のアドレス", examples=["kakaricho@city.example.jp"])
    since: date = Field(description="不在の最初の日", examples=["2026-12-24"])
    until: date = Field(description="不在の最後の日", examples=["2026-12-28"])
    name: str = Field(default="", description="お名前（「様」を付けて書きます。空欄ならアドレス）", examples=["山田"])


class RemindersSection(Section):
    """期限の見張り。日数を書いた種類だけを見張ります（0は見張りません）。日数は開庁日で、起算日は数えません。

    担当には定時報告の中で、代理の方、上司、受注者には開庁日に1人1日1通までのメールで知らせます。
    """

    issued_without_notice_days: Days = Field(
        default=0, description="保証の発行日から、お知らせが届かないまま何日たったら知らせるか"
    )
    notice_without_claim_days: Days = Field(
        default=0,
        description="前払金・中間前払金のお知らせを受信してから、請求書が見当たらないまま何日たったら知らせるか（紙で届いたものは分かりません）",
    )
    claim_without_notice_days: Days = Field(
        default=0, description="請求書を受信してから、お知らせが見当たらないまま何日たったら知らせるか"
    )
    contract_guarantee_due_days: Days = Field(
        default=0, description="契約保証の認証キーを受け取っていない契約を、請負契約日の何日前から知らせるか"
    )
    payment_due_days: Days = Field(
        default=0,
        description="前払金の請求書を受信した日から何日以内に支払うか（受付済又は確認済のものについて知らせます）",
    )
    payment_warning_days: int = Field(default=3, ge=0, le=60, description="支払期限の何開庁日前から知らせるか")
    guarantee_ends_before_works_days: Days = Field(
        default=0, description="保証期限が工期の終わりより前の保証を、保証期限の何日前から知らせるか"
    )
    not_verified_days: Days = Field(default=0, description="受付済のまま、D-Sureでの確認がなく何日たったら知らせるか")
    held_deputy_days: Days = Field(
        default=0,
        description="確認待ちの受付と、担当者が読む必要のあるメールを、何日たったら代理の方（desks.deputy）に知らせるか",
    )
    held_head_days: Days = Field(default=0, description="同じく、何日たったら上司（desks.head）に知らせるか")
    contractor_days: Days = Field(
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
        description="請求書が見当たらないもの、支払期限を、期限から何開庁日たったら知らせるのをやめるか（紙の請求書や支払は分からないため）",
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
    originals_mb: int = Field(
        default=7,
        ge=0,
        le=20,
        description=(
            "「原本」と返信した職員に、届いた書類（PDFと画像）を送る上限（1通の添付の合計、MB。メールの大きさはこの約1.4倍。0は送りません）。"
            "上限を超えるものは、どのメールにあるかを知らせます。書類には認証キーが載っています。送ったことは操作の記録に残ります"
        ),
    )
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
        description="知らせる先のアドレス（空欄なら全ての担当）",
        examples=["joho@city.example.jp"],
    )
    waiting_minutes: int = Field(
        default=60,
        ge=10,
        le=7 * 24 * 60,
        description="受信したメールが処理されないまま何分たったら知らせるか（機械が混んでいて、読取りを待っている場合を含む）",
    )
    backup: str = Field(
        default="",
        description="ほかの仕組み（pg_dump など）で作るバックアップの場所。* を使えます。書くと、新しいものがないときに知らせます（空欄なら backup.folder を見ます）",
        examples=["/srv/backup/hosho-*.dump"],
    )
    backup_days: int = Field(default=2, ge=1, le=366, description="最も新しいバックアップが何日より古いと知らせるか")


class SummarySection(Section):
    """担当者への定時報告。開庁日の決まった時刻に送ります。"""

    times: tuple[time, ...] = Field(default=(time(9, 0),), description="送る時刻（日本時間）", examples=[["09:00"]])
    closed_days: tuple[date, ...] = Field(
        default=(), description="祝日・土日・年末年始のほかに閉庁する日", examples=[["2026-11-13"]]
    )
    year_end_from: str = Field(default="12-29", pattern=MONTH_DAY, description="年末の閉庁の最初の日（月-日）")
    year_end_to: str = Field(default="01-03", pattern=MONTH_DAY, description="年始の閉庁の最後の日（月-日）")
    html: StrictBool = Field(
        default=True, description="文面と同じ内容のHTMLを添えるか（除かれても、文面だけで足ります）"
    )
    workbook: StrictBool = Field(
        default=True,
        description="Excelのファイル（要対応の全件、D-Sure、期限、受付、期間中の処理、台帳、件数の推移）を添えるか。認証キーは載りません。"
        "false では、文面に載せる件を増やします（添付が取り除かれる庁内では false にしてください）",
    )


class LettersSection(Section):
    """メールの文面。市の言葉に直したいものだけを、別のフォルダに置けます。"""

    folder: FilePath | None = Field(
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


class RepliesSection(Section):
    """差出人への返信。"""

    enabled: StrictBool = Field(default=True, description="差出人に返信するか")
    delay_seconds: int = Field(
        default=5,
        ge=0,
        le=600,
        description="メールが届いてから返信するまでの時間（秒）。照合の結果によらず同じにして、番号を探られないようにします（読取りが間に合わないときは1分単位で遅らせ、0では遅らせません）",
    )
    per_address_per_hour: int = Field(
        default=20,
        ge=1,
        description="1つのアドレスへ1時間に返信する上限（上限に達した分は定時報告に1行で載ります。以下同じ）",
    )
    per_address_per_day: int = Field(default=60, ge=1, description="1つのアドレスへ1日に返信する上限")
    final_letters_to_firm: StrictBool = Field(
        default=False,
        description=(
            "お知らせを台帳のアドレスとは別の方が送ったとき、確認済・差戻しのお知らせを、台帳のアドレス（受注者）にも送るか"
            "（台帳の行に決まったものだけ。配信停止の申出のあるアドレスには送りません）"
        ),
    )
    kind_per_day: int = Field(
        default=1,
        ge=1,
        description="受領のほかの返信（相違、再送、送付のお願いなど）を、1つのアドレスへ種類ごとに1日に送る上限（人が書いたと分かるメールへの送付のお願いは、この3倍まで）",
    )
    notice_per_day: int = Field(
        default=2, ge=1, description="同じお知らせが同じアドレスから繰り返し届いたとき、1日に返信する上限"
    )
    words_per_day: int = Field(
        default=1,
        ge=1,
        description=(
            "添付のないメール（送付や到着のお尋ねと分かるものを除く）には、その日そのアドレスへ送ったメール（種類を問わない）がこの数に達していれば返信しない"
            "（印のない自動応答との往復を防ぎます。担当には知らせます）"
        ),
    )
    per_domain_per_hour: int = Field(
        default=60, ge=1, description="1つのドメインへ1時間に返信する上限（誰でも取得できるメールのドメインを除く）"
    )
    per_domain_per_day: int = Field(
        default=200, ge=1, description="1つのドメインへ1日に返信する上限（誰でも取得できるメールのドメインを除く）"
    )
    in_all_per_hour: int = Field(
        default=500,
        ge=1,
        description="全体で1時間に返信する上限（台帳か確認済のお知らせにアドレスやドメインのある方への返信は、止めません）",
    )
    in_all_per_day: int = Field(default=2000, ge=1, description="全体で1日に返信する上限")
    alerts_per_desk_per_hour: int = Field(
        default=30,
        ge=1,
        description=(
            "1つの担当へ1時間に送る知らせの上限（上限に達した分は定時報告だけになります）。台帳か確認済のお知らせにアドレスやドメインのある方の分は"
            "その方ごとに、異なるキーの警告は別に数え、台帳にある番号についてのその日最初の警告は必ず送ります"
        ),
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
