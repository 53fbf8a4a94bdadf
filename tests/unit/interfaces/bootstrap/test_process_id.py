import os
import socket

from interfaces.bootstrap.production import own_process_id


def test_a_process_is_named_by_its_host_and_number_and_yet_like_no_other() -> None:
    names = {own_process_id() for _ in range(20)}
    assert len(names) == 20
    assert {name.rpartition(":")[0] for name in names} == {f"{socket.gethostname()[:100]}:{os.getpid()}"}
    assert max(map(len, names)) <= 120
