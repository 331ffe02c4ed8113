"""The settings of an installation, and a job more."""

from huying.config.settings import *  # noqa: F403

PROCRASTINATE_IMPORT_PATHS = ["tests.faults.slow_job"]
