resource "aws_elasticache_subnet_group" "this" {
  name       = var.project
  subnet_ids = aws_subnet.private[*].id
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

  # No auth token: provider 5 has no write-only argument for it, so it would lie in the
  # state. Only the containers reach the cache (security.tf), over TLS.
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.this["cache"].id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
}
