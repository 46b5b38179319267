"""The peering list as it is served: for peers, in an open network for everybody (`federation.peers.lists`)."""

from federation.peers.lists import LIST_PATH as LIST_PATH
from federation.peers.lists import peering_list_document
from federation.services import Services
from federation.serving.answers import Answer, document_answer, not_found
from federation.serving.read_gate import Reader, is_for_everybody, require_reader


async def peering_list_answer(services: Services, reader: Reader) -> Answer:
    """Who belongs to the group, signed. Raises ReadRefused: 404 where nothing is published."""
    if not services.settings.publishes_peers:
        raise not_found()
    require_reader(services, reader)
    return document_answer(await peering_list_document(services), is_for_everybody=is_for_everybody(services, reader))
