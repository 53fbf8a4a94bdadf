"""`python -m benchmarks`: every measurement, one after the other. Each module says what it measures."""

from benchmarks import breaker_overhead, mail_server_dead, redis_faults, start_and_memory

start_and_memory.main()
breaker_overhead.main()
mail_server_dead.main()
redis_faults.main()
