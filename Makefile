# Two commands matter: `make run` and `make test`. Everything is installed into .venv, and pip runs only when the
# requirements changed. `make help` lists the rest.

VENV := .venv
PY := $(VENV)/bin/python
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
DIST := dist
PIP := $(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: run test check fix bench torture lock release clean help
.DELETE_ON_ERROR:

run: $(VENV)/installed ## install, migrate, seed a history once, start everything; Ctrl-C stops all
	@exec $(PY) -m dashboard

test: $(VENV)/installed-dev ## run every test; what the machine lacks is skipped and named (ARGS="-k word" picks some)
	@PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/installed-dev ## lint, format, types, and which way the arrows run
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

fix: $(VENV)/installed-dev ## mend what ruff can mend by itself, and write .env.example anew
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .
	@$(PY) -c 'import pathlib; from signup.settings import env_example; pathlib.Path(".env.example").write_text(env_example())'

bench: $(VENV)/installed-dev ## measure the promised figures
	@$(PY) -m bench $(ARGS)

torture: $(VENV)/installed-dev ## the long tests: a hundred kills instead of ten
	@$(PY) -m pytest -m "torture or long" --rounds 100 --timeout 3600 $(ARGS)

lock: $(VENV)/installed-dev ## renew the locked versions from requirements.txt and requirements-dev.txt
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(PY) -m venv "$$fresh/venv"; \
	for name in requirements requirements-dev; do sed '/^-c/d' $$name.txt > "$$fresh/$$name.txt"; done; \
	"$$fresh/venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check -r "$$fresh/requirements-dev.txt"; \
	"$$fresh/venv/bin/python" -m pip freeze > "$$fresh/frozen"; \
	{ sed -n '/^#/p' constraints.txt; cat "$$fresh/frozen"; } > "$$fresh/constraints"; \
	cp "$$fresh/constraints" constraints.txt

release: ## what a release consists of, in dist/: the source, the two verifiers, and their SHA-256
	@rm -rf $(DIST) && mkdir -p $(DIST)
	@git archive --format=tar.gz --prefix=truecaller-sign-up/ -o $(DIST)/truecaller-sign-up.tar.gz HEAD
	@cp signup/record/verifier/verify.py signup/record/verifier/verify.html $(DIST)/
	@cd $(DIST) && { sha256sum * 2>/dev/null || shasum -a 256 *; } > .sums && mv .sums SHA256SUMS && cat SHA256SUMS

clean: ## remove .venv and the tools' caches; data/ stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1 \2/p' Makefile | while read -r target text; do printf '  make %-8s %s\n' "$$target" "$$text"; done

# The virtual environment is made again when it is missing or broken (a Python that was removed or upgraded).
ifneq ($(shell $(PY) -c 'import pip; print("whole")' 2>/dev/null),whole)
.PHONY: $(VENV)/made
endif

$(VENV)/made:
	@for python in $(PYTHONS); do \
		if $$python -c '$(FITS)' >/dev/null 2>&1; then \
			$$python -m venv --clear $(VENV) && touch $@; exit; \
		fi; \
	done; \
	echo 'Python 3.11 or newer with venv is needed: install the package python3-venv (Debian, Ubuntu) or python3 (Fedora, Homebrew).' >&2; exit 2

$(VENV)/installed: requirements.txt constraints.txt $(VENV)/made
	@echo 'Installing what the programs need into $(VENV) ...'
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo 'Installing the development tools into $(VENV) ...'
	@$(PIP) -r requirements-dev.txt
	@touch $@
