"""Turns the settings into the configuration that each part defines for itself."""

from typing import TYPE_CHECKING

from hounsfield.dimse.config import DimseConfig, Peer
from hounsfield.dimse.transport import TimeLimits
from hounsfield.index.site.records import TlsSettings
from hounsfield.settings.model import Settings
from hounsfield.storage.filesystem import FilesystemConfig

if TYPE_CHECKING:
    from hounsfield.archive.store import StorePolicy
    from hounsfield.index.database import IndexConfig
    from hounsfield.jobs.engine import EngineConfig
    from hounsfield.pixels.pool import PoolConfig


def storage_config(settings: Settings) -> FilesystemConfig:
    """Where objects lie."""
    return FilesystemConfig(
        root=settings.data,
        reserve_bytes=settings.reserve_bytes,
        max_object_bytes=settings.max_object_bytes,
    )


def index_config(settings: Settings) -> "IndexConfig":
    """Which database."""
    from hounsfield.index.database import IndexConfig  # noqa: PLC0415 - a third of a second

    return IndexConfig(settings.data / "index.db")


def store_policy(settings: Settings) -> "StorePolicy":
    """What to do with an instance that is there already."""
    from hounsfield.archive.store import StorePolicy  # noqa: PLC0415 - as above

    return StorePolicy(duplicates=settings.duplicates, max_object_bytes=settings.max_object_bytes)


def fixed_peers(settings: Settings) -> tuple[Peer, ...]:
    """The peers that the settings name; they may do anything that peers may."""
    return tuple(
        Peer(
            ae_title=peer.ae_title,
            host=peer.host,
            port=peer.port,
            name=name,
            uses_tls=peer.tls,
            requires_tls=peer.tls_only or bool(peer.certificate),
            certificate=peer.certificate,
        )
        for name, peer in settings.dimse.peers.items()
    )


def tls_settings(settings: Settings) -> TlsSettings:
    """With which certificates we speak TLS."""
    return TlsSettings(
        settings.data / "tls",
        requires_client_certificate=settings.dimse.tls_client_certificates == "require",
        checks_names=settings.dimse.tls_check_names,
    )


def dimse_config(settings: Settings, *, further_peers: tuple[Peer, ...] = ()) -> DimseConfig:
    """How the DICOM server behaves, and whom it knows."""
    dimse = settings.dimse
    return DimseConfig(
        ae_title=dimse.ae_title,
        peers=fixed_peers(settings) + further_peers,
        unknown_peers=dimse.unknown_peers,
        called_ae_titles=dimse.called_ae_titles,
        worklist_only_own_station=dimse.worklist_only_own_station,
        worklist_keeps_started=dimse.worklist_keeps_started,
        unknown_sop_classes=dimse.unknown_sop_classes,
        max_associations=dimse.max_associations,
        max_associations_by_peer=dimse.max_associations_by_peer,
        max_pdu_bytes=dimse.max_pdu_bytes,
        tls=tls_settings(settings),
        times=TimeLimits(
            artim_s=dimse.artim_s,
            pdu_s=dimse.pdu_s,
            idle_s=dimse.idle_s,
            minimum_bytes_per_s=dimse.minimum_bytes_per_s,
        ),
    )


def decoding_config(settings: Settings) -> "PoolConfig":
    """In which processes pixels are decoded."""
    from hounsfield.pixels.pool import PoolConfig  # noqa: PLC0415 - as above

    return PoolConfig(
        processes=settings.pixels.processes, memory_bytes=settings.pixels.memory_bytes
    )


def engine_config(settings: Settings) -> "EngineConfig":
    """How jobs are carried out."""
    from hounsfield.jobs.engine import EngineConfig  # noqa: PLC0415 - as above

    jobs = settings.jobs
    return EngineConfig(
        parallel=jobs.parallel,
        first_retry_s=jobs.first_retry_s,
        longest_retry_s=jobs.longest_retry_s,
        keep_s=jobs.keep_days * 86_400,
    )
