"""The gate that a collection shuts: nobody passes while its thread runs, whatever becomes of who started it."""

import asyncio
import threading

import pytest

from homeport.registry.operations.gate import WriteGate, ended


async def test_a_collection_that_is_cancelled_keeps_the_gate_shut_until_its_thread_has_ended() -> None:
    gate, go = WriteGate(), threading.Event()
    began = asyncio.Event()

    async def collect() -> None:
        async with gate.shut(1):
            began.set()
            await ended(asyncio.get_running_loop().run_in_executor(None, go.wait))

    async def change() -> bool:
        async with gate.passing():
            return go.is_set()

    collecting = asyncio.create_task(collect())
    await began.wait()
    changing = asyncio.create_task(change())
    await asyncio.sleep(0)
    collecting.cancel()
    _, waiting = await asyncio.wait([changing], timeout=0.2)
    go.set()

    assert waiting == {changing}
    assert await changing
    with pytest.raises(asyncio.CancelledError):
        await collecting
