"""The work without HTTP: makes the records, writes the file, returns where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .archive import Archive, object_key
from .errors import InvalidRequest
from .listings import Listings
from .models import File, PopulateAnswer, PopulateRequest
from .records import random_records


@dataclass(frozen=True)
class Service:
    """One populate: `listings` is None where records are invented; `now` and `new_name` are the clock and uuid4."""

    archive: Archive
    prefix: str
    default_records: int
    listings: Listings | None
    now: Callable[[], datetime]
    new_name: Callable[[], UUID]

    def populate(
        self, request: PopulateRequest, *, request_id: str, seconds_left: Callable[[], float]
    ) -> PopulateAnswer:
        """Writes one new file and returns where it is. Raises the Problems of the archive and of the listings."""
        count = request.records or self.default_records
        if self.listings is None:
            source, records = "random", random_records(count, seed=request.seed)
        elif request.seed is not None:
            raise InvalidRequest("seed: records come from the listings API here and cannot be repeated")
        else:
            source, records = "listings", self.listings.fetch(count, seconds_left=seconds_left)
        moment = self.now()
        key = object_key(self.prefix, moment, self.new_name())
        file = File(created_at=moment.isoformat(timespec="milliseconds"), source=source, records=records)
        self.archive.put(key, file.model_dump_json(indent=2).encode())
        return PopulateAnswer(key=key, bucket=self.archive.bucket, records=len(records), request_id=request_id)
