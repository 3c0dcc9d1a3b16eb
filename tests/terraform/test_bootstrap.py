"""The state in a bucket: made, moved to, locked, and not lost by a destroy."""

import json

import pytest

PROJECT = ("-var=project=library-api", "-var=aws_region=ap-northeast-2")


@pytest.mark.minutes(1.5)
def test_a_state_moves_to_its_bucket_is_locked_and_not_lost(bake, root, cloud):
    before = cloud.inventory()
    folder = bake().path / "terraform"
    bootstrap = root(folder / "bootstrap").init()
    bootstrap.apply(*PROJECT)
    assert bootstrap.changes(*PROJECT) == {}
    outputs = bootstrap.outputs()
    s3 = cloud.client("s3")
    # It refuses connections without TLS, which is all that the stand-in for S3 has.
    s3.delete_bucket_policy(Bucket=outputs["bucket"])

    # A root of one output stands for the main one: it has a state, and no waiting.
    one = root(folder.parent / "one")
    one.folder.mkdir()
    (one.folder / "main.tf").write_text('output "said" { value = "hello" }\n')
    one.run("init")
    one.apply()
    (one.folder / "backend.tf").write_text(outputs["backend"])
    one.run("init", "-migrate-state", "-force-copy")
    (one.folder / "terraform.tfstate").unlink()
    assert one.outputs() == {"said": "hello"}

    state = s3.get_object(Bucket=outputs["bucket"], Key="production.tfstate")
    assert json.load(state["Body"])["outputs"]["said"]["value"] == "hello"

    s3.put_object(
        Bucket=outputs["bucket"],
        Key="production.tfstate.tflock",
        Body=json.dumps({"ID": "someone-else", "Who": "another student"}),
    )
    refused = one.run("apply", "-auto-approve", check=False)
    assert refused.returncode == 1
    assert "Error acquiring the state lock" in refused.stderr

    refused = bootstrap.run("destroy", "-auto-approve", *PROJECT, check=False)
    assert refused.returncode == 1
    assert "Instance cannot be destroyed" in refused.stderr
    code = bootstrap.folder / "main.tf"
    code.write_text(code.read_text().replace("prevent_destroy = true", ""))
    s3.delete_object(Bucket=outputs["bucket"], Key="production.tfstate.tflock")
    s3.delete_object(Bucket=outputs["bucket"], Key="production.tfstate")
    for kind in ("Versions", "DeleteMarkers"):
        for old in s3.list_object_versions(Bucket=outputs["bucket"]).get(kind, []):
            where = {"Bucket": outputs["bucket"], "Key": old["Key"]}
            s3.delete_object(**where, VersionId=old["VersionId"])
    bootstrap.destroy(*PROJECT)
    assert cloud.inventory() == before
