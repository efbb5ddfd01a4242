"""Writes README.md for the city's staff: which letters there are, when they go out, and what may stand in them.

Run by hand after a change: `python -m docs.generate.template_docs`. Made from the templates' own head comments and the fields of
the contexts in bot/core/letters; a test compares. Raises KeyError for a field that has no Japanese words here yet.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

from bot.core.letters import lists, to_contractors, to_desks
from bot.core.letters.contexts import CONTEXT_OF
from bot.core.policy import policy
from bot.core.records.outgoing_mail import Letter

_HERE = Path(__file__).resolve().parents[2] / "mail_templates"
README = _HERE / "README.md"
_HEAD_COMMENT = re.compile(r"\A\{#(.*?)#\}", re.DOTALL)

# What each field means to those who write the letters. A field of a certain record ("Record.field") goes before the general one.
WORDS: MappingProxyType[str, str] = MappingProxyType(
    {
        "office": "市の名称と連絡先（下の「市の名称と連絡先」）",
        "received_at": "受信した日時",
        "items": "お知らせの一覧（1件ずつは下の「お知らせ1件」）",
        "item": "お知らせ1件（下の「お知らせ1件」）",
        "moved": "別の担当のアドレスに届いたお知らせの、正しい担当と宛先の一覧（下の「回したお知らせ」）。普通は空",
        "Moved.desk": "お知らせを受け付けた担当の名称",
        "Moved.inbox": "次回の送付先のアドレス",
        "Moved.product_name": "保証区分（前払金保証など）",
        "replaced": "（今回の受付番号, 先の受付番号）の組の一覧。市の記録にある方が、認証キーの異なるお知らせを送り直したときだけ。普通は空",
        "first_receipts": "（今回の受付番号, 最初の受付番号）の組の一覧",
        "own": "先のものが、この差出人ご本人の送ったものか（受け付けたかどうかは伝えません）。市の記録にある方への再送受付では false",
        "outside": "利用条件に合わないお知らせの一覧（下の「利用条件に合わないお知らせ」）",
        "unmet": "合わない条件（not_yet、product、kind、amount、contract_date）の一覧",
        "instead": "代わりに提出していただくもの（設定 conditions.instead）。空なら、この文面の言葉",
        "arrived": "この差出人から受け取ったお知らせの一覧（下の「受け取ったお知らせ」）",
        "arrived_at": "そのお知らせの受信日時",
        "stage": "そのお知らせの状況（received、verified、sent_back）",
        "differing": "市の記録と異なるお知らせの一覧（下の「異なる点のあるお知らせ」）",
        "differences": "異なる点の一覧（保証契約番号、認証キーなどの別）",
        "wanted": "お願いする内容の別（証書の代わりにお知らせを、パスワードなしで、など）",
        "verified_at": "D-Sureで確認した日時",
        "clerk_reason": "担当者が自分の言葉で書いたこと（改行できます）。ないときは空",
        "refusal": "差戻しの種類（文面は `_refusals.j2`）。担当者の言葉だけのときは none",
        "seen_in_dsure": "D-Sureで確認して分かったことか",
        "certificate": "確認した証書（変更－1 など）。新規だけのときは空",
        "project_name": "工事名。読み取れないときは空",
        "contractor": "受注者名。読み取れないときは空",
        "product_name": "保証区分（前払金保証など）。読み取れないときは空",
        "number": "保証契約番号。読み取れないときは空",
        "receipt_number": "受付番号",
        "issued_at": "電子保証の発行日時",
        "inbox": "お知らせの送付先のメールアドレス",
        "stops_by_mail": "件名を「配信停止」とするメールで配信を停止できるか",
        "given": "配信再開の申出なら true、配信停止の申出なら false",
        "address": "申し出た方のメールアドレス",
        "ConsentNoted.inbox": "配信停止・再開のメールの宛先",
        "desk": "担当の係の名称",
        "mail_id": "メール番号",
        "sender": "差出人のアドレス",
        "subject": "届いたメールの件名",
        "sender_note": "差出人を確認できたか、何を返信したか",
        "pictures": "添えた書類の画像の枚数。なければ0",
        "cases": "確認が必要な受付の一覧（下の「確認が必要な受付」）",
        "reason": "自動で処理しなかった理由",
        "MailAlert.receipt_number": "そのメール自体の受付番号（末尾が0）",
        "notices": "そのメールから受け取ったお知らせの一覧（下の「質問などのあるお知らせ」）。お知らせのないメールでは空",
        "is_question": "お知らせのほかに質問があるか",
        "waits": "確認待ちか（受付済でないか）",
        "TakenNotice.about": "工事名（読み取れなければ番号）",
        "question": "お知らせのほかにあった質問の受付番号（担当者が答えます）。ないときは空",
        "papers": "添付ファイルの一覧（1行ずつ）",
        "excerpt": "本文の抜粋（認証キーと思われる文字は伏せてあります。改行を含みます）",
        "offers": "その件に書ける指示の一覧。1件だけのメールでは空",
        "Alert.project_name": "件名に載せる工事名。分からないときは空",
        "MailAlert.project_name": "そのお知らせの工事名。お知らせのないメールでは空",
        "receipts": "同じアドレスからの最近の受付（下の「受付1件」）",
        "ReceiptLine.about": "工事名、受注者名など",
        "since": "対象期間の始め",
        "until": "対象期間の終わり",
        "looked_at": "受信箱を最後に確認した日時。メールが直接届く設定のときは none",
        "received_count": "期間中に受信したメールの数",
        "doors": "（受信の経路, 件数, 結果ごとの件数）の組の一覧。件数の合計は received_count と等しくなります",
        "comparisons": "受信箱とサーバーの照合の結果の一覧（1行ずつ）",
        "journal": "操作の記録の最後の行（番号とハッシュの先頭）",
        "ticket": "返信に必要な符号（［ABCD-EFGH-IJKL］の形）。返信できないメールでは空",
        "hints": "返信のしかたの一覧（下の「返信のしかた」）。返信できないメールでは空",
        "write": "返信に書くこと",
        "does": "その結果",
        "done": "処理した件の一覧（下の「処理した件」）",
        "order": "返信の指示として読み取ったこと",
        "result": "処理の結果",
        "told": "差出人への連絡。ないときは空",
        "place": "そのメールの中での件の番号",
        "undone": "処理していない件の一覧。理由ごとに1つ（下の「処理していない件」）",
        "UndoneCases.reason": "処理していない理由",
        "UndoneCases.cases": "件の番号（2件目、5～8件目）",
        "UndoneCases.count": "その件数",
        "found": "照会の結果の一覧（1行ずつ）",
        "problem": "処理しなかった理由",
        "lines": "意味の分からなかった行、又は処理できなかった件ごとの理由",
        "state": "受付の状態",
        "notes": "確認が必要な理由、候補など（1行ずつ）",
        "OpenCase.key": "認証キーについて（設定 answers.keys が in_list のときは、送信するメールにだけキーが入ります）",
        "how": "お知らせがどう届いたか（FAX、窓口など）",
        "EntryReply.count": "受け取った件数",
        "files": "添付ファイル又は本文ごとの結果（下の「手入力のファイル」）",
        "left": "読み取っていない添付の一覧（1行ずつ）",
        "came_at": "書類の届いたメールの受信日時",
        "Originals.sender": "そのメールの差出人",
        "Originals.inbox": "そのメールの届いた受信箱",
        "Originals.files": "添付した書類の一覧（1行ずつ）",
        "Originals.left": "添付していない書類と理由の一覧（1行ずつ）",
        "is_locked": "差出人のパスワードがないと開けない書類があるか",
        "told_in": "パスワードが書かれていると思われるメールの一覧（1行ずつ）",
        "EntryResult.items": "お知らせごとの結果（下の「結果の1件」）",
        "EntryResult.left": "お知らせが見当たらない添付の一覧（1行ずつ）",
        "EntryResult.receipt_number": "担当者のメールの受付番号",
        "ResultLine.about": "工事名、受注者名など",
        "ResultLine.told": "受注者への連絡",
        "taken": "受け取ったお知らせの一覧（下の「手入力のお知らせ」）",
        "wrong": "受け取れなかったものと理由の一覧（1行ずつ）",
        "EntryFile.name": "ファイル名、又は「メール本文」",
        "EntryLine.about": "工事名と受注者名",
        "EntryLine.key": "認証キーの文字数",
        "EntryLine.sender": "受注者のアドレス。書かれていないときは空",
        "Keys.keys": "受付番号と認証キーの一覧（下の「認証キー1件」）",
        "KeyLine.key": "認証キーの文字数（送信するメールにだけキーが入ります）",
        "waiting_besides": "held、passed_on、parked、undelivered のほかに、確認を待つ件数",
        "to_verify": "D-Sureで確認するもの（下の「D-Sureで確認する件」）",
        "to_verify_besides": "ほかにD-Sureの確認を待つ件数",
        "DeskReply.cases": "次の処理が必要な件の一覧（下の「返信で処理できる件」）",
        "is_last": "その方への本日最後の案内か（1日30通まで）",
        "DeskHelp.is_asked_for": "「ヘルプ」などで尋ねられたものか",
        "proposed": "「はい」との返信で処理する内容の一覧（下の「「はい」で処理する件」）。尋ねないメールでは空。あるとき lines は、意味の分からなかった文",
        "is_confirmed": "確認のメールへの「はい」による処理か",
        "ProposedLine.work": "工事名。お知らせのないメールでは、その件名",
        "ProposedLine.order": "指示",
        "ProposedLine.label": "words の見出し（理由、メモ）",
        "ProposedLine.words": "差出人へ送る理由、又はメモの全文（1行ずつ）",
        "ProposedLine.told": "差出人への連絡。ないときは空",
        "ProposedLine.name": "受付番号（「受付番号 …」）",
        "reader": "そのメールを確認する担当の名称。確認の要らないものでは空",
        "DeskNote.why": "処理しなかった理由。お知らせを受け取ったときは空",
        "DeskNote.receipt_number": "そのメール自体の受付番号（末尾が0）",
        "DeskHelp.cases": "返信で処理できる件の一覧（下の「返信で処理できる件」）",
        "title": "問題の内容",
        "detail": "状況（件数、理由など）",
        "advice": "対応のお願いの一覧",
        "DisposalList.number": "一覧の番号（4文字ずつ。join で並べます）",
        "DisposalNote.number": "一覧の番号（4文字ずつ。join で並べます）",
        "classes": "保存期間を過ぎたものの、種類ごとの件数（下の「廃棄の一覧の1行」）",
        "holds": "廃棄しないものとしたメールの件数",
        "DisposalList.until": "返信の期限",
        "DisposalNote.result": "返信をどう扱ったか、廃棄がどう終わったか（文）",
        "DisposalClass.name": "種類の名称",
        "DisposalClass.count": "件数",
        "before": "この日より前に終わったものが一覧にあります",
        "daily": "続く間、1日に1回送るか",
        "over_at": "解消した日時。続いているときは none",
        "OperatorAlarm.since": "発生した日時",
        "OperatorAlarm.about": "対象の受信箱、アドレスなど。ないときは空",
        "urgent": "急ぐもの、3件まで（下の「急ぐもの」の一覧）",
        "held": "確認待ちの受付（下の「報告の1行」の一覧。以下同じ）",
        "passed_on": "担当者が読む必要のあるメール（「対応済」とするまで。お知らせを受け付けたメールの質問を含みます）",
        "asked": "差出人の返信を待つメール（下の「差出人の返信待ちの1件」。対応が必要なものに数えません）",
        "asked_besides": "ほかに差出人の返信を待つメールの件数",
        "parked": "読み取れなかったメール",
        "undelivered": "送信できていないメール",
        "keys_are": "認証キーがどこにあるか（1文）。一覧に載せる設定のときは空",
        "Summary.done": "期間中に処理したものと、お知らせ待ちの（内容, 件数）の組の一覧",
        "has_workbook": "全ての内訳を載せたExcelファイルを添えるか",
        "Summary.hints": "件の種類ごとの、返信のしかたの一覧（下の「返信のしかた」。write は「／」で区切った指示、does は件の種類）",
        "SummaryLine.waits": "待ち日数",
        "DsureCase.waits": "待ち日数",
        "AskedLine.waits": "待ち日数",
        "AskedLine.place": "返信で指示できる件の番号。指示できないときは0",
        "SummaryLine.number": "保証契約番号。お知らせでないときは空",
        "DsureCase.place": "返信で指示できる件の番号。指示できないときは0",
        "DsureCase.product_name": "保証区分（前払など）",
        "DsureCase.project_name": "工事名（台帳による）",
        "DsureCase.contractor": "受注者名（台帳による）",
        "amount": "保証金額",
        "expires_on": "保証期限",
        "DsureCase.key": "認証キーの文字数（設定 answers.keys が in_list のとき。送信するメールにだけキーが入ります）",
        "DsureCase.state": "証書の変更など、改めて確認する理由。ないときは空",
        "DsureCase.fields": "そのほかの台帳の内容（下の「項目の比較」）。変更や異なる点があるときだけ",
        "DsureCase.notes": "前回の確認、その後の変更など（1行ずつ）",
        "places": "このメールのほかの所に載せた件の番号",
        "SummaryLine.count": "その1行に含まれる件数（普通は1）",
        "SummaryLine.place": "返信で指示できる件の番号。指示できないときは0",
        "deadlines": "期限に注意するもの（下の「期限に注意するもの」）。期限を見張らない設定のときは none",
        "day": "送る日",
        "UrgentLine.place": "返信で指示できる件の番号。指示できないときは0",
        "UrgentLine.why": "急ぐ理由（待ち日数、期限）",
        "why": "この方に送る理由（1文ずつ）。普通は空",
        "groups": "期限に注意するもの（下の「期限に注意するもの」）",
        "told_before": "既にお知らせし、まだ残っているものの件数",
        "step": "次にお願いすること",
        "DueGroup.title": "種類",
        "DueGroup.lines": "一覧（下の「期限に注意するものの1件」）",
        "DueGroup.besides": "一覧に載せていない件数",
        "DueLine.place": "返信で指示できる件の番号。指示できないときは0",
        "DueLine.name": "受付番号、メール番号、台帳の番号",
        "DueLine.note": "日付と、その根拠",
        "NoticeReminder.items": "お知らせが届いていない保証の一覧（下の「お知らせが届いていない保証」）",
        "IssuedItem.project_name": "工事名（市の台帳による）",
        "IssuedItem.contractor": "受注者名（市の台帳による）",
        "IssuedItem.product_name": "保証区分（市の台帳による）",
        "IssuedItem.number": "保証契約番号（市の台帳による）",
        "issued_on": "電子保証の発行日",
        "city": "市の名称",
        "department": "部署の名称",
        "phone": "電話番号。載せないときは空",
        "email": "担当者のメールアドレス。載せないときは空",
        "hours": "受付時間。載せないときは空",
        "system_name": "このシステムの名称",
        "reasons": "確認が必要な理由の一覧",
        "fields": "読み取った内容と台帳の比較（下の「項目の比較」）",
        "why_not": "「承認」では受け付けられない理由と、先にすること",
        "key_state": "認証キーを読み取れたかどうか（キーそのものは含みません）",
        "evidence": "照合の経過の一覧",
        "document_name": "読み取った書類のファイル名",
        "label": "項目名",
        "read": "お知らせに記載されていた内容",
        "registered": "台帳の内容",
        "name": "受付番号、メール番号など",
        "about": "工事名、差出人など",
        "note": "理由、経過など",
        "Issued.project_name": "工事名（市の台帳による）",
        "Issued.contractor": "受注者名（市の台帳による）",
        "Issued.product_name": "保証区分（市の台帳による）",
        "Issued.number": "保証契約番号（市の台帳による）",
    },
)
_RECORDS: tuple[tuple[str, type], ...] = (
    ("市の名称と連絡先", policy.Office),
    ("お知らせ1件", to_contractors.NoticeItem),
    ("異なる点のあるお知らせ", to_contractors.DifferingItem),
    ("回したお知らせ", to_contractors.Moved),
    ("確認が必要な受付", to_desks.AlertCase),
    ("質問などのあるお知らせ", to_desks.TakenNotice),
    ("受付1件", to_desks.ReceiptLine),
    ("項目の比較", to_desks.FieldLine),
    ("返信のしかた", to_desks.Hint),
    ("処理した件", to_desks.DoneLine),
    ("「はい」で処理する件", to_desks.ProposedLine),
    ("処理していない件", to_desks.UndoneCases),
    ("返信で処理できる件", to_desks.OpenCase),
    ("認証キー1件", to_desks.KeyLine),
    ("手入力のファイル", to_desks.EntryFile),
    ("手入力のお知らせ", to_desks.EntryLine),
    ("結果の1件", to_desks.ResultLine),
    ("報告の1行", lists.SummaryLine),
    ("急ぐもの", lists.UrgentLine),
    ("差出人の返信待ちの1件", lists.AskedLine),
    ("D-Sureで確認する件", lists.DsureCase),
    ("期限に注意するもの", lists.DueGroup),
    ("期限に注意するものの1件", lists.DueLine),
    ("廃棄の一覧の1行", lists.DisposalClass),
    ("お知らせが届いていない保証", to_contractors.IssuedItem),
)
_HEAD = """\
# メールの文面（市の職員の方へ）

