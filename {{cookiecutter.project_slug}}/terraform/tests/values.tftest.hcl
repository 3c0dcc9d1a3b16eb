# What variables refuse, before anything is asked of AWS.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  project           = "library"
  aws_region        = "ap-northeast-2"
  key_pair_name     = "library"
  your_ip           = "1.1.1.1/32"
  github_repository = "octocat/library"
}

run "an_address_with_its_32_is_taken" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_ingress_rule.ssh[0].cidr_ipv4 == "1.1.1.1/32"
    error_message = "1.1.1.1/32 and 1.1.1.1 are the same address."
  }
}

# Each listed variable must fail, so many bad values share one run.
run "none_of_these_is_taken" {
  command = plan

  variables {
    project           = "Library"
    aws_region        = "ap-northeast-2a"
    key_pair_name     = "library.pem"
    your_ip           = "0.0.0.0/0"
    github_repository = "https://github.com/octocat/library"
    domain            = "https://api.example.com"
    data_volume_gib   = 1.5
    budget_email      = "student"
    alarm_email       = "student"
    budget_usd        = 0
    log_days          = 10
  }

  expect_failures = [
    var.project,
    var.aws_region,
    var.key_pair_name,
    var.your_ip,
    var.github_repository,
    var.domain,
    var.data_volume_gib,
    var.budget_email,
    var.alarm_email,
    var.budget_usd,
    var.log_days,
  ]
}


run "nor_a_range_or_somebody_elses_repository" {
  command = plan

  variables {
    project               = "my--library"
    your_ip               = "1.1.1.0/24"
    github_subject_prefix = "repo:mallory@12/library@34"
  }

  expect_failures = [
    var.project,
    var.your_ip,
    var.github_subject_prefix,
  ]
}

run "nor_a_private_address_or_every_repository_of_an_owner" {
  command = plan

  variables {
    your_ip               = "192.168.0.3"
    github_subject_prefix = "repo:octocat/*"
  }

  expect_failures = [
    var.your_ip,
    var.github_subject_prefix,
  ]
}

run "nor_a_number_above_255" {
  command = plan

  variables {
    your_ip = "1.1.1.256"
  }

  expect_failures = [var.your_ip]
}

run "an_arm_server_is_refused" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type.server
    values = { supported_architectures = ["arm64"], memory_size = 2048 }
  }

  expect_failures = [aws_instance.server]
}

run "a_region_without_the_type_is_refused" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type_offerings.server
    values = { locations = [] }
  }

  expect_failures = [aws_subnet.public]
}
