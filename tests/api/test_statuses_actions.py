"""What people do with statuses: the flags in the answers, the refusals, and what the other office's API then shows."""

from api.answers.accounts import AccountEntity
from api.answers.statuses import StatusEntity
from models.relations import Favourite
from policy.limits import PINNED_BY_ONE
from tests import graph
from tests.api.contract import check
from tests.api.counting import counted
from tests.api.test_statuses_editing import edit, follow_across
from tests.api.test_statuses_posting import PATH, post
from tests.peers import Office, Person, run_until_idle
from tests.web.writing import remote_account


async def act(person: Person, status_id: str, action: str, **body: object) -> dict[str, object]:
    answer = await person.office.api(person).post(f"{PATH}/{status_id}/{action}", body)
    assert answer.status == 200, answer.body
    found: dict[str, object] = check(StatusEntity, answer.json())
    return found


FLAGS = {"favourite": "favourited", "bookmark": "bookmarked", "mute": "muted", "pin": "pinned"}


async def test_actions_answer_with_the_flag_they_set_and_twice_is_once(office: Office) -> None:
    ana = await office.create_person("ana")
    status = await post(ana)
    for action, flag in FLAGS.items():
        assert [(await act(ana, status["id"], action))[flag] for _ in range(2)] == [True, True]
    assert (await act(ana, status["id"], "favourite"))["favourites_count"] == 1
    for action, flag in FLAGS.items():
        assert [(await act(ana, status["id"], f"un{action}"))[flag] for _ in range(2)] == [False, False]
    assert (await act(ana, status["id"], "unfavourite"))["favourites_count"] == 0


