"""Whom to follow: colleagues, and who is followed by those one follows."""

from typing import Final

from api.access import known_account
from api.call import Call, Json
from api.endpoints import Endpoint, many
from api.loading import account_entities
from api.schemas.fields import Args, Whole
from social.suggestions import COLLEAGUE, FRIENDS_OF_FRIENDS, Suggestion, dismiss_suggestion, suggestions_for

# What older apps call the reasons.
_SOURCES: Final = {COLLEAGUE: "staff", FRIENDS_OF_FRIENDS: "global"}


class SuggestionsArgs(Args):
    """How many."""

    limit = Whole(1, 80, load_default=40)


async def get_suggestions(call: Call) -> list[Json]:
    """View follow suggestions, each with the reason for it."""
    return [
        {"source": _SOURCES[one.source], "sources": [one.source], "account": account}
        for one, account in await _suggested(call)
    ]


async def get_suggestions_v1(call: Call) -> list[Json]:
    """View follow suggestions as accounts alone."""
    return [account for _, account in await _suggested(call)]


async def _suggested(call: Call) -> list[tuple[Suggestion, Json]]:
    async with call.database.reading() as session:
        found = await suggestions_for(session, call.me, call.args["limit"])
        entities = await account_entities(
            call.api, session, [one.account_id for one in found]
        )  # fmt: skip
    return list(zip(found, entities, strict=True))


async def delete_suggestion(call: Call) -> Json:
    """Remove a suggestion: this account isn't suggested again."""
    account_id = call.id()
    async with call.database.unit_of_work() as unit:
        await known_account(call, unit.session, account_id)
        await dismiss_suggestion(unit, call.me, account_id)
    return {}


ENDPOINTS = (
    Endpoint("GET", "/api/v1/suggestions", get_suggestions_v1, scope="read:accounts", args=SuggestionsArgs,
             returns=many("AccountEntity")),
    Endpoint("DELETE", "/api/v1/suggestions/{id}", delete_suggestion, scope="write:accounts read"),
    Endpoint("GET", "/api/v2/suggestions", get_suggestions, scope="read:accounts", args=SuggestionsArgs,
             returns=many("SuggestionEntity")),
)  # fmt: skip
