resource "aws_sqs_queue" "dead" {
  name                      = "dead-letters"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "work" {
  name                       = "work"
  delay_seconds              = local.second ? 10 : 5
  max_message_size           = 131072
  message_retention_seconds  = 86400
  receive_wait_time_seconds  = 10
  visibility_timeout_seconds = local.second ? 120 : 60
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = local.second ? 5 : 4
  })
  tags = local.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.work.arn]
  })
}

data "aws_iam_policy_document" "work" {
  statement {
    sid       = local.second ? "SendThem" : "Send"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.work.arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com", "sns.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.full.arn, aws_sns_topic.news.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "work" {
  queue_url = aws_sqs_queue.work.id
  policy    = data.aws_iam_policy_document.work.json
}

resource "aws_sqs_queue" "orders" {
  name                        = "orders.fifo"
  fifo_queue                  = true
  content_based_deduplication = !local.second
  deduplication_scope         = local.second ? "queue" : "messageGroup"
  fifo_throughput_limit       = local.second ? "perQueue" : "perMessageGroupId"
}

resource "aws_sqs_queue" "sealed" {
  name                              = "sealed"
  kms_master_key_id                 = aws_kms_key.chest.id
  kms_data_key_reuse_period_seconds = local.second ? 900 : 600
}

resource "aws_sns_topic" "news" {
  name         = "news"
  display_name = local.second ? "All news" : "News"
  delivery_policy = jsonencode({
    http = {
      defaultHealthyRetryPolicy = {
        minDelayTarget     = 20
        maxDelayTarget     = 20
        numRetries         = 3
        numMaxDelayRetries = 0
        numNoDelayRetries  = 0
        numMinDelayRetries = 0
        backoffFunction    = "linear"
      }
      disableSubscriptionOverrides = false
    }
  })
  tags = local.tags
}

resource "aws_sns_topic" "plain" {
  name = "plain"
}

resource "aws_sns_topic" "orders" {
  name                        = "orders.fifo"
  fifo_topic                  = true
  content_based_deduplication = !local.second
}

data "aws_iam_policy_document" "news" {
  statement {
    sid       = local.second ? "PublishIt" : "Publish"
    actions   = ["SNS:Publish"]
    resources = [aws_sns_topic.news.arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "news" {
  arn    = aws_sns_topic.news.arn
  policy = data.aws_iam_policy_document.news.json
}

resource "aws_sns_topic_subscription" "work" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.work.arn
  raw_message_delivery = !local.second
  filter_policy        = jsonencode({ kind = local.second ? ["ship", "tug"] : ["ship"] })
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}

resource "aws_sns_topic_subscription" "body" {
  topic_arn           = aws_sns_topic.plain.arn
  protocol            = "sqs"
  endpoint            = aws_sqs_queue.work.arn
  filter_policy_scope = "MessageBody"
  filter_policy       = jsonencode({ cargo = { weight = [{ numeric = [">", local.second ? 20 : 10] }] } })
}

resource "aws_sns_topic_subscription" "orders" {
  topic_arn = aws_sns_topic.orders.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.orders.arn
}
