"""The office as apps read it before anybody signs in: documents, rules, pages, and what a closed network keeps."""

from api.answers.accounts import EmojiEntity
from api.answers.instance import (
    ActivityEntity,
    DocumentEntity,
    DomainBlockEntity,
    InstanceEntity,
    InstanceV1Entity,
    LanguageEntity,
    OEmbedEntity,
    RuleEntity,
    TermsEntity,
)
from api.endpoints import Access
from api.office.documents import announced_limits
from api.routes import endpoints
from social.emojis import add_emoji
from social.office_documents import add_rule, set_document
from tests.api.contract import check
from tests.api.counting import counted
from tests.fixtures_offices import OpenOffice
from tests.peers import Office

OPEN_TO_ALL = (
    "/api/v1/instance", "/api/v2/instance", "/api/v1/instance/rules", "/api/v1/instance/extended_description",
    "/api/v1/instance/activity", "/api/v1/instance/languages", "/api/v1/instance/translation_languages",
    "/api/v1/custom_emojis", "/.well-known/nodeinfo", "/nodeinfo/2.0", "/nodeinfo/2.1", "/.well-known/host-meta",
    "/.well-known/oauth-authorization-server", "/api/openapi.json", "/instance/thumbnail.png", "/healthz",
)  # fmt: skip


async def test_both_documents_hold_what_clients_read(office: Office) -> None:
    async with office.services.database.unit_of_work() as unit:
        await add_rule(unit, "Be kind.", "Criticise work, not people.")
    admin = await office.create_person("root_admin", is_admin=True)
    v2 = check(InstanceEntity, (await office.api(admin).get("/api/v2/instance")).json())
    assert v2["domain"] == office.domain
    assert ":" in v2["domain"]
    assert v2["version"].startswith("4.5.0+tertulia.")
    assert v2["api_versions"] == {"mastodon": 7, "tertulia": 1}
    assert v2["configuration"]["urls"]["streaming"] == f"ws://{office.domain}"
    assert v2["configuration"]["limited_federation"] is True
    assert v2["configuration"]["timelines_access"]["live_feeds"] == {
        "local": "authenticated",
        "remote": "authenticated",
    }
    assert v2["registrations"]["enabled"] is False
    assert [rule["hint"] for rule in v2["rules"]] == ["Criticise work, not people."]
    assert v2["contact"]["account"]["username"] == "root_admin"
    v1 = check(InstanceV1Entity, (await office.api(admin).get("/api/v1/instance")).json())
    assert (v1["uri"], v1["stats"]["user_count"]) == (office.domain, 1)
    assert v1["contact_account"]["username"] == "root_admin"
    assert v1["configuration"] == announced_limits()


async def test_documents_are_kept_for_some_seconds(office: Office) -> None:
    api = office.api()
    await api.get("/api/v2/instance")
    with counted(office) as statements:
        assert (await api.get("/api/v2/instance")).status == 200
    assert statements == []


async def test_a_closed_office_tells_strangers_what_they_need_to_sign_in(office: Office) -> None:
    await office.create_person("ana", is_admin=True)
    for path in OPEN_TO_ALL:
        answer = await office.api().get(path)
        assert answer.status == 200, path
        if path.startswith(("/api", "/.well-known", "/nodeinfo")):
            assert answer.headers["Access-Control-Allow-Origin"] == "*", path
    assert (await office.api().get("/api/v2/instance")).json()["contact"]["account"] is None


async def test_everything_with_peoples_content_needs_a_token_in_a_closed_office(office: Office) -> None:
    api, told = office.api(), {}
    for one in endpoints():
        path = one.path
        while "{" in path:
            head, _, rest = path.partition("{")
            path = f"{head}1{rest.partition('}')[2]}"
        answer = await api.call(one.method, path)
        if one.access is not Access.ANYBODY and answer.status != 401:
            told[f"{one.method} {path}"] = answer.status
        assert answer.status < 500, f"{one.method} {path}"
    assert told == {}


