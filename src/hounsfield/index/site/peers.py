"""The peers of a site: those kept here, and those that its settings fix."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from hounsfield.errors import Conflict, NotFound, Refused
from hounsfield.index.clock import now_us
from hounsfield.index.database import Database
from hounsfield.index.schema import metadata
from hounsfield.index.site import availability, renaming
from hounsfield.index.site.records import Peer, Recorder, TlsSettings

peer = Table(
    "peer",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("ae_title", String(16), nullable=False),
    Column("host", String(255), nullable=False),
    Column("port", Integer),
    Column("uses_tls", Boolean, nullable=False),
    Column("requires_tls", Boolean, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("may", Text, nullable=False),
    Column("transfer_syntaxes", Text, nullable=False),
    Column("character_set", String(255), nullable=False),
    Column("max_parallel", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("addresses", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index("peer_by_ae_title", "ae_title"),
)


class Peers:
    """The remote systems we know. May be called from any thread; what one process changes, all see at once.

    Those that the settings fix come first and hide others of the same name.
    """

    def __init__(
        self,
        database: Database | None,
        fixed: Iterable[Peer] = (),
        tls: TlsSettings | None = None,
    ) -> None:
        """Take the peers of a database; without one, the fixed ones are all there are.

        Each that is given out has the site's ``tls``, which calling it may take.
        """
        self._database = database
        self._tls = tls
        self._fixed = tuple(dataclasses.replace(one, tls=tls) for one in fixed)
        self._recorder: Recorder | None = None
        self._fixed_names = frozenset(one.name for one in self._fixed if one.name)

    def record_with(self, recorder: Recorder) -> None:
        """Have calls to every peer that is given out from now on recorded."""
        self._recorder = recorder
        self._fixed = tuple(dataclasses.replace(one, recorder=recorder) for one in self._fixed)

    @property
    def fixed(self) -> tuple[Peer, ...]:
        """Those of the settings."""
        return self._fixed

    def by_name(self, name: str) -> Peer | None:
        """The peer of a name."""
        for one in self._fixed:
            if one.name == name and name:
                return one
        found = self._select(peer.c.name == name)
        return found[0] if found else None

    def tied_to_certificates(self) -> list[Peer]:
        """Those that must show one certificate."""
        return [one for one in self._fixed if one.certificate] + self._select(
            peer.c.certificate != ""
        )

    def by_ae_title(self, ae_title: str) -> list[Peer]:
        """All peers of an AE title: it may exist at several hosts."""
        fixed = [one for one in self._fixed if one.ae_title == ae_title]
        return fixed + self._select(peer.c.ae_title == ae_title)

    def all(self) -> list[Peer]:
        """Every peer, those of the settings first, then by name."""
        return [*self._fixed, *self._select()]

    def add(self, new: Peer) -> None:
        """Keep a peer; raises Conflict if there is one of its name."""
        if new.name in self._fixed_names:
            raise Conflict(f"the settings have a peer {new.name!r} already")
        now = now_us()
        values = {**_values(new), "created_us": now, "updated_us": now}
        try:
            with self._writable().writing() as connection:
                connection.execute(insert(peer).values(values))
        except IntegrityError:
            raise Conflict(f"there is a peer {new.name!r} already") from None

    def replace(self, changed: Peer, name: str = "") -> None:
        """Change a peer, that of ``name`` where it gets another one: rules and jobs follow it then.

        Raises NotFound, Conflict if the name is taken or a job talks to it, and Refused if the settings have it.
        """
        name = name or changed.name
        self._require_not_fixed(name)
        if changed.name in self._fixed_names:
            raise Conflict(f"the settings have a peer {changed.name!r} already")
        values = {**_values(changed), "updated_us": now_us()}
        try:
            with self._writable().writing() as connection:
                done = connection.execute(update(peer).where(peer.c.name == name).values(values))
                if not done.rowcount:
                    raise NotFound(f"there is no peer {name!r}")
                if changed.name != name:
                    renaming.follow(connection, name, changed.name)
        except IntegrityError:
            raise Conflict(f"there is a peer {changed.name!r} already") from None

    def remove(self, name: str) -> None:
        """Forget a peer, and that it is told anything; raises NotFound, and Refused if the settings have it."""
        self._require_not_fixed(name)
        with self._writable().writing() as connection:
            if not connection.execute(delete(peer).where(peer.c.name == name)).rowcount:
                raise NotFound(f"there is no peer {name!r}")
            availability.forget(connection, name)

    def set_addresses(self, of: Peer, addresses: tuple[str, ...]) -> None:
        """Keep what a host stands for now."""
        if of in self._fixed:
            self._fixed = tuple(
                dataclasses.replace(one, addresses=addresses) if one == of else one
                for one in self._fixed
            )
            return
        chosen = (peer.c.name == of.name) & (peer.c.host == (of.host or ""))
        values = {"addresses": orjson.dumps(addresses).decode()}
        with self._writable().writing() as connection:
            connection.execute(update(peer).where(chosen).values(values))

    def _select(self, *conditions: Any) -> list[Peer]:
        if self._database is None:
            return []
        with self._database.reading() as connection:
            rows = connection.execute(select(peer).where(*conditions).order_by(peer.c.name))
            found = [_peer(row, self._tls, self._recorder) for row in rows.mappings()]
        return [one for one in found if one.name not in self._fixed_names]

    def _require_not_fixed(self, name: str) -> None:
        if name in self._fixed_names:
            raise Refused(f"the peer {name!r} is set in the settings and is changed there")

    def _writable(self) -> Database:
        assert self._database is not None
        return self._database


def _values(one: Peer) -> dict[str, Any]:
    return {
        "name": one.name,
        "ae_title": one.ae_title,
        "host": one.host or "",
        "port": one.port,
        "uses_tls": one.uses_tls,
        "requires_tls": one.requires_tls,
        "certificate": one.certificate,
        "may": orjson.dumps(sorted(one.may)).decode(),
        "transfer_syntaxes": orjson.dumps(one.transfer_syntaxes).decode(),
        "character_set": one.character_set,
        "max_parallel": one.max_parallel,
        "description": one.description,
        "addresses": orjson.dumps(one.addresses).decode(),
    }


def _peer(row: Mapping[Any, Any], tls: TlsSettings | None, recorder: Recorder | None) -> Peer:
    return Peer(
        ae_title=row["ae_title"],
        host=row["host"] or None,
        port=row["port"],
        name=row["name"],
        uses_tls=row["uses_tls"],
        requires_tls=row["requires_tls"],
        certificate=row["certificate"],
        may=frozenset(orjson.loads(row["may"])),
        transfer_syntaxes=tuple(orjson.loads(row["transfer_syntaxes"])),
        character_set=row["character_set"],
        max_parallel=row["max_parallel"],
        description=row["description"],
        origin="app",
        addresses=tuple(orjson.loads(row["addresses"])),
        tls=tls,
        recorder=recorder,
    )
