"""The dashboard of the cache: how often it answers, why not, and what may be stale."""

from monitoring.panels import Dashboard
from monitoring.queries import panel, quantile, rate

HITS = 'result=~"hit|wait"'
CACHE = Dashboard(
    "cache",
    "The cache",
    "캐시",
    (
        panel(
            "Hit ratio, by view",
            "뷰별 히트율",
            "percentunit",
            (
                f"{rate('cache_reads_total', HITS, by='view')}"
                f" / {rate('cache_reads_total', by='view')}",
                "{{view}}",
            ),
        ),
        panel(
            "Cached reads a second, by result",
            "결과별 초당 캐시 조회",
            "reqps",
            (rate("cache_reads_total", by="result"), "{{result}}"),
            (rate("cache_not_modified_total"), "of them 304"),
        ),
        panel(
            "Why the cache was bypassed",
            "캐시를 거치지 않은 이유",
            "reqps",
            (rate("cache_bypasses_total", by="reason"), "{{reason}}"),
        ),
        panel(
            "Write intents a second, by table",
            "테이블별 초당 예고",
            "ops",
            (rate("cache_intents_total", by="table"), "{{table}}"),
        ),
        panel(
            "Invalidations a second, by table",
            "테이블별 초당 무효화",
            "ops",
            (rate("cache_invalidations_total", by="table"), "{{table}}"),
        ),
        panel(
            "Stampedes prevented: reads that waited, a second",
            "막은 스탬피드: 기다린 조회, 초당",
            "reqps",
            (rate("cache_wait_duration_seconds_count"), "waited"),
        ),
        panel(
            "How long they waited, p95",
            "기다린 시간, p95",
            "s",
            (quantile(0.95, "cache_wait_duration_seconds"), "p95"),
        ),
        panel(
            "What may be stale: invalidations pending",
            "오래되었을 수 있는 것: 보류된 무효화",
            "short",
            ("sum(cache_pending_invalidations)", "pending now"),
            (rate("cache_pending_total"), "became pending, a second"),
            (rate("cache_overdue_total"), "outlived their intent, a second"),
        ),
        panel(
            "Workers that do not ask Redis",
            "Redis에 묻지 않는 워커",
            "short",
            ("sum(cache_breaker_open)", "breaker open"),
        ),
        panel(
            "Duration of what the store does, p95",
            "저장소 작업 시간, p95",
            "s",
            (
                quantile(0.95, "cache_store_duration_seconds", "operation"),
                "{{operation}}",
            ),
        ),
        panel(
            "Size of entries, p95",
            "항목 크기, p95",
            "bytes",
            (quantile(0.95, "cache_entry_size_bytes", "view"), "{{view}}"),
        ),
    ),
)
