"""The module a stock Dramatiq command runs: `dramatiq interfaces.bootstrap.worker --queues money mail`."""

import sys

from interfaces.bootstrap.settings import BadSettings, Settings
from interfaces.bootstrap.worker_runtime import declare_worker

try:
    broker = declare_worker(Settings.read())
except BadSettings as error:
    sys.exit(f"tailtribe worker: {error}")
except ValueError as error:
    sys.stderr.write(f"tailtribe worker: {error}\n")
    sys.exit(2)
