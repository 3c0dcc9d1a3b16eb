"""The steps of a deployment, with an AWS and a Docker that say what a test wants."""

import base64
import os
from types import SimpleNamespace

import pytest

from ci.release import images, server
from ci.release.command import ReleaseError
from tests.cloud import stand_in

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no sh"),
]

TAG, OTHER = "a" * 40, "b" * 40
SENT = {"Command": {"CommandId": "c-7"}}
ASKED_HOW_IT_GOES = "aws ssm get-command-invocation --command-id c-7 --instance-id i-1"


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "HANDED_OVER", tmp_path / "image.tar")
    return stand_in(tmp_path, monkeypatch)


def went(status, details=None, code=0, output=""):
    """Return what Systems Manager says of a command."""
    return {
        "Status": status,
        "StatusDetails": details or status,
        "ResponseCode": code,
        "StandardOutputContent": output,
        "StandardErrorContent": "",
    }


class TestDeploy:
    """On the server."""

    def deploy(self):
        server.deploy("i-1", "library-deploy", TAG)

    def test_it_sends_the_tag_and_shows_what_the_server_says(self, cloud, capsys):
        unknown = "An error occurred (InvocationDoesNotExist)"
        going = [went(each) for each in ("Pending", "Delayed", "Cancelling")]
        going.append(went("InProgress", output="pulling\n"))
        cloud(SENT, unknown, *going, went("Success", output="pulling\nhealthy\n"))
        self.deploy()
        sent, *others = cloud.asked()
        assert "aws ssm send-command --document-name library-deploy" in sent
        assert f" --instance-ids i-1 --parameters Tag={TAG} " in sent
        assert f" --comment deploy {TAG} --timeout-seconds 120 " in sent
        assert others == [f"{ASKED_HOW_IT_GOES} --output json"] * 6
        said = "Systems Manager runs library-deploy on i-1 (command c-7)"
        assert capsys.readouterr().out == f"{said}\n  pulling\n  healthy\n"

    @pytest.mark.parametrize(
        ("end", "said"),
        [
            (went("Failed", code=3), r"ended with Failed \(exit code 3\)$"),
            (went("TimedOut", "ExecutionTimedOut"), "ended with ExecutionTimedOut"),
            (went("TimedOut", "DeliveryTimedOut"), "i-1 did not take the deploy up"),
            (went("Failed", "Undeliverable"), "in 120 s: is it on"),
        ],
    )
    def test_one_that_failed_says_how(self, cloud, end, said):
        cloud(SENT, went("Delayed"), end)
        with pytest.raises(ReleaseError, match=said):
            self.deploy()

    def test_a_new_server_is_waited_for(self, cloud, capsys):
        cloud("An error occurred (InvalidInstanceId)", SENT, went("Success"))
        self.deploy()
        assert len(cloud.asked()) == 3
        assert "Systems Manager does not know i-1 yet" in capsys.readouterr().out

    def test_but_not_for_ever(self, cloud, monkeypatch):
        monkeypatch.setattr(server, "REGISTRATION_TIMEOUT", -1)
        cloud("An error occurred (InvalidInstanceId)")
        with pytest.raises(ReleaseError, match="InvalidInstanceId"):
            self.deploy()

    @pytest.mark.parametrize("answers", [["AccessDenied"], [SENT, "AccessDenied"]])
    def test_another_error_ends_it(self, cloud, answers):
        cloud(*answers)
        with pytest.raises(ReleaseError, match="AccessDenied"):
            self.deploy()
        assert len(cloud.asked()) == len(answers)

    def test_one_without_an_end_is_given_up(self, cloud, monkeypatch):
        monkeypatch.setattr(server, "DEPLOY_TIMEOUT", 0)
        cloud(SENT)
        with pytest.raises(ReleaseError, match="the deploy did not end within 0 min"):
            self.deploy()


