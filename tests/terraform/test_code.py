"""The code itself: shape, validity, its own native tests."""

import pytest

ROOTS = ("terraform", "terraform/bootstrap", "terraform/scale-out")


def test_the_rendered_code_is_formatted(baker, terraform):
    project = baker.bake(key_pair_name='a "b" ${c} %{d} \\')
    project.run(terraform, "-chdir=terraform", "fmt", "-check", "-diff", "-recursive")


@pytest.mark.parametrize("folder", ROOTS)
def test_a_root_is_valid_and_passes_its_own_tests(baker, root, folder):
    project = baker.bake()
    one = root(project.path / folder)
    one.run("init", "-no-color", "-backend=false")
    one.run("validate", "-no-color")
    said = one.run("test", "-no-color").stdout
    assert "Success!" in said and " 0 passed" not in said, said
