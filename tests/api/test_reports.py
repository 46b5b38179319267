"""Reports: for the moderators here, and forwarded without saying by whom."""

from sqlalchemy import select

from api.answers.reports import ReportEntity
from models.accounts import Account
from models.relations import Report
from tests.api.contract import check
from tests.graph import notices
from tests.peers import Office, run_until_idle

TwoOffices = tuple[Office, Office]


async def reports(office: Office) -> list[tuple[str, str, str, int]]:
    """Who reported, the comment, the category and the number of statuses."""
    query = select(Account.uri, Report.comment, Report.category, Report.status_uris).join(
        Account, Account.id == Report.account_id
    )
    async with office.services.database.reading() as session:
        return [(row[0], row[1], row[2], len(row[3])) for row in await session.execute(query.order_by(Report.id))]


async def test_a_report_is_forwarded_without_a_name(two_offices: TwoOffices) -> None:
    madrid, lisbon = two_offices
    ana, joao = await madrid.create_person("ana"), await lisbon.create_person("joao")
    boss = await madrid.create_person("boss", is_admin=True)
    api = madrid.api(ana)
    written = (await lisbon.api(joao).post("/api/v1/statuses", {"status": "Compra ya"})).json()
    (seen,) = (await api.get("/api/v2/search", q=written["url"], resolve=True)).json()["statuses"]
    document = {
        "account_id": seen["account"]["id"],
        "status_ids": [seen["id"]],
        "comment": "<b>spam</b>",
        "forward": True,
        "category": "spam",
    }
    made = check(ReportEntity, (await api.post("/api/v1/reports", document)).json())
    assert (made["category"], made["forwarded"], made["status_ids"]) == ("spam", True, [seen["id"]])
    assert made["target_account"]["acct"] == joao.acct
    await run_until_idle(madrid, lisbon)
    assert await reports(madrid) == [(ana.uri, "spam", "spam", 1)]
    assert await reports(lisbon) == [(f"{madrid.origin}/actor", "spam", "other", 1)]
    assert await notices(boss) == [("admin.report", ana.uri)]
    local = await api.post("/api/v1/reports", {"account_id": str(boss.id), "forward": True})
    assert local.json()["forwarded"] is False


async def test_a_report_names_what_belongs_to_the_account(office: Office) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    api = office.api(ana)
    own = (await api.post("/api/v1/statuses", {"status": "mine"})).json()
    secret = (await office.api(ben).post("/api/v1/statuses", {"status": "x", "visibility": "private"})).json()
    for document in (
        {},
        {"account_id": "x"},
        {"account_id": ben.id, "status_ids": [own["id"]]},
        {"account_id": ben.id, "status_ids": [secret["id"]]},
        {"account_id": ben.id, "rule_ids": ["77"]},
        {"account_id": ben.id, "category": "annoying"},
        {"account_id": ben.id, "comment": "x" * 1001},
    ):
        assert (await api.post("/api/v1/reports", document)).status == 422, document
    assert (await api.post("/api/v1/reports", {"account_id": 77})).status == 404
    assert await reports(office) == []