def found(*digests):
    """Return what the registry says of images with these digests."""
    manifest = {"imageManifest": "{}", "imageManifestMediaType": "application/json"}
    images = [manifest | {"imageId": {"imageDigest": each}} for each in digests]
    return {"images": images}


def tagged(*images):
    """Return what the registry says of images with these times and tags."""
    return {
        "imageDetails": [
            {"imagePushedAt": at, "imageTags": tags} for at, tags in images
        ]
    }


class TestImages:
    """In the registry."""

    def test_what_is_there_is_not_pushed_again(self, cloud, capsys):
        cloud(tagged((1, [OTHER]), (2, ["stable", TAG])))
        images.push("library", TAG)
        assert f"the registry has library:{TAG} already" in capsys.readouterr().out
        asked = "aws ecr describe-images --repository-name library "
        assert cloud.asked() == [asked + "--filter tagStatus=TAGGED --output json"]

    def test_the_checked_image_is_pushed_and_no_password_is_shown(self, cloud):
        (cloud.folder / "image.tar").touch()
        token = base64.b64encode(b"AWS:pass:word").decode()
        home = {"authorizationToken": token, "proxyEndpoint": "https://r.example"}
        cloud(tagged(), {"authorizationData": [home]}, {}, {}, {}, {})
        images.push("library", TAG)
        _, token, load, tag, login, push = cloud.asked()
        assert token == "aws ecr get-authorization-token --output json"
        assert load == f"docker load --quiet --input {cloud.folder}/image.tar"
        assert tag == f"docker tag library:ci r.example/library:{TAG}"
        assert login.endswith("login --username AWS --password-stdin r.example")
        assert (cloud.folder / "password").read_text() == "pass:word"
        assert push.endswith(f" push --quiet r.example/library:{TAG}")
        config = SimpleNamespace(login=login.split()[2], push=push.split()[2])
        assert config.login == config.push and not os.path.exists(config.push)

    def test_a_push_that_failed_fails(self, cloud):
        (cloud.folder / "image.tar").touch()
        home = {"authorizationToken": "QTpi", "proxyEndpoint": "https://r.example"}
        cloud(tagged(), {"authorizationData": [home]}, {}, {}, {}, "denied")
        with pytest.raises(ReleaseError, match=r"not be pushed \(exit code 254\)"):
            images.push("library", TAG)

    def test_without_an_image_the_latest_are_named(self, cloud):
        cloud(tagged((1, ["old"]), (3, ["newest", "stable"]), (2, ["newer"])))
        said = rf"no image library:{TAG} \(the latest: newest, newer, old\)"
        with pytest.raises(ReleaseError, match=said):
            images.push("library", TAG)

    def test_what_serves_becomes_stable(self, cloud, capsys):
        cloud(found("sha256:new"), found("sha256:old"), {})
        images.promote("library", TAG)
        one, stable, put = cloud.asked()
        get = "aws ecr batch-get-image --repository-name library --image-ids imageTag="
        assert one == f"{get}{TAG} --output json"
        assert stable == f"{get}stable --output json"
        assert put == (
            "aws ecr put-image --repository-name library --image-tag stable "
            "--image-manifest {} --image-manifest-media-type application/json "
            "--output json"
        )
        assert capsys.readouterr().out == f"stable is {TAG}\n"

    def test_the_first_one_becomes_stable(self, cloud):
        cloud(found("sha256:new"), found(), {})
        images.promote("library", TAG)
        assert len(cloud.asked()) == 3

    def test_what_is_stable_stays_so(self, cloud, capsys):
        cloud(found("sha256:new"), found("sha256:new"))
        images.promote("library", TAG)
        assert capsys.readouterr().out == f"stable is {TAG} already\n"

    def test_the_digest_of_one_that_is_gone_is_an_error(self, cloud):
        cloud(found("sha256:new"), found())
        assert images.digest("library", TAG) == "sha256:new"
        with pytest.raises(ReleaseError, match=f"library:{TAG} is gone"):
            images.digest("library", TAG)
