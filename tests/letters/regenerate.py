"""Write the golden letters anew: `python tests/letters/regenerate.py`. Read the difference before you keep it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from letter_cases import CASES, COMPOSER, HERE, WHOLE, shown, whole


def main() -> None:
    for old in (*HERE.glob("*.txt"), *HERE.glob("*.eml")):
        old.unlink()
    for name, context in CASES.items():
        (HERE / f"{name}.txt").write_text(shown(COMPOSER.word(context)), encoding="utf-8")
    for name in WHOLE:
        (HERE / f"{name}.eml").write_bytes(whole(name))


if __name__ == "__main__":
    main()
