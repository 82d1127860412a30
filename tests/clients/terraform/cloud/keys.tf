resource "aws_kms_key" "chest" {
  description             = local.second ? "the other chest" : "the chest"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = local.second ? 180 : 90
  tags                    = local.tags
}

resource "aws_kms_key" "policed" {
  description             = "with a policy"
  deletion_window_in_days = 7
  is_enabled              = !local.second
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Owner"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "chest" {
  name          = "alias/chest"
  target_key_id = local.second ? aws_kms_key.policed.key_id : aws_kms_key.chest.key_id
}
