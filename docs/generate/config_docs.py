"""Writes config.example.toml and docs/configuration.md from the settings' own descriptions (bot/config/settings.py).

Run by hand after a change: `python -m docs.generate.config_docs`; tests/test_docs.py compares. Both name every key. The
example passes `check-config` as it stands: SMTP in, a Maildir out. Raises KeyError for a required key without an example.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config.example import help_of, is_nothing, sections, written
from bot.config.mistakes import toml_value

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config.example.toml"
REFERENCE = ROOT / "docs" / "configuration.md"

SET_IN_EXAMPLE = MappingProxyType({"smtp": MappingProxyType({"enabled": True})})
"""Besides the required keys: one door must be open, or the example would not pass."""

_NOTICE = "python -m docs.generate.config_docs が bot/config/settings.py から作ります。直接書き換えないでください。"
_EXAMPLE_HEAD = f"""\
# Hosho-bot の設定の例。config.toml という名前に写して、書き換えてください。
# 確かめるには: ./run check-config --config config.toml
#
# このファイルは {_NOTICE}
"""
_REFERENCE_HEAD = f"""\
# 設定項目

このファイルと `config.example.toml` は、{_NOTICE}

- 設定はTOML形式、文字コードはUTF-8です。知らない項目があると起動しません（綴りの誤りを見逃さないため）。
- `./run check-config --config config.toml` は、誤りを全て一度に、直し方を添えて示します。
- 相対パスは、設定ファイルのあるフォルダから数えます。
- パスワードは設定に書かず、本人だけが読めるファイル（`chmod 600`）に入れて、その場所を書きます。
- 設定を変えたときは、`hosho-bot` を起動し直してください。
"""


def example() -> str:
    """The whole of config.example.toml."""
    return written(_EXAMPLE_HEAD, SET_IN_EXAMPLE)


# -- the reference


def reference() -> str:
    """The whole of docs/configuration.md."""
    parts = [_REFERENCE_HEAD]
    for name, model, repeated in sections():
        title = f"`[[{name}]]`（繰り返せます）" if repeated else f"`[{name}]`"
        rows = [_row(key, field) for key, field in model.model_fields.items()]
        table = "\n".join(["| 項目 | 種類 | 省略したとき | 説明 |", "|---|---|---|---|", *rows])
        parts.append(f"## {title}\n\n{help_of(model)}\n\n{table}\n")
    return "\n".join(parts)


def _row(key: str, field: FieldInfo) -> str:
    if field.is_required():
        default = "**必須**"
    else:
        default = "（なし）" if is_nothing(field.default) else f"`{toml_value(field.default)}`"
    shown = f"。例: `{toml_value(field.examples[0])}`" if field.examples else ""
    description = f"{(field.description or '').rstrip('。')}{shown}".replace("|", "\\|")
    return f"| `{key}` | {_kind(field.annotation, field.metadata)} | {default} | {description} |"


_KINDS: Mapping[Any, str] = {
    str: "文字列",
    bool: "true / false",
    int: "整数",
    Path: "場所（パス）",
    time: "時刻",
    date: "日付",
}


def _kind(annotation: Any, metadata: list[Any]) -> str:
    """What may be written, in words."""
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__, [*annotation.__metadata__, *metadata])
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " / ".join(f"`{choice}`" for choice in arguments)
    if origin is tuple:
        return f"{_kind(arguments[0], [])} の一覧"
    if NoneType in arguments:
        return _kind(next(a for a in arguments if a is not NoneType), metadata)
    if origin is not None and issubclass(origin, Mapping):
        return "対応の表"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"表（{'、'.join(annotation.model_fields)}）"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " / ".join(f"`{member}`" for member in annotation)
    return _KINDS[annotation] + _bounds(metadata)


def _bounds(metadata: list[Any]) -> str:
    flat = [item for one in metadata for item in (one.metadata if isinstance(one, FieldInfo) else [one])]
    least = next((item.ge for item in flat if isinstance(item, Ge)), None)
    most = next((item.le for item in flat if isinstance(item, Le)), None)
    if least is None:
        return ""
    return f"（{least}以上）" if most is None else f"（{least}～{most}）"


def main() -> None:
    """Write both files."""
    EXAMPLE.write_text(example(), encoding="utf-8")
    REFERENCE.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
