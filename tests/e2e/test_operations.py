"""How the people who operate it see and steer the product."""

from typing import Any
from uuid import uuid4

from tests.support.people import Person, admin
from tests.support.product import Product, eventually, ok, problem


def breaker(operator: Person, name: str) -> dict[str, object]:
    listed = ok(operator.client.get("/api/admin/circuit-breakers"))["items"]
    return next(item for item in listed if item["name"] == name)


def test_the_figures_have_the_shape_of_the_contract(product: Product) -> None:
    client = admin(product).client

    def figures_of_calm() -> dict[str, Any]:
        """What another test opened is forgotten within five seconds."""
        told = ok(client.get("/api/admin/metrics"))
        return told if told["health"]["score"] == 100 else {}

    # What was slow while the machine was busy is forgotten within five minutes.
    figures = eventually(figures_of_calm, seconds=360, what="a full score")
    assert {"metrics", "health", "circuitBreakers", "queues", "system"} <= figures.keys()
    assert {"activeUsers", "requestsPerMinute", "avgResponseTime", "p50", "p95", "p99", "errorRate", "dbQueryTime"} < (
        figures["metrics"].keys()
    )
    assert figures["metrics"]["requestsPerMinute"] >= 0
    assert 0 <= figures["metrics"]["cache"]["hitRate"] <= 1
    assert figures["health"]["issues"] == []
    assert set(figures["queues"]) == {"money", "mail", "default", "reports"}


def test_health_names_every_part(product: Product) -> None:
    client = product.client()

    def healthy() -> dict[str, Any]:
        told = client.get("/api/health").json()
        return told if told["status"] == "healthy" else {}

    # A busy machine has its cache left alone for a moment.
    health = eventually(healthy, what="health")
    assert set(health["checks"]) == {"database", "cache", "queue", "payments", "email"}
    assert client.get("/api/health/live").status_code == 204
    assert client.get("/api/health/ready").status_code == 204


def test_a_breaker_is_opened_and_closed_by_hand_for_every_process(product: Product) -> None:
    operators = [admin(product) for _ in range(product.api_processes)]
    for at, operator in enumerate(operators):
        operator.client.base_url = product.client(at).base_url
    body = {"action": "force_open", "breaker": "email", "reason": "Maintenance", "minutes": 30}
    ok(operators[0].client.post("/api/admin/circuit-breakers", json=body))
    for operator in operators:
        eventually(lambda who=operator: breaker(who, "email")["state"] == "open", what="the opening")
        assert breaker(operator, "email")["retryAt"]
    assert ok(product.client().get("/api/health"))["checks"]["email"]["status"] == "degraded"

    ok(operators[-1].client.post("/api/admin/circuit-breakers", json={"action": "reset", "breaker": "all"}))
    for operator in operators:
        eventually(lambda who=operator: breaker(who, "email")["state"] == "closed", what="the closing")

    def newest() -> list[tuple[str, str, str]]:
        items = ok(operators[0].client.get("/api/admin/circuit-breakers/history?breaker=email"))["items"][:2]
        return [(item["fromState"], item["toState"], item["reason"]) for item in items]

    expected = [("open", "closed", "reset"), ("closed", "open", "Maintenance")]
    eventually(lambda: newest() == expected, what="the history")


def test_an_unknown_breaker_or_action_is_refused(embedded: Product) -> None:
    client = admin(embedded).client
    path = "/api/admin/circuit-breakers"
    problem(client.post(path, json={"action": "reset", "breaker": "toaster"}), 404)
    problem(client.post(path, json={"action": "explode", "breaker": "email"}), 422)
    problem(client.post(path, json={"action": "force_open", "breaker": "email"}), 422)
    problem(client.post(path, json={"action": "force_open", "breaker": "email", "reason": "x", "minutes": 0}), 422)


def test_the_metrics_token_reads_and_only_reads(embedded: Product) -> None:
    token = (embedded.data_dir / "metrics_token").read_text().strip()
    monitor = embedded.client(token=token)
    text = monitor.get("/metrics")
    assert text.status_code == 200
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'tailtribe_breaker_state{name="payments",state="closed"} 1.0' in text.text
    ok(monitor.get("/api/admin/metrics"))
    ok(monitor.get("/api/admin/circuit-breakers"))
    problem(monitor.post("/api/admin/circuit-breakers", json={"action": "reset", "breaker": "all"}), 401)
    problem(monitor.get("/api/admin/caregivers"), 401)
    problem(monitor.get("/api/me"), 401)


def test_an_alert_is_listed_and_silenced_by_an_admin(product: Product) -> None:
    client = admin(product).client
    steer = "/api/admin/circuit-breakers"
    path = "/api/admin/alerts?state=firing"

    def firing() -> list[dict[str, Any]]:
        return [alert for alert in ok(client.get(path))["items"] if alert["subject"] == "payments"]

    eventually(lambda: not firing(), what="the end of another test's alert")
    ok(client.post(steer, json={"action": "force_open", "breaker": "payments", "reason": "Test", "minutes": 30}))
    (alert,) = eventually(firing, what="the alert")
    assert alert["title"] == "Circuit breaker payments opened"
    silence = f"/api/admin/alerts/{alert['id']}/silence"
    problem(client.post(silence, json={"minutes": 0, "reason": "Known"}), 422)
    problem(client.post(f"/api/admin/alerts/{uuid4()}/silence", json={"minutes": 5, "reason": "Known"}), 404)
    ok(client.post(silence, json={"minutes": 5, "reason": "Known"}), 204)
    assert firing()[0]["silenceReason"] == "Known"
    ok(client.post(steer, json={"action": "reset", "breaker": "payments"}))
    eventually(lambda: not firing(), what="the end of the alert")
    problem(client.post(silence, json={"minutes": 5, "reason": "Known"}), 409)


def test_errors_and_the_last_hour_are_lists_for_those_who_operate_it(embedded: Product) -> None:
    client = admin(embedded).client
    assert ok(client.get("/api/admin/errors"))["items"] == []
    (minute, *_) = eventually(
        lambda: ok(client.get("/api/admin/metrics/history"))["items"], seconds=240, what="a minute"
    )
    assert {"minute", "requests", "errors", "p95", "mean", "activeUsers", "cacheHitRate", "score"} == minute.keys()
    problem(embedded.client().get("/api/admin/errors"), 401)
    problem(embedded.client().get("/api/admin/alerts"), 401)
