resource "aws_lb" "this" {
  name               = trimsuffix(substr(var.project, 0, 32), "-")
  load_balancer_type = "application"
  subnets            = aws_subnet.public[*].id
  security_groups    = [aws_security_group.this["balancer"].id]

  # AWS's own. KEEP_ALIVE_SECONDS (service.tf) is longer.
  idle_timeout = 60

  drop_invalid_header_fields = true
}

resource "aws_lb_target_group" "app" {
  name_prefix = "app-"
  port        = 8000
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = aws_vpc.this.id

  # Longer than the slowest request: what is under way gets its answer.
  deregistration_delay = 30

  health_check {
    path    = "/api/v1/common/health-check"
    matcher = "200,503" # 503: no database. ECS replaces what fails here, and that would not help
    # A container that is gone gets requests until it has failed twice: after 10 seconds at
    # most, and 4 more if it does not even refuse the connection.
    # Longer than a connection to the database may take (config/environment.py), and all
    # that ask meanwhile get the same answer (config/health.py): so one that drops packets
    # fails one check, and two are needed.
    # `make rehearse ARGS="--only hosts"` reads these.
    interval = 5
    timeout  = 4

    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.app.arn
  }
}

# For the containers' own network only: how much the API is used is nobody's business.
resource "aws_lb_listener_rule" "no_metrics" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 1

  condition {
    path_pattern {
      values = ["/metrics", "/metrics/*"]
    }
  }

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}
