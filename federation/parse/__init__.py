"""From normalised documents to drafts: pure, bounded, and strict about who may say what.

`status_draft` and `actor_draft` raise DocumentRefused with a sentence for the peer's administrator. They apply the
origin rules that need no database (FEP-fe34): a status lives where its author lives, an actor's addresses and keys
live where the actor lives.
"""

from federation.parse.actor import actor_draft
from federation.parse.status import status_draft, visibility_of

__all__ = ["actor_draft", "status_draft", "visibility_of"]
