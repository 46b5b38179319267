"""Which accounts a moderator looks for: the filters of both versions of the list as conditions. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, false

from models.accounts import INSTANCE_ACTOR_ID, Account, User
from policy.domains import normalise_domain
from policy.roles import ROLES, STAFF

_STATES: Final[Mapping[str, ColumnElement[bool]]] = {
    "active": Account.suspended_at.is_(None) & User.disabled_at.is_(None),
    # Accounts are made by the administrator: nobody waits for an approval.
    "pending": false(),
    "disabled": User.disabled_at.is_not(None),
    "silenced": Account.limited_at.is_not(None),
    "suspended": Account.suspended_at.is_not(None),
    "sensitized": Account.sensitized_at.is_not(None),
}
_ORIGINS: Final[Mapping[str, ColumnElement[bool]]] = {
    "local": Account.domain.is_(None),
    "remote": Account.domain.is_not(None),
}
_NUMBERS: Final = {str(role.number): role.name for role in ROLES.values()}


def conditions(args: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """The conditions of a request (v1 or v2) on `Account` and its outer-joined `User`."""
    found = [Account.gone_at.is_(None), Account.id != INSTANCE_ACTOR_ID]
    origins = {name for name in _ORIGINS if args.get(name) or args.get("origin") == name}
    if len(origins) == 1:
        found.append(_ORIGINS[origins.pop()])
    found += [condition for name, condition in _STATES.items() if args.get(name) or args.get("status") == name]
    if args.get("staff") or args.get("permissions") == "staff":
        found.append(User.role.in_(STAFF))
    if args.get("role_ids"):
        found.append(User.role.in_([_NUMBERS[number] for number in args["role_ids"]]))
    return found + _names(args)


def _names(args: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name, column in (("username", Account.username), ("display_name", Account.display_name), ("email", User.email)):
        if args.get(name):
            found.append(column.istartswith(args[name], autoescape=True))
    if args.get("by_domain"):
        found.append(Account.domain == _domain(args["by_domain"]))
    if args.get("ip") or args.get("invited_by"):
        found.append(false())  # neither is kept
    return found


def _domain(text: str) -> str:
    try:
        return normalise_domain(text)
    except ValueError:
        return ""
