# firepost: the edge agent of a small venue. "make help" lists what can be done.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
STAMP   := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.built=$(STAMP)
# HTTP/2 is left out: the page and the control socket do without it, and it is 0.3 MB of the binary.
# Another 0.8 MB are copies of functions that the compiler makes for speed where nothing is fast:
# only the runtime, cryptography and what the siren or the backlog wait for keep them.
OURS    := github.com/firepost/firepost
FAST    := runtime crypto/internal sync math $(addprefix $(OURS)/,agent/alarm agent/detect \
           agent/internal/guard buffer)
SMALL   := -gcflags=all=-l $(foreach p,$(FAST),-gcflags=$(p)/...=)
FLAGS   := -tags nethttpomithttp2 -trimpath $(SMALL)
BUILD   := CGO_ENABLED=0 go build -buildvcs=false $(FLAGS) -ldflags '$(LDFLAGS)'
MAXSIZE := 11665408
REPORT  := go run ./cross/report $(if $(CI),-no-skips)
AS_ROOT := $(if $(filter 0,$(shell id -u)),,-exec 'sudo -n -E env PATH=$(PATH)')
QEMU6   := qemu-arm-static -cpu arm1176
QEMU7   := qemu-arm-static -cpu cortex-a7
QEMU64  := qemu-aarch64-static -cpu cortex-a53
# What runs on the board's processor in the tests, compiled like the program: everything that judges,
# stores or talks to parts. Tests that walk through days or tables step by step are left to this
# machine; the decisions of whole simulated sites are compared instead.
ON_ARM  := ./buffer/... ./drivers/... ./agent/point ./agent/detect ./agent/wire \
           ./agent/internal/keeper ./firmware-sim/chip
WALKS   := TestPanelIsTheTable|TestRestartsDoNotStretch|TestStandingAlarmIsToldAgain|TestStandingFor|TestDisablementsTogether|TestAnotherCause|TestPatrolCounts
ARM_GO  := CGO_ENABLED=0 GOOS=linux SEEDS=20 go test $(FLAGS) -timeout 10m
# Rooms in which nothing runs beside anything else: a part, a rule and the panel are called by one
# goroutine, and the race detector finds nothing in them. cross/tidy holds that.
ALONE   := $(addprefix $(OURS)/,agent/alarm agent/detect agent/point agent/site agent/wire \
           firmware-sim/dst firmware-sim/recordings firmware-sim/world)
RACED    = $(filter-out $(ALONE),$(shell go list ./agent/... ./buffer/... ./drivers/board \
           ./drivers/catalog ./firmware-sim/... ./provisioning/...))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## a recorded fire on a simulated board, from the sensor to the district (ARGS=--once to end by itself)
	@go build -o bin/firmware-sim ./firmware-sim && exec bin/firmware-sim demo $(ARGS)

.PHONY: build
build: ## bin/firepost and bin/firmware-sim for this machine
	$(BUILD) -o bin/ ./agent/cmd/firepost ./firmware-sim

.PHONY: cross
cross: ## bin/firepost for linux arm6, arm7, arm64 and amd64
	GOOS=linux GOARCH=arm GOARM=6 $(BUILD) -o bin/firepost-linux-arm6 ./agent/cmd/firepost
	GOOS=linux GOARCH=arm GOARM=7 $(BUILD) -o bin/firepost-linux-arm7 ./agent/cmd/firepost
	GOOS=linux GOARCH=arm64 $(BUILD) -o bin/firepost-linux-arm64 ./agent/cmd/firepost
	GOOS=linux GOARCH=amd64 $(BUILD) -o bin/firepost-linux-amd64 ./agent/cmd/firepost
	@ls -l bin/firepost-linux-*
	@for f in bin/firepost-linux-arm*; do s=$$(stat -c %s $$f); \
	  test $$s -le $(MAXSIZE) || { echo "$$f is larger than $(MAXSIZE) bytes"; exit 1; }; done

.PHONY: test
test: ## all tests that need Go alone; more where a tool is found, and the names of what was skipped
	@go vet ./... && go test -json -timeout 170s ./... | $(REPORT)

