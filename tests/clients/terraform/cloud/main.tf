# Everything of AWS's that Terraform users make first, against a local endpoint. `wave` 2 changes what can be changed.

terraform {
  required_providers {
    aws = {
      # Written out, for OpenTofu would otherwise look for it in its own registry's name.
      source = "registry.terraform.io/hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "wave" {
  type    = number
  default = 1
}

locals {
  second = var.wave == 2
  tags   = local.second ? { team = "harbour", shift = "night" } : { team = "harbour", port = "home" }
}

# As tflocal writes it into localstack_providers_override.tf.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    dynamodb = var.endpoint
    iam      = var.endpoint
    kms      = var.endpoint
    s3       = var.endpoint
    sns      = var.endpoint
    sqs      = var.endpoint
    sts      = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

output "account" {
  value = data.aws_caller_identity.me.account_id
}
