"""Backups outlive a destroy, unless a person said that they need not."""

import pytest

from tests.terraform.conftest import VAR_FILE

# The rest of the stack would only take time.
BUCKET = ("-target=aws_s3_bucket.backups", VAR_FILE)
LOSE = "-var=keep_backups=false"


@pytest.mark.minutes(0.5)
def test_a_bucket_with_backups_is_destroyed_only_if_that_was_applied(student):
    one = student()
    before = one.cloud.inventory()
    one.main.apply(*BUCKET)
    s3 = one.cloud.client("s3")
    (bucket,) = s3.list_buckets()["Buckets"]
    assert bucket["Name"].startswith("library-api-backups-")
    s3.put_object(Bucket=bucket["Name"], Key="a.tar", Body=b"rows")

    refused = one.main.run("destroy", "-auto-approve", *BUCKET, check=False)
    assert refused.returncode == 1
    assert "BucketNotEmpty" in refused.stderr
    assert s3.get_object(Bucket=bucket["Name"], Key="a.tar")["Body"].read() == b"rows"

    one.main.apply(*BUCKET, LOSE)
    one.main.destroy(*BUCKET, LOSE)
    assert one.cloud.inventory() == before
