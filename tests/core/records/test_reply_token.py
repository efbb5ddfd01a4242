"""The token in a subject, and a subject without it where it is quoted."""

from __future__ import annotations

import pytest

from bot.core.records.reply_token import token_in, without_marks

MARK = "[I7XY-ABCD-2345]"


@pytest.mark.parametrize(
    ("subject", "quoted"),
    [
        (f"RE: 【確認待ち】第8号橋梁補修工事 {MARK}", "RE: 【確認待ち】第8号橋梁補修工事"),
        (f"FW: 【要確認】RE: 【確認待ち】第8号… {MARK} [BFNK-NICP-GWE6]", "FW: 【要確認】RE: 【確認待ち】第8号…"),
        ("RE: 確認待ち ［I7XY - ABCD - 2345］ の件", "RE: 確認待ち の件"),
        ("FW: 【要確認】RE: 第8号橋梁補修工事 [I7…", "FW: 【要確認】RE: 第8号橋梁補修工事"),
        ("FW: 【要確認】RE: 第8号橋梁補修工事 [I7XY-AB...", "FW: 【要確認】RE: 第8号橋梁補修工事"),
        ("FW: 第8号橋梁補修工事 […", "FW: 第8号橋梁補修工事"),
        ("FW: 第8号橋梁補修工事 [＊＊＊＊＊＊…", "FW: 第8号橋梁補修工事"),
        ("FW: 第8号橋梁補修工事 [＊＊＊＊＊＊-2345]", "FW: 第8号橋梁補修工事"),
        ("FW: 第8号橋梁補修工事 [I7XY-ABCD-23", "FW: 第8号橋梁補修工事"),
        ("[electronic-guarantee 12] 【R8】第8号工事［A工区］", "[electronic-guarantee 12] 【R8】第8号工事［A工区］"),
        ("第8号工事 [R8-123]", "第8号工事 [R8-123]"),
        ("認証キー [第2回]", "認証キー [第2回]"),
        ("", ""),
    ],
)
def test_a_quoted_subject_bears_no_token_whole_or_cut(subject: str, quoted: str) -> None:
    assert without_marks(subject) == quoted


def test_the_last_token_of_a_subject_is_the_one_that_is_answered() -> None:
    assert token_in(f"RE: x {MARK} [BFNK-NICP-GWE6]") == "BFNKNICPGWE6"
