"""What is lost when the server is killed at once after it answered 202 to everything."""

import asyncio
import random

from bench.fleet import Fleet
from bench.inbound import CONNECTIONS, IN_FEED, Readership, activities_of, signed
from bench.office import Office
from bench.people import Pen
from bench.sending import post_all
from inbox.process import LEASE_SECONDS
from keys.signing import Scheme


async def measure_killed(office: Office, fleet: Fleet, readership: Readership, size: int) -> float:
    """How many of the activities that were answered 202 never reach the timeline."""
    pen = Pen("k")
    activities = activities_of(readership, pen, size, random.Random("killed"))
    fleet.publish_notes(pen.notes.values())
    requests = signed(office, readership, activities, Scheme.CAVAGE_RSA)
    await office.settle()
    before = await office.count(IN_FEED, readership.reader.id)
    statuses = await post_all(requests, CONNECTIONS)
    await office.kill()
    await asyncio.sleep(0.1)
    await office.start_again()
    wanted = before + statuses[202]
    # Leases of what was under way run out before it is taken up again.
    return wanted - await office.wait_for_count(wanted, LEASE_SECONDS + 30.0, IN_FEED, readership.reader.id)
