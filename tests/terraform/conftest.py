import json
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from tests.baking import run, succeed
from tests.layers import leave_out
from tests.terraform.cloud import Cloud, start_server
from tests.terraform.roots import Root, environment, write_settings

VAR_FILE = "-var-file=prod.tfvars"


@pytest.fixture(scope="session")
def terraform(tool):
    return tool("terraform")


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    """Open another AWS account: a server of moto's."""
    with ExitStack() as servers:

        def open_account():
            log = open(tmp_path_factory.mktemp("moto") / "moto.log", "wb")
            process, url = start_server(servers.enter_context(log))
            servers.callback(process.wait, 60)
            servers.callback(process.terminate)
            return url

        yield open_account


@pytest.fixture(scope="session")
def moto(account):
    return account()


@pytest.fixture
def cloud(moto):
    """An AWS without anything in it."""
    cloud = Cloud(moto)
    cloud.reset()
    return cloud


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return write_settings(tmp_path_factory.mktemp("terraform"))


@pytest.fixture
def root(terraform, settings, cloud):
    """Make a root of Terraform code out of a folder."""

    def make(folder, cloud=cloud):
        return Root(terraform, folder, environment(settings, cloud))

    return make


@pytest.fixture
def student(bake, cloud, root):
    """A project as a student has it before the first apply: baked, key pair made."""

    def make(cloud=cloud, **answers):
        answers = {"your_ip": "1.1.1.1", "key_pair_name": "library"} | answers
        region = answers.get("aws_region", cloud.region)
        project = bake(**answers)
        home = cloud.in_region(region)
        home.client("ec2").create_key_pair(KeyName=answers["key_pair_name"])
        main = root(project.path / "terraform", home).init()
        return SimpleNamespace(project=project, cloud=home, main=main, answers=answers)

    return make


@pytest.fixture(scope="session")
def delivered(once, bake_into, terraform, settings, moto):
    """The files that one apply would bring to a server, for all tests to read."""

    def build(folder):
        cloud = Cloud(moto)
        cloud.reset()
        project = bake_into(folder)
        for name in ("scripts/token", "terraform/entry/dump", "terraform/host/a.pem"):
            (project.path / name).write_text("private", encoding="utf-8")
        env = environment(settings, cloud)
        main = Root(terraform, project.path / "terraform", env).init()
        # Only what the document needs, and so all that the user data is made of.
        main.apply(VAR_FILE, "-target=aws_ssm_document.deploy")
        document = cloud.client("ssm").get_document(Name="library-api-deploy")
        (folder / "document.json").write_text(document["Content"], encoding="utf-8")
        user_data = json.loads(main.console("local.user_data", VAR_FILE))
        (folder / "user-data").write_text(user_data, encoding="utf-8")
        cloud.reset()

    return once("delivered", build)


@pytest.fixture(scope="session")
def cloud_init_schema(once):
    """What cloud-init itself checks a cloud-config against, from Debian's package."""

    def fetch(folder):
        folder.mkdir()
        fetched = run("apt-get", "download", "cloud-init", cwd=folder)
        if fetched.returncode:
            leave_out(fetched.stdout)
        (package,) = folder.glob("*.deb")
        succeed("dpkg-deb", "--extract", package, folder, cwd=folder)

    folder = once("cloud-init", fetch)
    (schema,) = folder.rglob("schema-cloud-config-v1.json")
    return json.loads(schema.read_text())
