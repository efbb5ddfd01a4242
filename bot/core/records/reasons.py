"""The closed list of reasons: why a mail, a paper, a submission or an outgoing mail is in the state that it is in.

Every verdict carries at least one. `wording(reason)` is the Japanese that clerks read in alerts, summaries and tables.
A reason that has no wording is a programming error, held by a test.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Refusal(StrEnum):
    """What speaks against a notice, as a clerk found it."""

    # not for us, or not this work
    ANOTHER_ORDERER = "another_orderer"
    ANOTHER_DESK = "another_desk"
    ANOTHER_WORKS = "another_works"
    NO_SUCH_WORKS = "no_such_works"
    NOT_ELIGIBLE = "not_eligible"
    # what the notice says
    NUMBER = "number"
    KEY = "key"
    NOT_VIEWABLE = "not_viewable"
    OTHER_KEY = "other_key"
    PROJECT_NAME = "project_name"
    CONTRACTOR = "contractor"
    JOINT_VENTURE = "joint_venture"
    PRODUCT = "product"
    # what the certificate says
    AMOUNT = "amount"
    AMOUNT_SHORT = "amount_short"
    EXPIRES_EARLY = "expires_early"
    CONTRACT_AMOUNT = "contract_amount"
    WORKS_PERIOD = "works_period"
    CONTRACT_DATE = "contract_date"
    AFTER_CONTRACT = "after_contract"
    BEFORE_CHANGE = "before_change"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    # what else is or is not there
    ON_PAPER = "on_paper"
    SENT_TWICE = "sent_twice"
    NO_CLAIM = "no_claim"
    BEFORE_APPROVAL = "before_approval"
    INSURER = "insurer"
    BANK = "bank"
    # the file
    BLURRED = "blurred"
    UNREADABLE = "unreadable"
    SCREEN = "screen"
    CERTIFICATE = "certificate"
    COMPLETION_MAIL = "completion_mail"
    WRONG_FILE = "wrong_file"


class MailReason(StrEnum):
    """Why an incoming mail ended in its state."""

    NOTICE_FOUND = "notice_found"
    NOTICE_AND_QUESTION = "notice_and_question"
    NOTICE_AND_UNREAD = "notice_and_unread"
    # answered: a clerk's answer to a letter of ours
    ORDERS_DONE = "orders_done"
    ORDERS_NOT_DONE = "orders_not_done"
    # answered: a clerk's mail that enters notices
    FORMS_TAKEN = "forms_taken"
    FORMS_NOT_TAKEN = "forms_not_taken"
    # answered: a contractor's word about our notices
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_GIVEN = "consent_given"
    # passed on: a person must read it
    ANSWER_UNPROVEN = "answer_unproven"
    NO_NOTICE = "no_notice"
    PAPER_WITHOUT_NOTICE = "paper_without_notice"
    NOTICE_WANTED = "notice_wanted"
    ATTACHED_MAIL = "attached_mail"
    TOO_LARGE = "too_large"
    NOT_FETCHED = "not_fetched"
    REPORT_UNCLEAR = "report_unclear"
    PASSWORD_UNUSED = "password_unused"  # noqa: S105 - a reason
    # ignored: no person's mail
    NULL_SENDER = "null_sender"
    DELIVERY_REPORT = "delivery_report"
    AUTOMATIC_REPLY = "automatic_reply"
    AUTOMATIC_MAIL = "automatic_mail"
    MAILING_LIST = "mailing_list"
    SYSTEM_ADDRESS = "system_address"
    OWN_MAIL = "own_mail"
    SPAM = "spam"
    GOES_ROUND = "goes_round"
    BEFORE_FIRST_START = "before_first_start"
    ALREADY_RECEIVED = "already_received"
    PASSWORD_MAIL = "password_mail"  # noqa: S105 - likewise
    # parked: we could not
    READING_FAILED = "reading_failed"
    PROCESSING_FAILED = "processing_failed"
    # released: a person did
    CLERK_RELEASED = "clerk_released"


class PaperReason(StrEnum):
    """What was found about one attachment or body."""

    LABELS_AND_TITLE = "labels_and_title"
    LABELS_ONLY = "labels_only"
    TYPED_IN_BODY = "typed_in_body"
    TITLE_ONLY = "title_only"
    TEXT_OF_PAPER = "text_of_paper"
    NO_SIGN = "no_sign"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    NO_TEXT = "no_text"
    GARBLED = "garbled"
    LIMITS = "limits"
    UNKNOWN_FORMAT = "unknown_format"
    ARCHIVE = "archive"
    ATTACHED_MAIL = "attached_mail"
    NOT_LOOKED_INTO = "not_looked_into"
    OPENED = "opened"
    SCANNED_TEXT = "scanned_text"
    TEXT_OF_PICTURE = "text_of_picture"
    NO_SIGN_ON_PICTURE = "no_sign_on_picture"
    MORE_ON_PICTURE = "more_on_picture"
    FILLED_IN = "filled_in"
    SIGNATURE = "signature"
    ORNAMENT = "ornament"


class SubmissionReason(StrEnum):
    """Why a submission was accepted, held, refused or called a duplicate; one submission may have several."""

    # accepted
    NUMBER_MATCHES = "number_matches"
    NUMBER_AND_KEY_MATCH = "number_and_key_match"
    DETAILS_MATCH = "details_match"
    SUBJECT_CHOSE = "subject_chose"
    CLERK_ACCEPTED = "clerk_accepted"
    # held
    NOT_IN_REGISTER = "not_in_register"
    SEVERAL_CANDIDATES = "several_candidates"
    SIMILAR_ONLY = "similar_only"
    NUMBER_DIFFERS = "number_differs"
    KEY_DIFFERS = "key_differs"
    OTHER_KEY_BEFORE = "other_key_before"
    PROJECT_NAME_DIFFERS = "project_name_differs"
    CONTRACTOR_DIFFERS = "contractor_differs"
    PRODUCT_DIFFERS = "product_differs"
    NAMES_MISSING = "names_missing"
    GUARANTEE_ON_PAPER = "guarantee_on_paper"
    GUARANTEE_CANCELLED = "guarantee_cancelled"
    GUARANTEE_EXPIRED = "guarantee_expired"
    NUMBER_MISSING = "number_missing"
    KEY_MISSING = "key_missing"
    NUMBER_FORMAT = "number_format"
    KEY_FORMAT = "key_format"
    STRANGE_CHARACTERS = "strange_characters"
    READ_TWICE_DIFFERENTLY = "read_twice_differently"
    READ_FROM_IMAGE = "read_from_image"
    SHOWS_OTHERWISE = "shows_otherwise"
    NOT_SEEN = "not_seen"
    SENT_BACK = "sent_back"
    PAPER_DAMAGED = "paper_damaged"
    TYPED_IN_BODY = "typed_in_body"
    NOT_THE_NOTICE_ITSELF = "not_the_notice_itself"
    PRODUCT_NOT_AUTOMATIC = "product_not_automatic"
    SENDER_UNPROVEN = "sender_unproven"
    SENDER_AUTOMATIC = "sender_automatic"
    REFUSED_BEFORE = "refused_before"
    KEYS_GUESSED = "keys_guessed"
    NUMBERS_GUESSED = "numbers_guessed"
    CLERK_CORRECTED = "clerk_corrected"
    # refused
    CLERK_REFUSED = "clerk_refused"
    DSURE_DIFFERS = "dsure_differs"
    NOT_IN_DSURE = "not_in_dsure"
    # duplicate
    SAME_AS_ACCEPTED = "same_as_accepted"
    SAME_AS_WAITING = "same_as_waiting"
    # later
    VERIFIED_IN_DSURE = "verified_in_dsure"
    GUARANTEE_CHANGED = "guarantee_changed"


class OutboxReason(StrEnum):
    """Why an outgoing mail is in its state."""

    WAITING = "waiting"
    RELAY_ACCEPTED = "relay_accepted"
    RELAY_ACCEPTED_AGAIN = "relay_accepted_again"  # an earlier attempt may have arrived too
    RELAY_DEFERRED = "relay_deferred"
    RELAY_UNREACHABLE = "relay_unreachable"
    RELAY_INSECURE = "relay_insecure"
    RELAY_LOGIN = "relay_login"
    OUTCOME_UNKNOWN = "outcome_unknown"
    RELAY_REFUSED = "relay_refused"
    REPORTED_BACK = "reported_back"
    TOO_OLD = "too_old"
    OPTED_OUT = "opted_out"
    DEAD_ADDRESS = "dead_address"
    NO_LONGER_TRUE = "no_longer_true"  # the register changed before it left
    CLERK_CANCELLED = "clerk_cancelled"
    CLERK_HELD = "clerk_held"


class NoReplyReason(StrEnum):
    """Why nothing is mailed to the sender of a mail."""

    AUTOMATIC = "automatic"
    NO_PLAIN_ADDRESS = "no_plain_address"
    SENDER_UNPROVEN = "sender_unproven"
    NO_NOTICE = "no_notice"
    LIMIT_REACHED = "limit_reached"
    OWN_ADDRESS = "own_address"
    NOT_READ = "not_read"
    DISABLED = "disabled"
    NO_PROOF = "no_proof"


class LimitReason(StrEnum):
    """Which limit kept a letter from being written."""

    SAME_NOTICE = "same_notice"
    SAME_KIND = "same_kind"
    ADDRESS = "address"
    DOMAIN = "domain"
    IN_ALL = "in_all"
    DESK = "desk"
    GUESSES_TOLD = "guesses_told"


Reason = MailReason | PaperReason | SubmissionReason | OutboxReason | NoReplyReason | LimitReason

# A table for each list: StrEnum members of different lists that are spelt alike are equal as dictionary keys.
_MAIL: MappingProxyType[MailReason, str] = MappingProxyType(
    {
        MailReason.NOTICE_FOUND: "認証キーのお知らせを読み取りました",
        MailReason.NOTICE_AND_QUESTION: "お知らせのほかに、質問と思われる文があります",
        MailReason.NOTICE_AND_UNREAD: "お知らせのほかに、読み取れない書類があります",
        MailReason.ORDERS_DONE: "担当者の返信のとおり処理しました",
        MailReason.ORDERS_NOT_DONE: "担当者の返信を処理できず、その旨を返信しました",
        MailReason.FORMS_TAKEN: "担当者のメールから、お知らせを手入力として受け取りました",
        MailReason.FORMS_NOT_TAKEN: "担当者の手入力のメールに受け取れるものがなく、その旨を返信しました",
        MailReason.CONSENT_WITHDRAWN: "発行完了のお知らせの配信停止の申出を受け付けました",
        MailReason.CONSENT_GIVEN: "発行完了のお知らせの配信再開の申出を受け付けました",
        MailReason.ANSWER_UNPROVEN: "担当者の返信のようですが、本人からのものと確認できないため処理していません",
        MailReason.NO_NOTICE: "認証キーのお知らせが見当たりません",
        MailReason.PAPER_WITHOUT_NOTICE: "添付はありますが、認証キーのお知らせではありません",
        MailReason.NOTICE_WANTED: "認証キーのお知らせの送付を依頼しました",
        MailReason.ATTACHED_MAIL: "転送されたメールが添付されています",
        MailReason.TOO_LARGE: "大きすぎるため読み取っていません",
        MailReason.NOT_FETCHED: "メールサーバーから取り出せませんでした",
        MailReason.REPORT_UNCLEAR: "送信したメールの不達通知のようですが、自動では判定できません",
        MailReason.PASSWORD_UNUSED: "パスワードのメールのようですが、新たに開けるファイルはありません",
        MailReason.NULL_SENDER: "配信システムからのメール（差出人なし）です",
        MailReason.DELIVERY_REPORT: "配信結果の通知です",
        MailReason.AUTOMATIC_REPLY: "自動返信のメールです",
        MailReason.AUTOMATIC_MAIL: "自動送信のメールです",
        MailReason.MAILING_LIST: "メーリングリスト等の一斉配信です",
        MailReason.SYSTEM_ADDRESS: "システム用アドレスからのメールです",
        MailReason.OWN_MAIL: "本システムが送信したメールです",
        MailReason.SPAM: "迷惑メールと判定されています",
        MailReason.GOES_ROUND: "転送が繰り返されているメールです",
        MailReason.BEFORE_FIRST_START: "稼働開始前から受信箱にあったメールです",
        MailReason.ALREADY_RECEIVED: "同じメールをすでに受信しています",
        MailReason.PASSWORD_MAIL: "パスワードのメールで、届いているファイルを開きました",
        MailReason.READING_FAILED: "メールを読み取れませんでした",
        MailReason.CLERK_RELEASED: "担当者が対応済みとしました",
        MailReason.PROCESSING_FAILED: "処理中に問題が起きました",
    },
)
_PAPER: MappingProxyType[PaperReason, str] = MappingProxyType(
    {
        PaperReason.LABELS_AND_TITLE: "表題と項目から判定しました",
        PaperReason.LABELS_ONLY: "項目から判定しました",
        PaperReason.TYPED_IN_BODY: "メール本文に記載されています",
        PaperReason.TITLE_ONLY: "表題から判定しました",
        PaperReason.TEXT_OF_PAPER: "記載内容から判定しました",
        PaperReason.NO_SIGN: "種類を判定できませんでした",
        PaperReason.ENCRYPTED: "パスワードで保護されています",
        PaperReason.DAMAGED: "ファイルが壊れています",
        PaperReason.TOO_LARGE: "ファイルが大きすぎます",
        PaperReason.NO_TEXT: "画像のため文字を読み取れません",
        PaperReason.GARBLED: "文字情報が正しくありません",
        PaperReason.LIMITS: "読み取りを中断しました",
        PaperReason.UNKNOWN_FORMAT: "対応していない形式です",
        PaperReason.ARCHIVE: "開くことのできない圧縮ファイルです",
        PaperReason.FILLED_IN: "手入力の様式として読み取りました",
        PaperReason.SIGNATURE: "メールの電子署名です",
        PaperReason.ORNAMENT: "書類ではない小さな画像です",
        PaperReason.ATTACHED_MAIL: "添付されたメールの中は確認していません",
        PaperReason.OPENED: "中を確認しました",
        PaperReason.SCANNED_TEXT: "画像に、読取りソフトが付けた文字があるだけです",
        PaperReason.TEXT_OF_PICTURE: "画像から読み取った文字で判定しました",
        PaperReason.NO_SIGN_ON_PICTURE: "画像から読み取った文字では、種類を判定できませんでした",
        PaperReason.MORE_ON_PICTURE: "お知らせとして読み取れなかった番号かキーがあるようです",
        PaperReason.NOT_LOOKED_INTO: "自動送信のメールのため、中は確認していません",
    },
)
_SUBMISSION: MappingProxyType[SubmissionReason, str] = MappingProxyType(
    {
        SubmissionReason.NUMBER_MATCHES: "保証契約番号が台帳と一致しました",
        SubmissionReason.NUMBER_AND_KEY_MATCH: "保証契約番号と認証キーが台帳と一致しました",
        SubmissionReason.DETAILS_MATCH: "工事名・受注者・保証区分が台帳の1件だけと一致しました",
        SubmissionReason.SUBJECT_CHOSE: "工事名・受注者・保証区分が同じ台帳の行のうち、件名の工事番号の1件に決まりました",
        SubmissionReason.CLERK_ACCEPTED: "担当者が受付しました",
        SubmissionReason.NOT_IN_REGISTER: "台帳に該当がありません",
        SubmissionReason.SEVERAL_CANDIDATES: "台帳の候補が複数あり、1件に決まりません",
        SubmissionReason.SIMILAR_ONLY: "台帳に似たものがありますが、一致しません",
        SubmissionReason.NUMBER_DIFFERS: "保証契約番号が台帳と異なります",
        SubmissionReason.KEY_DIFFERS: "認証キーが台帳と異なります",
        SubmissionReason.OTHER_KEY_BEFORE: "同じ保証契約番号で異なる認証キーが届いています",
        SubmissionReason.PROJECT_NAME_DIFFERS: "工事名が台帳と異なります",
        SubmissionReason.CONTRACTOR_DIFFERS: "受注者名が台帳と異なります",
        SubmissionReason.PRODUCT_DIFFERS: "保証区分が台帳と異なります",
        SubmissionReason.NAMES_MISSING: "番号は台帳にありますが、工事名も受注者名も確認できません",
        SubmissionReason.GUARANTEE_ON_PAPER: "台帳では紙の保証証書です",
        SubmissionReason.GUARANTEE_CANCELLED: "台帳では取り消された保証です",
        SubmissionReason.GUARANTEE_EXPIRED: "台帳では期限の過ぎた保証です",
        SubmissionReason.NUMBER_MISSING: "保証契約番号が読み取れません",
        SubmissionReason.KEY_MISSING: "認証キーが読み取れません",
        SubmissionReason.NUMBER_FORMAT: "保証契約番号の形式が想定と異なります",
        SubmissionReason.KEY_FORMAT: "認証キーの形式が想定と異なります",
        SubmissionReason.STRANGE_CHARACTERS: "番号又はキーに紛らわしい文字が含まれています",
        SubmissionReason.READ_TWICE_DIFFERENTLY: "同じ書類から異なる値が読み取れました",
        SubmissionReason.READ_FROM_IMAGE: "番号とキーを画像から読み取ったため、目で見た確認が必要です",
        SubmissionReason.SHOWS_OTHERWISE: "PDFの見た目と、中の文字情報が一致しません",
        SubmissionReason.PAPER_DAMAGED: "PDFの中身が、作られた後に変わっています（送信中に壊れた可能性があります）",
        SubmissionReason.SENT_BACK: "宛先違い等で返送されたメールのようです",
        SubmissionReason.NOT_SEEN: "PDFの見た目を確認できませんでした",
        SubmissionReason.TYPED_IN_BODY: "お知らせ(PDF)ではなくメール本文の記載です",
        SubmissionReason.NOT_THE_NOTICE_ITSELF: "認証キーのお知らせ以外の書類から読み取りました",
        SubmissionReason.PRODUCT_NOT_AUTOMATIC: "自動受付の対象でない保証区分です",
        SubmissionReason.SENDER_UNPROVEN: "差出人が本人か確認できません（送信ドメイン認証）",
        SubmissionReason.SENDER_AUTOMATIC: "自動送信のメールで届きました",
        SubmissionReason.REFUSED_BEFORE: "以前に差し戻したものと同じ内容です",
        SubmissionReason.KEYS_GUESSED: "この番号について異なる認証キーが何種類も届いています",
        SubmissionReason.NUMBERS_GUESSED: "この差出人から台帳にない番号が多数届いています",
        SubmissionReason.CLERK_CORRECTED: "担当者が内容を訂正しました",
        SubmissionReason.CLERK_REFUSED: "担当者が差し戻しました",
        SubmissionReason.DSURE_DIFFERS: "D-Sureで確認した内容が相違していました",
        SubmissionReason.NOT_IN_DSURE: "D-Sureで閲覧できませんでした",
        SubmissionReason.SAME_AS_ACCEPTED: "受付済みのものと同じ内容です",
        SubmissionReason.SAME_AS_WAITING: "確認中のものと同じ内容です",
        SubmissionReason.VERIFIED_IN_DSURE: "D-Sureで内容を確認しました",
        SubmissionReason.GUARANTEE_CHANGED: "保証が変更されたため、D-Sureで改めて確認します",
    },
)
_OUTBOX: MappingProxyType[OutboxReason, str] = MappingProxyType(
    {
        OutboxReason.WAITING: "送信待ちです",
        OutboxReason.RELAY_ACCEPTED: "送信しました",
        OutboxReason.RELAY_ACCEPTED_AGAIN: "送信しました（前回の結果が不明のため、同じメールが2通届いた可能性があります）",
        OutboxReason.RELAY_DEFERRED: "中継サーバーが一時的に受け付けませんでした",
        OutboxReason.RELAY_UNREACHABLE: "中継サーバーにつながりませんでした",
        OutboxReason.RELAY_INSECURE: "中継サーバーとの通信を暗号化できませんでした",
        OutboxReason.RELAY_LOGIN: "中継サーバーの認証に失敗しました",
        OutboxReason.OUTCOME_UNKNOWN: "送信の結果を確認できませんでした",
        OutboxReason.RELAY_REFUSED: "宛先又は内容が拒否されました",
        OutboxReason.REPORTED_BACK: "宛先に届かなかったという通知が戻りました",
        OutboxReason.TOO_OLD: "期限までに送信できませんでした",
        OutboxReason.DEAD_ADDRESS: "以前のメールが届かなかった宛先のため送っていません",
        OutboxReason.OPTED_OUT: "配信停止の申出があります",
        OutboxReason.NO_LONGER_TRUE: "台帳が変わったため取りやめました",
        OutboxReason.CLERK_CANCELLED: "担当者が取り消しました",
        OutboxReason.CLERK_HELD: "担当者が保留しています",
    },
)
_NO_REPLY: MappingProxyType[NoReplyReason, str] = MappingProxyType(
    {
        NoReplyReason.AUTOMATIC: "自動送信のメールのため返信していません",
        NoReplyReason.NO_PLAIN_ADDRESS: "差出人アドレスが1つに定まらないため返信していません",
        NoReplyReason.SENDER_UNPROVEN: "差出人が本人か確認できないため返信していません",
        NoReplyReason.NO_NOTICE: "認証キーのお知らせではないため返信していません",
        NoReplyReason.LIMIT_REACHED: "返信の上限に達したため返信していません",
        NoReplyReason.OWN_ADDRESS: "市のアドレスのため返信していません",
        NoReplyReason.NOT_READ: "読み取っていないため返信していません",
        NoReplyReason.DISABLED: "返信しない設定のため返信していません",
        NoReplyReason.NO_PROOF: "本システムのメールへの応答とみられるため返信していません",
    },
)
_LIMIT: MappingProxyType[LimitReason, str] = MappingProxyType(
    {
        LimitReason.SAME_NOTICE: "同じお知らせへの返信の上限に達しました",
        LimitReason.SAME_KIND: "同じ種類の返信の上限に達しました",
        LimitReason.ADDRESS: "1つのアドレスへの返信の上限に達しました",
        LimitReason.DOMAIN: "1つのドメインへの返信の上限に達しました",
        LimitReason.IN_ALL: "全体の返信の上限に達しました",
        LimitReason.DESK: "担当への知らせの上限に達しました",
        LimitReason.GUESSES_TOLD: "推測の疑いはすでに知らせました",
    },
)


def wording(reason: Reason) -> str:
    """The reason in the words that a clerk reads."""
    match reason:
        case MailReason():
            return _MAIL[reason]
        case PaperReason():
            return _PAPER[reason]
        case SubmissionReason():
            return _SUBMISSION[reason]
        case OutboxReason():
            return _OUTBOX[reason]
        case NoReplyReason():
            return _NO_REPLY[reason]
        case LimitReason():
            return _LIMIT[reason]
