"""The closed list of reasons: why a mail, a paper, a submission or an outgoing mail is in the state that it is in.

Every verdict carries at least one. Its `words` are the Japanese that clerks read in alerts, summaries and tables. Values only,
nothing is raised.
"""

from __future__ import annotations

from bot.core.text.closed_list import ClosedList


class MailReason(ClosedList):
    """Why an incoming mail ended in its state."""

    words: str

    NOTICE_FOUND = "notice_found", "認証キーのお知らせを読み取りました"
    NOTICE_AND_QUESTION = "notice_and_question", "お知らせのほかに、質問と思われる文があります"
    NOTICE_AND_UNREAD = "notice_and_unread", "お知らせのほかに、読み取れない書類があります"
    # answered: a clerk's answer to a letter of ours
    ORDERS_DONE = "orders_done", "担当者の返信のとおり処理しました"
    ORDERS_NOT_DONE = "orders_not_done", "担当者の返信を処理できず、その旨を返信しました"
    # answered: a clerk's mail that enters notices
    FORMS_TAKEN = "forms_taken", "担当者のメールから、お知らせを手入力として受け取りました"
    FORMS_NOT_TAKEN = "forms_not_taken", "担当者の手入力のメールに受け取れるものがなく、その旨を返信しました"
    # answered: a contractor's word about our notices
    CONSENT_WITHDRAWN = "consent_withdrawn", "発行完了のお知らせの配信停止の申出を受け付けました"
    CONSENT_GIVEN = "consent_given", "発行完了のお知らせの配信再開の申出を受け付けました"
    # answered: a contractor's question whether it arrived
    ARRIVAL_TOLD = "arrival_told", "届いたかどうかのお尋ねに、受付の状況を返信しました"
    # passed on: a person must read it
    ANSWER_UNPROVEN = "answer_unproven", "担当者の返信のようですが、本人からのものと確認できないため、処理していません"
    ANSWER_NOT_STAFF = "answer_not_staff", "この担当の職員として登録のないアドレスからの返信のため、処理していません"
    ANSWER_OTHER_DESK = "answer_other_desk", "ほかの担当の件への返信のため、処理していません"
    FIELDS_REPEATED = "fields_repeated", "件名や差出人などの項目が重複し、又は壊れているため、処理していません"
    NO_NOTICE = "no_notice", "認証キーのお知らせが見当たりません"
    PAPER_WITHOUT_NOTICE = "paper_without_notice", "添付はありますが、認証キーのお知らせではありません"
    NOTICE_WANTED = "notice_wanted", "認証キーのお知らせの送付を依頼しました"
    WANTED_AND_QUESTION = (
        "wanted_and_question",
        "認証キーのお知らせの送付を依頼しましたが、質問と思われる文もあります",
    )
    ATTACHED_MAIL = "attached_mail", "転送されたメールが添付されています"
    TOO_LARGE = "too_large", "大きすぎるため読み取っていません"
    NOT_FETCHED = "not_fetched", "メールサーバーから取り出せないため、受信箱をメールソフトで開いてください"
    ATTACHMENT_TAKEN_OUT = "attachment_taken_out", "届くまでの間に、メールの装置が添付ファイルを取り除いたようです"
    GATEWAY_NOTICE = "gateway_notice", "メールの装置（隔離、無害化など）からの通知です"
    REPORT_UNCLEAR = "report_unclear", "送信したメールの不達通知のようですが、自動では判定できません"
    PASSWORD_UNUSED = "password_unused", "パスワードのメールのようですが、新たに開けるファイルはありません"
    LINK_WRITTEN = "link_written", "ファイル転送サービスのリンクが書かれています（開いていません）"
    FORMAT_NOT_READ = "format_not_read", "添付ファイルの形式に対応していないため、読み取っていません"
    ARRIVAL_ASKED = (
        "arrival_asked",
        "届いたかどうかのお尋ねですが、このアドレスから受け付けたお知らせが見当たりません",
    )
    # ignored: no person's mail
    NULL_SENDER = "null_sender", "配信システムからのメール（差出人なし）です"
    DELIVERY_REPORT = "delivery_report", "配信結果の通知です"
    AUTOMATIC_REPLY = "automatic_reply", "自動返信のメールです"
    AUTOMATIC_MAIL = "automatic_mail", "自動送信のメールです"
    MAILING_LIST = "mailing_list", "メーリングリスト等の一斉配信です"
    SYSTEM_ADDRESS = "system_address", "システム用アドレスからのメールです"
    OWN_MAIL = "own_mail", "本システムが送信したメールです"
    SPAM = "spam", "迷惑メールと判定されています"
    GOES_ROUND = "goes_round", "転送が繰り返されているメールです"
    BEFORE_FIRST_START = "before_first_start", "稼働開始前から受信箱にあったメールです"
    ALREADY_RECEIVED = "already_received", "同じメールを既に受信しています"
    PASSWORD_MAIL = "password_mail", "パスワードのメールで、届いているファイルを開きました"
    # ignored: a person's mail that wants nothing
    THANKS = "thanks", "お礼や了承だけのメールです"
    # parked: we could not
    READING_FAILED = "reading_failed", "メールを読み取れませんでした"
    PROCESSING_FAILED = "processing_failed", "処理中に問題が起きました"
    # released: a person did
    CLERK_RELEASED = "clerk_released", "担当者が対応済みとしました"
    SENDER_HAS_SENT = "sender_has_sent", "依頼した差出人から、お知らせが届きました"


