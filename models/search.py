"""What search looks through: one row a status, written in the transaction that writes the status.

PostgreSQL keeps a `tsvector` with a GIN index. On SQLite the row holds the folded words (`content.words`), and the
virtual table `status_words` (FTS5, without a copy of the text) follows it by triggers: also when a status goes with its
account, because what a foreign key deletes fires them. SQLAlchemy can't describe a virtual table, so it is made by DDL
that comes with the table; a revision that changes it repeats the statements.

Facts about a status stand among its words as tokens that begin with `=` (`social.search.index`), a character that no
text can bring in.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, ForeignKey, Index, Table, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id
from models.postgresql import TSVECTOR, only_here

VIRTUAL_TABLE = "status_words"


class StatusText(Base):
    """The words of a status that isn't a boost."""

    __tablename__ = "status_texts"

    status_id: Mapped[int] = mapped_column(
        BigInt, ForeignKey("statuses.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    words: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR, "postgresql"))


class IndexFilling(Base):
    """The one row about filling the index with what was there before it.

    Statuses from the id `below` on are in it; `completed_at` is set once all are. From then on nothing has to be looked
    for: whoever writes a status writes its words. Like the words, it stays out of backups.
    """

    __tablename__ = "index_filling"

    id: Mapped[Id]
    below: Mapped[int | None]
    completed_at: Mapped[datetime | None]


_TABLE: Table = StatusText.__table__  # type: ignore[assignment]
Index("ix_status_texts_words", _TABLE.c.words, info={"only": "postgresql"} | only_here(using="gin")).ddl_if(
    dialect="postgresql"
)

_TAKE_OUT = "INSERT INTO status_words (status_words, rowid, words) VALUES ('delete', old.status_id, old.words);"
_PUT_IN = "INSERT INTO status_words (rowid, words) VALUES (new.status_id, new.words);"
SQLITE_STATEMENTS = (
    "CREATE VIRTUAL TABLE status_words USING fts5(words, content='status_texts', content_rowid='status_id',"
    " columnsize=0, tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc' tokenchars '='\")",
    f"CREATE TRIGGER status_texts_made AFTER INSERT ON status_texts BEGIN {_PUT_IN} END",
    f"CREATE TRIGGER status_texts_changed AFTER UPDATE ON status_texts BEGIN {_TAKE_OUT} {_PUT_IN} END",
    f"CREATE TRIGGER status_texts_gone AFTER DELETE ON status_texts BEGIN {_TAKE_OUT} END",
)
_ddl: Any = DDL  # SQLAlchemy says nothing of its arguments
for _statement in SQLITE_STATEMENTS:
    event.listen(_TABLE, "after_create", _ddl(_statement).execute_if(dialect="sqlite"))
event.listen(_TABLE, "before_drop", _ddl("DROP TABLE IF EXISTS status_words").execute_if(dialect="sqlite"))
