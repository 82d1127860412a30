"""Who is told that a client has hung up."""

import asyncio

from homeport.kernel.hangups import hung_up, told_of_hang_up


async def wait(told: list[str], begun: asyncio.Event, go_on: asyncio.Event) -> None:
    begun.set()
    await go_on.wait()
    with told_of_hang_up(lambda: told.append("gone")):
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_who_waits_is_told_once_also_of_what_has_happened_before() -> None:
    for early in (True, False):
        told: list[str] = []
        begun, go_on = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(wait(told, begun, go_on))
        await begun.wait()
        if early:
            hung_up(task)
        go_on.set()
        await asyncio.sleep(0)
        if not early:
            hung_up(task)
        await task
        assert told == ["gone"]


async def test_who_has_stopped_waiting_is_not_told() -> None:
    told: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()
    go_on.set()
    task = asyncio.create_task(wait(told, begun, go_on))
    await task

    hung_up(task)

    assert told == []
