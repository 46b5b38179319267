"""Strategies for JSON that looks like ActivityPub, more or less."""

from hypothesis import strategies as st

from federation.json_ld.terms import IRI_OF_TYPE, TERM_OF_NAME
from tests.federation import peer_documents as peers

KEYWORDS = [
    "@id",
    "@type",
    "@value",
    "@language",
    "@list",
    "@set",
    "@context",
    "@vocab",
    "@base",
    "@container",
    "@index",
]
KEYS = st.one_of(
    st.sampled_from([*TERM_OF_NAME, "id", "type", "contentMap", "nameMap", "orderedItems", *KEYWORDS]),
    st.text(max_size=8),
)
STRINGS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [*IRI_OF_TYPE, "as:Public", "https://a.test/1", "https://a.test/2#k", "_:b0", "@list", "2026-01-01", "a:b:c"]
    ),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.floats(allow_nan=False, allow_infinity=False), STRINGS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
CONTEXTS = st.one_of(
    st.sampled_from([document["@context"] for _, document in peers.documents()]),
    st.lists(st.one_of(st.just("https://www.w3.org/ns/activitystreams"), JSON), max_size=3),
    JSON,
)
DOCUMENTS = st.builds(
    lambda context, document: {"@context": context, **document}, CONTEXTS, st.dictionaries(KEYS, JSON, max_size=8)
)  # fmt: skip

PLAIN_KEYS = KEYS.filter(lambda key: not key.startswith("@"))
PLAIN_JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(PLAIN_KEYS, inner, max_size=5)),
    max_leaves=25,
)
PEER_CONTEXTS = st.sampled_from([document["@context"] for _, document in peers.documents()])
