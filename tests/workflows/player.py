"""Plays a workflow here: every job's `run:` steps in order, with its services.

What GitHub decides (expressions, conditions, the order of the jobs) is decided here by
the same rules. An unknown key, action or expression is refused, because a skipped step
proves nothing.
"""

import contextlib
import dataclasses
import itertools
import shutil
from pathlib import Path

import yaml

from tests.workflows import actions, expressions
from tests.workflows.platforms import ThisMachine
from tests.workflows.services import serving

WORKFLOW_KEYS = {"name", True, "permissions", "concurrency", "jobs"}  # True: `on`
JOB_KEYS = {
    *("name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "env"),
    *("services", "steps", "outputs", "environment", "concurrency", "uses", "strategy"),
}
STEP_KEYS = {"name", "id", "if", "uses", "with", "run", "env", "continue-on-error"}


@dataclasses.dataclass
class Job:
    """How a job went; `log` is all that it said."""

    result: str
    log: str = ""
    outputs: dict = dataclasses.field(default_factory=dict)
    summary: str = ""


@dataclasses.dataclass
class Machine:
    """What stands in for GitHub and its machines during one play."""

    repository: Path  # the git repository that is checked out
    folder: Path  # the folder of the play's files
    context: dict  # what expressions may ask for: github, vars, secrets, inputs
    environment: dict = dataclasses.field(default_factory=dict)
    credentials: dict = dataclasses.field(default_factory=dict)
    venv: Path | None = None  # the packages, installed already
    reads: dict = dataclasses.field(default_factory=dict)  # job -> files that it sees
    extra: dict = dataclasses.field(default_factory=dict)  # job -> variables
    done: dict = dataclasses.field(default_factory=dict)  # job -> Job, not played again
    choices: int | None = None  # how many of a matrix are played; None: all
    artifacts: Path = None
    platform: object = dataclasses.field(default_factory=ThisMachine)
    # Held while the checked image has its name in the engine, which all plays share.
    engine: object = dataclasses.field(default_factory=contextlib.nullcontext)

    def __post_init__(self):
        self.artifacts = self.artifacts or self.folder / "artifacts"


def play(machine, name):
    """Play a workflow of the repository; return {job: Job}."""
    path = machine.repository / ".github/workflows" / name
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    refuse_unknown(workflow, WORKFLOW_KEYS, name)
    jobs = {}
    for job_id in in_order(workflow["jobs"]):
        behind = ancestors(job_id, workflow["jobs"])
        before = {name: jobs[name] for name in behind}
        jobs[job_id] = play_job(machine, job_id, workflow["jobs"][job_id], before)
    return jobs


def ancestors(job_id, jobs):
    """Return the jobs that a job needs, and all that those need."""
    needs = needs_of(jobs[job_id])
    return needs.union(*(ancestors(name, jobs) for name in needs))


def in_order(jobs):
    """Return the jobs' names so that each comes after those that it needs."""
    left, order = dict(jobs), []
    while left:
        free = [name for name, job in left.items() if needs_of(job) <= set(order)]
        assert free, f"these jobs wait for each other: {', '.join(left)}"
        order.append(free[0])
        del left[free[0]]
    return order


def needs_of(job):
    needs = job.get("needs", [])
    return {needs} if isinstance(needs, str) else set(needs)


def refuse_unknown(holder, known, where):
    strange = set(holder) - known
    assert not strange, f"the player does not know {strange} in {where}"


def play_job(machine, job_id, job, before):
    refuse_unknown(job, JOB_KEYS, job_id)
    if job_id in machine.done:
        return machine.done[job_id]
    needs = {name: before[name] for name in needs_of(job)}
    if not wanted(machine, job, before):
        return Job("skipped", outputs=nothing(job))
    if "uses" in job:
        return play_called(machine, job)
    with serving(job.get("services", {}), machine.venv) as ports:
        played = [
            Playing(machine, job_id, job, needs, ports, chosen).play()
            for chosen in combinations(job, machine.choices)
        ]
    bad = any(one.result == "failure" for one in played)
    return dataclasses.replace(
        played[-1],
        result="failure" if bad else "success",
        log="".join(one.log for one in played),
    )


def combinations(job, most=None):
    """Yield each choice of its matrix's values; one empty choice without a matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    for values in itertools.islice(itertools.product(*matrix.values()), most):
        yield dict(zip(matrix, values, strict=True))


def wanted(machine, job, before):
    """A job runs if all jobs before it succeeded, or if its condition says so."""
    results = {job.result for job in before.values()}
    good = results <= {"success"}
    functions = expressions.functions(lambda: "success" if good else "failure")
    functions["failure"] = lambda: "failure" in results
    table = machine.context | {"needs": as_context(before)} | functions
    return expressions.condition(job.get("if", "success()"), table)


def as_context(needs):
    return {
        name: {"result": job.result, "outputs": job.outputs}
        for name, job in needs.items()
    }


def play_called(machine, job):
    """Play the workflow that a job calls; its result is that of its worst job."""
    jobs = play(machine, Path(job["uses"]).name)
    bad = any(job.result == "failure" for job in jobs.values())
    log = "".join(f"= {name}: {job.result}\n{job.log}" for name, job in jobs.items())
    return Job("failure" if bad else "success", log)


def nothing(job):
    """Return the outputs of a job that was skipped or failed: all are empty."""
    return dict.fromkeys(job.get("outputs", {}), "")


class Playing:
    """One job on its own machine: a workspace, GitHub's files, its own home."""

    def __init__(self, machine, job_id, job, needs, ports, chosen):
        self.machine, self.job_id, self.job = machine, job_id, job
        self.folder = machine.folder / job_id
        shutil.rmtree(self.folder, ignore_errors=True)
        self.workspace = self.folder / "workspace"
        self.workspace.mkdir(parents=True)
        self.make_home()
        self.status = "success"
        self.log = []
        self.outputs = {}
        services = {name: {"ports": ports[name]} for name in ports}
        own = {"needs": as_context(needs), "steps": {}, "job": {"services": services}}
        own["matrix"] = chosen
        workspace = str(machine.platform.inside(self.workspace))
        github = machine.context["github"] | {"workspace": workspace}
        asked = expressions.functions(lambda: self.status)
        self.table = machine.context | asked | own | {"github": github}

    def make_home(self):
        """An empty home, but for Docker's plug-ins: GitHub's machine has them, too."""
        docker = self.folder / "home/.docker"
        docker.mkdir(parents=True)
        plugins = Path.home() / ".docker/cli-plugins"
        if plugins.is_dir():
            (docker / "cli-plugins").symlink_to(plugins)

    def play(self):
        with self.engine(self.job_id == "image"):
            return self.play_steps()

    def engine(self, needed):
        return self.machine.engine if needed else contextlib.nullcontext()

    def play_steps(self):
        for number, step in enumerate(self.job["steps"]):
            refuse_unknown(step, STEP_KEYS, f"{self.job_id}, step {number + 1}")
            if expressions.condition(step.get("if", "success()"), self.table):
                self.play_step(step)
        outputs = nothing(self.job)
        if self.status == "success":
            outputs = self.fill_all(self.job.get("outputs", {}))
        return Job(self.status, "".join(self.log), outputs, self.read("summary"))

    def fill(self, text):
        return expressions.fill(text, self.table)

    def fill_all(self, values):
        return {name: self.fill(value) for name, value in values.items()}

    def play_step(self, step):
        self.log.append(f"# {step.get('name') or step.get('uses') or step['run']}\n")
        if "uses" in step:
            actions.play(self, step["uses"], self.fill_all(step.get("with", {})))
        elif self.run(step) and self.fill(step.get("continue-on-error", "")) != "true":
            self.status = "failure"
        if "id" in step:
            self.table["steps"][step["id"]] = {"outputs": self.read_outputs()}

    def run(self, step):
        """Run a script as GitHub does; return its exit code."""
        assert "${{" not in step["run"], f"an expression inside a script: {step}"
        platform = self.machine.platform
        platform.give(self.folder)
        with self.engine("ci.release push" in step["run"]):
            done = platform.run(
                *("bash", "-e", "-c", step["run"]),
                cwd=platform.inside(self.workspace),
                env=self.environment() | self.fill_all(step.get("env", {})),
            )
        platform.take(self.folder)
        self.log.append(done.stdout)
        return done.returncode

    def environment(self):
        folder = self.machine.platform.inside(self.folder)
        github = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_WORKSPACE": str(folder / "workspace"),
            "HOME": str(folder / "home"),
        }
        github |= self.machine.environment | self.machine.credentials
        github |= self.machine.extra.get(self.job_id, {})
        return github | self.fill_all(self.job.get("env", {}))

    def show(self, *command):
        """Run a program that the job must have; return what it says."""
        platform = self.machine.platform
        place = platform.inside(self.workspace)
        platform.give(self.folder)
        done = platform.run(*command, cwd=place, env=self.machine.environment)
        platform.take(self.folder)
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout

    def read(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def read_outputs(self):
        lines = self.read("output").splitlines()
        return dict(line.split("=", 1) for line in lines)
