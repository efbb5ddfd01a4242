"""Write the golden letters anew: `python tests/letters/regenerate.py`. Read the difference before you keep it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from letter_cases import CASES, COMPOSER, ENGLISH_COMPOSER, HERE, IN_ENGLISH, WHOLE, shown, whole


def main() -> None:
    for old in (*HERE.glob("*.txt"), *HERE.glob("*.eml"), *HERE.glob("english/*.txt")):
        old.unlink()
    for name, context in CASES.items():
        (HERE / f"{name}.txt").write_text(shown(COMPOSER.word(context)), encoding="utf-8")
    for name in IN_ENGLISH:
        (HERE / "english" / f"{name}.txt").write_text(shown(ENGLISH_COMPOSER.word(CASES[name])), encoding="utf-8")
    for name in WHOLE:
        (HERE / f"{name}.eml").write_bytes(whole(name))


if __name__ == "__main__":
    main()
