resource "aws_ecr_repository" "app" {
  name = var.project

  # Mutable, knowingly: the deployment moves `stable`. A release's own tag, its commit,
  # is pushed once and never again, and only the deployment's role may push at all.
  # Provider 6 can exempt one tag from IMMUTABLE; until then this is the price.
  image_tag_mutability = "MUTABLE"
  force_delete         = true # terraform destroy takes the images along

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "app" {
  repository = aws_ecr_repository.app.name

  policy = jsonencode({
    rules = [
      {
        # What this rule matches, no later rule can expire, however old it grows.
        rulePriority = 1
        description  = "stable stays"
        selection = {
          tagStatus      = "tagged"
          tagPatternList = ["stable"]
          countType      = "imageCountMoreThan"
          countNumber    = 1
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Keep the last ten"
        selection = {
          tagStatus   = "any"
          countType   = "imageCountMoreThan"
          countNumber = 10
        }
        action = { type = "expire" }
      },
    ]
  })
}
