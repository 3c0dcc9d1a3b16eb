"""The code itself: shape, validity, its own native tests, and that those can fail."""

import pytest

ROOTS = ("terraform", "terraform/bootstrap", "terraform/scale-out")
# A mistake in the code, and what a native test says of it.
MISTAKES = {
    'security.tf: cidr_ipv4         = local.ssh_cidr -> cidr_ipv4 = "0.0.0.0/0"': (
        "SSH must be open to your_ip alone."
    ),
    'server.tf: http_tokens                 = "required" -> http_tokens = "optional"': (
        "IMDSv2 must be required"
    ),
    "data_volume.tf: encrypted         = true -> encrypted = false": (
        "Both volumes must be encrypted."
    ),
    "github.tf: :environment:production -> :*": (
        "The deployment of main must get the role."
    ),
    'github.tf: "StringEquals" -> "StringLike"': (
        "The trust must equal one value each, and must not match more."
    ),
    'github.tf: ["refs/heads/main"] -> ["refs/heads/main", "refs/heads/evil"]': (
        "A token that is not the deployment of main gets the role."
    ),
}


def test_the_rendered_code_is_formatted(bake, terraform):
    project = bake(key_pair_name='a "b" ${c} %{d} \\')
    project.run(terraform, "-chdir=terraform", "fmt", "-check", "-diff", "-recursive")


@pytest.mark.minutes(0.3)
@pytest.mark.parametrize("folder", ROOTS)
def test_a_root_is_valid_and_passes_its_own_tests(bake, root, folder):
    one = root(bake().path / folder)
    one.run("init", "-no-color", "-backend=false")
    one.run("validate", "-no-color")
    # A mocked provider breaks on ephemeral resources, so scale-out has no native tests.
    if (one.folder / "tests").is_dir():
        said = one.run("test", "-no-color").stdout
        assert "Success!" in said and " 0 passed" not in said, said


@pytest.mark.minutes(0.2)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_native_test_notices_a_mistake(bake, root, mistake):
    name, _, change = mistake.partition(": ")
    before, _, after = change.partition(" -> ")
    one = root(bake().path / "terraform")
    code = (one.folder / name).read_text()
    assert before in code
    (one.folder / name).write_text(code.replace(before, after))
    one.run("init", "-no-color", "-backend=false")
    done = one.run("test", "-filter=tests/security.tftest.hcl", check=False)
    assert done.returncode == 1
    assert MISTAKES[mistake] in done.stderr
