"""The imports of the fork server of `tests.programs`: modules that programs share, but no program.

Nothing here runs an operation or starts a thread, neither of which survives a fork; and no module
here defines flags, which a program would define again.
"""

import gc

from programs.quiet import quiet_import

with quiet_import():
    import tensorflow

import grpc
import ml_collections.config_flags

import serving.api.http_server
import serving.client
import serving.embedded_server
import tests.programs
import tfvae
import trainers.runs.construct
import trainers.runs.evaluations

__all__ = ["grpc", "ml_collections", "serving", "tensorflow", "tests", "tfvae", "trainers"]
gc.freeze()  # so that garbage collection in a child skips shared objects
