# `make sandbox` runs the program against stand-ins for the clouds; `make test` runs every check.
# Each target runs `bin/setup` first, which takes 0.1 s once everything is installed.
PYTHON := .venv/bin/python -I -m
STACKS := production staging dev

.PHONY: sandbox test lint unit engine-tests faults workflows bench mutants docs doctor recover setup clean

sandbox: setup
	@bin/sandbox .venv/bin/python -I sandbox/up.py $(STACKS)
	@bin/sandbox bin/environments

test: lint unit engine-tests

lint: setup
	$(PYTHON) ruff format --check .
	$(PYTHON) ruff check .
	$(PYTHON) mypy
	.venv/bin/python -I .venv/bin/lint-imports --no-logo --no-cache

# Where a shell forbids compiled files, each run would compile the tests again, on both workers: 2 s of 20.
unit: export PYTHONDONTWRITEBYTECODE =
unit: setup
	.venv/bin/python -m pytest -n 2 --dist worksteal tests/unit tests/contract

engine-tests: setup
	.venv/bin/python -m pytest -n 2 --dist worksteal tests/faults tests/engine tests/processes

# Run every case of tests/faults and tests/engine, which takes hours; `test` runs some of them.
faults: export RELAY_FAULTS = full
faults: setup
	.venv/bin/python -m pytest -n 2 tests/faults
	.venv/bin/python -m pytest -n 2 -m full tests/engine

# Not part of `test`: actionlint needs Go, and a machine with the Pulumi CLI does not.
workflows: setup
	@command -v go >/dev/null || { echo "make workflows: actionlint needs Go, which is not on PATH." >&2; exit 1; }
	rm -rf .handoff && bin/handoff .handoff
	cd ops/tools && go tool actionlint ../../.github/workflows/*.yml ../../.handoff/.github/workflows/*.yml
	.venv/bin/zizmor --offline --no-progress --quiet .github .handoff

# Measures for about six minutes and writes docs/performance.md; on a busy machine its figures mean little.
bench: export RELAY_SANDBOX = $(CURDIR)/.sandbox/bench
bench: setup
	@bin/sandbox --reset
	@bin/sandbox .venv/bin/python -m tests.bench

# Makes every small change to infra/ and ops/ that mutmut knows, and names those that no unit test notices: takes hours.
# `make mutants MUTANTS='infra.protection*'` tries some. Not part of `test`.
mutants: setup
	@[ -x .sandbox/tools/bin/mutmut ] || { .venv/bin/python -m venv .sandbox/tools && .sandbox/tools/bin/python -m pip \
	  --quiet install --require-hashes --only-binary :all: -r ops/tools/requirements.lock; }
	@site=$$(.venv/bin/python -c 'import site; print(site.getsitepackages()[0])'); export PYTHONPATH="$$site"; \
	.sandbox/tools/bin/mutmut run $(MUTANTS) && .sandbox/tools/bin/mutmut results

docs: setup
	@bin/docs

doctor:
	@bin/doctor

# STACK reaches the command through the environment: neither make nor the shell evaluates its text.
recover: override export STACK := $(value STACK)
recover:
	@bin/recover "$${STACK:?make recover STACK=staging: name the stack}"

setup:
	@bin/setup

# Removes everything that set-up and tests made, except the engine, whose build takes minutes.
clean:
	rm -rf .venv .handoff mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find bin infra ops sandbox sdks setup tests -name __pycache__ -prune -exec rm -rf {} +
	if [ -d .sandbox ]; then find .sandbox -mindepth 1 -maxdepth 1 ! -name engine -exec rm -rf {} +; fi