class PaperReason(ClosedList):
    """What was found about one attachment or body."""

    words: str

    LABELS_AND_TITLE = "labels_and_title", "表題と項目から判定しました"
    LABELS_ONLY = "labels_only", "項目から判定しました"
    TYPED_IN_BODY = "typed_in_body", "メール本文に記載されています"
    TITLE_ONLY = "title_only", "表題から判定しました"
    TEXT_OF_PAPER = "text_of_paper", "記載内容から判定しました"
    NO_SIGN = "no_sign", "種類を判定できませんでした"
    ENCRYPTED = "encrypted", "パスワードで保護されています"
    DAMAGED = "damaged", "ファイルが壊れています"
    TOO_LARGE = "too_large", "ファイルが大きすぎます"
    NO_TEXT = "no_text", "画像のため文字を読み取れません"
    NOT_REACHED = "not_reached", "画像のページが多いため、読み取っていません"
    GARBLED = "garbled", "文字情報が正しくありません"
    LIMITS = "limits", "読取りを中断しました"
    UNKNOWN_FORMAT = "unknown_format", "対応していない形式です"
    ARCHIVE = "archive", "開くことのできない圧縮ファイルです"
    ATTACHED_MAIL = "attached_mail", "添付されたメールの中は確認していません"
    NOT_LOOKED_INTO = "not_looked_into", "自動送信のメールのため、中は確認していません"
    OPENED = "opened", "中を確認しました"
    SCANNED_TEXT = "scanned_text", "画像に、読取りソフトが付けた文字があるだけです"
    TEXT_OF_PICTURE = "text_of_picture", "画像から読み取った文字で判定しました"
    NO_SIGN_ON_PICTURE = "no_sign_on_picture", "画像から読み取った文字では、種類を判定できませんでした"
    MORE_ON_PICTURE = "more_on_picture", "お知らせとして読み取れなかった番号かキーがあるようです"
    FILLED_IN = "filled_in", "手入力の様式として読み取りました"
    SIGNATURE = "signature", "メールの電子署名です"
    TAKEN_OUT = "taken_out", "メールの装置が、元のファイルを取り除いたか、保護しています"
    NOT_OPENED = "not_opened", "開いていません"
    ORNAMENT = "ornament", "書類ではない小さな画像です"


