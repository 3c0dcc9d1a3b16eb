output "bucket" {
  description = "Where the state is kept."
  value       = aws_s3_bucket.state.bucket
}

output "backend" {
  description = "terraform -chdir=bootstrap output -raw backend > backend.tf, then: terraform init -migrate-state"
  value       = <<-EOT
    terraform {
      backend "s3" {
        bucket       = "${aws_s3_bucket.state.bucket}"
        key          = "production.tfstate"
        region       = "${var.aws_region}"
        encrypt      = true
        use_lockfile = true
      }
    }
  EOT
}
