"""`python -m benchmarks`: every measurement but the soaks, the load and the streams, one after the other.

Each module says what it measures.
"""

from benchmarks import (
    breaker_overhead,
    cache_levels,
    cache_trace,
    call_costs,
    embedded_capacity,
    http_cache,
    idle_redis,
    jobs,
    mail_server_dead,
    redis_faults,
    start_and_memory,
)

start_and_memory.main()
breaker_overhead.main()
cache_levels.main()
jobs.main()
idle_redis.main()
mail_server_dead.main()
redis_faults.main()
http_cache.main()
cache_trace.main()
call_costs.main()
embedded_capacity.main()
