"""Jobs and the lanes of peers in the JSON API."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Annotated, Literal, cast

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, Field

from hounsfield.archive.access import Principal, require
from hounsfield.archive.site.peers import peer_named
from hounsfield.archive.site.routing import Routing
from hounsfield.dicomweb.requests import in_thread, principal_of
from hounsfield.index.site import jobs as kept
from hounsfield.index.site.failures import Failures
from hounsfield.index.site.jobs import Jobs, Selection
from hounsfield.web.studies import patients_of

if TYPE_CHECKING:
    from hounsfield.web.api import ApiParts

State = Literal["queued", "running", "waiting", "paused", "done", "failed", "cancelled"]
_MOST_FAILURES = 1000


class Job(BaseModel):
    """Work in the background; times in µs since 1970, UTC.

    While all jobs of its peer rest (``is_peer_paused``), one that waits has no time of its next try.
    """

    id: str
    kind: str
    title: str
    peer: str
    study_instance_uid: str
    PatientName: str
    """Of the study, once something of it is here."""
    state: State
    attempts: int
    done: int
    total: int
    failed_instances: int
    text: str
    next_try_us: int | None
    is_peer_paused: bool
    created_us: int
    started_us: int | None
    ended_us: int | None
    actor: str


class JobFailure(BaseModel):
    """An instance that a peer did not accept, or commit; ``status`` is what it answered, in hexadecimal digits."""

    sop_instance_uid: str
    status: str | None
    text: str


class JobDetail(Job):
    """A job, with what was not accepted."""

    failures: list[JobFailure]


class JobPage(BaseModel):
    """One page of jobs, the newest first; ``counts`` are of all states, whichever are shown."""

    jobs: list[Job]
    total: int
    page: int
    page_size: int
    counts: dict[str, int]


class Lane(BaseModel):
    """How busy the lane of a peer is."""

    is_paused: bool
    queued: int
    running: int


class Sending(BaseModel):
    """Where to send a study, or some series of it; the peer may be asked to commit what it accepted."""

    peer: str = Field(max_length=64)
    series_instance_uids: list[str] = Field(default=[], max_length=10_000)
    asks_commitment: bool = False


def add_jobs(app: FastAPI, parts: "ApiParts") -> None:
    """Add the routes of jobs."""
    jobs = Jobs(parts.index.database)
    failed = Failures(parts.index.database)

    @app.get("/jobs")
    async def list_jobs(
        request: Request,
        state: Annotated[list[State] | None, Query()] = None,
        kind: Annotated[str, Query(max_length=32)] = "",
        peer: Annotated[str, Query(max_length=64)] = "",
        study_instance_uid: Annotated[str, Query(max_length=64)] = "",
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        page_size: Annotated[int, Query(ge=1, le=500)] = 25,
    ) -> JobPage:
        """One page of the jobs, the newest first."""

        def find() -> JobPage:
            require(principal_of(request), "search")
            every = Selection((), kind, peer, study_instance_uid)
            chosen = Selection(state or (), kind, peer, study_instance_uid)
            counts = jobs.counts(every)
            found = jobs.page(chosen, page_size, (page - 1) * page_size)
            failures = failed.numbers(one.id for one in found)
            paused = jobs.paused_lanes()
            uids = {one.study_instance_uid for one in found}
            names = patients_of(parts.search, principal_of(request), uids)
            return JobPage(
                jobs=[
                    job_model(
                        one, paused, failures.get(one.id, 0), names.get(one.study_instance_uid, "")
                    )
                    for one in found
                ],
                total=sum(counts[one] for one in state or counts),
                page=page,
                page_size=page_size,
                counts=counts,
            )

        return await in_thread(find)

    @app.get("/jobs/{job_id}")
    async def read_job(request: Request, job_id: str) -> JobDetail:
        """A job and the instances that were not accepted, at most the first thousand of them."""

        def read() -> JobDetail:
            require(principal_of(request), "search")
            found = jobs.get(job_id)
            number = failed.numbers([job_id]).get(job_id, 0)
            failures = [
                JobFailure(sop_instance_uid=one.sop_instance_uid, status=one.status, text=one.text)
                for one in failed.of_job(job_id, _MOST_FAILURES)
            ]
            uid = found.study_instance_uid
            names = patients_of(parts.search, principal_of(request), {uid})
            shown = job_model(found, jobs.paused_lanes(), number, names.get(uid, ""))
            return JobDetail(**shown.model_dump(), failures=failures)

        return await in_thread(read)

    _add_actions(app, jobs, failed)
    _add_lanes(app, parts, jobs)

    @app.post("/studies/{study}/send", status_code=201)
    async def send_study(request: Request, study: str, sending: Sending) -> Job:
        """Send a study, or some series of it, to a peer."""

        def send() -> Job:
            routing = Routing(parts.index, parts.peers)
            added = routing.send(
                principal_of(request),
                study,
                sending.peer,
                sending.series_instance_uids,
                asks_commitment=sending.asks_commitment,
            )
            return job_model(added, jobs.paused_lanes())

        return await in_thread(send)


def _add_actions(app: FastAPI, jobs: Jobs, failed: Failures) -> None:
    def act(principal: Principal, job_id: str, action: Callable[[str], kept.Job]) -> Job:
        require(principal, "administer")
        changed = action(job_id)
        number = failed.numbers([job_id]).get(job_id, 0)
        return job_model(changed, jobs.paused_lanes(), number)

    @app.post("/jobs/{job_id}/pause")
    async def pause_job(request: Request, job_id: str) -> Job:
        """Let a job rest until it is resumed; a running one stops after the instance at hand."""
        return await in_thread(act, principal_of(request), job_id, jobs.pause)

    @app.post("/jobs/{job_id}/resume")
    async def resume_job(request: Request, job_id: str) -> Job:
        """Go on with a paused job."""
        return await in_thread(act, principal_of(request), job_id, jobs.resume)

    @app.post("/jobs/{job_id}/cancel")
    async def cancel_job(request: Request, job_id: str) -> Job:
        """End a job, undone; what was accepted stays where it is."""
        return await in_thread(act, principal_of(request), job_id, jobs.cancel)

    @app.post("/jobs/{job_id}/retry")
    async def retry_job(request: Request, job_id: str) -> Job:
        """Carry out a job again, or at once if it waits; sends only what was not accepted."""
        return await in_thread(act, principal_of(request), job_id, jobs.retry)


def _add_lanes(app: FastAPI, parts: "ApiParts", jobs: Jobs) -> None:
    def pause(principal: Principal, name: str, is_paused: bool) -> Lane:
        require(principal, "administer")
        peer_named(parts.peers, name)
        return _lane(jobs.pause_lane(name, is_paused=is_paused))

    @app.get("/peers/{name}/lane")
    async def read_lane(request: Request, name: str) -> Lane:
        """How many jobs a peer has, and whether they rest."""

        def read() -> Lane:
            require(principal_of(request), "search")
            return _lane(jobs.lane(name))

        return await in_thread(read)

    @app.post("/peers/{name}/pause")
    async def pause_lane(request: Request, name: str) -> Lane:
        """Let all jobs of a peer rest, those too that come yet."""
        return await in_thread(pause, principal_of(request), name, True)

    @app.post("/peers/{name}/resume")
    async def resume_lane(request: Request, name: str) -> Lane:
        """Let the jobs of a peer go on."""
        return await in_thread(pause, principal_of(request), name, False)


def job_model(
    job: kept.Job,
    paused_lanes: Collection[str],
    failed_instances: int = 0,
    patient_name: str = "",
) -> Job:
    """A job as the API shows it."""
    is_paused = job.lane in paused_lanes
    return Job(
        id=job.id,
        kind=job.kind,
        title=job.title,
        peer=job.lane,
        study_instance_uid=job.study_instance_uid,
        PatientName=patient_name,
        state=cast("State", job.state),
        attempts=job.attempts,
        done=job.done,
        total=job.total,
        failed_instances=failed_instances,
        text=job.text,
        next_try_us=job.next_try_us if job.state == "waiting" and not is_paused else None,
        is_peer_paused=is_paused,
        created_us=job.created_us,
        started_us=job.started_us,
        ended_us=job.ended_us,
        actor=job.actor,
    )


def _lane(lane: kept.Lane) -> Lane:
    return Lane(is_paused=lane.is_paused, queued=lane.queued, running=lane.running)
