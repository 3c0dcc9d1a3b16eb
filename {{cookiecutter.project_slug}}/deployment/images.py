"""The image of a commit: built once, pushed once; `stable` is what proved healthy."""

import base64
import tempfile

from deployment.command import Refused, aws, run, say, stream

NAMES_SHOWN = 10
# With a note on how it was made one push is three images for ECR, and "the last ten"
# would be three. Older builders make no such note, and know no flag against it.
ONE_IMAGE = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def push(repository, tag, may_build):
    """See to it that the registry has the tag; build it if that is allowed.

    A tag to go back to must be there already: its commit's code is not checked out.
    """
    if tag in tags(repository):
        say(f"the registry has {repository}:{tag} already")
        return
    if not may_build:
        known = ", ".join(tags(repository)[:NAMES_SHOWN]) or "none"
        raise Refused(f"there is no image {repository}:{tag}; the latest: {known}")
    build_and_push(repository, tag)


def tags(repository):
    """Return the tags in the registry, those pushed last first."""
    command = ("ecr", "describe-images", "--repository-name", repository)
    images = aws(*command, "--filter", "tagStatus=TAGGED")["imageDetails"]
    images.sort(key=lambda image: str(image.get("imagePushedAt")), reverse=True)
    return [tag for image in images for tag in image["imageTags"] if tag != "stable"]


def build_and_push(repository, tag):
    """Build the commit that is checked out; the registry's password is forgotten."""
    login = aws("ecr", "get-authorization-token")["authorizationData"][0]
    user, _, password = base64.b64decode(login["authorizationToken"]).partition(b":")
    registry = login["proxyEndpoint"].removeprefix("https://")
    name = f"{registry}/{repository}:{tag}"
    build = ("docker", "build", "--build-arg", f"RELEASE={tag}", "--tag", name, ".")
    if code := stream(*build, **ONE_IMAGE):
        raise Refused(f"the image could not be built (exit code {code})")
    with tempfile.TemporaryDirectory() as config:
        docker = ("docker", "--config", config)
        credentials = ("--username", user.decode(), "--password-stdin", registry)
        run(*docker, "login", *credentials, stdin=password.decode())
        if code := stream(*docker, "push", "--quiet", name):
            raise Refused(f"the image could not be pushed (exit code {code})")


def promote(repository, tag):
    """Let `stable` name the same image as the tag."""
    command = ("--repository-name", repository)
    found = aws("ecr", "batch-get-image", *command, "--image-ids", f"imageTag={tag}")
    if not found["images"]:
        raise Refused(f"{repository}:{tag} is gone from the registry")
    image = found["images"][0]
    if tag_is("stable", image["imageId"]["imageDigest"], repository):
        say(f"stable is {tag} already")
        return
    manifest = ("--image-manifest", image["imageManifest"])
    kind = ("--image-manifest-media-type", image["imageManifestMediaType"])
    aws("ecr", "put-image", *command, "--image-tag", "stable", *manifest, *kind)
    say(f"stable is {tag}")


def tag_is(tag, digest, repository):
    command = ("ecr", "batch-get-image", "--repository-name", repository)
    images = aws(*command, "--image-ids", f"imageTag={tag}")["images"]
    return any(image["imageId"]["imageDigest"] == digest for image in images)
