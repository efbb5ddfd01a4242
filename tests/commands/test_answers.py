"""`answers read`: what would be understood of a text, of a mail and of standard input; nothing is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import main

HTML = (
    'From: =?utf-8?b?5bCP6bOl6YGK?= <keiyaku@city.example.jp>\r\nIn-Reply-To: <x@city.example.jp>\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>保留 電話で確認中です</p><p>契約課 田中</p><p>小鳥遊</p>\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n----\r\nこのメールは市の情報セキュリティ基盤を通過しています。\r\n--b--\r\n"
)


def read(*words: str, typed: str | bytes | None = None) -> list[dict[str, Any]]:
    ran = CliRunner().invoke(main, ("answers", "read", "--json", *words), input=typed)
    assert ran.exit_code == 0, ran.output
    return [json.loads(line) for line in ran.stdout.splitlines()]


def order(name: str, *cases: str, candidate: int | None = None, words: str = "") -> dict[str, Any]:
    return {"order": name, "cases": list(cases), "candidate": candidate, "words": words}


@pytest.mark.parametrize(
    ("kind", "text", "orders", "unclear"),
    [
        ("alert", "承認でお願いします", [order("承認", "1件目")], []),
        ("alert", "2番です", [order("承認", "1件目", candidate=2)], []),
        ("alert", "差戻し 工期が契約書と異なるため", [order("差戻し", "1件目", words="工期が契約書と異なるため")], []),
        ("summary", "1件目 確認済\n2件目 なし", [order("確認済", "1件目"), order("なし", "2件目")], []),
        ("summary", "3件目は保留、残りは承認", [order("保留", "3件目"), order("承認", "残り")], []),
        ("summary", "20261122-0042-1 承認", [order("承認", "20261122-0042-1")], []),
        ("mail", "電話で回答しました", [order("対応済", "1件目")], []),
        ("alert", "承認\n別の工事のお話です", [order("承認", "1件目")], ["別の工事のお話です"]),
        ("alert", "承認してよいですか", [], ["承認してよいですか"]),
        ("summary", "承認", [order("承認")], ["どの件への返信か分かりません"]),
        (
            "alert",
            "確認済\nなし",
            [order("確認済", "1件目"), order("なし", "1件目")],
            ["1件目について、指示が2つあります"],
        ),
        ("mail", "承認", [order("承認", "1件目")], ["「承認」は、お知らせのないメールへの指示ではありません"]),
        ("alert", "対応済", [order("対応済", "1件目")], ["「対応済」は、お知らせのないメールへの指示です"]),
    ],
)
def test_a_text_is_shown_as_it_would_be_understood(kind: str, text: str, orders: list[Any], unclear: list[str]) -> None:
    (told,) = read("--kind", kind, typed=text)
    assert told == {"file": "-", "acts": not unclear, "orders": orders, "unclear": unclear}


def test_texts_and_mails_are_read_each_as_one_object(tmp_path: Path) -> None:
    text, mail = tmp_path / "answer.txt", tmp_path / "answer.eml"
    text.write_bytes("承認します。\r\n".encode("cp932"))
    mail.write_bytes(HTML.encode())
    first, second = read(str(text), str(mail))
    assert (first["file"], first["acts"], first["orders"]) == (str(text), True, [order("承認", "1件目")])
    assert (second["acts"], second["orders"]) == (True, [order("保留", "1件目", words="電話で確認中です")])


def test_a_person_reads_it_in_lines() -> None:
    ran = CliRunner().invoke(main, ("answers", "read"), input="承認\n撤回します")
    assert ran.stdout.splitlines() == [
        "-（要確認への返信）",
        "  1件目 承認",
        "  分からない点：撤回します",
        "  何も処理せず、書き方をお知らせします",
    ]


def test_a_person_reads_what_a_yes_would_do() -> None:
    ran = CliRunner().invoke(main, ("answers", "read"), input="承認します。\n業者が倒産しました。")
    assert ran.stdout.splitlines() == [
        "-（要確認への返信）",
        "  1件目 承認",
        "  分からない点：業者が倒産しました",
        "  何も処理せず、次のとおりでよいかを尋ねます：1件目 承認",
    ]


def test_a_key_is_not_shown() -> None:
    (told,) = read(typed="保留 キーは aB3dEf6hIj9k です")
    assert "aB3dEf6hIj9k" not in str(told)
