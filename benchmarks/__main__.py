"""`python -m benchmarks`: every measurement, one after the other. Each module says what it measures."""

from benchmarks import start_and_memory

start_and_memory.main()
