resource "aws_s3_bucket" "plain" {
  bucket = "plain-pictures"
}

resource "aws_s3_bucket" "full" {
  bucket        = "harbour-pictures"
  force_destroy = true
  tags          = local.tags
}

resource "aws_s3_bucket_versioning" "full" {
  bucket = aws_s3_bucket.full.id
  versioning_configuration {
    status = local.second ? "Suspended" : "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "full" {
  bucket = aws_s3_bucket.full.id

  rule {
    id     = "everything"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
    noncurrent_version_expiration {
      noncurrent_days           = local.second ? 60 : 30
      newer_noncurrent_versions = 3
    }
  }

  rule {
    id     = "logs"
    status = "Enabled"
    filter {
      and {
        prefix = "logs/"
        tags   = { keep = "no" }
      }
    }
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    expiration {
      days = local.second ? 120 : 90
    }
  }

  rule {
    id     = "large"
    status = "Disabled"
    filter {
      object_size_greater_than = 1048576
    }
    expiration {
      expired_object_delete_marker = true
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "full" {
  bucket = aws_s3_bucket.full.id
  cors_rule {
    id              = "pages"
    allowed_methods = ["GET", "PUT"]
    allowed_origins = local.second ? ["https://example.com", "https://example.org"] : ["https://example.com"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3000
  }
  cors_rule {
    allowed_methods = ["HEAD"]
    allowed_origins = ["*"]
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "full" {
  bucket = aws_s3_bucket.full.id
  rule {
    bucket_key_enabled = local.second
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.chest.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "full" {
  bucket                  = aws_s3_bucket.full.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = local.second
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "full" {
  bucket = aws_s3_bucket.full.id
  rule {
    object_ownership = local.second ? "BucketOwnerPreferred" : "BucketOwnerEnforced"
  }
}

data "aws_iam_policy_document" "full" {
  statement {
    sid       = local.second ? "ReadThem" : "Read"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.full.arn, "${aws_s3_bucket.full.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
}

resource "aws_s3_bucket_policy" "full" {
  bucket = aws_s3_bucket.full.id
  policy = data.aws_iam_policy_document.full.json
  # Both change the bucket's policy state, and AWS refuses that at the same time.
  depends_on = [aws_s3_bucket_public_access_block.full]
}

resource "aws_s3_bucket_notification" "full" {
  bucket = aws_s3_bucket.full.id
  queue {
    id            = "arrivals"
    queue_arn     = aws_sqs_queue.work.arn
    events        = local.second ? ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"] : ["s3:ObjectCreated:*"]
    filter_prefix = "in/"
    filter_suffix = ".png"
  }
  topic {
    topic_arn     = aws_sns_topic.news.arn
    events        = ["s3:ObjectRemoved:Delete"]
    filter_prefix = "out/"
  }
}

resource "aws_s3_bucket_website_configuration" "plain" {
  bucket = aws_s3_bucket.plain.id
  index_document {
    suffix = "index.html"
  }
  error_document {
    key = local.second ? "lost.html" : "error.html"
  }
  routing_rule {
    condition {
      key_prefix_equals = "docs/"
    }
    redirect {
      replace_key_prefix_with = "documents/"
    }
  }
}

resource "aws_s3_bucket_logging" "plain" {
  bucket        = aws_s3_bucket.plain.id
  target_bucket = aws_s3_bucket.full.id
  target_prefix = local.second ? "log/" : "logs/"
}

resource "aws_s3_object" "letter" {
  bucket        = aws_s3_bucket.full.id
  key           = "letters/a letter.txt"
  content       = local.second ? "another text" : "text"
  content_type  = "text/plain"
  cache_control = "max-age=60"
  metadata      = { author = "captain" }
  tags          = local.tags
  depends_on    = [aws_s3_bucket_versioning.full, aws_s3_bucket_server_side_encryption_configuration.full]
}

resource "aws_s3_object" "empty" {
  bucket = aws_s3_bucket.plain.id
  key    = "empty"
}