.PHONY: sim
sim: ## 200 seeds of the simulated site (SEED=31 for one, with its story; SEEDS=10000 for more)
	go test -count=1 -timeout 60m $(if $(SEED),-v -run 'TestSeeds$$') ./firmware-sim/dst

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (1m), with WORKERS (all processors)
	@for p in $$(grep -rl --include='*_test.go' '^func Fuzz' agent buffer drivers firmware-sim provisioning | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' $$p/*_test.go | cut -c6-); do \
	    echo "== $$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),1m) -fuzzminimizetime 1x \
	      $(if $(WORKERS),-parallel $(WORKERS)) ./$$p || exit 1; \
	  done; done

.PHONY: golden
golden: ## rewrite the golden files and show what changed
	go test $$(grep -rl --include='*_test.go' 'flag.Bool("update"' agent drivers firmware-sim cross buffer | xargs -n1 dirname | sort -u | sed 's,^,./,') -update
	git --no-pager diff --stat -- '*.golden' '*/testdata/*' '*.md'

bin/staticcheck: cross/tools/go.mod
	go build -C cross/tools -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck

bin/nfpm: cross/tools/go.mod
	go build -C cross/tools -o ../../bin/nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm

.PHONY: deb
deb: cross build bin/nfpm ## bin/deb/*.deb for armhf (ARM v6 and up), arm64 and amd64
	go run ./cross/deb -version '$(VERSION)' -stamp '$(STAMP)'
	@ls -l bin/deb/*.deb

.PHONY: deb-test
deb-test: deb ## the packages are judged, installed, upgraded and purged (needs root, lintian, systemd)
	go vet -tags deb ./cross/deb && DEB_GIT='$(VERSION)' DEB_STAMP='$(STAMP)' \
	  go test -tags deb -count=1 -json $(AS_ROOT) ./cross/deb | $(REPORT)

.PHONY: tidy
tidy: bin/staticcheck ## fmt, vet, staticcheck with all checks, the import table
	@test -z "$$(gofmt -l agent buffer cross drivers firmware-sim provisioning)" || { gofmt -l agent buffer cross drivers firmware-sim provisioning; echo 'run gofmt -w on these'; exit 1; }
	go vet ./...
	bin/staticcheck ./...
	go test ./cross/tidy

.PHONY: check
check: tidy test ## before each commit

.PHONY: arm
arm: ## tests as ARM programs under qemu: v6 with the panel, arm64 without, v7 buffer, drivers and agent/wire
	@command -v qemu-arm-static >/dev/null || { echo 'qemu-arm-static is missing: apt-get install qemu-user-static'; exit 1; }
	GOARCH=arm GOARM=6 $(ARM_GO) -exec '$(QEMU6)' -skip '$(WALKS)' $(ON_ARM) ./agent/alarm
	GOARCH=arm GOARM=6 $(ARM_GO) -exec '$(QEMU6)' -run 'TestSeeds$$' ./firmware-sim/dst
	GOARCH=arm GOARM=7 $(ARM_GO) -exec '$(QEMU7)' ./buffer/... ./drivers/... ./agent/wire
	GOARCH=arm64 $(ARM_GO) -exec '$(QEMU64)' $(ON_ARM)
	GOARCH=arm64 $(ARM_GO) -exec '$(QEMU64)' -run 'TestSeeds$$' ./firmware-sim/dst

.PHONY: kill
kill: ## kill -9 of the agent at random against a real broker, ROUNDS (15) times
	KILL_ROUNDS=$(or $(ROUNDS),15) go test -count=1 -timeout 60m -run 'TestKill' -v ./agent/cmd/firepost | grep -v '^=== '

.PHONY: judges
judges: ## enrolment with programs of others: the EST server and client of GlobalSign, openssl, mosquitto
	go vet -C cross/judges . && go vet -C firmware-sim/est .
	go test -C cross/judges -count=1 -timeout 3m -json . | $(REPORT)

.PHONY: mutants
mutants: ## mistakes planted in the panel and its rules; each must be found by the tests
	go test -tags mutants -run TestMutantsDie -count=1 -timeout 20m ./agent/alarm

.PHONY: bench
bench: cross ## latency, throughput, memory and size, one JSON line a figure: 15 minutes, ARGS=-quick 4
	@go run ./cross/bench $(ARGS)

.PHONY: vm
vm: ## bin/firepost-linux-arm64 on a Debian kernel in qemu: a fire, a pulled bus, a power cut
	@cross/vm/kernel.sh
	GOOS=linux GOARCH=arm64 $(BUILD) -o bin/firepost-linux-arm64 ./agent/cmd/firepost
	FIREPOST_ARM64=$(CURDIR)/bin/firepost-linux-arm64 \
	  go test -tags vm -count=1 -timeout 10m -run 'TestVM$$' -v ./cross/vm | grep -v '^=== '

.PHONY: browser
browser: ## the page in a real browser, every task by clicking; its pictures are left in bin/screens (needs chromium)
	go vet -C cross/browser . && go test -C cross/browser -count=1 -parallel 6 -json . | $(REPORT)
	@cat bin/screens/load.txt

.PHONY: platform
platform: ## brokers with the files of cross/platform hold the contract (needs nats-server, rabbitmq-server)
	go vet -tags platform ./cross/platform
	go test -tags platform -count=1 -timeout 10m -json ./cross/platform | $(REPORT)

.PHONY: vm-all
vm-all: export HAMMER := 60s
vm-all: vm ## the way to a bus on the controllers of emulated boards: i.MX6, Pi Zero, Pi 3, Orange Pi
	@cross/vm/boards.sh
	go test -tags vm -count=1 -timeout 15m -run TestBoards -v ./cross/vm | grep -v '^=== '

.PHONY: race
race: ## the race detector over every package in which two goroutines can meet
	go test -race -timeout 15m -skip '^TestScoreOf|^TestReadme' $(RACED) # score is raced where it is made

# What waits for processes, machines and clocks is made beside what computes; see cross/steps.sh.
.PHONY: ci
ci: ## what .ci/run runs after "make test"
	@cross/steps.sh 'cross; deb-test; vm; browser; kill ROUNDS=15; platform; judges' 'tidy; race; arm'

.PHONY: large
large: ## the long tests of the buffer and of what is beside it, with large counts
	FIREPOST_LARGE=1 go test -count=1 -timeout 60m ./buffer/... ./agent/internal/... ./drivers/catalog

.PHONY: nightly
nightly: ## the large counts (KILLS=500 lives of the agent: 25 minutes)
	@cross/steps.sh 'kill ROUNDS=$(or $(KILLS),500); vm-all' 'sim SEEDS=10000; mutants' 'large; fuzz FUZZTIME=45s WORKERS=1'
