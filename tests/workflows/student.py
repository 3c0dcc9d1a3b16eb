"""A student's computer, with stand-ins for what only GitHub and AWS have.

GitHub is a folder of bare repositories, and a `gh` that knows what the page "Your first
deploy" asks of it. AWS is moto's: `terraform` and `aws` are the real ones.
"""

import shutil

from tests.baking import succeed

NAME = "minakim/library-api"
# As repositories are called since July 2026, with numbers.
PREFIX = "repo:minakim@12/library-api@345"
GH = f"""set -eu
case "$*" in
"repo create {NAME} --private")
  git init --quiet --bare --initial-branch main "$GITHUB/{NAME}.git" ;;
"api repos/{NAME}/actions/oidc/customization/sub --jq .sub_claim_prefix")
  echo {PREFIX} ;;
"variable set --env-file -") cat > "$GITHUB/variables" ;;
"variable list --json name --jq .[].name") cut -d= -f1 "$GITHUB/variables" ;;
"variable delete $3") sed -i "/^$3=/d" "$GITHUB/variables" ;;
"workflow run deployment.yml -f $5") echo "${{5#tag=}}" >> "$GITHUB/asked" ;;
*) echo "gh: nobody plays: $*" >&2; exit 1 ;;
esac"""
# A person reads the plan, and types `yes`.
TERRAFORM = """case " $* " in
*" apply "*|*" destroy "*) echo yes | {program} "$@" ;;
*) exec {program} "$@" ;;
esac"""
# Whatever the address that AWS gave the server: it is on this machine.
CURL = 'exec {program} --noproxy "*" --connect-to "::127.0.0.1:{port}" "$@"'


class GitHub:
    """What the commands leave at GitHub, kept under `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.main = ""
        folder.mkdir()
        (folder / "variables").touch()
        (folder / "asked").touch()

    def variables(self):
        """Return the repository's variables, {name: value}."""
        lines = (self.folder / "variables").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def clone(self, folder):
        """Check `main` out into a folder."""
        bare = self.folder / f"{NAME}.git"
        succeed("git", "clone", "--quiet", bare, folder, cwd=self.folder)
        return folder

    def begun(self):
        """Return the runs begun since the last call: a tag each, or "" for a push."""
        asked = self.folder / "asked"
        runs = asked.read_text().split()
        asked.write_text("")
        branch = self.folder / f"{NAME}.git/refs/heads/main"
        main = branch.read_text() if branch.exists() else ""
        if main != self.main:
            runs.append("")
        self.main = main
        return runs


def furnish(sandbox, github, tool, port):
    """Give the student the programs, and git's way to GitHub; `port`: the server's."""
    ways = f'[url "{github.folder}/"]\n\tinsteadOf = https://github.com/\n'
    (sandbox.home / ".gitconfig").write_text(ways)
    sandbox.program("gh", f"GITHUB={github.folder}\n{GH}")
    sandbox.program("terraform", TERRAFORM.format(program=tool("terraform")))
    sandbox.program("curl", CURL.format(program=shutil.which("curl"), port=port))
