"""Actor documents: what peers need of them, keys in overlap, and what a stranger is shown."""

from datetime import timedelta

import orjson

from communities.topics import TOPICS
from federation.documents.actor import PEERING, RFC9421, RFC9421_ED25519, actor_document, key_stub_document
from federation.json_ld import JsonObject, normalise, parse_document
from federation.parse import actor_draft
from models.accounts import INSTANCE_ACTOR_ID
from social.drafts import ActorDraft
from tests.federation.office import (
    ADDRESSES,
    ALICE,
    ED25519,
    NOW,
    OLD_RSA_PEM,
    RSA_PEM,
    keypair,
    keypairs,
    local_account,
)


def read_back(document: JsonObject) -> ActorDraft:
    return actor_draft(normalise(parse_document(orjson.dumps(document))))


def test_an_actor_is_read_back_as_it_is() -> None:
    account = local_account(
        1003, "dora", display_name="Dora", note_html="<p>Gardener</p>", is_locked=True, is_indexable=True,
        is_discoverable=False, avatar_url="https://office.test/media/a.png", moved_to_uri="https://peer.test/users/dora",
        header_url="https://office.test/media/h.png", also_known_as=["https://old.test/users/dora"],
        fields=[{"name": "Team", "value": "<p>Blue</p>"}],
    )  # fmt: skip
    draft = read_back(actor_document(account, keypairs(account), ADDRESSES))
    assert (draft.uri, draft.type, draft.preferred_username, draft.name) == (account.uri, "Person", "dora", "Dora")
    assert (draft.summary_html, draft.url, draft.published_at) == ("<p>Gardener</p>", account.url, account.created_at)
    assert (draft.inbox, draft.shared_inbox) == (account.inbox_url, ADDRESSES.shared_inbox)
    assert (draft.outbox, draft.followers, draft.following) == (
        account.outbox_url, account.followers_url, account.following_url,
    )  # fmt: skip
    assert (draft.featured, draft.featured_tags) == (account.featured_url, f"{account.uri}/collections/tags")
    assert (draft.is_locked, draft.discoverable, draft.indexable) == (True, False, True)
    assert (draft.also_known_as, draft.moved_to) == (("https://old.test/users/dora",), account.moved_to_uri)
    assert draft.icon is not None
    assert draft.image is not None
    assert (draft.icon.url, draft.image.url) == (account.avatar_url, account.header_url)
    assert [(field.name, field.value_html) for field in draft.fields] == [("Team", "<p>Blue</p>")]
    assert draft.webfinger == "dora@office.test"
    assert draft.implements[:4] == (RFC9421, RFC9421_ED25519, PEERING, TOPICS)


def test_both_keys_are_found_under_their_ids() -> None:
    keys = read_back(actor_document(ALICE, keypairs(ALICE), ADDRESSES)).public_keys
    assert [(key.key_id, key.owner, key.pem or key.multibase) for key in keys] == [
        (f"{ALICE.uri}#main-key", ALICE.uri, RSA_PEM),
        (f"{ALICE.uri}#ed25519-key", ALICE.uri, ED25519.multibase),
    ]


def test_while_keys_are_replaced_the_newest_is_the_main_one_and_the_old_one_still_verifies() -> None:
    old = keypair(1, ALICE, "main-key", "rsa", OLD_RSA_PEM, retired_at=NOW, expires_at=NOW + timedelta(days=7))
    new = keypair(3, ALICE, "main-key-2", "rsa", RSA_PEM)
    document = actor_document(ALICE, [old, keypairs(ALICE)[1], new], ADDRESSES)
    assert document["publicKey"] == {"id": new.key_id, "owner": ALICE.uri, "publicKeyPem": RSA_PEM}
    assert [key["id"].partition("#")[2] for key in document["assertionMethod"]] == [
        "ed25519-key", "main-key-2", "main-key",
    ]  # fmt: skip
    assert {key.key_id for key in read_back(document).public_keys} >= {old.key_id, new.key_id}


def test_a_key_stub_tells_nothing_about_the_person() -> None:
    account = local_account(1003, "dora", display_name="Dora", note_html="<p>Gardener</p>")
    stub = key_stub_document(account, keypairs(account), ADDRESSES)
    assert stub.keys() == {
        "@context", "id", "type", "preferredUsername", "inbox", "endpoints", "publicKey", "assertionMethod",
    }  # fmt: skip
    assert read_back(stub).public_keys == read_back(actor_document(account, keypairs(account), ADDRESSES)).public_keys


def test_the_instance_actor_says_itself_what_it_implements() -> None:
    account = local_account(INSTANCE_ACTOR_ID, "office.test", uri=ADDRESSES.instance_actor, actor_type="Application",
                            inbox_url=f"{ADDRESSES.instance_actor}/inbox", outbox_url=None)  # fmt: skip
    document = actor_document(account, keypairs(account), ADDRESSES)
    assert not document.keys() & {"followers", "following", "featured", "generator"}
    assert document["outbox"] == f"{ADDRESSES.instance_actor}/outbox"
    draft = read_back(document)
    assert (draft.uri, draft.type, draft.is_bot) == (ADDRESSES.instance_actor, "Application", True)
    assert draft.implements[:4] == (RFC9421, RFC9421_ED25519, PEERING, TOPICS)


def test_a_group_names_its_moderators() -> None:
    account = local_account(1004, "gardeners", actor_type="Group", is_posting_restricted=True,
                            moderators_url=f"{ADDRESSES.actor(1004)}/moderators")  # fmt: skip
    draft = read_back(actor_document(account, keypairs(account), ADDRESSES))
    assert (draft.is_group, draft.moderators_url) == (True, account.moderators_url)
    assert draft.posting_restricted_to_mods is True


def test_endpoints_of_clients_belong_to_people() -> None:
    person = actor_document(ALICE, keypairs(ALICE), ADDRESSES)
    service = actor_document(local_account(1005, "robot", actor_type="Service"), [], ADDRESSES)
    assert {"sharedInbox", "proxyUrl", "uploadMedia"} <= person["endpoints"].keys()
    assert service["endpoints"] == {"sharedInbox": ADDRESSES.shared_inbox}
    assert "publicKey" not in service