class SubmissionReason(ClosedList):
    """Why a submission was accepted, held, refused or called a duplicate; one submission may have several."""

    words: str

    # accepted
    NUMBER_MATCHES = "number_matches", "保証契約番号が台帳と一致しました"
    NUMBER_AND_KEY_MATCH = "number_and_key_match", "保証契約番号と認証キーが台帳と一致しました"
    DETAILS_MATCH = "details_match", "工事名・受注者・保証区分が台帳の1件だけと一致しました"
    SUBJECT_CHOSE = "subject_chose", "工事名・受注者・保証区分が同じ台帳の行のうち、件名の工事番号の1件に決まりました"
    CLERK_ACCEPTED = "clerk_accepted", "担当者が受け付けました"
    # held
    NOT_IN_REGISTER = "not_in_register", "台帳に該当がありません"
    SEVERAL_CANDIDATES = "several_candidates", "台帳の候補が複数あり、1件に決まりません"
    SIMILAR_ONLY = "similar_only", "台帳に似た工事がありますが、同じと確認できません"
    NUMBER_DIFFERS = "number_differs", "保証契約番号が台帳と異なります"
    KEY_DIFFERS = "key_differs", "認証キーが台帳と異なります"
    OTHER_KEY_BEFORE = "other_key_before", "同じ保証契約番号で、異なる認証キーが届いています"
    OTHER_NOTICE_BEFORE = "other_notice_before", "台帳の同じ行に、D-Sureで未確認の別のお知らせを受け付けています"
    PROJECT_NAME_DIFFERS = "project_name_differs", "工事名が台帳と異なります"
    CONTRACTOR_DIFFERS = "contractor_differs", "受注者名が台帳と異なります"
    PRODUCT_DIFFERS = "product_differs", "保証区分が台帳と異なります"
    NAMES_MISSING = "names_missing", "番号は台帳にありますが、工事名も受注者名も確認できません"
    GUARANTEE_ON_PAPER = "guarantee_on_paper", "台帳では紙の保証証書です"
    GUARANTEE_CANCELLED = "guarantee_cancelled", "台帳では取り消された保証です"
    GUARANTEE_EXPIRED = "guarantee_expired", "台帳では期限の過ぎた保証です"
    NUMBER_MISSING = "number_missing", "保証契約番号が読み取れません"
    KEY_MISSING = "key_missing", "認証キーが読み取れません"
    NUMBER_FORMAT = "number_format", "保証契約番号の形式が想定と異なります"
    KEY_FORMAT = "key_format", "認証キーの形式が想定と異なります"
    STRANGE_CHARACTERS = "strange_characters", "番号又はキーに紛らわしい文字が含まれています"
    READ_TWICE_DIFFERENTLY = "read_twice_differently", "同じ書類から異なる値が読み取れました"
    TWO_KEYS_IN_MAIL = "two_keys_in_mail", "同じメールに、同じ保証契約番号で異なる認証キーがあります"
    READ_FROM_IMAGE = "read_from_image", "番号とキーを画像から読み取ったため、目視での確認が必要です"
    SHOWS_OTHERWISE = "shows_otherwise", "PDFの見た目と、中の文字情報が一致しません"
    NOT_SEEN = "not_seen", "PDFの見た目を確認できませんでした"
    SENT_BACK = "sent_back", "宛先違い等で返送されたメールのようです"
    PAPER_DAMAGED = (
        "paper_damaged",
        "ファイルの中身が、作られた後に変わったか、途中で切れているようです",
    )
    TYPED_IN_BODY = "typed_in_body", "PDFではなく、メールの本文に書かれた番号とキーです"
    NOT_THE_NOTICE_ITSELF = "not_the_notice_itself", "認証キーのお知らせ以外の書類から読み取りました"
    OUTSIDE_CONDITIONS = "outside_conditions", "電子保証の利用条件に合いません"
    PRODUCT_NOT_AUTOMATIC = "product_not_automatic", "自動受付の対象でない保証区分です"
    SENDER_UNPROVEN = "sender_unproven", "差出人が本人か確認できません（送信ドメイン認証）"
    SENDER_AUTOMATIC = "sender_automatic", "自動送信のメールで届きました"
    SENDER_UNKNOWN = "sender_unknown", "差出人が、台帳や確認済のお知らせのアドレスと異なります"
    REFUSED_BEFORE = "refused_before", "以前に差し戻したものと同じ内容です"
    KEYS_GUESSED = "keys_guessed", "この番号について異なる認証キーが何種類も届いています"
    NUMBERS_GUESSED = "numbers_guessed", "この差出人から台帳にない番号が多数届いています"
    CLERK_CORRECTED = "clerk_corrected", "担当者が内容を訂正しました"
    # refused
    CLERK_REFUSED = "clerk_refused", "担当者が差し戻しました"
    DSURE_DIFFERS = "dsure_differs", "D-Sureで確認した内容が相違していました"
    NOT_IN_DSURE = "not_in_dsure", "D-Sureで閲覧できませんでした"
    # duplicate
    SAME_AS_ACCEPTED = "same_as_accepted", "受付済みのものと同じ内容です"
    SAME_AS_WAITING = "same_as_waiting", "確認中のものと同じ内容です"
    # superseded
    REGISTER_PROVES_ANOTHER = "register_proves_another", "台帳の番号とキーに一致する、別のお知らせが届きました"
    # later
    VERIFIED_IN_DSURE = "verified_in_dsure", "D-Sureで内容を確認しました"
    GUARANTEE_CHANGED = "guarantee_changed", "保証が変更されたため、D-Sureで改めて確認します"


