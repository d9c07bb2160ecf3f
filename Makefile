# The commands of the project. Each sets up what it needs and can be run again at any time.
SHELL := /bin/bash
.DELETE_ON_ERROR:
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# npm would tell of newer versions, funding and its own configuration at every call.
export NPM_CONFIG_UPDATE_NOTIFIER := false
export NPM_CONFIG_LOGLEVEL := error

.PHONY: up preview down doctor check test bench

up: build
	@node bin/sandbox/up.js up

preview: build
	@node bin/sandbox/up.js preview

down: build
	@npm run -s sandbox -- down
	@npm run -s sandbox -- status --gone

.PHONY: build
build: node_modules/.installed
	@npm run -s build

node_modules/.installed: package.json package-lock.json entries-provider/package.json
	@echo "installing npm packages"
	@npm ci --no-audit --no-fund
	@touch $@
