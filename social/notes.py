"""What people note about others, for their own eyes."""

from models import UnitOfWork
from models.accounts import Account
from models.relations import AccountNote

MAX_NOTE_CHARACTERS = 2_000


async def set_note(unit: UnitOfWork, account: Account, target: Account, comment: str) -> None:
    """Keep a note about `target` (up to MAX_NOTE_CHARACTERS); an empty one takes it away."""
    note = await unit.session.get(AccountNote, (account.id, target.id))
    comment = comment.strip()[:MAX_NOTE_CHARACTERS]
    if not comment:
        if note is not None:
            await unit.session.delete(note)
    elif note is None:
        unit.session.add(
            AccountNote(account_id=account.id, target_id=target.id, comment=comment, updated_at=unit.now)
        )  # fmt: skip
    else:
        note.comment, note.updated_at = comment, unit.now
    await unit.session.flush()
