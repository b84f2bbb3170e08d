# `make` alone lists what there is. Everything runs in .venv, which `make run` and `make test` make for themselves.
.DEFAULT_GOAL := help
.PHONY: help install dev run test lint types layers migrations pytest fuzz format shell train clean
bin := .venv/bin

help: ## List the targets (this).
	@grep -hE '^[a-z]+:.* ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.* ## (.*)/\1|\2/' | while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

install: ## Make .venv and install the pinned requirements, if they have changed.
	@scripts/venv.sh requirements.txt

dev: install ## The same with the requirements of the tests and checks.
	@scripts/venv.sh requirements-dev.txt

run: install ## Prepare what is missing, then run web and workers until Ctrl-C. PORT=8001 chooses another port.
	@$(bin)/python scripts/run.py

test: lint types layers migrations pytest ## Every check and every test, on SQLite and, where one answers, on PostgreSQL.

lint: dev ## ruff: rules and formatting.
	$(bin)/ruff check .
	$(bin)/ruff format --check .

types: dev ## mypy, strict.
	$(bin)/mypy .

layers: dev ## import-linter: who may import whom.
	$(bin)/lint-imports

migrations: dev ## No model change without its migration.
	$(bin)/python manage.py makemigrations --check --dry-run --skip-checks --settings deepfake_site.settings_test

pytest: dev ## The tests alone. ARGS="-k history" chooses some of them.
	@scripts/pytest.sh $(ARGS)

fuzz: dev ## schemathesis over every operation of the API, for longer than `make test`. ARGS=200 says how many requests each.
	FUZZ_PHASES=coverage,fuzzing,stateful FUZZ_EXAMPLES=$(or $(ARGS),100) $(bin)/python -m pytest tests/api/test_fuzzing.py -q

format: dev ## Let ruff mend and format the code.
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

shell: install ## A Python shell with the site set up.
	@$(bin)/python manage.py shell

train: install ## Train all members and the gate: make train ARGS="path/to/folder".
	@$(bin)/python manage.py train $(ARGS)

clean: ## Remove caches. Your database, uploads and .venv stay.
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache staticfiles
	find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
