resource "aws_elasticache_subnet_group" "this" {
  name       = var.project
  subnet_ids = aws_subnet.private[*].id
}

locals {
  # What each user may do. `library` is the API, with the rights that Compose gives it
  # (scripts/docker-compose.yml). AWS wants a `default`: whoever gives no name. It is off.
  cache_rights = {
    library = "on ~library:* -@all +mget +set +get +del +exists +pttl +decr +time +evalsha +script|load"
    default = "off -@all"
  }
  cache_user_ids = {
    for name in keys(local.cache_rights) : name => "${trimsuffix(substr(var.project, 0, 30), "-")}-${name}"
  }
}

# Provider 5 would write a user's password into the state, so CloudFormation makes the
# users: it gets where the password is, and asks Secrets Manager itself.
resource "aws_cloudformation_stack" "cache_users" {
  name = "${var.project}-cache-users"

  template_body = jsonencode({
    Resources = {
      for name, rights in local.cache_rights : name => {
        Type = "AWS::ElastiCache::User"
        Properties = {
          UserId       = local.cache_user_ids[name]
          UserName     = name
          Engine       = "valkey"
          AccessString = rights
          Passwords    = ["{{resolve:secretsmanager:${local.cache_password_ref}}}"]
        }
      }
    }
  })
}

resource "aws_elasticache_user_group" "this" {
  engine        = "valkey"
  user_group_id = var.project
  user_ids      = values(local.cache_user_ids)

  depends_on = [aws_cloudformation_stack.cache_users]
}

# Valkey's default here is volatile-lru: when it is full, the entries, which expire, make
# room, and the table's stamp, which does not, stays.
resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.project
  description          = "The ${var.project} cache"
  engine               = "valkey"
  engine_version       = "8.0"
  node_type            = "cache.t4g.micro"

  # The API works without it, only slower: one node will do.
  num_cache_clusters         = var.high_availability ? 2 : 1
  automatic_failover_enabled = var.high_availability

  # Only the containers reach it (security.tf), over TLS, as the user `library`.
  user_group_ids             = [aws_elasticache_user_group.this.user_group_id]
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.this["cache"].id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
}
