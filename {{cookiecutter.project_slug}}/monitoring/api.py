"""The dashboard of the API: how many requests, how many errors, how long they take."""

from monitoring.panels import Dashboard
from monitoring.queries import panel, quantile, rate

REQUESTS = "http_server_request_duration_seconds"
STATEMENTS = "db_client_operation_duration_seconds"
ANSWERS = f"{REQUESTS}_count"
FAILED = rate(ANSWERS, 'http_response_status_code=~"5.."')
# A server that is too busy refuses requests before it times them.
BUSY = f"""({rate("requests_refused_total", 'status="503"')} or vector(0))"""
SERVER_ERRORS = f"(({FAILED} or vector(0)) + {BUSY}) / ({rate(ANSWERS)} + {BUSY})"

API = Dashboard(
    "api",
    "The API",
    "API",
    (
        panel(
            "Requests a second, by route",
            "라우트별 초당 요청",
            "reqps",
            (rate(ANSWERS, by="http_route"), "{{http_route}}"),
        ),
        panel(
            "Requests a second, by status",
            "상태 코드별 초당 요청",
            "reqps",
            (
                rate(ANSWERS, by="http_response_status_code"),
                "{{http_response_status_code}}",
            ),
        ),
        panel("Share of 5xx", "5xx 비율", "percentunit", (SERVER_ERRORS, "5xx")),
        panel(
            "Duration of requests",
            "요청 처리 시간",
            "s",
            (quantile(0.5, REQUESTS), "p50"),
            (quantile(0.95, REQUESTS), "p95"),
            (quantile(0.99, REQUESTS), "p99"),
        ),
        panel(
            "Duration by route, p95",
            "라우트별 처리 시간, p95",
            "s",
            (quantile(0.95, REQUESTS, "http_route"), "{{http_route}}"),
        ),
        panel(
            "Requests in flight",
            "처리 중인 요청",
            "short",
            (
                "sum by (http_request_method) (http_server_active_requests)",
                "{{http_request_method}}",
            ),
        ),
        panel(
            "Statements a second",
            "초당 SQL 문",
            "ops",
            (
                rate(f"{STATEMENTS}_count", by="db_operation_name"),
                "{{db_operation_name}}",
            ),
        ),
        panel(
            "Duration of statements, p95",
            "SQL 문 실행 시간, p95",
            "s",
            (quantile(0.95, STATEMENTS, "db_operation_name"), "{{db_operation_name}}"),
        ),
        panel(
            "Database connections",
            "데이터베이스 연결",
            "short",
            ("sum(db_client_connection_count)", "open"),
        ),
        panel(
            "Loans a second",
            "초당 대출",
            "ops",
            (rate("library_loans_total", by="action"), "{{action}}"),
            (rate("library_stock_conflicts_total"), "no copy left"),
        ),
        panel(
            "Security events a second",
            "초당 보안 이벤트",
            "ops",
            (rate("library_security_events_total", by="event"), "{{event}}"),
        ),
        panel(
            "Requests refused unread, a second",
            "읽지 않고 거절한 요청, 초당",
            "reqps",
            (rate("requests_refused_total", by="status"), "{{status}}"),
        ),
        panel(
            "Memory of all workers",
            "모든 워커의 메모리",
            "bytes",
            ('sum(process_resident_memory_bytes{job="api"})', "resident"),
        ),
        panel(
            "Processors in use",
            "사용 중인 CPU",
            "short",
            (rate("process_cpu_seconds_total", 'job="api"'), "CPU"),
        ),
        panel(
            "Garbage collections a second",
            "초당 가비지 컬렉션",
            "ops",
            (rate("python_gc_collections_total", 'job="api"'), "collections"),
        ),
        panel(
            "Release",
            "릴리스",
            "short",
            (
                "max by (release, python, django) (library_build_info)",
                "{{release}}, Python {{python}}, Django {{django}}",
            ),
        ),
    ),
)
