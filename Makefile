# Everything that a person or CI does with this checkout. Needs make and Python 3.11 or newer; the rest goes into .venv.

VENV ?= .venv
BIN = $(VENV)/bin
RUN_STAMP = $(VENV)/.installed-run
DEV_STAMP = $(VENV)/.installed-dev

# Extra arguments, as in `make up ARGS="--listen-registry :5000"`.
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up test spec check format api docs lock bench peers clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(RUN_STAMP) ## Start Homeport in the foreground (ARGS are its flags)
	@$(BIN)/homeport up $(ARGS)

test: $(DEV_STAMP) ## Run every test (ARGS go to pytest)
	@$(BIN)/python -m pytest $(ARGS)

spec: $(DEV_STAMP) ## Run the wire-level registry suite (ARGS="--endpoint http://host:port" asks another registry)
	@$(BIN)/python -m pytest tests/spec $(ARGS)

check: $(DEV_STAMP) ## Check style, types, imports and generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/write_settings_page.py --check
	$(BIN)/python tools/write_operations_page.py --check
	$(BIN)/python tools/make_api.py --check
	$(BIN)/python tools/write_deploy_files.py --check

format: $(DEV_STAMP) ## Let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

api: $(DEV_STAMP) ## Make the wire models and shapes of AWS's services again, from botocore's models
	$(BIN)/python tools/make_api.py

docs: $(RUN_STAMP) ## Write the pages that are made from the code
	$(BIN)/python tools/write_settings_page.py
	$(BIN)/python tools/write_operations_page.py
	$(BIN)/python tools/write_deploy_files.py

bench: $(DEV_STAMP) ## Measure the registry, or what QUESTION names: sqs_send, sns_publish, ... (ARGS="--help" tells more)
	@$(BIN)/python -m bench.$(or $(QUESTION),registry) $(ARGS)

peers: ## Install other AWS servers into .peers, to be measured by make bench ARGS="--beside-peers"
	@sh tools/install_peers.sh .peers

lock: $(DEV_STAMP) ## Pin every dependency again, at its newest
	sh tools/lock.sh $(VENV)

clean: ## Remove the environment and every cache
	rm -rf $(VENV) .peers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build

$(BIN)/python:
	@sh tools/make_venv.sh $(VENV)

$(RUN_STAMP): $(BIN)/python requirements/run.txt pyproject.toml
	@sh tools/install.sh $(VENV) requirements/run.txt
	@touch $@

$(DEV_STAMP): $(BIN)/python requirements/dev.txt pyproject.toml
	@sh tools/install.sh $(VENV) requirements/dev.txt
	@touch $@ $(RUN_STAMP)
