"""What the worker process knows of jobs and peers."""

from hounsfield.app.job_handlers import Limits
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer


def test_a_lane_has_the_limit_of_its_peer_and_others_a_small_one():
    limits = Limits(Peers(None, [Peer("PACS2", "127.0.0.1", 104, "pacs2", max_parallel=7)]))
    assert limits("pacs2") == 7
    assert limits("") == limits("a peer that is gone") == 2
