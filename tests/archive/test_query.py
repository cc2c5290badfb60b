"""Questions asked of the archive by the program itself."""

from datetime import timedelta
from typing import Any

from archive.database import Sessions, reading
from archive.kept import newest_captures
from archive.models import Capture
from tests.archive.helpers import HandClock, Site

URL = "https://baoquangninh.com.vn/robots.txt"


def test_good_captures_come_newest_first_with_the_place_of_their_payload(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    now = clock.now()
    with sessions.begin() as session:

        def capture(number: int, days: float, **changes: Any) -> Capture:
            row: dict[str, Any] = {
                "site_id": site.id,
                "url": URL,
                "final_url": URL,
                "fetched_at": now - timedelta(days=days),
                "status": 200,
                "file": "bao_quang_ninh/2023-04.warc.gz",
                "offset": number,
                "length": 10,
                "payload_digest": f"sha256:{number}",
                "payload_length": 5,
            }
            made = Capture(**(row | changes))
            session.add(made)
            session.flush()
            return made

        capture(1, 31)
        capture(2, 20)
        capture(3, 1, status=503)
        capture(4, 2, purged_at=now)
        capture(5, 3, url=f"{URL}?x")
        purged = capture(6, 29, purged_at=now)
        capture(7, 4, refers_to_id=purged.id)
        first = capture(8, 25)
        capture(9, 10, refers_to_id=first.id)
    with reading(sessions) as session:
        found = newest_captures(session, site.id, [URL], now - timedelta(days=30))
    assert [((now - when).days, place.offset, place.payload_digest) for when, place in found] == [
        (10, 8, "sha256:8"),
        (20, 2, "sha256:2"),
        (25, 8, "sha256:8"),
    ]
