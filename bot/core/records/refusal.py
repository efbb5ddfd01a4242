"""Why a city sends a notice back, as a closed list: what a clerk types for a refusal, and what it says.

Each has a letter of its own: what the contractor reads stands in mail_templates/*/_refusals.j2 under its value. Found in a clerk's words by
core/clerk/answer/refusal_grammar.py. Values only, nothing is raised.
"""

from __future__ import annotations

from bot.core.text.closed_list import ClosedList


class Refusal(ClosedList):
    """What speaks against a notice, as a clerk found it."""

    words: str  # its name, as a clerk types it
    means: str  # what it says, in one line
    others: tuple[str, ...]  # what else a clerk may type for it
    differs: bool  # a field, so that 工期 may go on with 相違, が違います and the like

    # not for us, or not this work
    ANOTHER_ORDERER = (
        "another_orderer",
        "別の発注者",
        "市の発注した工事ではない",
        ("別の市", "他市", "他の市", "ほかの市", "他の発注者", "ほかの発注者", "発注者違い", "別の自治体"),
        False,
    )
    ANOTHER_DESK = (
        "another_desk",
        "担当外",
        "この窓口の担当ではない",
        ("担当違い", "別の部署", "部署違い", "他の部署", "ほかの部署", "別の窓口"),
        False,
    )
    ANOTHER_WORKS = (
        "another_works",
        "別の工事",
        "別の工事のお知らせと思われる",
        ("別工事", "他の工事", "ほかの工事", "工事違い", "別の案件"),
        False,
    )
    NO_SUCH_WORKS = (
        "no_such_works",
        "該当工事なし",
        "市の記録に該当の工事がない",
        ("該当する工事なし", "該当する工事がない", "該当案件なし", "該当の工事なし"),
        False,
    )
    NOT_ELIGIBLE = (
        "not_eligible",
        "対象外",
        "電子保証を取り扱う工事ではない",
        ("電子保証対象外", "電子保証の対象外", "対象外の工事", "開始前の契約"),
        False,
    )
    # what the notice says
    NUMBER = "number", "保証契約番号", "保証契約番号が市の記録と異なる", ("保証番号",), True
    KEY = "key", "認証キー", "認証キーが市の記録と異なる", (), True
    NOT_VIEWABLE = (
        "not_viewable",
        "閲覧不可",
        "D-Sureで保証を閲覧できない",
        ("閲覧できない", "D-Sureで閲覧できない", "D-Sureで閲覧不可"),
        False,
    )
    OTHER_KEY = (
        "other_key",
        "別の認証キー",
        "同じ番号で別のキーを受け取っている",
        ("別のキー", "同じ番号に別のキー", "認証キーの重複", "キー重複"),
        False,
    )
    PROJECT_NAME = "project_name", "工事名", "工事名が契約と異なる", ("工事件名", "業務名", "委託名"), True
    CONTRACTOR = (
        "contractor",
        "受注者名",
        "受注者名が契約と異なる",
        ("受注者相違", "受注者違い", "会社名", "商号", "契約者名"),
        True,
    )
    JOINT_VENTURE = (
        "joint_venture",
        "共同企業体",
        "企業体の名称か代表者が契約と異なる",
        ("JV", "JV名", "JV代表者", "企業体名", "共同企業体名", "共同企業体の名称", "共同企業体の代表者"),
        True,
    )
    PRODUCT = "product", "保証区分", "契約保証と前払金保証などが異なる", ("保証の区分", "保証の種類", "保証種別"), True
    # what the certificate says
    AMOUNT = "amount", "保証金額", "保証金額が必要な額と異なる", ("保証額",), True
    AMOUNT_SHORT = (
        "amount_short",
        "保証金額不足",
        "保証金額が必要な額より少ない",
        ("保証金額の不足", "保証金額が不足", "保証金額が足りない", "保証額不足", "保証額が不足"),
        False,
    )
    EXPIRES_EARLY = (
        "expires_early",
        "保証期限",
        "保証期限が工期の末日より前",
        ("保証期限不足", "保証期限が短い", "保証期限が工期より短い", "保証期間", "保証期間不足", "保証期間が短い"),
        False,
    )
    CONTRACT_AMOUNT = (
        "contract_amount",
        "請負金額",
        "請負金額が契約と異なる（契約の変更だけなら、差戻しが不要なことがあります）",
        ("契約金額", "請負代金額", "請負代金"),
        True,
    )
    WORKS_PERIOD = "works_period", "工期", "工期が契約と異なる", ("履行期間", "委託期間"), True
    CONTRACT_DATE = "contract_date", "契約日", "請負契約日が契約と異なる", ("請負契約日", "契約年月日"), True
    AFTER_CONTRACT = (
        "after_contract",
        "契約日後の保証",
        "契約日より後に始まる保証",
        ("契約日より後の保証", "契約日より後", "契約後の保証"),
        False,
    )
    BEFORE_CHANGE = (
        "before_change",
        "変更前",
        "契約変更の前の保証の内容",
        ("変更前の内容", "変更前の保証", "変更前の保証内容", "変更未反映", "変更保証未了"),
        False,
    )
    CANCELLED = (
        "cancelled",
        "保証の取消",
        "取り消された保証",
        ("保証取消", "保証取消し", "保証の取消し", "保証解約", "解約された保証"),
        False,
    )
    EXPIRED = (
        "expired",
        "期限切れ",
        "保証期限を過ぎた保証",
        ("保証期限切れ", "期限切れの保証", "期限の過ぎた保証", "期限経過"),
        False,
    )
    # what else is or is not there
    ON_PAPER = (
        "on_paper",
        "紙で提出済み",
        "紙の保証証書が出ている",
        (
            "紙で提出済",
            "紙の証書あり",
            "紙の証書提出済み",
            "紙の証書が提出済み",
            "紙の保証証書が提出済み",
            "紙証書あり",
        ),
        False,
    )
    SENT_TWICE = (
        "sent_twice",
        "二重提出",
        "同じお知らせが受付済み",
        ("重複提出", "二重送付", "二重送信", "同じお知らせ"),
        False,
    )
    NO_CLAIM = (
        "no_claim",
        "請求書なし",
        "前払金の請求書が出ていない",
        ("請求書がない", "請求書未提出", "請求書未着", "請求書が未提出", "前払金請求書なし"),
        False,
    )
    BEFORE_APPROVAL = (
        "before_approval",
        "認定前",
        "中間前払金の認定の前",
        ("認定前の中間前払金", "中間前払金の認定前", "中間前払金認定前", "認定未了"),
        False,
    )
    INSURER = (
        "insurer",
        "保険会社の証券",
        "保険会社の証券は、ここでは受け付けていない",
        ("保険会社の保証", "保険証券", "損保の証券", "履行保証保険", "損害保険会社の証券"),
        False,
    )
    BANK = (
        "bank",
        "銀行の保証書",
        "銀行等の保証書は、電子保証ではない",
        ("銀行保証", "銀行の保証", "銀行等の保証書", "金融機関の保証書"),
        False,
    )
    # the file
    BLURRED = (
        "blurred",
        "不鮮明",
        "画像が不鮮明で読めない",
        ("画像不鮮明", "画像が不鮮明", "画像の不鮮明", "スキャン不鮮明"),
        False,
    )
    UNREADABLE = (
        "unreadable",
        "読取不可",
        "文字化けやファイルの破損で読めない",
        ("読取り不可", "読み取り不可", "読み取れない", "文字化け", "ファイル破損", "PDF破損", "壊れたPDF"),
        False,
    )
    SCREEN = (
        "screen",
        "画面の印刷",
        "お知らせではなく画面の写し",
        ("画面印刷", "画面の写し", "画面コピー", "画面のコピー", "スクリーンショット"),
        False,
    )
    CERTIFICATE = (
        "certificate",
        "証書の写し",
        "お知らせではなく保証証書の写し",
        ("証書の印刷", "証書のPDF", "証書PDF", "保証証書の写し", "保証証書のPDF"),
        False,
    )
    COMPLETION_MAIL = (
        "completion_mail",
        "完了メール",
        "お知らせではなく発行完了のメール",
        ("発行完了メール", "発行完了のメール", "完了メールの転送"),
        False,
    )
    WRONG_FILE = (
        "wrong_file",
        "添付違い",
        "別の書類が添付されている",
        ("添付ファイル違い", "添付の取り違え", "添付取り違え", "書類違い", "別の書類"),
        False,
    )
