"""Pages about the office and its rules: written by administrators in Markdown, read by everybody.

A document that was never set doesn't exist; setting an empty text takes it away. Rules keep their order by `position`.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import UnitOfWork
from models.office import OfficeDocument, Rule

DOCUMENTS: Final = ("extended_description", "privacy_policy", "terms_of_service")
MAX_RULES: Final = 100


async def get_document(session: AsyncSession, name: str) -> OfficeDocument | None:
    """A page about the office, one of `DOCUMENTS`; None when there is none."""
    return await session.get(OfficeDocument, name)


async def set_document(unit: UnitOfWork, name: str, text: str) -> bool:
    """Set a page, one of `DOCUMENTS`; an empty text takes it away. False when there was nothing to take away."""
    document = await unit.session.get(OfficeDocument, name)
    if not text.strip():
        if document is not None:
            await unit.session.delete(document)
        return document is not None
    if document is None:
        unit.session.add(OfficeDocument(name=name, text=text, updated_at=unit.now))
    else:
        document.text, document.updated_at = text, unit.now
    return True


async def load_rules(session: AsyncSession) -> Sequence[Rule]:
    """The rules in their order."""
    return (await session.scalars(select(Rule).order_by(Rule.position, Rule.id).limit(MAX_RULES))).all()


async def add_rule(unit: UnitOfWork, text: str, hint: str = "") -> Rule:
    """Add a rule after the others."""
    last = await unit.session.scalar(select(func.coalesce(func.max(Rule.position), 0)))
    rule = Rule(id=unit.new_id(), position=(last or 0) + 1, text=text, hint=hint, created_at=unit.now)
    unit.session.add(rule)
    await unit.session.flush()
    return rule


async def remove_rule(unit: UnitOfWork, rule_id: int) -> bool:
    """Take a rule away; reports that name it keep its id. False when there is no such rule."""
    found = await unit.session.scalar(delete(Rule).where(Rule.id == rule_id).returning(Rule.id))
    return found is not None
