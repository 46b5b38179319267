"""Measures, dimensions, retention and trends: every key answers, adds up, and refuses nonsense."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from api.admin.dimensions import DIMENSIONS
from api.admin.measures import MEASURES
from api.answers.admin import (
    AdminLinkEntity,
    AdminStatusEntity,
    AdminTagEntity,
    CohortEntity,
    DimensionEntity,
    MeasureEntity,
)
from models.accounts import ActiveDay, User
from tests.api.admin.conftest import Staff
from tests.api.contract import check
from tests.api.counting import counted
from tests.conftest import Clock
from tests.peers import run_until_idle
from tests.remote_peers import RemoteServer


async def test_every_measure_and_dimension_adds_up(staff: Staff, remote: RemoteServer, clock: Clock) -> None:
    carol = await remote.actor("carol")
    await carol.post(staff.user.inbox_url, carol.follow(staff.user.uri))
    await run_until_idle(staff.office)
    uma, mo = staff.office.api(staff.user), staff.as_moderator
    post = (await uma.post("/api/v1/statuses", {"status": "A #kaizen day", "visibility": "public"})).json()
    await mo.post(f"/api/v1/statuses/{post['id']}/favourite")
    await mo.post("/api/v1/reports", {"account_id": str(staff.user.id)})
    (tag,) = check(AdminTagEntity, (await mo.get("/api/v1/admin/trends/tags")).json())
    (status,) = check(AdminStatusEntity, (await mo.get("/api/v1/admin/trends/statuses")).json())
    assert (status["id"], tag["name"]) == (post["id"], "kaizen")
    assert check(AdminLinkEntity, (await mo.get("/api/v1/admin/trends/links")).json()) == []

    today = clock().date()
    subject: dict[str, object] = {"tag": {"id": tag["id"]}, "instance": {"domain": remote.host}}
    body: dict[str, object] = {"start_at": (today - timedelta(days=6)).isoformat(), "end_at": today.isoformat()}
    for key in (*MEASURES, *DIMENSIONS):
        if key.partition("_")[0] in subject:
            body[key] = subject[key.partition("_")[0]]
    answer = await mo.post("/api/v1/admin/measures", {**body, "keys": [*MEASURES, "nonsense"]})
    measures = {one["key"]: one for one in check(MeasureEntity, answer.json())}
    assert list(measures) == list(MEASURES)
    assert all(len(one["data"]) == 7 for one in measures.values())
    totals = {key: int(one["total"]) for key, one in measures.items()}
    expected = {"new_users": 3, "interactions": 1, "opened_reports": 1, "tag_uses": 1, "tag_accounts": 1,
                "tag_servers": 1, "instance_accounts": 1, "instance_followers": 1, "instance_follows": 0}  # fmt: skip
    assert {key: totals[key] for key in expected} == expected
    assert measures["new_users"]["data"][-1]["value"] == "3"

    answer = await mo.post("/api/v1/admin/dimensions", {**body, "keys": list(DIMENSIONS), "limit": 5})
    tables = {one["key"]: one["data"] for one in check(DimensionEntity, answer.json())}
    assert list(tables) == list(DIMENSIONS)
    assert tables["languages"] == [{"key": "en", "human_key": "English", "value": "3"}]
    assert [row["key"] for row in tables["servers"]] == [staff.office.domain]
    assert {row["key"] for row in tables["software_versions"]} >= {"tertulia", "python"}
    assert [row["key"] for row in tables["instance_accounts"]] == ["carol"]


@pytest.mark.parametrize("path", ["measures", "dimensions", "retention"])
async def test_figures_refuse_impossible_periods(staff: Staff, path: str) -> None:
    good = {"start_at": "2026-01-01", "end_at": "2026-01-31T12:00:00Z", "keys": ["new_users"]}
    assert (await staff.as_moderator.post(f"/api/v1/admin/{path}", good)).status == 200
    for wrong in ({"start_at": "yesterday"}, {"end_at": "2025-01-01"}, {"start_at": "1066-10-14"}, {"end_at": None}):
        assert (await staff.as_moderator.post(f"/api/v1/admin/{path}", {**good, **wrong})).status == 422, wrong


async def test_figures_about_nothing_are_refused(staff: Staff) -> None:
    period = {"start_at": "2026-01-01", "end_at": "2026-01-31"}
    for key in ("tag_uses", "instance_accounts"):
        assert (await staff.as_moderator.post("/api/v1/admin/measures", {**period, "keys": [key]})).status == 422
    for key in ("tag_servers", "instance_languages"):
        assert (await staff.as_moderator.post("/api/v1/admin/dimensions", {**period, "keys": [key]})).status == 422


async def test_retention_follows_those_who_came(staff: Staff, clock: Clock) -> None:
    today = clock().date()
    later = today + timedelta(days=2)
    async with staff.office.services.database.unit_of_work() as unit:
        first = (await unit.session.scalars(select(User.id).order_by(User.id))).first()
        unit.session.add(ActiveDay(day=later, user_id=first))
    body = {"start_at": today.isoformat(), "end_at": later.isoformat(), "frequency": "day"}
    await staff.as_moderator.get("/api/v1/instance")  # the day's presence is noted
    with counted(staff.office) as statements:
        answer = await staff.as_moderator.post("/api/v1/admin/retention", body)
    cohorts = check(CohortEntity, answer.json())
    assert [len(cohort["data"]) for cohort in cohorts] == [3, 2, 1]
    assert [day["value"] for day in cohorts[0]["data"]] == ["3", "0", "1"]
    assert cohorts[0]["data"][2]["rate"] == pytest.approx(1 / 3)
    assert len([one for one in statements if one.startswith("SELECT")]) <= 3
    months = await staff.as_moderator.post("/api/v1/admin/retention", {**body, "frequency": "month"})
    assert check(CohortEntity, months.json())[0]["data"][0]["value"] == "3"
    body["start_at"] = (today - timedelta(days=120)).isoformat()
    assert (await staff.as_moderator.post("/api/v1/admin/retention", body)).status == 422
