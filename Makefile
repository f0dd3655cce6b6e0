# Bare `make` prints this help. Every tool's version is pinned here and nowhere else.
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
BENCHSTAT     := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
# k6 is pinned in loadtest/k6/go.mod.

SHELL    := /bin/sh
BIN      := $(CURDIR)/bin
TOOLS    := $(BIN)/tools
COMMIT   := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -X main.version=$(VERSION) -X main.commit=$(COMMIT)
FUZZTIME ?= 30s
# The tests of make faults on the running gateway.
FAULTS   := KilledGateway|Disk
MODULES  := . loadtest/k6

# The commit comes in by LDFLAGS; asking git again fails in a clone that another user owns.
export GOFLAGS := $(filter-out -buildvcs=%,$(GOFLAGS)) -buildvcs=false

.DEFAULT_GOAL := help
.PHONY: help run build test race lint fuzz bench matching-report model nation freshness peers audit-cost faults load lanes docs tidy check clean need-test

help: ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

run: build ## build, then run the demo: gateway, reference registry, everything embedded
	$(BIN)/verigate demo $(ARGS)

build: ## build bin/verigate
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/verigate ./cmd/verigate

test: need-test ## install what the tests need, then run every test under the race detector, and what it cannot see: allocations
	go test -race -shuffle=on -timeout=20m ./...
	go test -run='Allocat|MemoryOf' $$(grep -rl --include=*_test.go '^//go:build !race' . | xargs -n1 dirname | sort -u)

race: need-test ## the tests beside the code three times over under the race detector
	go test -race -shuffle=on -count=3 -timeout=20m $$(go list ./... | grep -v /apptest)

lint: $(TOOLS)/golangci-lint ## run the chosen linters
	$(TOOLS)/golangci-lint run --allow-parallel-runners ./...

fuzz: ## run every fuzz target for FUZZTIME (30s) each
	@set -e; for pkg in $$(grep -rl --include=*_test.go '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$pkg/*_test.go | sed 's/^func //'); do \
			echo "$$pkg $$target"; go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) $$pkg; \
		done; \
	done

bench: $(TOOLS)/benchstat ## run the benchmarks beside the code and compare them with the previous commit's
	@mkdir -p bench/results
	go test -run='^$$' -bench=. -benchmem -count=6 ./... | tee bench/results/micro-$(COMMIT).txt.tmp
	@mv bench/results/micro-$(COMMIT).txt.tmp bench/results/micro-$(COMMIT).txt
	@old=$$(ls -t bench/results/micro-*.txt | grep -v $(COMMIT) | head -n 1); \
		$(TOOLS)/benchstat $$old bench/results/micro-$(COMMIT).txt

faults: need-test ## kill gateway and log a thousand times under load, fill the disk, tamper with the log in a hundred places each way (20 minutes)
	go test ./apptest -run '$(FAULTS)' -v -count=1 -timeout=40m -kills=1000
	go test ./audit -run 'Killed|Forged|Covered|CutBack|Truncated|Torn|DiskFull|Mapping' -v -count=1 -timeout=40m -kills=250 -places=100

matching-report: ## measure name matching on twenty million pairs and write the rates into docs/matching.md (minutes)
	go test ./verify -run '^TestMatchingRates$$' -count=1 -timeout=60m -matching-page=../docs/matching.md -matching-variants=100000 -matching-misses=1000000

model: need-test ## ten million random steps of the freshness model, then 100,000 on three real gateways (half an hour)
	go test ./cache -run '^TestModel$$' -count=1 -v -timeout=3h -model.steps=10000000
	go test ./apptest -run '^(TestThreeGateways|TestBirthsAndEnds)' -count=1 -v -timeout=3h -fleet.steps=100000 -births=10000

nation: build ## build and test the prefilter of 98.7 million people, write its figures into docs/performance.md (minutes, 4 GB)
	go run ./bench/nation -verigate $(BIN)/verigate -commit $(COMMIT) $(ARGS)

freshness: build ## measure how soon a change is what three gateways say, write it into docs/freshness.md
	go run ./bench/freshness -verigate $(BIN)/verigate -commit $(COMMIT) $(ARGS)

peers: build ## measure the hot lookup against a bare fasthttp handler and a net/http rival, same run
	go run ./bench -verigate $(BIN)/verigate -commit $(COMMIT) $(ARGS)

audit-cost: build ## measure what the audit log costs: throughput and latency without one, with durability process, with disk (3 minutes)
	go build -trimpath -tags unaudited -ldflags '$(LDFLAGS)' -o $(BIN)/verigate-unaudited ./cmd/verigate
	go run ./bench -verigate $(BIN)/verigate -unaudited $(BIN)/verigate-unaudited -commit $(COMMIT) -conns 256 -people 100000 -rounds 11 -each 2s $(ARGS)

load: build $(TOOLS)/k6 ## start the demo, send it the national mix by k6, hold every answer to its sample
	go run ./loadtest -verigate $(BIN)/verigate -k6 $(TOOLS)/k6 -commit $(COMMIT) $(ARGS)

lanes: build ## measure what a batch at many times its share costs the clinics, on a machine left alone
	go run ./loadtest/lanes -verigate $(BIN)/verigate -commit $(COMMIT) $(ARGS)

docs: build ## write docs/config.md from the settings' own tags
	go test ./cmd/verigate -run TestConfigPage -update

tidy: $(TOOLS)/golangci-lint ## tidy every go.mod and format the code
	@set -e; for m in $(MODULES); do echo "go mod tidy ($$m)"; (cd $$m && go mod tidy); done
	$(TOOLS)/golangci-lint fmt ./...

check: lint build test ## what CI runs

clean: ## remove what was built; data/ stays
	rm -rf $(BIN) coverage.out

# The race detector needs cgo, the stores a real Redis, the README its curl.
need-test:
	@command -v $${CC:-gcc} >/dev/null 2>&1 || .ci/need gcc gcc libc6-dev
	@command -v redis-server >/dev/null 2>&1 || .ci/need redis-server redis-server
	@command -v curl >/dev/null 2>&1 || .ci/need curl curl ca-certificates

# A tool is rebuilt when this file, and so perhaps its version, changes.
$(TOOLS)/golangci-lint: Makefile
	GOFLAGS= GOBIN=$(TOOLS) go install $(GOLANGCI_LINT)
	@touch $@

$(TOOLS)/benchstat: Makefile
	GOFLAGS= GOBIN=$(TOOLS) go install $(BENCHSTAT)
	@touch $@

$(TOOLS)/k6: loadtest/k6/go.mod loadtest/k6/go.sum
	cd loadtest/k6 && go build -o $(TOOLS)/k6 go.k6.io/k6
	@touch $@
