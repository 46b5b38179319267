"""How many requests one cause may lead to: strangers can make us ask, but only so often for each thing they send."""

from federation.client.errors import BudgetExhausted
from models.values import dataclass


@dataclass(slots=True)
class FetchBudget:
    """The requests that one activity or look-up may still make; every redirect counts as one."""

    remaining: int

    def spend(self) -> None:
        """Take one request out. Raises BudgetExhausted when none is left."""
        if self.remaining <= 0:
            raise BudgetExhausted("", "the fetch budget is used up")
        self.remaining -= 1
