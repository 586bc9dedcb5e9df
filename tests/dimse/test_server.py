"""The server as a whole: many peers, limits, and its end."""

import contextlib
import socket
import threading
import time

import pytest
from tests.dimse.conftest import QUICK
from tests.dimse.peer import RawPeer, aborts, dataset_bytes, eventually, instance, p_data, pdv

from hounsfield.dimse.upper_layer.pdus import Abort
from hounsfield.index.site.peers import Peers
from hounsfield.index.site.records import Peer


def test_many_associations_store_at_the_same_time(archive, serve):
    server, port = serve(archive)
    failures = []

    def send(first):
        with RawPeer(port) as peer:
            peer.associate()
            for number in range(first, first + 5):
                status = peer.store(instance(number, pixels=100_000)).status
                if status:
                    failures.append(status)

    threads = [threading.Thread(target=send, args=(1 + 5 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(archive.files()) == 40
    eventually(lambda: server.counts["C-STORE-RQ 0000"] == 40)  # it counts after it has answered


# NET-04
def test_silent_peers_do_not_keep_others_out(archive, serve):
    server, port = serve(archive, times=QUICK)
    with contextlib.ExitStack() as silent:
        for _ in range(40):
            silent.enter_context(RawPeer(port))
        with RawPeer(port) as peer:
            peer.associate()
            assert peer.store(instance()).status == 0
        eventually(lambda: server.counts["open"] == 0)


# NET-02
def test_connections_far_beyond_the_limit_are_closed_at_once(archive, serve):
    server, port = serve(archive, max_associations=1)
    with contextlib.ExitStack() as waiting:
        for _ in range(33):
            waiting.enter_context(RawPeer(port))
        eventually(lambda: server.counts["connections"] == 33)
        with RawPeer(port) as peer:
            assert peer.hear_the_end() == []
        assert server.counts["open"] == 33


# NET-12
@pytest.mark.parametrize("is_removed", [False, True])
def test_a_right_that_is_taken_away_counts_for_the_next_request(
    archive, monkeypatch, serve, is_removed
):
    monkeypatch.setattr("hounsfield.dimse.services._RIGHTS_HOLD_S", 0.0)
    peers = Peers(archive.store.index.database)
    peers.add(Peer("RAW", "127.0.0.1", name="ct"))
    _server, port = serve(archive, unknown_peers="refuse")
    with RawPeer(port) as peer:
        peer.associate()
        assert peer.store(instance(1)).status == 0
        if is_removed:
            peers.remove("ct")
        else:
            peers.replace(Peer("RAW", "127.0.0.1", name="ct", may=frozenset({"search"})))
        assert peer.store(instance(2)).status == 0x0124
        assert peer.echo() == 0
    assert len(archive.files()) == 1


# NET-04
def test_whoever_opens_connections_and_says_nothing_does_not_keep_others_out(archive, serve):
    server, port = serve(archive, max_associations=2)
    with contextlib.ExitStack() as silent:
        keeps = silent.enter_context(RawPeer(port))
        keeps.associate()
        for _ in range(60):
            silent.enter_context(RawPeer(port))
        eventually(lambda: server.counts["open"] == 34)
        time.sleep(1.1)
        with RawPeer(port) as peer:
            peer.associate()
            assert peer.store(instance(1)).status == 0
        assert keeps.store(instance(2)).status == 0  # who has an association keeps it


# NET-04
def test_at_shutdown_an_idle_peer_is_aborted_and_one_that_has_not_asked_is_closed(archive, serve):
    server, port = serve(archive)
    with RawPeer(port) as idle, RawPeer(port) as waiting:
        idle.associate()
        eventually(lambda: server.counts["open"] == 2)
        ending = threading.Thread(target=server.shutdown, args=(10.0,))
        ending.start()
        assert aborts([idle.hear()]) == [(0, 0)]
        assert waiting.hear_the_end() == []
        idle.sock.close()
        ending.join(10)
        assert not ending.is_alive()
    assert server.counts["open"] == 0


# STO-02
def test_at_shutdown_the_message_in_progress_is_answered(archive, serve):
    server, port = serve(archive)
    ds = instance(pixels=100_000)
    data = dataset_bytes(ds)
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request(ds.SOPClassUID, ds.SOPInstanceUID))
        peer.write(p_data(pdv(1, 0, data[:50_000])))
        eventually(lambda: len(archive.spooled()) == 1)
        ending = threading.Thread(target=server.shutdown, args=(20.0,))
        ending.start()
        peer.write(p_data(pdv(1, 2, data[50_000:])))
        assert peer.response().status == 0
        assert isinstance(peer.hear(), Abort)
        peer.sock.close()
        ending.join(20)
        assert not ending.is_alive()
    assert archive.datasets() == [data]


# NET-04
def test_shutdown_does_not_wait_for_a_peer_that_never_finishes(archive, serve):
    server, port = serve(archive)
    with RawPeer(port) as peer:
        peer.associate()
        peer.send(peer.store_request())
        peer.write(p_data(pdv(1, 0, bytes(1000))))
        eventually(lambda: len(archive.spooled()) == 1)
        server.shutdown(0.2)
        assert peer.hear_the_end() == []
    assert server.counts["open"] == 0
    assert archive.spooled() == []


# STO-02
def test_a_connection_accepted_while_shutdown_begins_is_not_served(archive, serve):
    server, _port = serve(archive)
    server.shutdown(1.0)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as late,
        pytest.raises(ConnectionAbortedError),
    ):
        server._begin(late, "127.0.0.1", 0)
    assert server.counts["open"] == 0