async def test_a_boost_is_a_wrapper_and_its_undoing_the_original(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    status = await post(ana)
    boost = await act(bob, status["id"], "reblog", visibility="unlisted")
    inner = boost["reblog"]
    assert isinstance(inner, dict)
    assert (boost["id"] != status["id"], inner["id"], boost["visibility"]) == (True, status["id"], "unlisted")
    assert (boost["reblogged"], inner["reblogged"], inner["reblogs_count"]) == (True, True, 1)
    assert (await act(bob, status["id"], "reblog"))["id"] == boost["id"]
    # What one does with the wrapper is done with what is in it.
    assert (await act(ana, str(boost["id"]), "favourite"))["id"] == status["id"]
    listed = check(AccountEntity, (await office.api(ana).get(f"{PATH}/{status['id']}/reblogged_by")).json())
    assert [account["acct"] for account in listed] == ["bob"]
    undone = await act(bob, status["id"], "unreblog")
    assert (await office.api(bob).get("/api/v1/accounts/verify_credentials")).json()["statuses_count"] == 0
    assert (undone["id"], undone["reblogged"], undone["reblogs_count"]) == (status["id"], False, 0)


async def test_what_may_not_be_done_is_refused(office: Office) -> None:
    ana, bob = await office.create_person("ana"), await office.create_person("bob")
    direct = await post(bob, "@ana psst", visibility="direct")
    secret = await post(bob, "psst", visibility="private")
    api = office.api(ana)
    actions = ("favourite", "reblog", "bookmark", "mute", "pin", "translate")
    for action in actions:
        assert (await api.post(f"{PATH}/{secret['id']}/{action}")).status == 404
        assert (await api.post(f"{PATH}/1/{action}")).status == 404
    found = {action: (await api.post(f"{PATH}/{direct['id']}/{action}")).status for action in actions}
    assert found == {"favourite": 200, "reblog": 403, "bookmark": 200, "mute": 200, "pin": 422, "translate": 403}
    public = await post(bob)
    assert (await api.post(f"{PATH}/{public['id']}/translate")).status == 404
    assert (await api.get(f"{PATH}/{public['id']}/card")).status == 404
    for name in ("context", "history", "source", "favourited_by", "reblogged_by", "quotes"):
        assert (await api.get(f"{PATH}/{secret['id']}/{name}")).status == 404


async def test_as_many_as_announced_can_be_pinned(office: Office) -> None:
    ana = await office.create_person("ana")
    for number in range(PINNED_BY_ONE + 1):
        status = await post(ana, f"number {number}")
        answer = await office.api(ana).post(f"{PATH}/{status['id']}/pin")
        assert answer.status == (200 if number < PINNED_BY_ONE else 422)
    private = await post(ana, "@ana only", visibility="direct")
    assert (await office.api(ana).post(f"{PATH}/{private['id']}/pin")).status == 422


async def test_likes_and_boosts_are_listed_in_pages_at_a_fixed_cost(office: Office) -> None:
    ana = await office.create_person("ana")
    status = await post(ana)
    people = [await remote_account(office, f"p{number}") for number in range(40)]
    path, costs = f"{PATH}/{status['id']}/favourited_by", []
    for some in (people[:20], people[20:]):
        async with office.services.database.unit_of_work() as unit:
            for account in some:
                liked = {"account_id": account.id, "status_id": int(status["id"]), "created_at": unit.now}
                unit.session.add(Favourite(id=unit.new_id(), **liked))
        await office.api(ana).get(path)  # the token is remembered for some seconds from here
        with counted(office) as statements:
            answer = await office.api(ana).get(path)
        costs.append(len(statements))
    listed = check(AccountEntity, answer.json())
    assert [account["username"] for account in listed] == [account.username for account in reversed(people)]
    assert costs[0] == costs[1]
    page = await office.api(ana).get(path, limit=30)
    rest = await office.api(ana).get(page.links["next"])
    assert [account["username"] for account in rest.json()] == [account.username for account in people[9::-1]]


async def test_the_other_office_sees_replies_likes_boosts_and_edits(two_offices: tuple[Office, Office]) -> None:
    madrid, lisbon = two_offices
    ana, bob = await madrid.create_person("ana"), await lisbon.create_person("bob")
    await follow_across(bob, ana)
    status = await post(ana, "Hello Lisbon")
    await run_until_idle(madrid, lisbon)
    (there,) = (await lisbon.api(bob).get("/api/v1/timelines/home")).json()
    await act(bob, there["id"], "favourite")
    boost = await act(bob, there["id"], "reblog")
    reply = await post(bob, f"Olá @{ana.acct}", in_reply_to_id=there["id"])
    await run_until_idle(madrid, lisbon)
    seen = (await madrid.api(ana).get(f"{PATH}/{status['id']}")).json()
    assert (seen["favourites_count"], seen["reblogs_count"], seen["replies_count"]) == (1, 1, 1)
    (answer,) = (await madrid.api(ana).get(f"{PATH}/{status['id']}/context")).json()["descendants"]
    assert (answer["uri"], answer["account"]["acct"], answer["in_reply_to_id"]) == (
        reply["uri"],
        bob.acct,
        status["id"],
    )
    assert [mention["id"] for mention in answer["mentions"]] == [str(ana.id)]
    (liker,) = (await madrid.api(ana).get(f"{PATH}/{status['id']}/favourited_by")).json()
    (booster,) = (await madrid.api(ana).get(f"{PATH}/{status['id']}/reblogged_by")).json()
    assert liker["acct"] == booster["acct"] == bob.acct
    kinds = {kind for kind, _ in await graph.notices(ana)}
    assert {"favourite", "reblog", "mention"} <= kinds

    await edit(bob, str(reply["id"]), "Olá de novo")
    await act(bob, there["id"], "unfavourite")
    await act(bob, there["id"], "unreblog")
    await run_until_idle(madrid, lisbon)
    seen = (await madrid.api(ana).get(f"{PATH}/{status['id']}")).json()
    assert (seen["favourites_count"], seen["reblogs_count"]) == (0, 0)
    (answer,) = (await madrid.api(ana).get(f"{PATH}/{status['id']}/context")).json()["descendants"]
    assert answer["content"] == "<p>Olá de novo</p>"
    assert (await lisbon.api(bob).get(f"{PATH}/{boost['id']}")).status == 404
