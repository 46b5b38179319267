"""Who may use the administration API: the role, the scope, and nobody against their own rank."""

from api.endpoints import Access
from api.routes import endpoints
from tests.api.admin.conftest import Staff, make_moderator

ADMIN = [one for one in endpoints() if "/admin/" in one.path]


async def test_every_endpoint_is_refused_without_the_role_or_the_scope(staff: Staff) -> None:
    scopeless = await staff.office.create_person("sam", is_admin=True)
    for one in ADMIN:
        assert one.access in (Access.MODERATOR, Access.ADMIN), one.path
        assert one.scope.startswith("admin:"), one.path
        path = one.path.replace("{id}", "1")
        for person, status in ((None, 401), (staff.user, 403), (scopeless, 403)):
            assert (await staff.office.api(person).call(one.method, path)).status == status, f"{one.method} {path}"
        if one.access is Access.ADMIN:
            assert (await staff.as_moderator.call(one.method, path)).status == 403, f"{one.method} {path}"


async def test_nobody_acts_against_their_own_rank_or_above(staff: Staff) -> None:
    other = await make_moderator(staff.office, "mia")
    second = await staff.office.create_person("second", is_admin=True)
    office_actor = 1
    for client, target in (
        (staff.as_moderator, staff.admin.id),
        (staff.as_moderator, other.id),
        (staff.as_moderator, staff.moderator.id),
        (staff.as_admin, staff.admin.id),
        (staff.as_admin, second.id),
        (staff.as_admin, office_actor),
    ):
        path = f"/api/v1/admin/accounts/{target}"
        answer = await client.post(f"{path}/action", {"type": "suspend"})
        assert (answer.status, answer.json()["error"]) == (403, "This action is not allowed")
        for verb in ("enable", "unsilence", "unsuspend", "unsensitive", "approve", "reject"):
            assert (await client.post(f"{path}/{verb}")).status == 403, verb
        assert (await client.delete(path)).status == 403
    assert (
        await staff.as_moderator.post(f"/api/v1/admin/accounts/{staff.user.id}/action", {"type": "none"})
    ).status == 200
    assert (await staff.as_admin.post(f"/api/v1/admin/accounts/{other.id}/action", {"type": "silence"})).status == 200


async def test_what_is_not_built_is_a_404_in_json(staff: Staff) -> None:
    for path in ("email_domain_blocks", "ip_blocks", "canonical_email_blocks", "nonsense"):
        answer = await staff.as_admin.get(f"/api/v1/admin/{path}")
        assert (answer.status, answer.json()) == (404, {"error": "Record not found"})
