"""The entry to the package: a client of one server, for one owner."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

import grpc

from .connection import Connection
from .credentials import FilePath, Tls, read_credentials
from .errors import AlreadyExists
from .names import owner_name, study_name
from .records import StudyRecord, list_studies, study_record
from .study import Study
from .study_spec import Seconds, study_spec
from .v1 import study_pb2


def connect(
    address: str,
    *,
    owner: str = "default",
    token: str | None = None,
    token_file: FilePath | None = None,
    tls: bool | Tls | None = None,
    insecure: bool = False,
    credentials: grpc.ChannelCredentials | None = None,
    call_timeout: float = 30.0,
    retry_timeout: float = 600.0,
    channel_options: Sequence[tuple[str, Any]] = (),
) -> Client:
    """Makes a client; it connects at its first call.

    `address` is `host:port` or `unix:/path`. `owner` is the tenant.

    `token` says who is calling, or `token_file`, which is read again when it changes;
    where neither is given, WAZIR_TOKEN_FILE or WAZIR_TOKEN of the environment. `tls`
    is a :class:`wazir.Tls`, True for the authorities that come with grpcio, or False
    for plain text; where it is not given, WAZIR_TLS, WAZIR_TLS_CA,
    WAZIR_TLS_CLIENT_CERT, WAZIR_TLS_CLIENT_KEY and WAZIR_TLS_SERVER_NAME. A token goes
    to another machine in plain text only where `insecure` says so. `credentials` are
    those of grpcio, in the place of `tls`. Raises OSError and ValueError where any of
    them can not be used.

    `call_timeout` is how long one try of a call may take, and how long a
    report may go unanswered before the stream is taken for dead; `retry_timeout` how
    long calls and reports are tried again while the server is away; both in seconds.
    `channel_options` are those of grpcio.

    Not to be used on both sides of a fork: connect in the process that needs it.
    """
    connection = Connection(
        address,
        credentials=read_credentials(
            address,
            token=token,
            token_file=token_file,
            tls=tls,
            insecure=insecure,
            credentials=credentials,
        ),
        channel_options=channel_options,
        call_timeout=call_timeout,
        retry_timeout=retry_timeout,
    )
    return Client(connection, owner)


class Client:
    """The studies of one owner. Safe to be used from several threads."""

    def __init__(self, connection: Connection, owner: str) -> None:
        self._connection = connection
        self._owner = owner
        self._parent = owner_name(owner)

    @property
    def channel(self) -> grpc.Channel:
        """The channel, for the stubs of :mod:`wazir.v1` where this package has no method."""
        return self._connection.channel

    def study(self, id: str) -> Study:
        """A study by its id. Asks the server nothing: whether it is there shows when it is used."""
        return Study(self._connection, study_name(self._owner, id))

    def studies(self) -> Iterator[StudyRecord]:
        """Reads the owner's studies, by id."""
        for each in list_studies(self._connection, self._parent):
            yield study_record(each)

    def delete_study(self, id: str) -> None:
        """Deletes a study with all its trials and measurements."""
        self.study(id).delete()

    def create_study(
        self,
        id: str,
        parameters: Iterable[study_pb2.ParameterSpec],
        metrics: Mapping[str, str],
        *,
        exist_ok: bool = False,
        display_name: str = "",
        labels: Mapping[str, str] | None = None,
        resource: tuple[str, int, int] | None = None,
        sampler: str | study_pb2.SamplerSpec | None = None,
        scheduler: str | study_pb2.SchedulerSpec | None = None,
        max_trials: int = 0,
        max_total_resource: int = 0,
        max_parallel_trials: int = 0,
        max_consecutive_infeasible: int = 0,
        max_attempts: int = 0,
        max_duration: Seconds | None = None,
        max_time_without_progress: Seconds | None = None,
        lease_duration: Seconds | None = None,
        measurement_selection: str | None = None,
        seed: int | None = None,
    ) -> Study:
        """Creates a study.

        `parameters` come from :func:`wazir.double`, :func:`wazir.integer`,
        :func:`wazir.categorical` and :func:`wazir.discrete`. `metrics` tell by name
        whether to `"maximize"` or `"minimize"`; schedulers rank by the first.
        `resource` is what training spends: its name, the least and the most a trial
        gets. `sampler` and `scheduler` are names, or come from :func:`wazir.sampler`
        and :func:`wazir.scheduler`; the server chooses where they are not given.

        Limits of 0, or not given, are none: trials created; steps trained over all
        attempts; trials lent at a time; infeasible ones in a row (0: 100); expired
        leases after which a trial has failed (0: 3); time since creation; time without
        a new step after which a lease is no longer renewed.

        `lease_duration` is how long a trial stays with a worker that says nothing
        (60 s), `measurement_selection` whether the `"last"` or the `"best"` report
        becomes the final one, `seed` what all draws come from. Times are seconds or a
        timedelta.

        With `exist_ok` a study that is there already is taken as it is, whatever its
        spec; otherwise :class:`wazir.AlreadyExists` is raised.
        """
        study = self.study(id)
        spec = study_spec(
            parameters,
            metrics,
            resource=resource,
            sampler=sampler,
            scheduler=scheduler,
            max_trials=max_trials,
            max_total_resource=max_total_resource,
            max_parallel_trials=max_parallel_trials,
            max_consecutive_infeasible=max_consecutive_infeasible,
            max_attempts=max_attempts,
            max_duration=max_duration,
            max_time_without_progress=max_time_without_progress,
            lease_duration=lease_duration,
            measurement_selection=measurement_selection,
            seed=seed,
        )
        request = study_pb2.CreateStudyRequest(
            parent=self._parent,
            study_id=id,
            study=study_pb2.Study(display_name=display_name, spec=spec, labels=dict(labels or {})),
            request_id=str(uuid.uuid4()),
        )
        try:
            self._connection.caller.call(self._connection.studies.CreateStudy, request)
        except AlreadyExists:
            if not exist_ok:
                raise
        return study

    def close(self) -> None:
        """Ends threads and connection. Trials still held go to others when their leases end."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
