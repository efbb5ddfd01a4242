"""A column of the register stands everywhere: a field has a column, a reader, a place in an export and one in the database."""

from __future__ import annotations

from dataclasses import fields

from bot.core.records.guarantee import Guarantee, Product
from bot.core.register.columns import Column
from bot.core.register.values import READERS
from storage.database import models
from storage.database.mapping import guarantee_row
from storage.keys.vault import Vault, new_key

FIELDS = {field.name for field in fields(Guarantee)} - {"guarantee_id"}
WITH_MORE = {Column.CONTRACT_AMOUNT, Column.GUARANTEE_AMOUNT, Column.NUMBER, Column.AUTH_KEY}  # the unit, the forms


def test_every_field_of_a_guarantee_has_its_column_and_is_exported():
    assert sorted(FIELDS) == sorted(column.field for column in Column if column.field)
    assert all(column.width for column in Column if column.field)


def test_every_column_of_a_field_has_a_reader():
    assert set(READERS) | WITH_MORE == {column for column in Column if column.field}


def test_every_field_has_its_place_in_the_database():
    columns = set(models.GuaranteeRecord._meta.fields_map) - {"id"}
    row = guarantee_row(Guarantee("工事", "会社", Product.CONTRACT), Vault([new_key()]))
    assert set(row) >= FIELDS
    assert set(row) <= columns
