# What a developer runs, and what CI runs: make check.
#
#   make test    every test that needs no browser (Go, and the conformance suite on Node.js)
#   make check   formatting, vet, lint, import rules, race tests, conformance, examples, fuzzing, browser test
#   make conformance-convex   the conformance suite on Convex, in every access mode
#   make deps    the Node packages that the tests use
#   make nuxt    the Nuxt module and the app with it, in a browser
#   make bench   figures for docs/bench.md

GO        ?= go
LINT       = bin/golangci-lint
LINT_VER   = v2.15.0
FUZZTIME  ?= 3s
CHROMIUM  ?= /usr/bin/chromium

# Folders with Node packages; each has a package-lock.json.
NODE_DIRS  = $(patsubst %/package-lock.json,%,$(wildcard conformance/package-lock.json ui/browser/package-lock.json \
             js/*/package-lock.json bench/*/package-lock.json examples/*/package-lock.json \
             examples/nuxt/e2e/package-lock.json))
NODE_DONE  = $(addsuffix /node_modules/.package-lock.json,$(NODE_DIRS))

# Access modes of docs/convex.md in which the conformance suite runs. CI runs one of each kind of functions.
CONVEX_MODES ?= functions-key functions-secret createapi-key createapi-public
CI_MODES      = functions-key createapi-key

.PHONY: all build deps test check fmt vet lint race go-test conformance conformance-convex conformance-ci examples fuzz browser nuxt bench clean

all: build

build: bin/lockstep

bin/lockstep: FORCE
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $@ ./cmd/lockstep

.PHONY: FORCE
FORCE:

deps: $(NODE_DONE)

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	@touch $@

# The Nuxt examples take the module from its folder, built.
js/nuxt/dist/module.js: js/nuxt/node_modules/.package-lock.json $(shell find js/nuxt/src -type f)
	cd js/nuxt && npm run --silent build
	@touch $@

examples/nuxt/node_modules/.package-lock.json examples/convex/node_modules/.package-lock.json: js/nuxt/dist/module.js

test: go-test conformance

go-test: deps
	$(GO) test ./...

# The order is from quick to slow, so that mistakes show early.
check: fmt vet lint race conformance conformance-ci examples fuzz browser nuxt

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VER)

fmt: $(LINT)
	@out="$$($(LINT) fmt --diff)"; [ -z "$$out" ] || { echo "$$out"; echo "run: $(LINT) fmt"; exit 1; }

vet:
	$(GO) vet ./...

lint: $(LINT)
	$(LINT) run ./...

race: deps
	$(GO) test -race ./...

# The real Better Auth as the oracle; see conformance/README.md.
conformance: deps bin/lockstep
	cd conformance && LOCKSTEP_BIN=$(CURDIR)/bin/lockstep npm test

conformance-convex: deps bin/lockstep
	cd conformance && for mode in $(CONVEX_MODES); do CONFORMANCE_STORE=$$mode LOCKSTEP_BIN=$(CURDIR)/bin/lockstep npm run one-store || exit 1; done

conformance-ci:
	$(MAKE) conformance-convex CONVEX_MODES="$(CI_MODES)"

# Each example is built, and run until it answers.
examples: deps bin/lockstep
	$(GO) run ./internal/examplecheck
	cd examples/vue && npm run --silent build
	cd examples/convex && LOCKSTEP_BIN=$(CURDIR)/bin/lockstep npm test

# A short run of every fuzz target; longer ones by hand: make fuzz FUZZTIME=10m
fuzz:
	GO=$(GO) FUZZTIME=$(FUZZTIME) ./internal/fuzz.sh

browser: deps bin/lockstep
	@[ -x $(CHROMIUM) ] || { echo "The browser test needs Chromium: apt-get install chromium, or set CHROMIUM=/path"; exit 1; }
	cd ui/browser && LOCKSTEP_BIN=$(CURDIR)/bin/lockstep CHROMIUM=$(CHROMIUM) npm test
	cd examples/browser && LOCKSTEP_BIN=$(CURDIR)/bin/lockstep CHROMIUM=$(CHROMIUM) npm test

# The Nuxt module, and the app in its three ways of being put in front.
nuxt: deps bin/lockstep
	@[ -x $(CHROMIUM) ] || { echo "The browser test needs Chromium: apt-get install chromium, or set CHROMIUM=/path"; exit 1; }
	cd js/nuxt && npm test
	cd examples/nuxt/e2e && npm run build && LOCKSTEP_BIN=$(CURDIR)/bin/lockstep CHROMIUM=$(CHROMIUM) npm test

bench: deps bin/lockstep
	$(GO) run ./bench

clean:
	rm -rf bin $(addsuffix /node_modules,$(NODE_DIRS) examples/nuxt)
