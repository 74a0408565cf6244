# What is done often. `make test` is all a newcomer needs.

CARGO ?= cargo
# cargo-nextest where it is there (it runs no documentation tests); plain cargo otherwise.
NEXTEST = $(CARGO) nextest run --locked && $(AS_ELEVEN) $(CARGO) nextest run --locked -E 'test(/^glpi::/) & binary(it)' \
	&& $(CARGO) test --locked --doc
PLAIN = $(CARGO) test --locked && $(AS_ELEVEN) $(CARGO) test --locked --test it glpi::
RUN_TESTS = $(if $(shell command -v cargo-nextest),$(NEXTEST),$(PLAIN))
# The stand-in is a GLPI 10; what is said to GLPI is tried on an 11, too.
AS_ELEVEN = GLPI_TEST_STAND_IN=11

# The commit, which `passerelle --version` names; nothing where this is no clone.
COMMIT := $(shell git describe --always --dirty --abbrev=7 --exclude='*' 2>/dev/null)
# Two builds are one program, wherever they are made.
REMAP = --remap-path-prefix=$(CURDIR)=/passerelle --remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=/cargo
BUILD = PASSERELLE_COMMIT=$(COMMIT) RUSTFLAGS="$(RUSTFLAGS) $(REMAP) $(LINK)" $(CARGO) build --release --locked \
	$(addprefix --target ,$(TARGET))
# Another architecture: make package TARGET=aarch64-unknown-linux-gnu, with its standard library and linker installed.
TARGET =
PROGRAM = target/$(addsuffix /,$(TARGET))release/passerelle
MANUAL = target/manual

PREFIX ?= /usr/local
# Configuration is where the program and its unit look for it, whatever the prefix.
CONFIGURATION = $(DESTDIR)/etc/passerelle
SHARE = $(DESTDIR)$(PREFIX)/share
DOC = $(SHARE)/doc/passerelle
STAGE = target/package/root

.PHONY: build program manual install package test-package reproducible audit picture \
	test chaos load bench bench-memory bench-figures bench-faq bench-announcement soak microbench demo lint fmt image

# Installs what the tests need and is missing, then runs them all. Postfix starts as root only, so anybody
# else is asked for sudo's password, after the build: sudo remembers it for some minutes.
test:
	tests/install.sh
	$(CARGO) test --locked --no-run
	@test "$$(id -u)" = 0 || sudo -v || { echo "make test: the tests start a Postfix, which takes root or sudo" >&2; exit 1; }
	$(RUN_TESTS)

# REQUESTS requests of many people, 500 if not given, while two gateways, GLPI, Redis, the relay and the directory go
# wrong; prints the account of all of them. SEED repeats a run: make chaos REQUESTS=10000 SEED=7. SEEDS runs each of them
# and names the smallest that fails: make chaos REQUESTS=100 SEEDS=1..20
chaos:
	tests/install.sh
	@test "$$(id -u)" = 0 || sudo -v || { echo "make chaos: it starts a Postfix, which takes root or sudo" >&2; exit 1; }
	$(if $(SEEDS),tests/seeds.sh $(SEEDS) env) REQUESTS=$(REQUESTS) $(if $(SEEDS),,SEED=$(SEED)) \
		$(CARGO) test --locked --test it chaos:: -- --nocapture

# Ten times more than GLPI can take for SECONDS, ten minutes if not given: memory flat, what cannot be taken put off, health
# truthful, everything accepted one ticket, and the next request taken as ever.
load: LOAD_SECONDS = $(or $(SECONDS),600)
load:
	LOAD_SECONDS=$(LOAD_SECONDS) $(CARGO) test --locked --test it load:: -- --nocapture

# What a gateway can carry, against what GLPI can: see benches/throughput/main.rs.
bench:
	tests/install.sh
	$(CARGO) bench --locked --bench throughput

# What the gateway has in memory at most with a backlog of MAILS mails of 100 KiB and some of 29 MiB among them.
bench-memory:
	tests/install.sh
	$(CARGO) bench --locked --bench throughput -- backlog $(MAILS)

# How long the figures of TICKETS tickets take, 134,000 if not given, and how much memory.
bench-figures:
	$(CARGO) bench --locked --bench throughput -- figures $(TICKETS)

