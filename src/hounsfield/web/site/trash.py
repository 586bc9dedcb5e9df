"""The trash in the JSON API: studies are deleted in the app, seen there, and brought back."""

from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel

from hounsfield.archive.trash import Trash
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.index.site.deletions import Deletion
from hounsfield.web.studies import iso_time

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

_DAY_US = 86_400_000_000


class DeletionModel(BaseModel):
    """What one act of deleting took; the UIDs of series and instance are empty where a whole study went."""

    uid: str
    state: str
    level: str
    StudyInstanceUID: str
    SeriesInstanceUID: str
    SOPInstanceUID: str
    description: str
    """The study as people know it: name and ID of the patient, description and date."""
    number_of_instances: int
    size_bytes: int
    deleted_by: str
    reason: str
    deleted_at: str
    removed_at: str
    """When it goes for good."""


class TrashPage(BaseModel):
    """One page of the trash, what was deleted last first."""

    deletions: list[DeletionModel]
    total: int
    page: int
    page_size: int
    keeps_days: float


def add_trash(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of the trash."""
    trash = Trash(parts.store)

    def shown(one: Deletion) -> DeletionModel:
        return DeletionModel(
            uid=one.uid,
            state=one.state,
            level=one.level,
            StudyInstanceUID=one.study_instance_uid,
            SeriesInstanceUID=one.series_instance_uid,
            SOPInstanceUID=one.sop_instance_uid,
            description=one.description,
            number_of_instances=one.number_of_instances,
            size_bytes=one.size_bytes,
            deleted_by=one.deleted_by,
            reason=one.reason,
            deleted_at=iso_time(one.deleted_us),
            removed_at=iso_time(one.deleted_us + int(parts.trash_days * _DAY_US)),
        )

    @app.delete("/studies/{study}")
    async def delete_study(
        request: Request, study: str, reason: Annotated[str, Query(max_length=1024)] = ""
    ) -> DeletionModel:
        """Move a study to the trash; `POST /trash/{uid}/restore` brings it back."""

        def delete() -> DeletionModel:
            return shown(trash.delete(principal_of(request), study, reason=reason))

        return await in_thread(delete)

    @app.get("/trash")
    async def list_trash(
        request: Request,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        page_size: Annotated[int, Query(ge=1, le=100)] = 25,
    ) -> TrashPage:
        """What was deleted and can be brought back."""

        def read() -> TrashPage:
            principal = principal_of(request)
            found = trash.page(principal, page_size, (page - 1) * page_size)
            return TrashPage(
                deletions=[shown(one) for one in found],
                total=trash.count(principal),
                page=page,
                page_size=page_size,
                keeps_days=parts.trash_days,
            )

        return await in_thread(read)

    @app.post("/trash/{uid}/restore", status_code=202)
    async def restore(request: Request, uid: str) -> DeletionModel:
        """Bring back what was deleted, in the background."""

        def act() -> DeletionModel:
            return shown(trash.restore(principal_of(request), uid, in_background=True))

        return await in_thread(act)

    @app.delete("/trash/{uid}", status_code=202)
    async def remove_for_good(request: Request, uid: str) -> DeletionModel:
        """Remove for good what was deleted, in the background."""

        def act() -> DeletionModel:
            return shown(trash.purge(principal_of(request), uid, in_background=True))

        return await in_thread(act)