class OutboxReason(ClosedList):
    """Why an outgoing mail is in its state."""

    words: str

    WAITING = "waiting", "送信待ちです"
    RELAY_ACCEPTED = "relay_accepted", "送信しました"
    RELAY_ACCEPTED_AGAIN = (
        "relay_accepted_again",
        "送信しました（前回の結果が不明のため、同じメールが2通届いた可能性があります）",
    )  # an earlier attempt may have arrived too
    RELAY_DEFERRED = "relay_deferred", "中継サーバーが一時的に受け付けませんでした"
    RELAY_UNREACHABLE = "relay_unreachable", "中継サーバーにつながりませんでした"
    RELAY_INSECURE = "relay_insecure", "中継サーバーとの通信を暗号化できませんでした"
    RELAY_LOGIN = "relay_login", "中継サーバーの認証に失敗しました"
    RELAY_SENDER = "relay_sender", "中継サーバーが市の差出人アドレスを拒否しています"
    RELAY_RELAYING = "relay_relaying", "中継サーバーが市からの中継を拒否しています"
    RELAY_QUOTA = "relay_quota", "中継サーバーの送信数の上限に達しています"
    RELAY_BLOCKED = "relay_blocked", "中継サーバーが市からの送信を拒否しています"
    RELAY_UNCLEAR = "relay_unclear", "中継サーバーに拒否されましたが、理由がはっきりしません"
    OUTCOME_UNKNOWN = "outcome_unknown", "送信の結果を確認できませんでした"
    RELAY_REFUSED = "relay_refused", "宛先が拒否されました"
    LETTER_REFUSED = "letter_refused", "メールの大きさ又は内容が拒否されました"
    REPORTED_BACK = "reported_back", "宛先に届かなかったという通知が戻りました"
    TOO_OLD = "too_old", "期限までに送信できませんでした"
    OPTED_OUT = "opted_out", "配信停止の申出があります"
    DEAD_ADDRESS = "dead_address", "以前のメールが届かなかった宛先のため送っていません"
    NO_LONGER_TRUE = "no_longer_true", "台帳が変わったため取りやめました"  # the register changed before it left
    IN_SHADOW = "in_shadow", "試験運用のため送っていません"
    CLERK_CANCELLED = "clerk_cancelled", "担当者が取り消しました"
    CLERK_HELD = "clerk_held", "担当者が保留しています"


OUR_TROUBLE = frozenset(
    {
        OutboxReason.RELAY_INSECURE,
        OutboxReason.RELAY_LOGIN,
        OutboxReason.RELAY_SENDER,
        OutboxReason.RELAY_RELAYING,
        OutboxReason.RELAY_QUOTA,
        OutboxReason.RELAY_BLOCKED,
    },
)
"""The relay's refusals of us: a letter waits until that is over, however long, and the operator is told."""


class NoReplyReason(ClosedList):
    """Why nothing is mailed to the sender of a mail."""

    words: str

    AUTOMATIC = "automatic", "自動送信のメールのため返信していません"
    NO_PLAIN_ADDRESS = "no_plain_address", "差出人アドレスが1つに定まらないため返信していません"
    SENDER_UNPROVEN = "sender_unproven", "差出人が本人か確認できないため返信していません"
    NO_NOTICE = "no_notice", "認証キーのお知らせではないため返信していません"
    TAKEN_OUT = "taken_out", "添付ファイルが届く前に取り除かれたようなので、差出人に送付を依頼していません"
    LIMIT_REACHED = "limit_reached", "返信の上限に達したため返信していません"
    OWN_ADDRESS = "own_address", "市のアドレスのため返信していません"
    NOT_READ = "not_read", "読み取っていないため返信していません"
    DISABLED = "disabled", "返信しない設定のため返信していません"
    NO_PROOF = "no_proof", "本システムのメールへの返信とみられるため、自動では返信していません"
    ANSWERED_TODAY = "answered_today", "本日、このアドレスへ返信済みのため、自動では返信していません"


class LimitReason(ClosedList):
    """Which limit kept a letter from being written."""

    words: str
    named: str  # in the summary, before the address that it is about
    told: str  # in the summary, of so many letters

    SAME_NOTICE = (
        "same_notice",
        "同じお知らせへの返信の上限に達しました",
        "",
        "同じお知らせへの返信の上限に達したため、{}件に返信していません",
    )
    SAME_KIND = (
        "same_kind",
        "同じ種類の返信の上限に達しました",
        "",
        "この種類の返信の上限に達したため、{}件に返信していません",
    )
    ADDRESS = "address", "1つのアドレスへの返信の上限に達しました", "", "上限に達したため、{}件に返信していません"
    DOMAIN = (
        "domain",
        "1つのドメインへの返信の上限に達しました",
        "ドメイン ",
        "上限に達したため、{}件に返信していません",
    )
    IN_ALL = "in_all", "全体の返信の上限に達しました", "", "上限に達したため、{}件に返信していません"
    DESK = (
        "desk",
        "担当への知らせの上限に達しました",
        "",
        "上限に達したため、{}件を送っていません（確認待ちの受付と、担当者が読む必要のあるメールにあります）",
    )
    GUESSES_TOLD = (
        "guesses_told",
        "推測の疑いは既に知らせました",
        "推測の疑い ",
        "既にお知らせしたため、{}件を送っていません（確認待ちの受付にあります）",
    )


Reason = MailReason | PaperReason | SubmissionReason | OutboxReason | NoReplyReason | LimitReason
