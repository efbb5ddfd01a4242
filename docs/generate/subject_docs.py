"""Writes docs/subjects.md: the forms of subjects that are read, from the table in bot/core/mail/subject_forms.py.

Run by hand after a change: `python -m docs.generate.subject_docs`; tests/test_docs.py compares. Raises nothing.
"""

from __future__ import annotations

from pathlib import Path

from bot.core.mail.subject_forms import MAX_PARTS, MAX_SUBJECT, MAX_TEMPLATE, PROFILES, Forms, SubjectPart, read_subject

SUBJECTS = Path(__file__).resolve().parents[2] / "docs" / "subjects.md"

_PART_WORDS = {
    SubjectPart.WORKS_NUMBER: "工事番号（案件番号、施行番号なども）。「5071000001」「R8-12」「令和8年度 土木第12号」のような形のもの。2回書けます",
    SubjectPart.PROJECT: "工事名（案件名、業務名なども）",
    SubjectPart.PRODUCT: "契約保証、前払金保証、中間前払金保証（「契約」「前払」「中間前払金」なども）",
    SubjectPart.CONTRACTOR: "受注者名",
    SubjectPart.OTHER: "読み取らない部分",
}
_HEAD = """\
# 件名の読取り

このファイルは `python -m docs.generate.subject_docs` が bot/core/mail/subject_forms.py から作ります。直接書き換えないでください。

市がホームページなどで受注者にお願いしている件名の書き方です。件名から読み取ったことは、次のようにだけ使います。

- 番号が台帳にないとき、候補の順序と、担当者に示す「照合の経過」に使います。
- 工事名・受注者・保証区分が同じ行が台帳に2つ以上あるとき、件名の工事番号がその1つだけと一致すれば、その行に決めます（台帳に「工事番号」の列が
  必要です。送信ドメイン認証で差出人を確認できなかったメールや、同じ保証区分のお知らせが2件以上あるメールでは決めません）。
- 番号が台帳と一致したときは、件名の工事番号が台帳と違っていても、参考として示すだけです。

**件名の書き方を理由に、メールを断ったり、確認待ちにしたりすることはありません。** 件名だけで受け付けることもありません。

"""


def subjects() -> str:
    """The whole of docs/subjects.md."""
    rows = [
        f"| `{profile.name}` | {'<br>'.join(f'`{text}`' for text in profile.templates)} | {profile.example} "
        f"| {read_subject(profile.example, Forms.of([profile.name])).words} | {profile.source} |"
        for profile in PROFILES
    ]
    head = (
        "| 名前 | 書き方（上から順に、書かれていないものがあるときの形） | 例 | 読み取ること | 公開されているお願い |"
    )
    parts = "\n".join(f"- `{{{part}}}`: {words}" for part, words in _PART_WORDS.items())
    return f"""{_HEAD}## 読み取る書き方

設定 `subjects.profiles` で、使うものを選べます（省略すると全て）。どの市の書き方かは、公開されているページによります。

{head}
|---|---|---|---|---|
{chr(10).join(rows)}

「Re:」「FW:」「転送:」「【再送】」などは、取り除いてから読みます。全角と半角、括弧の種類は問いません。

## 市の書き方を加える

設定 `subjects.patterns` に、次のように書きます。組込みの書き方より先に試します。

```toml
[subjects]
patterns = ["【保証書類】{{工事番号}} {{工事名}}"]
```

{parts}

- 部分は{MAX_PARTS}つまでです。部分と部分の間には、空白などの区切りが必要です（`{{{SubjectPart.PRODUCT}}}` の前後は、なくても構いません）。
- 空白は、空白・「＿」「、」「・」「／」「＋」「：」などのどの区切りにも合います。括弧は、どの種類の括弧にも合います。
- 書けるのは{MAX_TEMPLATE}文字まで、件名は{MAX_SUBJECT}文字まで読みます。正規表現は書けません（読取りに時間がかかりすぎるものを防ぐためです）。
"""


if __name__ == "__main__":
    SUBJECTS.write_text(subjects(), encoding="utf-8")
