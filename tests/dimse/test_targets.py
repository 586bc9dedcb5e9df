"""From a peer to where and how it is called."""

import pytest

from hounsfield.archive.site.addresses import can_be_called
from hounsfield.dimse.targets import target_of
from hounsfield.errors import Refused
from hounsfield.index.site.records import Peer


def test_a_peer_is_called_at_its_host_by_its_title_from_ours():
    target = target_of(Peer("CT1", "ct1", 105, name="ct", uses_tls=True), "US")
    assert (target.host, target.port) == ("ct1", 105)
    assert (target.called_ae_title, target.calling_ae_title) == ("CT1", "US")
    assert target.uses_tls


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        (Peer("A", None, 104, name="a"), "no host"),
        (Peer("A", "10.0.0.0/24", 104, name="a"), "network"),
        (Peer("A", "10.0.0.1", None, name="a"), "no port"),
    ],
)
def test_a_peer_without_an_address_of_its_own_cannot_be_called(peer, words):
    assert not can_be_called(peer)
    with pytest.raises(Refused, match=words):
        target_of(peer, "US")
