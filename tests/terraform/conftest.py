from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from tests.baking import Baker
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
            servers.callback(process.wait, 10)
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
def student(baker, cloud, root):
    """A project as a student has it before the first apply: baked, key pair made."""

    def make(cloud=cloud, **answers):
        answers = {"your_ip": "1.1.1.1", "key_pair_name": "library"} | answers
        region = answers.get("aws_region", cloud.region)
        project = baker.bake(into=region, **answers)
        home = cloud.in_region(region)
        home.client("ec2").create_key_pair(KeyName=answers["key_pair_name"])
        main = root(project.path / "terraform", home).init()
        return SimpleNamespace(project=project, cloud=home, main=main, answers=answers)

    return make


@pytest.fixture(scope="session")
def delivered(once, template, terraform, settings, moto):
    """What one apply would bring to a server, kept as files for all to look at."""

    def build(folder):
        cloud = Cloud(moto)
        cloud.reset()
        cloud.client("ec2").create_key_pair(KeyName="library")
        project = Baker(template, folder).bake()
        env = environment(settings, cloud)
        main = Root(terraform, project.path / "terraform", env).init()
        main.apply(VAR_FILE)
        instance = cloud.the_only_instance()["InstanceId"]
        user_data = cloud.client("ec2").describe_instance_attribute(
            InstanceId=instance, Attribute="userData"
        )["UserData"]["Value"]
        document = cloud.client("ssm").get_document(Name="library-api-deploy")
        (folder / "user-data").write_text(user_data, encoding="utf-8")
        (folder / "document.json").write_text(document["Content"], encoding="utf-8")
        cloud.reset()

    return once("delivered", build)
