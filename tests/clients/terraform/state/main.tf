# The state of a configuration kept in a bucket, and locked there and in a table: Terraform's own client, no provider.

terraform {
  backend "s3" {
    bucket                      = "states"
    key                         = "ship/terraform.tfstate"
    region                      = "us-east-1"
    access_key                  = "test"
    secret_key                  = "test"
    encrypt                     = true
    use_lockfile                = true
    dynamodb_table              = "locks"
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
  }
}

variable "wave" {
  type    = number
  default = 1
}

resource "terraform_data" "ship" {
  input = "wave ${var.wave}"
}

output "ship" {
  value = terraform_data.ship.output
}
