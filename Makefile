# What is done often. `make test` is all a newcomer needs.

CARGO ?= cargo
# cargo-nextest where it is there (it runs no documentation tests); plain cargo otherwise.
NEXTEST = $(CARGO) nextest run --locked && $(AS_ELEVEN) $(CARGO) nextest run --locked -E 'test(/^glpi::/) & binary(it)' \
	&& $(CARGO) test --locked --doc
PLAIN = $(CARGO) test --locked && $(AS_ELEVEN) $(CARGO) test --locked --test it glpi::
RUN_TESTS = $(if $(shell command -v cargo-nextest),$(NEXTEST),$(PLAIN))
# The stand-in is a GLPI 10; what is said to GLPI is tried on an 11, too.
AS_ELEVEN = GLPI_TEST_STAND_IN=11

.PHONY: test bench bench-memory soak microbench demo lint fmt image

# Installs what the tests need and is missing, then runs them all. Postfix starts as root only, so anybody
# else is asked for sudo's password, after the build: sudo remembers it for some minutes.
test:
	tests/install.sh
	$(CARGO) test --locked --no-run
	@test "$$(id -u)" = 0 || sudo -v || { echo "make test: the tests start a Postfix, which takes root or sudo" >&2; exit 1; }
	$(RUN_TESTS)

# What a gateway can carry, against what GLPI can: see benches/throughput/main.rs.
bench:
	tests/install.sh
	$(CARGO) bench --locked --bench throughput

# What the gateway has in memory at most with a backlog of MAILS mails of 100 KiB and some of 29 MiB among them.
bench-memory:
	tests/install.sh
	$(CARGO) bench --locked --bench throughput -- backlog $(MAILS)

# Whether its memory stays flat over SECONDS, an hour if not given.
soak:
	tests/install.sh
	$(CARGO) bench --locked --bench throughput -- soak $(SECONDS)

# The gateway and a GLPI stand-in on this machine, with samples; stays up until Ctrl-C.
demo:
	$(CARGO) run --locked --release -- demo

# What a typical mail costs on one core, with its allocations.
microbench:
	$(CARGO) bench --locked --bench reading

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

fmt:
	$(CARGO) fmt

image:
	docker build --tag passerelle .
