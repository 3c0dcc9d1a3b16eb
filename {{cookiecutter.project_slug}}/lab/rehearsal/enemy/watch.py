"""What the containers did during a scene: memory, kills, and what they logged."""

import json
import subprocess
import threading
import time
from collections import Counter

# Prints "CONTAINER BYTES" three times a second: memory that can't be given back, so
# without file caches. cgroup v2 calls it anon, v1 rss; shmem is PostgreSQL's.
MEMORY = """\
for name in $(docker ps --format '{{.Names}}' --filter name=library-); do
  id=$(docker inspect --format '{{.Id}}' "$name")
  stat=$(find /sys/fs/cgroup -path "*$id*/memory.stat" | head -n 1)
  set -- "$@" "$name=$stat"
done
while sleep 0.3; do
  for each; do
    [ ! -r "${each#*=}" ] || awk -v name="${each%%=*}" '
      $1 ~ /^(anon|rss|shmem)$/ {sum += $2} END {print name, sum}' "${each#*=}"
  done
done"""
EVENTS = "{{.Actor.Attributes.name}} {{.Action}} {{.Actor.Attributes.exitCode}}"


def short(container):
    """Return the service's name in that of a container of the server."""
    return container.removeprefix("library-").removesuffix("-1")


class MemoryWatch:
    """Notes the containers' memory; `samples` are (time, service, bytes)."""

    def __init__(self, host):
        self.samples = []
        command = ["docker", "exec", host.name, "sh", "-c", MEMORY]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            name, _, used = line.partition(" ")
            self.samples.append((time.time(), short(name), int(used)))

    def stop(self):
        """Watch no longer."""
        self.process.kill()
        self.process.wait()

    def peaks(self, began, ended):
        """Return {service: the most bytes that were seen} between two times."""
        peaks = {}
        for when, name, used in list(self.samples):
            if began <= when < ended:
                peaks[name] = max(used, peaks.get(name, 0))
        return peaks


def kills(host, began, ended):
    """Return how often each service lost a process to the memory limit, or ended badly.

    Docker says `oom` for the first; a container that is killed as a whole also dies.
    """
    lines = host.inside(
        *("docker", "events", "--since", f"{began:.3f}", "--until", f"{ended:.3f}"),
        *("--filter", "event=oom", "--filter", "event=die", "--format", EVENTS),
    ).splitlines()
    events = Counter()
    for line in lines:
        name, action, code = line.split(" ", 2)
        if action == "oom" or code != "0":
            events[short(name), action] += 1
    names = {name for name, _ in events}
    return {name: max(events[name, "oom"], events[name, "die"]) for name in names}


def security_lines(host, containers, began, ended):
    """Return {event: lines} of the security log, which is one JSON object a line."""
    events = Counter()
    for name in containers:
        times = ("--since", f"{began:.3f}", "--until", f"{ended:.3f}")
        command = f"docker logs {' '.join(times)} {name} 2>&1"
        for line in host.inside("sh", "-c", command).splitlines():
            if event := event_of(line):
                events[event] += 1
    return dict(events)


def event_of(line):
    """Return the event if a line is of the security log; empty if it is not."""
    try:
        document = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(document, dict) or document.get("log") != "library.security":
        return ""
    return str(document.get("event", ""))
