"""Client of Wazir, a server that suggests hyperparameters.

import wazir

study = wazir.connect("localhost:8765").study("digits")
for trial in study.trials():
    model = build(trial.parameters, checkpoint=trial.checkpoint_path)
    for epoch in trial.steps():
        trial.report(epoch, accuracy=train_one(model))
    save(model, trial.checkpoint_path_to_write)
"""

from .client import Client, connect
from .credentials import Tls
from .directive import Directive, DirectiveKind
from .errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    MeasurementConflict,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    StaleAttempt,
    StudyRecreated,
    TrialEnded,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Violation,
    WazirError,
)
from .records import MeasurementRecord, StudyRecord, StudyState, TrialRecord, TrialState
from .search_space import categorical, discrete, double, integer
from .study import Study
from .study_spec import sampler, scheduler
from .trial import Trial

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Cancelled",
    "Client",
    "DeadlineExceeded",
    "Directive",
    "DirectiveKind",
    "FailedPrecondition",
    "Internal",
    "InvalidArgument",
    "MeasurementConflict",
    "MeasurementRecord",
    "NotFound",
    "PermissionDenied",
    "ResourceExhausted",
    "StaleAttempt",
    "Study",
    "StudyRecord",
    "StudyRecreated",
    "StudyState",
    "Tls",
    "Trial",
    "TrialEnded",
    "TrialRecord",
    "TrialState",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Violation",
    "WazirError",
    "categorical",
    "connect",
    "discrete",
    "double",
    "integer",
    "sampler",
    "scheduler",
]
