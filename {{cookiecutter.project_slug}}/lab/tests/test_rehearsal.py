"""The enemy of the rehearsal, without containers: what it sends, and who judges it.

`make rehearse` plays it for real.
"""

import contextlib
import json
import pickle
import socket
import threading
from types import SimpleNamespace

import pytest

from lab.rehearsal import pictures, report
from lab.rehearsal.enemy import attacks, foreign, outcome, scenes, watch
from lab.rehearsal.hosts import fleet
from lab.rehearsal.load import Answer, Load, summary
from tools.polling import wait_until


@contextlib.contextmanager
def server(answer):
    """Call `answer(connection)` in a thread for each connection; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=answer, args=(connection,)).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        # close() alone leaves accept() waiting.
        listening.shutdown(socket.SHUT_RDWR)


def unavailable(connection):
    """Answer 503 to one request: to a list as the API does, else as a proxy."""
    with contextlib.suppress(OSError), connection:
        listed = b"/books" in connection.recv(1 << 16)
        body = json.dumps({"errors": [{"code": "too_busy"}]} if listed else None)
        head = f"HTTP/1.1 503 No\r\nContent-Length: {len(body)}\r\nServer: Caddy\r\n"
        head += "X-Worker: host-1\r\n" if listed else ""
        connection.sendall(f"{head}\r\n{body}".encode())


def test_a_failure_says_what_it_got_and_from_whom():
    with server(unavailable) as address:
        load = Load(address, "token", rate=1000).start()
        wait_until(lambda: len(load.answers) > 4, "requests")
        load.stop()
    failures, releases = summary(load.answers[:4], load.answers[0].sent)
    assert [got for *_, got in failures] == [
        "503 too_busy host-1",
        "503 too_busy host-1",
        "503 too_busy host-1",
        "503 from Caddy",
    ]
    assert not releases


def endure(connection):
    """Read to the end, and never answer."""
    with contextlib.suppress(OSError), connection:
        while connection.recv(1 << 16):
            pass


def refuse(connection):
    """Answer with 413 before the body was read."""
    with contextlib.suppress(OSError), connection:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\n\r\n")
        while connection.recv(1 << 16):
            pass


def drop(connection):
    """End the connection without a word."""
    connection.recv(1)
    connection.close()


SLOW = [attacks.slow_body(), attacks.slow_headers(10)]


def test_a_server_that_endures_the_enemy_is_told_from_one_that_does_not():
    with server(endure) as address:
        assert attacks.hold(address, SLOW, 3) == {attacks.NEVER_CUT: 2}
    with server(drop) as address:
        seen = attacks.hold(address, SLOW, 3)
    assert seen[attacks.CUT] > 2 and set(seen) == {attacks.CUT}


def test_every_bomb_meets_the_same_refusal():
    with server(refuse) as address:
        seen = attacks.bombard(address, "a-token", clients=3, seconds=0.1)
    assert set(seen) == {bomb.what for bomb in attacks.bombs()}
    assert {status for counts in seen.values() for status in counts} == {"413"}


@pytest.mark.parametrize("bomb", attacks.bombs(), ids=lambda bomb: bomb.what)
def test_a_bomb_has_the_size_that_its_name_says(bomb):
    megabytes = "MB" in bomb.what and "gzip" not in bomb.what
    assert (len(bomb.body) > 2**20) == megabytes
    assert megabytes or bomb.endless or 2**15 < len(bomb.body) < 2**16


def test_a_foreign_pickle_does_run_a_command(monkeypatch, tmp_path):
    """Else the scene would prove nothing."""
    monkeypatch.setattr(foreign, "EXECUTED", str(tmp_path / "executed"))
    pickle.loads(pickle.dumps(foreign.Command()))
    assert (tmp_path / "executed").exists()


def test_foreign_values_are_written_in_the_protocol_of_redis():
    said = foreign.commands([b"a\nkey"], (b"SET", b"\x00"))
    assert said == (
        b"*2\r\n$3\r\nDEL\r\n$5\r\na\nkey\r\n"
        b"*3\r\n$3\r\nSET\r\n$5\r\na\nkey\r\n$1\r\n\x00\r\n"
    )


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('{"log": "library.security", "event": "throttled"}', "throttled"),
        ('{"log": "library.access", "event": "request"}', ""),
        ('{"level":"info","msg":"using config"}', ""),
        ("[1] [INFO] Booting worker", ""),
        ("3", ""),
    ],
)
def test_lines_of_the_security_log_are_told_from_others(line, event):
    assert watch.event_of(line) == event


EXPECTED = {"401": {10}, "429": {50}}


@pytest.mark.parametrize(
    ("got", "wrong"),
    [
        ({"401": 10, "429": 50}, None),
        ({"401": 21, "429": 39}, "wrong: 401, 429"),
        ({"401": 10, "429": 50, "500": 1}, "wrong: 500"),
        ({}, "guesses: nothing; wrong: 401, 429"),
    ],
)
def test_what_the_enemy_got_is_compared_number_by_number(got, wrong):
    line = outcome.difference("guesses", got, EXPECTED)
    assert line is None if wrong is None else line.endswith(wrong)


def seen(**changes):
    """Return an outcome without a fault, but for the changes."""
    good = {"got": {"guesses": {"401": 10, "429": 50}}, "logged": {"throttled": 1}}
    good |= {"failed": 0, "failures": [], "lost": 0, "kills": {}}
    good |= {"refused": 1, "acknowledged": 1}
    return SimpleNamespace(**good | changes)


SCENE = scenes.Scene(
    "a scene", None, {"guesses": EXPECTED}, logged=("throttled",), refused=("write",)
)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"failed": 1, "failures": [[1.0, "list", 502]]}, "1 failed honest requests"),
        ({"lost": 2}, "2 lost rows"),
        ({"kills": {"web-blue": 3}}, "killed: {'web-blue': 3}"),
        ({"logged": {}}, "the log tells of no throttled"),
        ({"acknowledged": 0}, "nothing was written"),
        ({"refused": 0}, "no honest request was refused"),
        ({"got": {}}, "guesses: nothing"),
    ],
)
def test_each_fault_is_a_line(changes, problem):
    assert outcome.problems(SCENE, seen()) == []
    [line] = outcome.problems(SCENE, seen(**changes))
    assert line.startswith(problem)


def test_every_scene_has_a_name_of_its_own_that_says_enemy():
    names = [scene.name for scene in scenes.SCENES]
    assert len(set(names)) == len(names) == 10
    assert all(name.startswith("enemy: ") for name in names)


def test_only_503_is_a_refusal_and_only_where_the_scene_allows_it():
    refused = Answer("write", sent=0, status=503)
    assert outcome.is_refusal(refused, ("write",))
    assert not outcome.is_refusal(refused, ())
    assert not outcome.is_refusal(Answer("write", sent=0, status=500), ("write",))
    assert not outcome.is_refusal(Answer("list", sent=0, status=503), ("write",))


@pytest.fixture
def played():
    """A siege of one scene, in which one of two honest requests was refused."""
    result = outcome.Outcome(
        name="enemy: a scene",
        began=100,
        ended=110,
        got={"guesses": {"429": 50, "401": 10}},
        sent=2,
        rate=0.2,
        slowest=1.5,
        failed=0,
        refused=1,
        failures=[],
        acknowledged=1,
        lost=0,
        peaks={"web-blue": 200 * 1024**2},
        kills={},
        logged={"throttled": 50},
        problems=[],
    )
    answers = [Answer("write", sent=101, done=102, status=each) for each in (201, 503)]
    return SimpleNamespace(
        outcomes=[result],
        load=SimpleNamespace(answers=answers),
        memory=SimpleNamespace(samples=[(101, "web-blue", 200 * 1024**2)]),
    )


def test_a_siege_alone_is_reported_with_its_own_table_and_picture(played, tmp_path):
    report.write(tmp_path, SimpleNamespace(outcomes=[]), played, {"a fact": 7})
    assert {path.name for path in tmp_path.iterdir()} == {
        *("report.md", "report.json", "seconds.json", "enemy.svg")
    }
    text = (tmp_path / "report.md").read_text()
    assert "| guesses: 401 10, 429 50 | yes " in text and "web-blue 200" in text
    assert "| scenario " not in text and "deploys.svg" not in text
    [scene] = json.loads((tmp_path / "report.json").read_text())["enemy"]
    assert scene["refused"] == 1 and scene["logged"] == {"throttled": 50}


def test_the_picture_shows_each_answer_in_its_second(played, tmp_path):
    report.write(tmp_path, SimpleNamespace(outcomes=[]), played, {})
    [[kind, shown]] = json.loads((tmp_path / "seconds.json").read_text()).items()
    length = int(played.outcomes[0].ended - played.outcomes[0].began)
    second = int(101 - played.outcomes[0].began)
    once = [int(each == second) for each in range(length + 1)]
    assert kind == "enemy" and shown["scenes"] == [["enemy: a scene", 0]]
    assert shown["results"] == {"answered": once, "refused (503)": once}
    assert shown["memory"] == {"web-blue": [[second, 200]]}
    drawn = (tmp_path / "enemy.svg").read_text()
    for word in ("enemy: a scene", "answered", "refused (503)", "web-blue", "minutes"):
        assert f">{word}</text>" in drawn


def test_names_of_scenes_that_begin_together_stand_apart():
    assert pictures.apart([0, 0.1, 5, 5.1, 5.2], 1) == [0, 1, 5, 6, 7]


def test_the_fleet_migrates_with_the_limit_of_ecs(monkeypatch):
    started = []
    monkeypatch.setattr(fleet, "docker", lambda *command: started.append(command))
    fleet.Fleet("a-run").migrate("v2")
    [command] = started
    assert "--env=MIGRATION_STATEMENT_TIMEOUT=1" in command
