# What a mocked AWS answers where made-up text would not do.
mock_data "aws_ec2_instance_type_offerings" {
  defaults = { locations = ["ap-northeast-2c", "ap-northeast-2a"] }
}

mock_data "aws_ec2_instance_type" {
  defaults = {
    supported_architectures = ["x86_64"]
    memory_size             = 1024
  }
}

mock_data "aws_ssm_parameter" {
  defaults = { insecure_value = "ami-0123456789abcdef0" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:ap-northeast-2:123456789012:repository/library"
    repository_url = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/library"
  }
}

mock_resource "aws_ebs_volume" {
  defaults = { id = "vol-0123456789abcdef0" }
}

mock_resource "aws_eip" {
  defaults = { public_ip = "198.51.100.1" }
}

mock_resource "aws_instance" {
  defaults = {
    id  = "i-0123456789abcdef0"
    arn = "arn:aws:ec2:ap-northeast-2:123456789012:instance/i-0123456789abcdef0"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/library/server" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:ap-northeast-2:123456789012:library-alarms" }
}

mock_resource "aws_ssm_document" {
  defaults = { arn = "arn:aws:ssm:ap-northeast-2:123456789012:document/library-deploy" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/library" }
}

mock_resource "aws_iam_openid_connect_provider" {
  defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
}

mock_data "aws_availability_zones" {
  defaults = { names = ["ap-northeast-2c", "ap-northeast-2a"] }
}

mock_resource "aws_db_instance" {
  defaults = {
    address            = "library-server.example.ap-northeast-2.rds.amazonaws.com"
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:rds" }]
  }
}
