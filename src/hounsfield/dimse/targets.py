"""From a peer to what an association to it needs: the one place that says how a peer is called."""

from hounsfield.archive.site.addresses import is_network
from hounsfield.dimse.scu.requestor import Target
from hounsfield.errors import Refused
from hounsfield.index.site.records import Peer


def target_of(peer: Peer, our_ae_title: str) -> Target:
    """Where and how to call a peer; raises Refused where it has no address to be called at."""
    name = peer.name or peer.ae_title
    if peer.host is None:
        raise Refused(f"the peer {name} has no host to send to")
    if is_network(peer.host):
        raise Refused(f"the peer {name} is a whole network, {peer.host}: it cannot be called")
    if peer.port is None:
        raise Refused(f"the peer {name} has no port to send to")
    return Target(
        peer.host,
        peer.port,
        peer.ae_title,
        our_ae_title,
        uses_tls=peer.uses_tls,
        tls=peer.tls,
        peer_name=peer.name,
        recorder=peer.recorder,
    )
