# terraform test: without an AWS account and without network, AWS is mocked.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  project               = "library"
  aws_region            = "ap-northeast-2"
  key_pair_name         = "library"
  your_ip               = "1.1.1.1"
  github_repository     = "octocat/library"
  github_subject_prefix = "repo:octocat@12/library@34"
  protect_data          = false # or the tests could not clean up
}

run "only_the_owner_may_use_ssh" {
  command = plan

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.ssh : rule.cidr_ipv4] == ["1.1.1.1/32"]
    error_message = "SSH must be open to your_ip alone."
  }

  assert {
    condition     = { for name, rule in aws_vpc_security_group_ingress_rule.web : name => [rule.from_port, rule.to_port] } == { http = [80, 80], https = [443, 443] }
    error_message = "The world may reach ports 80 and 443 and no other."
  }
}

run "without_an_address_ssh_is_closed" {
  command = plan

  variables {
    your_ip = ""
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.ssh) == 0
    error_message = "An empty your_ip must close SSH."
  }
}

run "a_managed_database_is_reached_by_the_server_alone" {
  variables {
    managed_database = true
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.database : [rule.security_group_id, rule.referenced_security_group_id, rule.from_port, rule.to_port]] == [[aws_security_group.database[0].id, aws_security_group.server.id, 5432, 5432]]
    error_message = "The database must be open to the server's group alone, on 5432."
  }

  assert {
    condition     = aws_db_instance.managed[0].storage_encrypted && aws_db_instance.managed[0].publicly_accessible != true
    error_message = "The database must be encrypted and private."
  }

  assert {
    condition     = strcontains(local.host_files["/opt/library/host/terraform.env"], "MANAGED_DATABASE='${aws_db_instance.managed[0].address}'")
    error_message = "The deploy must bring the database's address along."
  }
}

run "what_holds_data_is_protected_and_leaves_a_snapshot" {
  command = plan

  variables {
    managed_database = true
    protect_data     = true
  }

  assert {
    condition     = [terraform_data.protection.input, aws_instance.server.disable_api_termination, aws_db_instance.managed[0].deletion_protection] == [true, true, true]
    error_message = "The stack, its server and its database must be protected."
  }

  assert {
    condition     = aws_ebs_volume.data.final_snapshot && !aws_db_instance.managed[0].skip_final_snapshot
    error_message = "The volume and the database must leave a snapshot behind."
  }
}

run "the_server_gives_no_role_away_and_stores_nothing_in_the_clear" {
  command = plan

  assert {
    condition     = aws_instance.server.metadata_options[0].http_tokens == "required" && aws_instance.server.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv2 must be required, and out of a container's reach."
  }

  assert {
    condition     = aws_instance.server.root_block_device[0].encrypted && aws_ebs_volume.data.encrypted
    error_message = "Both volumes must be encrypted."
  }

  assert {
    condition     = aws_instance.server.credit_specification[0].cpu_credits == "standard"
    error_message = "An unlimited T3 bills what it bursts."
  }
}

run "the_server_may_pull_and_read_its_parameters" {
  assert {
    condition = { for s in data.aws_iam_policy_document.server.statement : s.sid => s.resources if s.effect != "Deny" } == {
      LogInToRegistry   = toset(["*"])
      PullTheImage      = toset([aws_ecr_repository.app.arn])
      ReadTheParameters = toset(["arn:aws:ssm:ap-northeast-2:123456789012:parameter/library/production"])
      SayHowItIs        = toset(["*"])
      WriteTheLogs      = toset(["arn:aws:logs:ap-northeast-2:123456789012:log-group:/library/server:*"])
    }
    error_message = "The server's rights reach further than its registry, its parameters and its logs."
  }

  assert {
    condition     = alltrue([for s in data.aws_iam_policy_document.server.statement : alltrue([for a in s.actions : can(regex("^(ecr:(Get|BatchGet|BatchCheck)|ssm:GetParameter|(cloudwatch:PutMetricData|logs:CreateLogStream|logs:PutLogEvents)$)", a))])])
    error_message = "The server may only read, and say how it is."
  }
}

run "github_may_push_and_run_the_deploy_document" {
  assert {
    condition = { for s in data.aws_iam_policy_document.github[0].statement : s.sid => s.resources } == {
      LogInToRegistry      = toset(["*"])
      PushTheImage         = toset([aws_ecr_repository.app.arn])
      RunTheDeployDocument = toset([aws_ssm_document.deploy.arn, aws_instance.server.arn])
      ReadItsResult        = toset(["*"])
    }
    error_message = "GitHub's rights reach further than one registry, one document and one server."
  }

  assert {
    condition     = !can(regex("\\*", join(" ", flatten([for s in data.aws_iam_policy_document.github[0].statement : tolist(s.actions)]))))
    error_message = "No action may hold a wildcard."
  }
}

# A token gets the role if each condition's claim is among its values, and is there.
run "only_main_in_the_production_environment_of_one_repository_is_trusted" {
  variables {
    genuine = {
      aud = "sts.amazonaws.com"
      sub = "repo:octocat@12/library@34:environment:production"
      ref = "refs/heads/main"
    }
    forged = {
      another_branch      = { ref = "refs/heads/evil" }
      a_branch_like_main  = { ref = "refs/heads/main2" }
      a_tag_called_main   = { ref = "refs/tags/main" }
      a_pull_request      = { sub = "repo:octocat@12/library@34:pull_request", ref = "refs/pull/1/merge" }
      no_environment      = { sub = "repo:octocat@12/library@34:ref:refs/heads/main" }
      another_environment = { sub = "repo:octocat@12/library@34:environment:production2" }
      another_repository  = { sub = "repo:octocat@12/library2@35:environment:production" }
      a_retaken_name      = { sub = "repo:octocat@99/library@98:environment:production" }
      another_audience    = { aud = "https://github.com/octocat" }
      without_a_ref       = { ref = "" }
    }
  }

  assert {
    condition     = alltrue([for c in one(data.aws_iam_policy_document.github_trust[0].statement).condition : c.test == "StringEquals" && length(c.values) == 1])
    error_message = "The trust must equal one value each, and must not match more."
  }

  assert {
    condition     = alltrue([for c in one(data.aws_iam_policy_document.github_trust[0].statement).condition : contains(c.values, var.genuine[split(":", c.variable)[1]])])
    error_message = "The deployment of main must get the role."
  }

  assert {
    condition = [
      for name, claims in var.forged : name
      if alltrue([for c in one(data.aws_iam_policy_document.github_trust[0].statement).condition : contains(c.values, merge(var.genuine, claims)[split(":", c.variable)[1]])])
    ] == []
    error_message = "A token that is not the deployment of main gets the role."
  }
}

run "a_deploy_takes_a_release_tag_and_no_shell" {
  assert {
    condition     = keys(jsondecode(aws_ssm_document.deploy.content).parameters) == ["Tag"]
    error_message = "The document must take a tag and nothing else."
  }

  assert {
    condition = [
      for tag in ["0123abc", "stable", "0123ab", "0123abc; id", "$(id)0123abc", "0123ABC"] :
      can(regex(jsondecode(aws_ssm_document.deploy.content).parameters.Tag.allowedPattern, tag))
    ] == [true, false, false, false, false, false]
    error_message = "Only a commit may pass as a tag."
  }
}

run "without_a_subject_github_gets_no_role" {
  command = plan

  variables {
    github_subject_prefix = ""
  }

  assert {
    condition     = length(aws_iam_role.github) + length(aws_iam_openid_connect_provider.github) == 0
    error_message = "No subject, no role."
  }
}
