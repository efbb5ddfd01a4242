"""What is wrong with the settings, said to the operator: the key, what is wrong, and the cure, all of it at once.

Used by settings.py, which raises ConfigError; shown by the command line. The cures take their examples from the fields'
own descriptions. Raises nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from bot.core.text.lazy_pattern import LazyPattern

if TYPE_CHECKING:  # slow to load, and whoever has its errors has it
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong setting: its key (`imap.port`), what is wrong, and what to do."""

    key: str
    what: str
    cure: str


class ConfigError(ValueError):
    """The settings can't be used. `mistakes`: all of them."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(f"{m.key}: {m.what}。{m.cure}" for m in mistakes))
        self.mistakes = mistakes


def mistakes_of(error: ValidationError, model: type[BaseModel]) -> list[Mistake]:
    """Pydantic's errors in the operator's words. `model`: the settings' model, for its examples."""
    return [_mistake(details, model) for details in _without_echoes(error.errors(include_url=False))]


def _without_echoes(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without "too_short" of a list of which an item is reported: pydantic counts only the items that were right."""
    inside = {tuple(error["loc"][:length]) for error in errors for length in range(len(error["loc"]))}
    return [error for error in errors if error["type"] != "too_short" or tuple(error["loc"]) not in inside]


CURES: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "missing": ("必要な項目がありません", ""),
        "extra_forbidden": (
            "知らない項目です",
            "綴りを確かめるか、削除してください（config.example.toml に全項目があります）",
        ),
        "string_type": ("文字列ではありません", '" " で囲んでください'),
        "string_too_short": ("空欄です", ""),
        "bool_type": ("true / false ではありません", "true か false を書いてください"),
        "bool_parsing": ("true / false ではありません", "true か false を書いてください"),
        "int_type": ("整数ではありません", '数字だけを書いてください（" " は不要）'),
        "int_parsing": ("整数ではありません", '数字だけを書いてください（" " は不要）'),
        "tuple_type": ("一覧ではありません", '["…", "…"] のように書いてください'),
        "too_short": ("1つもありません", ""),
        "path_type": ("場所（パス）ではありません", '" " で囲んでください'),
        "model_type": ("表ではありません", "[名前] の行を書き、その下に項目を書いてください"),
        "dict_type": ("対応の表ではありません", ""),
        "string_pattern_mismatch": ("書き方が違います", ""),
        "date_from_datetime_parsing": ("日付として読めません", '"2026-12-29" のように書いてください'),
        "date_parsing": ("日付として読めません", '"2026-12-29" のように書いてください'),
        "time_parsing": ("時刻として読めません", '"09:00" のように書いてください'),
    }
)
"""What is wrong and what to do, by pydantic's type of error; an empty cure is made from the field's example."""


_QUOTED = LazyPattern(r"'([^']*)'")


def _mistake(details: ErrorDetails, model: type[BaseModel]) -> Mistake:
    kind = details["type"]
    location = list(details["loc"])
    key = _key(location)
    bounds = details.get("ctx", {})
    what, cure = CURES.get(kind, ("", ""))
    if kind == "extra_forbidden":
        cure = meant_instead(location, model) or cure
    if kind == "value_error":
        what, cure = str(bounds.get("error", "")), "書き直してください"
    elif kind in {"greater_than_equal", "less_than_equal"}:
        limit = bounds.get("ge", bounds.get("le"))
        what, cure = "範囲の外です", f"{limit} {'以上' if kind == 'greater_than_equal' else '以下'}にしてください"
    elif kind in {"literal_error", "enum"}:
        choices = "、".join(one or '""（空欄）' for one in _QUOTED.findall(str(bounds.get("expected", ""))))
        what, cure = "選べない値です", f"次のどれかにしてください: {choices}"
    elif kind == "tuple_type" and key == "desks":
        cure = "[[desks]] のように、二重の [ ] で書いてください"
    return Mistake(key or "（全体）", what or str(details["msg"]), cure or _example(location, model))


RENAMED: MappingProxyType[str, str] = MappingProxyType({"answers.show_keys": "answers.keys"})
"""Keys of earlier versions, and what they are called now."""
_LIKE = 0.6  # how much of a name must agree, as difflib reckons it


def meant_instead(location: Sequence[int | str], model: type[BaseModel]) -> str:
    """The cure for a name that there is not: its new name, the nearest one of its table, or the table that has it; "" = none."""
    import difflib  # noqa: PLC0415 - for wrong settings only

    *tables, name = location
    table = ".".join(str(part) for part in tables if isinstance(part, str))
    if renamed := RENAMED.get(f"{table}.{name}"):
        return f"{renamed} に名前が変わりました。書き換えてください"
    here = _names(_inner(tables, model))
    if near := difflib.get_close_matches(str(name), here, n=1, cutoff=_LIKE):
        where = f"{table}.{near[0]}" if table else f"[{near[0]}]"
        return f"{where} のことでしたら、そう書き直してください。使わないときは削除してください"
    others = [section for section in _names(model) if name in _names(_inner([section], model))]
    if others and name not in _names(model):
        return f"{'、'.join(f'[{section}]' for section in others)} の項目です。書く場所を確かめてください"
    return ""


def _names(model: type[BaseModel] | None) -> list[str]:
    """What may be written in a table."""
    fields = model.model_fields.items() if model is not None else ()
    return [field.alias or name for name, field in fields if not field.exclude]


def _inner(location: Sequence[int | str], model: type[BaseModel]) -> type[BaseModel] | None:
    """The table at this place; None where there is none."""
    for part in location:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part == (f.alias or n)), None)
        inner = _model_in(field.annotation) if field is not None else None
        if inner is None:
            return None
        model = inner
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    from pydantic import BaseModel  # noqa: PLC0415 - as above

    candidates = (annotation, *get_args(annotation))
    return next((t for t in candidates if isinstance(t, type) and issubclass(t, BaseModel)), None)


def _key(location: Sequence[int | str]) -> str:
    """The key as the operator finds it: ("desks", 1, "address") → desks（2番目）.address."""
    key = ""
    for part in location:
        key += f"（{part + 1}番目）" if isinstance(part, int) else f".{part}" if key else part
    return key


def _example(location: Sequence[int | str], model: type[BaseModel]) -> str:
    """How the field is written right, from its example, else from its help."""
    for part in location:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part in {n, f.alias}), None)
        if field is None:
            break
        if field.examples:
            value = field.examples[0]
            return f"例: {part} = {toml_value(value)}"
        inner = _model_in(field.annotation)
        if inner is None:
            return str(field.description or "")
        model = inner
    first = next((f"{n} = {toml_value(f.examples[0])}" for n, f in model.model_fields.items() if f.examples), "")
    return f"config.example.toml の同じ項目を写してください（例: {first}）"


def toml_value(value: object) -> str:
    """A value of a setting as TOML writes it; what has no type of TOML's is its text."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case Mapping():
            pairs = ", ".join(f"{toml_value(key)} = {toml_value(item)}" for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case time():
            return f'"{value:%H:%M}"'
        case _:
            text = str(value)
            if "'" in text or not text.isprintable():
                return json.dumps(text, ensure_ascii=False)  # its escapes are TOML's, too
            return f"'{text}'" if "\\" in text or '"' in text else f'"{text}"'
