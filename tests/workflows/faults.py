"""The faults, one at a time: where, how, and the one job that must fail."""

import dataclasses

# All that a job may see of the project. The green play checks out nothing else, so a
# fault outside of it cannot change the job's result, and the job is not played again.
PYTHON = [
    *(".", ":(exclude)terraform", ":(exclude,glob)scripts/*.sh", ":(exclude)Dockerfile")
]
READS = {
    "style": PYTHON,
    "tests": PYTHON,
    # Of the tests it runs those of the migrations.
    "deploy-check": [*PYTHON, ":(exclude,glob)tests/test_[!m]*.py"],
    "terraform": ["Makefile", "ci", "terraform", "scripts", ".env.example"],
    "scripts": ["Makefile", "ci", "lab/rehearsal/host", "scripts", "terraform"],
    "image": [
        *("Makefile", "ci", "Dockerfile", ".dockerignore", "requirements", "manage.py"),
        *("books", "caching", "common", "config", "loans", "scripts", "staticfiles"),
        "users",
    ],
    "report": ["Makefile", "ci"],
    "ready-to-merge": ["ci"],
}
CHECKS = ["style", "tests", "deploy-check", "terraform", "scripts", "image"]


@dataclasses.dataclass(frozen=True)
class Fault:
    """`old` (the file's end, if empty) becomes `new`; the comment must say `told`."""

    name: str
    path: str
    new: str
    job: str
    told: str
    old: str = ""

    def inject(self, project):
        path = project / self.path
        text = path.read_text(encoding="utf-8")
        assert self.old in text, f"{self.path} changed: this fault needs a new place"
        broken = text.replace(self.old, self.new, 1) if self.old else text + self.new
        path.write_text(broken, encoding="utf-8")


FAULTS = [
    Fault(
        "a failing test",
        "tests/test_isbn.py",
        "\n\ndef test_that_two_and_two_are_five():\n    assert 2 + 2 == 5\n",
        job="tests",
        told="**`tests/test_isbn.py::test_that_two_and_two_are_five`**",
    ),
    Fault(
        "a formatting error",
        "config/healthcheck.py",
        "sys.exit( status!=200 )",
        job="style",
        told="### style: black",
        old="sys.exit(status != 200)",
    ),
    Fault(
        "an unsorted import",
        "tests/test_healthcheck.py",
        "import subprocess\nimport socket\n",
        job="style",
        told="### style: isort",
        old="import socket\nimport subprocess\n",
    ),
    Fault(
        "a missing migration",
        "loans/models.py",
        'fields=["book"], condition',
        job="deploy-check",
        told="### deploy-check: no migration is missing",
        old='fields=["user"], condition',
    ),
    Fault(
        "an open SSH rule",
        "terraform/security.tf",
        'cidr_ipv4         = "0.0.0.0/0"',
        job="terraform",
        told="SSH must be open to your_ip alone.",
        old="cidr_ipv4         = local.ssh_cidr",
    ),
    Fault(
        "a bad script",
        "scripts/health-checker.sh",
        "rm -rf $DATA_DIR/old\n",
        job="scripts",
        told="SC2086",
    ),
    Fault(
        "an image that cannot be built",
        "Dockerfile",
        "COPY books-of-magic /app\nUSER 10001\n",
        job="image",
        told="### image: build",
        old="USER 10001\n",
    ),
]

# `job` names all that must go red: the template's tests run in two of its jobs.
OF_THE_TEMPLATE = [
    Fault(
        "a formatting error",
        "demo/table.py",
        "\nNOTHING = ( )\n",
        job="everything",
        told="+NOTHING = ()",
    ),
    Fault(
        "an unsorted import",
        "demo/__main__.py",
        "import sys\nimport os\n",
        job="everything",
        told="Imports are incorrectly sorted",
        old="import os\n",
    ),
    Fault(
        "a bad script",
        ".ci/publish-site",
        "rm -rf $REPOSITORY/old\n",
        job="everything",
        told="SC2086",
    ),
    Fault(
        "an action that is not pinned",
        ".github/workflows/docs.yml",
        "actions/checkout@v7",
        job="everything",
        told="unpinned-uses",
        old="actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
    ),
    Fault(
        "a page that its source outran",
        "docs/en/reference/make.md",
        "By hand.\n",
        job="everything",
        told="assert ['docs/en/reference/make.md'] == []",
    ),
    Fault(
        "a prompt that takes anything",
        "hooks/pre_gen_project.py",
        "    if False:\n",
        job="everything rendering",
        told="test_a_bad_answer_is_refused_in_one_line",
        old="    if not SLUG.fullmatch(answer):\n",
    ),
    Fault(
        "a test that is not there",
        ".github/workflows/ci.yml",
        "tests/test_prompts.py",
        job="rendering",
        told="file or directory not found: tests/test_prompts.py",
        old="tests/test_bake.py",
    ),
]
