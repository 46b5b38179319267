"""Asking for a quote and granting it (FEP-044f). Pure."""

from federation.documents import contexts as emitted_contexts
from federation.documents.activities import activity
from federation.documents.bundles import StatusBundle
from federation.documents.status import embedded_status
from federation.json_ld.strict_json import JsonObject
from federation.json_ld.terms import PUBLIC
from models.addresses import LocalAddresses


def quote_request_activity(
    uri: str, bundle: StatusBundle, addresses: LocalAddresses, *, quoted_uri: str, quoted_author_uri: str
) -> JsonObject:
    """QuoteRequest: `object` is what is quoted, `instrument` the status (of `bundle`) that quotes it."""
    return activity(
        uri,
        "QuoteRequest",
        bundle.author.uri,
        quoted_uri,
        to=[quoted_author_uri],
        context=emitted_contexts.QUOTE,
        instrument=embedded_status(bundle, addresses),
    )


def accept_quote_request(
    uri: str, *, actor_uri: str, request_uri: str, requester_uri: str, quoted_uri: str, quote_uri: str,
    authorization_uri: str,
) -> JsonObject:  # fmt: skip
    """Accept of a QuoteRequest: `result` is the id of the QuoteAuthorization that proves the consent."""
    return activity(
        uri,
        "Accept",
        actor_uri,
        _request(request_uri, requester_uri, quoted_uri, quote_uri),
        to=[requester_uri],
        context=emitted_contexts.QUOTE,
        result=authorization_uri,
    )


def reject_quote_request(
    uri: str, *, actor_uri: str, request_uri: str, requester_uri: str, quoted_uri: str, quote_uri: str
) -> JsonObject:
    """Reject of a QuoteRequest."""
    return activity(
        uri,
        "Reject",
        actor_uri,
        _request(request_uri, requester_uri, quoted_uri, quote_uri),
        to=[requester_uri],
        context=emitted_contexts.QUOTE,
    )


def quote_authorization_document(uri: str, *, author_uri: str, quote_uri: str, quoted_uri: str) -> JsonObject:
    """The consent of `author_uri`, who wrote `quoted_uri`, to its being quoted in `quote_uri`."""
    return {
        "@context": emitted_contexts.QUOTE,
        "id": uri,
        "type": "QuoteAuthorization",
        "attributedTo": author_uri,
        "interactingObject": quote_uri,
        "interactionTarget": quoted_uri,
    }


def revoke_quote_activity(
    uri: str, *, actor_uri: str, authorization_uri: str, quoter_uri: str, is_public: bool
) -> JsonObject:
    """Delete of a QuoteAuthorization: the quoted author takes the consent back."""
    to = [PUBLIC, quoter_uri] if is_public else [quoter_uri]
    return activity(uri, "Delete", actor_uri, authorization_uri, to=to, context=emitted_contexts.QUOTE)


def _request(uri: str, requester_uri: str, quoted_uri: str, quote_uri: str) -> JsonObject:
    return {
        "id": uri, "type": "QuoteRequest", "actor": requester_uri, "object": quoted_uri, "instrument": quote_uri,
    }  # fmt: skip