# How long a FAQ of ARTICLES articles takes to be searched after a start, 1,200 if not given.
bench-faq:
	$(CARGO) bench --locked --bench throughput -- faq $(ARTICLES)

# How long an announcement to DIRECTORS directors takes with the settings that are shipped, 3,000 if not given.
bench-announcement:
	$(CARGO) bench --locked --bench throughput -- announcement $(DIRECTORS)

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
	docker build --build-arg PASSERELLE_COMMIT=$(COMMIT) --tag passerelle .

# The program, its man pages and the completions for shells.
build: manual program

program:
	$(BUILD)

manual:
	$(CARGO) run --quiet --locked --example manual -- $(MANUAL)

# What `make build` made, with all that belongs to it: make install PREFIX=/usr/local DESTDIR=. Configuration that is
# there already stays as it is; the files of the package are these.
install:
	@test -x $(PROGRAM) || { echo "make install: $(PROGRAM) is not there: run make build first" >&2; exit 1; }
	install -D --mode 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/passerelle
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	sed 's|@bindir@|$(PREFIX)/bin|' packaging/passerelle.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/passerelle.service
	install --mode 644 packaging/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/passerelle.conf
	install --mode 644 packaging/tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/passerelle.conf
	install -D --mode 644 --target-directory $(SHARE)/man/man1 $(MANUAL)/*.1
	install -D --mode 644 $(MANUAL)/passerelle.bash $(SHARE)/bash-completion/completions/passerelle
	install -D --mode 644 $(MANUAL)/_passerelle $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)/_passerelle
	install -D --mode 644 $(MANUAL)/passerelle.fish $(SHARE)/fish/vendor_completions.d/passerelle.fish
	install -D --mode 644 --target-directory $(DOC) packaging/copyright README.md LISEZMOI.md SECURITY.md SECURITE.md \
		CHANGELOG.md LICENSE
	cp -R docs $(DOC)/
	gzip --no-name --force -9 $(DOC)/CHANGELOG.md $(DOC)/LICENSE $(SHARE)/man/man1/*.1
	install -D --mode 644 --target-directory $(DOC)/examples config/example.toml config/calendar.example.toml
	cp -R config/proxy config/prometheus config/grafana $(DOC)/examples/
	install -D --mode 644 packaging/logcheck $(DESTDIR)/etc/logcheck/ignore.d.server/passerelle
	install -d $(CONFIGURATION)/mappings
	install --mode 644 config/default.toml $(CONFIGURATION)/default.toml
	for file in packaging/passerelle.toml packaging/environment mappings/*.toml; do \
		to="$(CONFIGURATION)/$${file#packaging/}"; [ -e "$$to" ] || install --mode 644 "$$file" "$$to" || exit; done

# A Debian 12 takes the addresses that are set at each start as bits: a megabyte less of program, and of memory.
package reproducible: export LINK = -C link-arg=-Wl,-z,pack-relative-relocs

# The Debian package, with its CycloneDX list of parts beside it, in target/package.
package: build
	rm -rf $(STAGE)
	$(MAKE) --no-print-directory install DESTDIR=$(STAGE) PREFIX=/usr
	packaging/package.sh $(addprefix --target ,$(TARGET))

# Whether the package installs, is upgraded, removed and purged as Debian's are, in a fresh Debian, as root: around the
# program that the tests use, whose build takes a minute. RELEASE=1 tries the one of `make package`.
test-package: $(if $(RELEASE),package)
	tests/package/run.sh $(if $(RELEASE),release)

# Whether two builds, in two folders, give one package: takes two whole builds.
reproducible:
	tests/package/reproducible.sh

# The picture of the README, made anew from the demonstration.
picture:
	$(CARGO) build --locked
	packaging/picture.sh target/debug/passerelle docs/images/portal.png

# Licences, bans, sources, and dependencies that nothing uses.
audit:
	packaging/tools.sh cargo-deny cargo-machete
	$(CARGO) fetch --locked --quiet
	target/tools/bin/cargo-deny --offline --locked check bans licenses sources
	target/tools/bin/cargo-machete
