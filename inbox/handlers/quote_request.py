"""QuoteRequest: the sender asks whether its status may quote one of ours (FEP-044f)."""

from inbox.access import author_of, visible_status
from inbox.incoming import Handler, Incoming, MissingReference, Outcome, References, Scene
from outbox.quotes import answer_quote_request, decide_quote
from social.quotes import accept_quote, announce_quote
from social.statuses import status_by_uri


def quote_reference(incoming: Incoming) -> References:
    """The quoting status is fetched from its server: a copy in the request proves nothing."""
    instrument = incoming.activity.instrument
    return References(statuses=(instrument,) if instrument else (), known_statuses=incoming.activity.object_ids)


async def apply_quote_request(scene: Scene) -> Outcome:
    """Answer by the author's policy; the consent is kept with the quote and served as a QuoteAuthorization."""
    request = scene.activity
    quoted = await visible_status(scene, request.object_id)
    if quoted is None or request.instrument is None or request.id is None:
        return Outcome.INVALID
    author = await author_of(scene, quoted)
    if not author.is_local:
        return Outcome.UNRELATED
    quote = await status_by_uri(scene.unit, request.instrument)
    if quote is not None and quote.account_id != scene.sender.id:
        return Outcome.FORBIDDEN
    is_absent = request.instrument in scene.incoming.absent or scene.unit.addresses.is_local(request.instrument)
    if quote is None and not is_absent:
        raise MissingReference(request.instrument)
    # The stamp is for the very status that quotes this one: what quotes something else gets none.
    is_allowed = (
        quote is not None
        and quote.quote_uri == quoted.uri
        and await decide_quote(scene.unit, scene.sender, quoted, author)
    )
    authorization = None
    if quote is not None and is_allowed:
        authorization = scene.unit.addresses.quote_authorization(author.id, quote.id)
        quote.quote_of_id = quoted.id
        if accept_quote(scene.unit, quote, authorization):
            announce_quote(scene.unit, author, scene.sender, quote)
    await answer_quote_request(
        scene.services,
        scene.unit,
        author,
        scene.sender,
        quoted,
        request_uri=request.id,
        quote_uri=request.instrument,
        authorization_uri=authorization,
    )
    return Outcome.APPLIED if is_allowed else Outcome.FORBIDDEN


HANDLER = Handler(apply_quote_request, "Answered with Accept and a QuoteAuthorization, or Reject", quote_reference)
