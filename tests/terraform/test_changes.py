"""What a second plan replaces, and what it must not change."""

import pytest

from tests.terraform import report
from tests.terraform.conftest import VAR_FILE

SERVER = "aws_instance.server"
UPDATE, REPLACE = "update", "replace"


FREE = "-var=protect_data=false"


@pytest.mark.minutes(4)
def test_only_a_new_server_replaces_anything_and_never_its_data(student, subtests):
    one = student()
    nothing, facts = one.cloud.inventory(), {}
    with report.stopwatch(facts, "apply"):
        one.main.apply(VAR_FILE, FREE)
    facts["resources"] = report.resources(one.main)
    see_what_plans_replace(one, subtests)
    with subtests.test("data outlives its server, and as a snapshot even the stack"):
        see_data_outlive_its_server(one)
        with report.stopwatch(facts, "destroy"):
            one.main.destroy(VAR_FILE, FREE)
        left = nothing | {"snapshots": nothing["snapshots"] + 1}
        assert one.cloud.inventory() == left
    report.keep("server", facts)


def see_what_plans_replace(one, subtests):
    def changes(*arguments):
        return one.main.changes("-refresh=false", VAR_FILE, FREE, *arguments)

    with subtests.test("another address updates one rule in place"):
        assert changes("-var", "your_ip=8.8.8.8") == {
            "aws_vpc_security_group_ingress_rule.ssh[0]": UPDATE
        }
        shown = report.diff(one.main, VAR_FILE, FREE, "-var=your_ip=8.8.8.8")
        assert "Plan: 0 to add, 1 to change, 0 to destroy." in shown
        report.keep_text("your-ip.txt", shown)
    with subtests.test("no address takes that rule away"):
        assert changes("-var", "your_ip=") == {
            "aws_vpc_security_group_ingress_rule.ssh[0]": "delete"
        }
    with subtests.test("another size updates the server in place"):
        assert changes("-var", "instance_type=t3.small") == {SERVER: UPDATE}
        assert changes("-var", "instance_type=t2.micro") == {SERVER: UPDATE}
    with subtests.test("a larger volume grows in place"):
        assert changes("-var", "data_volume_gib=20") == {"aws_ebs_volume.data": UPDATE}
    with subtests.test("a smaller volume is refused"):
        said = one.main.refusal(VAR_FILE, FREE, "-var=data_volume_gib=9")
        assert "data_volume_gib is 9, but vol-" in said
        assert "has 10 GiB: a volume can grow, never shrink." in said
    with subtests.test("another region is refused, and nothing is looked up there"):
        said = one.main.refusal(VAR_FILE, FREE, "-var=aws_region=us-east-1")
        assert "everything in this state is in ap-northeast-2" in said
        assert said.count("Error:") == 1
    with subtests.test("a domain reaches the server with the next deploy"):
        assert changes("-var", "domain=api.example.com") == {
            "aws_ssm_document.deploy": UPDATE
        }
    with subtests.test("a changed script reaches the server with the next deploy"):
        script = one.project.path / "terraform/entry/deploy.sh"
        before = script.read_bytes()
        script.write_bytes(before + b"# changed\n")
        assert changes() == {"aws_ssm_document.deploy": UPDATE}
        script.write_bytes(before)
    with subtests.test("a managed database comes beside the server"):
        found = changes("-var", "managed_database=true")
        assert found.pop("aws_ssm_document.deploy") == UPDATE
        assert found["aws_db_instance.managed[0]"] == "create"
        assert set(found.values()) == {"create"}
    with subtests.test("another key pair replaces the server, never its data"):
        one.cloud.client("ec2").create_key_pair(KeyName="other")
        found = changes("-var", "key_pair_name=other")
        assert found.pop(SERVER) == REPLACE
        assert set(found) == {
            "aws_eip_association.server",
            "aws_volume_attachment.data",
        }


def see_data_outlive_its_server(one):
    old, before = one.cloud.the_only_instance(), one.main.outputs()

    one.main.apply(VAR_FILE, FREE, f"-replace={SERVER}")
    new, after = one.cloud.the_only_instance(), one.main.outputs()
    assert new["InstanceId"] != old["InstanceId"]
    assert after["data_volume_id"] == before["data_volume_id"]
    assert after["public_ip"] == before["public_ip"] == new["PublicIpAddress"]
    (volume,) = one.cloud.client("ec2").describe_volumes(
        VolumeIds=[after["data_volume_id"]]
    )["Volumes"]
    assert [a["InstanceId"] for a in volume["Attachments"]] == [new["InstanceId"]]
