"""The dashboard of the machine, its containers and its public addresses."""

from monitoring.panels import WINDOW, Dashboard
from monitoring.queries import panel, rate

# A disk, not what only looks like one.
DISKS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|nsfs",mountpoint!~"/(boot|run).*"'
CPU_IDLE = f'rate(node_cpu_seconds_total{{mode="idle"}}[{WINDOW}])'
HOST = Dashboard(
    "host",
    "The host",
    "호스트",
    (
        panel(
            "Processors in use",
            "CPU 사용률",
            "percentunit",
            (f"1 - avg({CPU_IDLE})", "of all"),
        ),
        panel("Load", "부하", "short", ("node_load1", "1 minute")),
        panel(
            "Memory available",
            "쓸 수 있는 메모리",
            "percentunit",
            ("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "share"),
        ),
        panel(
            "Disk available",
            "쓸 수 있는 디스크",
            "percentunit",
            (
                f"node_filesystem_avail_bytes{{{DISKS}}}"
                f" / node_filesystem_size_bytes{{{DISKS}}}",
                "{{mountpoint}}",
            ),
        ),
        panel(
            "Age of the last backup",
            "마지막 백업 뒤 지난 시간",
            "s",
            (
                "time() - library_backup_last_success_timestamp_seconds",
                "{{instance}}",
            ),
        ),
        panel(
            "Targets that answer",
            "응답하는 대상",
            "short",
            ("sum by (job) (up)", "{{job}}"),
        ),
        panel(
            "Days until a certificate expires",
            "인증서가 만료될 때까지 남은 날",
            "d",
            (
                "(probe_ssl_earliest_cert_expiry - time()) / 86400",
                "{{instance}}",
            ),
        ),
        panel(
            "Processors in use, by container",
            "컨테이너별 사용 중인 CPU",
            "short",
            (
                rate("container_cpu_usage_seconds_total", 'name!=""', by="name"),
                "{{name}}",
            ),
        ),
        panel(
            "Memory, by container",
            "컨테이너별 메모리",
            "bytes",
            (
                'sum by (name) (container_memory_working_set_bytes{name!=""})',
                "{{name}}",
            ),
        ),
    ),
)
