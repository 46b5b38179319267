"""The communities of everybody: made when an office starts with people in it, and filled up in rounds."""

from sqlalchemy.exc import IntegrityError

from communities.defaults import ensure, fill
from federation.services import Services
from outbox.communities import composer, tell


async def ensure_default_communities(services: Services) -> int:
    """Make what the settings want and take in who isn't there yet; how many people that were."""
    settings = services.settings
    try:
        async with services.database.unit_of_work() as unit:
            made = await ensure(
                unit,
                settings.default_communities,
                instance_name=settings.instance_name,
                make_keys=services.keyring.create_keys,
                compose=composer(services),
            )
            for change in made:
                await tell(services, unit, change)
    except IntegrityError:
        return 0  # another process of this office is doing the same, and was quicker
    total = 0
    while True:
        async with services.database.unit_of_work() as unit:
            taken_in = await fill(unit)
        if not taken_in:
            return total
        total += taken_in
