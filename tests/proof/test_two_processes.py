"""Two API processes on one database: whoever does something at one of them, both show it, and the same."""

from random import Random
from typing import Any

from shared import accounts, ids
from shared.actor import Permission
from tests.client import Api
from tests.proof.hands import Hands, fold

STEPS = 40


async def test_both_show_the_same_board_after_each_command(api: Api, other_api: Api, account: accounts.Account) -> None:
    dice = Random(7)
    people = [Hands(api, api.person(account.id, *Permission, user_id=ids.new(), name=name)) for name in "АБВ"]
    funnel = await people[0].funnel()
    deal_ids = [await people[0].deal(funnel) for _ in range(3)]
    folded = await people[0].board(funnel)
    done = []

    for number in range(STEPS):
        person = dice.choice(people).at((api, other_api)[number % 2])
        done.append(await _something(person, dice, funnel, deal_ids))
        shown = [await dice.choice(people).at(one).board(funnel) for one in (api, other_api)]
        assert shown[0] == shown[1]
        fold(folded, (await people[0].log(funnel))[folded["seq"] :])
        assert folded == shown[0]

    assert done.count("MoveDealPayload") > 5
    assert {"StaleDeal", "LossReasonRequired"} <= set(done)


async def _something(person: Hands, dice: Random, funnel: Any, deal_ids: list[str]) -> str:
    """The type of what came of it."""
    deal_id, stage = dice.choice(deal_ids), dice.choice(funnel["stages"])
    what = dice.choice(["createDeal", "moveDeal", "moveDeal", "moveDeal", "updateDeal", "addTask", "moveDeals"])
    if what == "createDeal":
        deal_ids.append(await person.deal(funnel, f"Угода {len(deal_ids)}"))
        return "CreateDealPayload"
    reason = dice.choice([{}, {"lossReasonId": funnel["lossReasons"][0]["id"]}])
    given: dict[str, Any] = {
        "moveDeal": {
            "id": deal_id,
            "toStageId": stage["id"],
            "place": {dice.choice(["top", "bottom"]): True},
            "expectedVersion": dice.choice([None, None, 1]),
            **reason,
        },
        "updateDeal": {"id": deal_id, "amount": {"amount": str(dice.randint(0, 900)), "currency": "UAH"}},
        "addTask": {"dealId": deal_id, "title": "Подзвонити"},
        "moveDeals": {"ids": dice.sample(deal_ids, 3), "toStageId": stage["id"], **reason},
    }[what]
    outcome: str = (await person.do(what, "__typename", **given))["__typename"]
    return outcome
