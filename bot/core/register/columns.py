"""The columns of a register file with the names that cities give them, and the tables that hold them.

Used by all that reads or writes a register's file. How a header is found stands in headers.py, how a column's cells are read in
values.py. Values only, nothing is raised.
"""

from __future__ import annotations

from bot.core.text.closed_list import ClosedList


def _words(names: str) -> tuple[str, ...]:
    """The names of a text, with blanks between them: forty read better as a paragraph."""
    return tuple(names.split())


class Column(ClosedList):
    """Every column that a register file may have, in an export's order; the value is its Japanese name.

    Of two columns of a file with one meaning the one that stands first in this list is read, our own name before all.
    """

    field: str  # the field of Guarantee that it gives, "" = several, or something else: an export has it not
    width: int  # in an exported workbook, in characters
    is_the_guarantees: bool  # whether it is one guarantee's, so that a row for a work may have several of it
    synonyms: tuple[str, ...]  # what else its header may be, the surest first

    NUMBER = (
        *("保証契約番号", "number", 16, True),
        _words("保証番号 保証契約No 保証証書番号 保証書番号 電子保証番号 保証証券番号 証書番号 証券番号"),
    )
    REVISION = "変更番号", "revision", 9, True, _words("変更回数 変更回")
    KIND = "変更区分", "", 0, True, _words("対象")  # 対象: as D-Sure calls it in its history
    PRODUCT = (
        *("商品(保証区分)", "product", 16, False),
        _words("商品 保証区分 保証種類 保証の種類 保証種別 保証の種別 保証の区分 保証名 保証内容 商品名 種別"),
    )
    WORKS_NUMBER = (
        *("工事番号", "works_number", 16, False),
        _words(
            "案件番号 調達案件番号 施行番号 工事(委託)番号 工事業務番号 工事No 案件No 業務番号 委託番号 工事等番号 施工番号 起工番号 "
            "執行番号 入札番号 契約管理番号 設計番号 整理番号"
        ),
    )
    PROJECT_NAME = (
        *("工事名", "project_name", 40, False),
        _words(
            "件名 業務名 委託名 工事件名 工事名称 業務名称 委託業務名 契約件名 案件名 案件名称 工事(業務)名 工事(委託)名 工事(業務)名称 "
            "工事又は業務名 工事・業務名 工事及び業務名 工事等名 工事等名称 工事等の名称 工事の名称 業務の名称 工事(業務)の名称 契約名称 "
            "契約の名称 契約名 調達案件名 調達案件名称 調達件名 業務件名 委託件名 委託業務名称 業務委託名 事業名 工事名(業務名) "
            "工事件名(業務名) 名称"
        ),
    )
    CONTRACTOR = (
        *("受注者名", "contractor", 28, False),
        _words(
            "受注者 請負者 請負者名 請負契約者 保証契約者 契約者 契約者名 請負業者 請負業者名 受注業者 受注業者名 受託者 受託者名 "
            "契約の相手方 契約相手方 契約相手方名 契約の相手方名 契約の相手方の名称 契約相手方名称 契約相手 契約相手先 契約先 契約業者 "
            "契約業者名 相手方名 相手方 請負人 請負人名 受注者の名称 受注者氏名 施工者 施工者名 施工業者 施工業者名 受託業者 受託業者名 "
            "受注会社 請負会社 落札者 落札者名 落札業者 落札業者名 契約者の商号又は名称 契約の相手方の商号又は名称 商号又は名称 商号または名称 "
            "商号名称 商号 業者名 事業者名 会社名"
        ),
    )
    JV_NAME = "JV名", "jv_name", 28, False, _words("JV 共同企業体 共同企業体名 共同企業体の名称 JV名称 企業体名")
    ORDERER = "発注者名", "orderer", 16, False, _words("発注者 発注機関 発注機関名")
    CONTRACT_AMOUNT = (
        *("請負金額", "contract_amount_yen", 15, False),
        _words(
            "契約金額 請負代金額 請負代金 請負額 契約額 委託金額 委託料 請負契約金額 業務委託料 契約代金額 当初契約金額 当初請負金額"
        ),
    )
    GUARANTEE_AMOUNT = "保証金額", "guarantee_amount_yen", 15, True, _words("保証額 保証契約金額")
    EXPIRES_ON = (
        *("保証期限", "expires_on", 12, True),
        _words(
            "保証期日 保証満了日 保証終期 保証期間満了日 保証期間終了日 保証終了日 保証期限日 保証期間至 保証期間末 保証期間末日 保証終了年月日 "
            "保証満了年月日"
        ),
    )
    WORKS_START_ON = (
        *("工期開始", "works_start_on", 12, False),
        _words(
            "工期自 工期始期 工期着手 工期着工 工期開始日 着手日 着工日 履行開始日 履行期間開始 履行期間自 着手年月日 着工年月日 "
            "工期開始年月日 履行開始年月日 履行期間始期 履行期間開始日 工期始 着工 着手 開始日"
        ),
    )
    WORKS_END_ON = (
        *("工期終了", "works_end_on", 12, False),
        _words(
            "工期至 工期終期 工期完成 工期竣工 工期完了 工期末 工期終了日 完成期限 完成期日 竣工期限 履行期限 履行期間終了 履行期間至 "
            "履行終了日 履行終了年月日 履行期間終期 履行期間終了日 履行期間末日 工期終了年月日 工期末日 工期終 工期限 完了期限 納期 履行期限日 "
            "完成年月日 完了予定日 竣工予定日 完成予定日 完了日 終了日"
        ),
    )
    WORKS_PERIOD = (
        *("工期", "", 0, False),
        _words("履行期間 契約工期 工事期間 委託期間 契約期間 業務期間 工期(履行期間) 施工期間"),
    )
    CONTRACTED_ON = (
        *("請負契約日", "contracted_on", 12, False),
        _words(
            "契約日 契約年月日 契約締結日 請負契約年月日 請負契約締結日 契約締結年月日 当初契約日 当初契約年月日 本契約日 本契約年月日 "
            "契約の締結日"
        ),
    )
    DEPOSIT_BANK = (
        *("預託金融機関", "deposit_bank", 24, True),
        _words("預託先 預託銀行 預託先金融機関 保証金預託先 前払金預託先 預託金融機関名"),
    )
    AUTH_KEY = "認証キー", "auth_key", 18, True, _words("電子保証認証キー 認証コード 認証key")
    ISSUED_AT = (
        *("発行日時", "issued_at", 18, True),
        _words("電子保証発行日時 発行日 電子保証発行日 保証書発行日 証書発行日"),
    )
    WANTS_ISSUED_MAIL = (
        *("電子保証発行完了のお知らせ", "wants_issued_mail", 14, False),
        _words("お知らせ希望 発行完了のお知らせ お知らせ お知らせの希望 発行完了メール"),
    )
    EMAIL = (
        *("メールアドレス", "email", 28, False),
        _words("e-mail Eメール メール 電子メール 電子メールアドレス 連絡先メールアドレス Eメールアドレス mail"),
    )
    DESK = (
        *("担当課", "desk", 14, False),
        _words(
            "担当部署 担当課名 所管課 主管課 発注課 工事担当課 主管部署 所管部署 主管課名 所管課名 発注課名 発注部署 担当部署名 工事主管課 "
            "事業課 事業担当課 要求課 所属名 部署名 課名 所属 部署 所管"
        ),
    )
    STATE = "状態", "state", 10, True, _words("証書の形式 保証証書の形式 証書形式")


NEEDED = (Column.PROJECT_NAME, Column.CONTRACTOR, Column.PRODUCT)
"""Without these a notice can't be matched; cities know them before they know number or key."""
