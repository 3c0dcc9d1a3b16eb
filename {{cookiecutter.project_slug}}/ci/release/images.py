"""A commit's image: pushed as it passed the checks, tagged `stable` once it serves."""

import base64
import tempfile
from typing import Any

from ci import PROJECT
from ci.checks import IMAGE
from ci.release.command import ReleaseError, aws, run, say, stream

# Where integration.yml saves the image that it has checked.
HANDED_OVER = PROJECT / "build" / "image.tar"
NAMES_SHOWN = 10


def push(repository: str, tag: str) -> None:
    """Push the image that was checked, unless the registry has the tag.

    A tag to go back to is in the registry already. Raises ReleaseError if there is
    neither the tag nor a checked image.
    """
    known = _tags(repository)
    if tag in known:
        say(f"the registry has {repository}:{tag} already")
    elif HANDED_OVER.is_file():
        _push_handed_over(repository, tag)
    else:
        latest = ", ".join(known[:NAMES_SHOWN]) or "none"
        raise ReleaseError(
            f"there is no image {repository}:{tag} (the latest: {latest}), and the "
            "checks handed none over; after a push: run all jobs again"
        )


def _tags(repository: str) -> list[str]:
    """Return the tags in the registry, the latest first."""
    command = ("ecr", "describe-images", "--repository-name", repository)
    images = aws(*command, "--filter", "tagStatus=TAGGED")["imageDetails"]
    images.sort(key=lambda image: str(image.get("imagePushedAt")), reverse=True)
    return [tag for image in images for tag in image["imageTags"] if tag != "stable"]


def _push_handed_over(repository: str, tag: str) -> None:
    """Push the image that the checks saved, without storing the registry's password."""
    login = aws("ecr", "get-authorization-token")["authorizationData"][0]
    user, _, password = base64.b64decode(login["authorizationToken"]).partition(b":")
    registry = login["proxyEndpoint"].removeprefix("https://")
    name = f"{registry}/{repository}:{tag}"
    run("docker", "load", "--quiet", "--input", str(HANDED_OVER))
    run("docker", "tag", IMAGE, name)
    with tempfile.TemporaryDirectory() as config:
        docker = ("docker", "--config", config)
        credentials = ("--username", user.decode(), "--password-stdin", registry)
        run(*docker, "login", *credentials, stdin=password.decode())
        if code := stream(*docker, "push", "--quiet", name):
            raise ReleaseError(f"the image could not be pushed (exit code {code})")


def promote(repository: str, tag: str) -> None:
    """Tag the image as `stable`, too; raise ReleaseError if it is gone."""
    image = _image(repository, tag)
    stable = _find(repository, "stable")
    if stable and stable["imageId"]["imageDigest"] == image["imageId"]["imageDigest"]:
        say(f"stable is {tag} already")
        return
    command = ("--repository-name", repository, "--image-tag", "stable")
    manifest = ("--image-manifest", image["imageManifest"])
    kind = ("--image-manifest-media-type", image["imageManifestMediaType"])
    aws("ecr", "put-image", *command, *manifest, *kind)
    say(f"stable is {tag}")


def digest(repository: str, tag: str) -> str:
    """Return an image's digest; raise ReleaseError if it is gone."""
    return str(_image(repository, tag)["imageId"]["imageDigest"])


def _image(repository: str, tag: str) -> Any:
    if image := _find(repository, tag):
        return image
    raise ReleaseError(f"{repository}:{tag} is gone from the registry")


def _find(repository: str, tag: str) -> Any:
    """Return what the registry knows of an image; None if it is not there."""
    command = ("ecr", "batch-get-image", "--repository-name", repository)
    return next(iter(aws(*command, "--image-ids", f"imageTag={tag}")["images"]), None)
