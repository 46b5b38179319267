"""What stands for a person where there is no picture of our own: initials on one of twelve colours.

Pictures of other servers are never linked to (they would learn who reads what, case N20). Pure.
"""

import hashlib
import unicodedata

from models.accounts import Account

HUES = 12


def hue(account: Account) -> int:
    """The same colour for the same account everywhere: 0 to 11, a class of the style sheet."""
    return hashlib.sha256(account.uri.encode()).digest()[0] % HUES


def initials(account: Account) -> str:
    """One or two letters of the name."""
    words = [_first_letter(word) for word in shown_name(account).split()]
    letters = [letter for letter in words if letter]
    if not letters:
        return (account.username[:1] or "?").upper()
    return letters[0] + letters[-1] if len(letters) > 1 else letters[0]


def shown_name(account: Account) -> str:
    """The display name, or the user name when there is none."""
    return account.display_name or account.username


def _first_letter(word: str) -> str:
    return next((character.upper() for character in word if unicodedata.category(character)[0] in "LN"), "")[:1]
