# The stack exists; what may still change under it?
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  project       = "library"
  aws_region    = "ap-northeast-2"
  key_pair_name = "library"
  your_ip       = "1.1.1.1"
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
