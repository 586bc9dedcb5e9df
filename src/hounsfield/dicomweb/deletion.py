"""DELETE of studies, series and instances: PS3.18 has no transaction for it, so it is as other archives have it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hounsfield.archive.trash import Trash
from hounsfield.dicomweb.parts import DicomWebParts
from hounsfield.dicomweb.requests import in_thread, principal_of, uids_of
from hounsfield.errors import Refused

_RESOURCES = (
    "/studies/{study}",
    "/studies/{study}/series/{series}",
    "/studies/{study}/series/{series}/instances/{instance}",
)


def routes(parts: DicomWebParts) -> list[BaseRoute]:
    """The routes of this module."""
    trash = Trash(parts.store)

    async def delete(request: Request) -> Response:
        """Move what the path names to the trash: 204, then 410; 403 where the site does not let clients delete."""
        if not parts.policy.may_delete:
            raise Refused(
                'clients may not delete here; the setting dicomweb.delete = "allow" lets them,'
                " and the app can delete a study without it"
            )
        await in_thread(trash.delete, principal_of(request), *uids_of(request))
        return Response(status_code=204)

    return [Route(path, delete, methods=["DELETE"]) for path in _RESOURCES]
