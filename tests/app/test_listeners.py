import socket

import pytest

from hounsfield.app.listeners import CannotListen, in_url, listen, port_of


def test_port_0_takes_a_free_one():
    with listen("127.0.0.1", 0, setting="web.port", flag="--http-port") as listener:
        assert port_of(listener) > 0
        socket.create_connection(("127.0.0.1", port_of(listener)), timeout=5).close()


def test_a_port_in_use_names_the_setting_and_the_flag():
    with (
        listen("127.0.0.1", 0, setting="web.port", flag="--http-port") as first,
        pytest.raises(CannotListen, match=r"web\.port: port \d+ is in use.*--http-port"),
    ):
        listen("127.0.0.1", port_of(first), setting="web.port", flag="--http-port")


def test_ipv6_addresses_stand_in_brackets():
    assert in_url("::1") == "[::1]"
    assert in_url("127.0.0.1") == "127.0.0.1"
