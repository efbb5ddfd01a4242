"""The settings' file as it is written: every key with its help, those that are told set, the others as comments.

config.example.toml is made by it (docs/generate/config_docs.py), and the city's own file by `init`. Raises KeyError for a required
key that has neither a value nor an example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config.mistakes import toml_value
from bot.config.settings import Config

Table = Mapping[str, object]
NOTHING: MappingProxyType[str, object] = MappingProxyType({})

_HEAD = """\
#
# 「#項目 = 値」の行は、省略したときの値です。変えるときは、先頭の # を消して書き換えます。
# 「例:」に続く行は書き方の例で、省略すると使いません。
# 相対パスは、設定ファイルのあるフォルダから数えます。
# パスワードはここに書かず、本人だけが読めるファイル（chmod 600）に入れて、その場所を書きます。
"""


def sections() -> Iterator[tuple[str, type[BaseModel], bool]]:
    """Every table of the file: its name, its model, whether it may be repeated."""
    for name, field in Config.model_fields.items():
        repeated = get_origin(field.annotation) is tuple
        model = get_args(field.annotation)[0] if repeated else field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):  # all but `base`, which is no setting
            yield field.alias or name, model, repeated


def written(head: str, tables: Mapping[str, Table | Sequence[Table]]) -> str:
    """The whole file. `head`: its first lines; `tables`: what is set, a list of tables where one may be repeated."""
    parts = [head + _HEAD]
    for name, model, repeated in sections():
        told = tables.get(name, ())
        given = [told] if isinstance(told, Mapping) else list(told)
        is_shown = bool(given) or not repeated or Config.model_fields[name].is_required()
        mark = "" if is_shown else "#"
        title = f"{mark}[[{name}]]" if repeated else f"[{name}]"
        note = "# 2つ以上のときは、この表を繰り返します。\n" if repeated else ""
        first: Table = given[0] if given else NOTHING
        parts.append(f"{_comment(help_of(model))}{note}{title}")
        parts += [_line(f"{name}.{key}", key, field, first, mark) for key, field in model.model_fields.items()]
        parts += [_short(title, table) for table in given[1:]]
    return "\n".join(parts)


def _short(title: str, table: Table) -> str:
    return "\n".join([title, *(f"{key} = {toml_value(value)}" for key, value in table.items())]) + "\n"


def _line(path: str, key: str, field: FieldInfo, table: Table, mark: str) -> str:
    """A key with its help. `mark`: before a required key of a table that is only an example itself."""
    comment = _comment(field.description or "")
    if key in table:
        return f"{comment}{key} = {toml_value(table[key])}\n"
    if field.is_required():
        if not field.examples:
            raise KeyError(f"{path} is required and has no example")
        return f"{comment}{mark}{key} = {toml_value(field.examples[0])}\n"
    if is_nothing(field.default) and field.examples:
        return f"{comment}# 例:\n#{key} = {toml_value(field.examples[0])}\n"
    return f"{comment}#{key} = {toml_value(field.default)}\n"


def _comment(text: str) -> str:
    """A sentence a line; brackets are not parted."""
    lines, depth = [""], 0
    for character in text:
        lines[-1] += character
        depth += (character == "（") - (character == "）")
        if character == "\n" or (character == "。" and depth <= 0):
            lines.append("")
    return "".join(f"# {line.rstrip(chr(10))}\n" for line in lines if line.strip())


def is_nothing(value: object) -> bool:
    """Whether a default says no more than that there is none."""
    return value is None or value in ("", (), {})


def help_of(model: type[BaseModel]) -> str:
    """A table's help."""
    return (model.__doc__ or "").strip()
