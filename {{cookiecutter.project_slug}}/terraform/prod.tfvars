# Your answers. Change them here, then: terraform apply -var-file=prod.tfvars
project           = "{{ cookiecutter.project_slug }}"
aws_region        = "{{ cookiecutter.aws_region }}"
key_pair_name     = "{{ cookiecutter.key_pair_name | replace('\\', '\\\\') | replace('"', '\\"') | replace('${', '$${') | replace('%{', '%%{') }}"
your_ip           = "{{ cookiecutter.your_ip }}" # "" closes SSH
github_repository = "{{ cookiecutter.github_repository }}"

# Gives GitHub the right to deploy. The value is what this prints:
#   gh api repos/{{ cookiecutter.github_repository }}/actions/oidc/customization/sub --jq .sub_claim_prefix
# github_subject_prefix = "repo:owner@123/name@456"

# AWS writes to you when the month nears this.
# budget_email = "you@example.com"
# budget_usd   = 20

# CloudWatch writes to you when the server is unwell (alarms.tf).
# alarm_email = "you@example.com"

# CloudWatch keeps the containers' logs for so many days. 0: they stay on the server alone.
# log_days = 14

# HTTPS by itself, once the domain's A record is what `terraform output public_ip` says.
# domain = "api.example.com"