このファイルは `python -m docs.generate.template_docs` で作成しています。直接書き換えないでください。

- 文面は `ja` フォルダの中にあり、1通が1ファイルです。`_parts.j2` は共通の部分（あいさつ、手順、署名）、`_refusals.j2` は差戻しの種類ごとの文です。
- `en` フォルダは、受注者への文面に添える英文です（設定 `letters.english`）。1行目は `Subject: ` で始め、使える差込みは日本語の文面と同じです。
- 1行目は `件名: ` で始めます。1行空けて、本文を書きます。
- `{# … #}` は説明、`{{ … }}` は差込み、`{% … %}` は条件や繰返しです。これらの記号の中は変更しないでください。
- 行は、送信のときに折り返しません（言葉の途中で切れないよう、読む側の画面の幅で折り返されます）。段落は1行で書いてください。
- 使える差込みは、下の表のものだけです。認証キーを差し込むことはできません。
- 差し込まれる値は、改行などの制御文字を取り除き、200文字までに切り詰めてから使います。
- 変更したあとは、`./run letters check` で誤りを確かめ、`./run letters preview` で見てください。付属の文面そのものを直したときは、
  `python tests/letters/regenerate.py` で見本（tests/letters）を作り直し、`./run test` で確認します。

日時の表し方: `{{ 値 | minute }}` は「令和8年11月22日(日) 19時46分」（英文では `minute_in_english`）、`{{ 値 | day }}` は「令和8年11月22日(日)」、\
`{{ 値 | short_day }}` は「11月22日」です。`{{ 値 | quote }}` は、各行の先頭に `> ` を付けます。`{{ 前 | in_a_line(名称, 後) }}` は、「／」で区切った名称を、1行に収まるように切り詰めます。\
`{{ 番号の一覧 | ranges }}` は「1～3、5」です。`{{ 値 | short(30) }}` は、半角30文字分の幅で切ります（件名に）。
"""


def readme() -> str:
    """The whole README.md."""
    parts = [_HEAD, "## 文面の一覧\n"]
    for letter in Letter:
        source = (_HERE / "ja" / f"{letter}.j2").read_text(encoding="utf-8")
        comment = _HEAD_COMMENT.match(source)
        if comment is None:
            raise KeyError(f"{letter}.j2 does not start with a comment")
        purpose = "".join(line.strip() for line in comment[1].splitlines())
        parts.append(f"### {letter}.j2\n\n{purpose}\n\n{_table(CONTEXT_OF[letter])}")
    parts.append("## 差込みの中の項目\n\n`office.city` のように、点でつないで書きます。\n")
    parts.extend(f"### {title}\n\n{_table(record)}" for title, record in _RECORDS)
    return "\n".join(parts)


def _table(record: type) -> str:
    rows = [
        f"| `{field.name}` | {WORDS.get(f'{record.__name__}.{field.name}') or WORDS[field.name]} |"
        for field in fields(record)
    ]
    return "\n".join(["| 差込み | 意味 |", "|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
