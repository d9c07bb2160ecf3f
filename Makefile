# The commands of the project. Each sets up what it needs, and can be run again at any time.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NPM_CONFIG_LOGLEVEL := error

.DEFAULT_GOAL := help
.PHONY: help up preview down doctor check engine lint format reference site test matrix operations apiservers bench build

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: build ## a cluster, a `pulumi up`, and the proof that pods are authenticated; CILIUM= and SPIRE= choose versions
	@node bin/automation/up.js up

preview: build ## what the next `pulumi up` would change
	@node bin/automation/up.js preview

doctor: export STACK ?= dev
doctor: build ## examine the stack STACK (dev), on the cluster of KUBECONFIG or the sandbox
	@KUBECONFIG=$${KUBECONFIG:-$$(npm run -s sandbox -- kubeconfig)} node cli/run.js doctor "$$STACK"

down: build ## remove the sandbox and make sure that nothing is left
	@npm run -s sandbox -- down
	@npm run -s sandbox -- status --gone

check: build ## the tests that need neither an engine nor a cluster: a minute
	@node bin/test/run.js check

engine: build ## the tests with Pulumi's engine, API servers and an engine of alert rules: five minutes
	@node bin/test/run.js engine

lint: build ## format, lint and floors alone
	@npm run -s lint

format: node_modules/.installed ## put all sources into the project's format
	@npm run -s format

reference: build ## write what docs/ has from the code, the figures and the pictures anew
	@npm run -s reference
	@npm run -s pictures

site: build ## the documentation as a site, in site/dist
	@npm run -s site

test: build ## all tests but most of `make operations`, on a sandbox of their own
	@node bin/test/run.js

# What was compiled from a source that has moved would be found before what is there now: settings/cilium.js before settings/cilium/index.js.
build: node_modules/.installed
	@shopt -s globstar nullglob; for js in bin/**/*.js entries-provider/dist/**/*.js; do \
		ts=$${js#bin/}; ts=$${ts/#entries-provider\/dist/entries-provider\/src}; [[ -e $${ts%.js}.ts ]] || rm "$$js"; \
	done
	@npm run -s build

node_modules/.installed: package-lock.json package.json entries-provider/package.json
	@echo "installing npm packages"
	@output=$$(npm ci --no-audit --no-fund 2>&1) || { echo "$$output"; exit 1; }
	@touch $@

matrix: build ## the proof for each pair of versions that can be built, or CILIUM= and SPIRE=; not a test
	@node bin/automation/matrix.js

operations: build ## tests of what is done on a living stack, or of TESTS="13-doctor ..." alone; the figures of docs/operations.md. Two hours
	@node bin/automation/operations.js $(TESTS)

apiservers: build ## what other releases of Kubernetes say of the program's objects; builds their API servers, not part of the tests
	@node bin/test/apiServers.js $(RELEASES)

bench: build ## what it costs, measured: docs/performance.md and the figures of the README
	@node bin/bench/main.js
	@npm run -s reference
	@npm run -s pictures
