data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = local.second ? ["ec2.amazonaws.com", "lambda.amazonaws.com"] : ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    actions   = local.second ? ["s3:GetObject", "s3:ListBucket"] : ["s3:GetObject"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "sailor" {
  name                 = "sailor"
  path                 = "/crew/"
  description          = local.second ? "sails far" : "sails"
  max_session_duration = local.second ? 7200 : 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  tags                 = local.tags
}

resource "aws_iam_policy" "read" {
  name        = "read"
  description = "reads"
  policy      = data.aws_iam_policy_document.read.json
  tags        = local.tags
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.sailor.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy_attachment" "managed" {
  role       = aws_iam_role.sailor.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "inline" {
  name   = "inline"
  role   = aws_iam_role.sailor.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_instance_profile" "sailor" {
  name = "sailor"
  role = aws_iam_role.sailor.name
  tags = local.tags
}

resource "aws_iam_user" "captain" {
  name          = "captain"
  path          = local.second ? "/bridge/" : "/"
  force_destroy = true
  tags          = local.tags
}

resource "aws_iam_user_policy_attachment" "read" {
  user       = aws_iam_user.captain.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_access_key" "captain" {
  user   = aws_iam_user.captain.name
  status = local.second ? "Inactive" : "Active"
}

resource "aws_iam_group" "crew" {
  name = "crew"
}

resource "aws_iam_user_group_membership" "captain" {
  user   = aws_iam_user.captain.name
  groups = [aws_iam_group.crew.name]
}
