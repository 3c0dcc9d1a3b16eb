# The stack exists; what may still change under it?
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  project       = "library"
  aws_region    = "ap-northeast-2"
  key_pair_name = "library"
  your_ip       = "1.1.1.1"
  protect_data  = false # or the tests could not clean up
}

run "make_it" {}

run "a_newer_image_leaves_the_server_alone" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.amazon_linux
    values = { insecure_value = "ami-0fedcba9876543210" }
  }

  assert {
    condition     = aws_instance.server.ami == "ami-0123456789abcdef0"
    error_message = "A newer image must not replace a machine that works."
  }
}

run "a_domain_means_https_and_reaches_the_server_by_its_document" {
  variables {
    domain = "api.example.com"
  }

  assert {
    condition     = output.api_url == "https://api.example.com/api/v1"
    error_message = "With a domain the API is served over HTTPS."
  }

  assert {
    condition     = strcontains(local.host_files["/opt/library/host/terraform.env"], "DOMAIN='api.example.com'")
    error_message = "The deploy must bring the new domain along."
  }

  assert {
    condition     = alltrue([for file in ["deploy.sh", "host/prepare.sh", "terraform/scripts/docker-compose.yml"] : contains(keys(local.host_files), "/opt/library/${file}")])
    error_message = "A script is not delivered."
  }
}

# It would forget the server and all the rest, which would go on costing.
run "another_region_is_refused" {
  command = plan

  variables {
    aws_region = "us-east-1"
  }

  expect_failures = [terraform_data.region]
}

run "a_smaller_volume_is_refused" {
  command = plan

  override_data {
    target = data.aws_ebs_volumes.data
    values = { ids = ["vol-0123456789abcdef0"] }
  }

  override_data {
    target = data.aws_ebs_volume.data
    values = { size = 20, volume_id = "vol-0123456789abcdef0" }
  }

  variables {
    data_volume_gib = 19
  }

  expect_failures = [data.aws_ebs_volume.data]
}

run "a_larger_one_is_planned" {
  command = plan

  override_data {
    target = data.aws_ebs_volumes.data
    values = { ids = ["vol-0123456789abcdef0"] }
  }

  override_data {
    target = data.aws_ebs_volume.data
    values = { size = 20, volume_id = "vol-0123456789abcdef0" }
  }

  variables {
    data_volume_gib = 21
  }

  assert {
    condition     = aws_ebs_volume.data.size == 21
    error_message = "A volume must be able to grow."
  }
}
