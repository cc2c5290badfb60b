"""Many rows in few words: questions about long lists of values, and rows that go to the driver as they are.

For each value of a list SQLAlchemy makes a parameter, and for each row of an INSERT a dictionary: where a text brings
forty rows of plain numbers, that takes longer than the database does.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from archive.models import Base

_PART = 50_000
"""Values in one question: a list of them takes a megabyte."""


class _Listed(TypeDecorator[Collection[Any]]):
    """A list of values as one parameter: an array for PostgreSQL, JSON for SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, words: bool = False) -> None:
        self.words = words
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give the type that the driver is handed."""
        return ARRAY(Text() if self.words else BigInteger()) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        """Put the list into that type."""
        given = list(value or ())
        return given if dialect.name == "postgresql" else json.dumps(given)


class _Among(FunctionElement[Any]):
    # Of a Boolean SQLAlchemy asks SQLite whether it is 1, and no index answers that.
    type = NullType()
    inherit_cache = True


@compiles(_Among)
def _among(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    if compiler.dialect.name == "postgresql":
        return f"{column} = any ({values})"
    return f"{column} in (select value from json_each({values}))"


def among(column: InstrumentedAttribute[Any] | Any, name: str, *, words: bool = False) -> _Among:
    """The condition that a column has one of the values of the parameter `name`, however many; they are whole numbers.

    With `words` they are texts.
    """
    return _Among(column, bindparam(name, type_=_Listed(words)))


def ask(session: Session, statement: Any, **given: Collection[Any]) -> list[Any]:
    """The rows of a statement with one list of values (see `among`), asked in parts if it is long."""
    [(name, values)] = given.items()
    connection = session.connection()
    parts = [connection.execute(statement, {name: part}).all() for part in _parts(values)]
    return list(parts[0]) if len(parts) == 1 else [row for part in parts for row in part]


def insert_rows(session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows` of plain numbers, texts or bytes, given in the order of `columns`."""
    if rows:
        session.connection().exec_driver_sql(
            _inserting(session.get_bind().dialect.name, model, tuple(columns)), [tuple(row) for row in rows]
        )


@cache
def _inserting(dialect: str, model: type[Base], columns: tuple[str, ...]) -> str:
    place = "%s" if dialect == "postgresql" else "?"
    return f"insert into {model.__tablename__} ({', '.join(columns)}) values ({', '.join([place] * len(columns))})"


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    every = sorted(values)
    for start in range(0, len(every), _PART):
        yield every[start : start + _PART]
