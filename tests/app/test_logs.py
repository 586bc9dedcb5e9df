import json
import logging

from hounsfield.app.logs import JsonLines, TextLines


def record(message, **fields):
    made = logging.makeLogRecord(
        {"name": "x", "levelno": logging.INFO, "levelname": "INFO"} | fields
    )
    made.msg = message
    return made


def test_an_event_is_one_line_whatever_a_peer_put_into_it():
    line = TextLines("dimse").format(record("from A\nINFO forged", peer="B\nC"))
    assert "\n" not in line
    assert line.endswith("dimse  from A\\nINFO forged peer='B\\nC'")


def test_json_lines_carry_the_fields_of_the_event():
    line = json.loads(JsonLines("http").format(record("ready", port=8080)))
    assert (line["process"], line["message"], line["port"], line["level"]) == (
        "http", "ready", 8080, "info",
    )  # fmt: skip
