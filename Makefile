# A fresh Debian machine with Rust needs `make demo` and `make test`, and nothing by hand:
# each installs what is missing (scripts/setup) and says so.

CARGO := scripts/cargo

.PHONY: help demo test faults lint bench matrix docs

help:
	@echo 'make demo    run the example application on a PostgreSQL of its own'
	@echo 'make test    run all tests on throwaway servers'
	@echo 'make faults  break programs, servers and lines 500 times (FAULTS=…) from a seed (SEED=…)'
	@echo 'make lint    check format, lints, documentation'
	@echo 'make bench   measure against other migration tools'
	@echo 'make matrix  run all tests on PostgreSQL 13 to 18'
	@echo 'make docs    build the documentation'

demo:
	@scripts/setup demonstrate
	$(CARGO) run --package example-app

test:
	@scripts/setup test
	scripts/test

faults:
	@scripts/setup test
	$(CARGO) build --package patchgen-tests --bins
	$(CARGO) run --package patchgen-tests --bin faults -- --faults $(or $(FAULTS),500) $(if $(SEED),--seed $(SEED))

lint:
	@scripts/setup build
	scripts/lint

bench:
	@scripts/setup test
	$(CARGO) run --release --manifest-path bench/Cargo.toml

matrix:
	@scripts/setup test
	scripts/matrix

docs:
	@scripts/setup build
	$(CARGO) doc --workspace --no-deps --all-features
