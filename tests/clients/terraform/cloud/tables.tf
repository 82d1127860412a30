resource "aws_dynamodb_table" "ships" {
  name                        = "ships"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  deletion_protection_enabled = false
  tags                        = local.tags

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "gone"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = !local.second
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.chest.arn
  }
}

resource "aws_dynamodb_table" "visits" {
  name           = "visits"
  billing_mode   = "PROVISIONED"
  read_capacity  = local.second ? 4 : 2
  write_capacity = 2
  hash_key       = "ship"
  range_key      = "day"
  table_class    = local.second ? "STANDARD_INFREQUENT_ACCESS" : "STANDARD"

  attribute {
    name = "ship"
    type = "S"
  }
  attribute {
    name = "day"
    type = "N"
  }
  attribute {
    name = "port"
    type = "S"
  }
  attribute {
    name = "cargo"
    type = "B"
  }

  local_secondary_index {
    name               = "by-cargo"
    range_key          = "cargo"
    projection_type    = "INCLUDE"
    non_key_attributes = ["weight"]
  }

  global_secondary_index {
    name            = "by-port"
    hash_key        = "port"
    range_key       = "day"
    projection_type = "ALL"
    read_capacity   = local.second ? 3 : 1
    write_capacity  = 1
  }

  dynamic "global_secondary_index" {
    for_each = local.second ? ["by-day"] : []
    content {
      name            = global_secondary_index.value
      hash_key        = "day"
      projection_type = "KEYS_ONLY"
      read_capacity   = 1
      write_capacity  = 1
    }
  }
}

resource "aws_dynamodb_table_item" "ship" {
  table_name = aws_dynamodb_table.ships.name
  hash_key   = aws_dynamodb_table.ships.hash_key
  item = jsonencode({
    id    = { S = "a1" }
    name  = { S = local.second ? "Gull" : "Heron" }
    crew  = { N = "12" }
    ports = { SS = ["Bergen", "Cork"] }
    open  = { BOOL = true }
    log   = { L = [{ M = { day = { N = "1" }, none = { NULL = true } } }] }
  })
}
