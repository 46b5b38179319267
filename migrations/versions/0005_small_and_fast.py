"""Small and fast

Revision 0005, after 0004. Each area has a pair of functions; the newest comes down first.
"""

from collections.abc import Sequence

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Nothing yet: each area adds its call here."""


def downgrade() -> None:
    """Nothing yet: each area adds its call here, the newest first."""