async def test_rules_pages_and_emoji(office: Office) -> None:
    api = office.api()
    assert (await api.get("/api/v1/instance/terms_of_service")).status == 404
    assert (await api.get("/api/v1/instance/privacy_policy")).status == 404
    assert (await api.get("/api/v1/instance/extended_description")).json() == {"updated_at": None, "content": ""}
    async with office.services.database.unit_of_work() as unit:
        await add_rule(unit, "One.")
        await add_rule(unit, "Two.")
        for name in ("extended_description", "privacy_policy", "terms_of_service"):
            await set_document(unit, name, "We **care**. <script>alert(1)</script>")
        await add_emoji(unit, "party", storage_key="ab.png", static_key=None, category="Fun")
    rules = check(RuleEntity, (await api.get("/api/v1/instance/rules")).json())
    assert [rule["text"] for rule in rules] == ["One.", "Two."]
    for name in ("extended_description", "privacy_policy"):
        page = check(DocumentEntity, (await api.get(f"/api/v1/instance/{name}")).json())
        assert "<strong>care</strong>" in page["content"]
        assert "<script>" not in page["content"]
    terms = check(TermsEntity, (await api.get("/api/v1/instance/terms_of_service")).json())
    dated = await api.get(f"/api/v1/instance/terms_of_service/{terms['effective_date']}")
    assert dated.json() == terms
    assert (await api.get("/api/v1/instance/terms_of_service/1999-01-01")).status == 404
    (emoji,) = check(EmojiEntity, (await api.get("/api/v1/custom_emojis")).json())
    assert (emoji["shortcode"], emoji["category"], emoji["visible_in_picker"]) == ("party", "Fun", True)


async def test_peers_blocks_weeks_and_languages(office: Office) -> None:
    ana = await office.create_person("ana")
    await office.confirm("lisbon.example")
    await office.suspend("spam.example")
    api = office.api(ana)
    assert (await api.get("/api/v1/instance/peers")).json() == ["lisbon.example"]
    (block,) = check(DomainBlockEntity, (await api.get("/api/v1/instance/domain_blocks")).json())
    assert (block["domain"], block["severity"], len(block["digest"])) == ("spam.example", "suspend", 64)
    await api.post("/api/v1/statuses", {"status": "Hello"})
    weeks = check(ActivityEntity, (await api.get("/api/v1/instance/activity")).json())
    assert len(weeks) == 12
    assert (weeks[0]["statuses"], weeks[0]["registrations"]) == ("1", "1")
    assert {week["registrations"] for week in weeks[1:]} == {"0"}
    languages = check(LanguageEntity, (await api.get("/api/v1/instance/languages")).json())
    assert {"code": "es", "name": "Spanish"} in languages
    assert (await api.get("/api/v1/instance/translation_languages")).json() == {}


async def test_other_sites_quote_public_posts_of_an_open_office(open_office: OpenOffice) -> None:
    office = await open_office("madrid", federation="open")
    ana = await office.create_person("ana")
    said = {}
    for visibility in ("public", "private"):
        body = {"status": f"Hello <b> {visibility}", "visibility": visibility}
        said[visibility] = (await office.api(ana).post("/api/v1/statuses", body)).json()["url"]
    answer = await office.api().get("/api/oembed", url=said["public"], maxwidth=300)
    document = check(OEmbedEntity, answer.json())
    assert (document["width"], document["author_name"]) == (300, "ana")
    assert said["public"] in document["html"]
    assert "<b>" not in document["html"]
    for refused in (said["private"], "https://elsewhere.example/@ana/1", f"{office.origin}/@ana/1", "x"):
        assert (await office.api().get("/api/oembed", url=refused)).status == 404
    assert (await office.api().get("/api/oembed")).status == 422


def test_nothing_is_announced_without_a_number() -> None:
    for kind, numbers in announced_limits().items():
        for name, value in numbers.items():
            assert value, f"{kind}.{name}"
