# Thin: each target is one line. `make help` lists them.
.PHONY: help build test bench load check run
help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10
build: ## build everything, warnings are errors
	dotnet build MediaRelay.sln -v q --nologo
test: ## all tests, last line counts them
	./test.sh
bench: ## micro benchmarks (FILTER='*Srtp*' for some)
	dotnet run -c Release --project perf/Bench -- --filter '$(or $(FILTER),*)'
load: ## the relay load table beside coturn (root; see perf/README.md)
	dotnet build -c Release Signaling/Server -v q --nologo
	dotnet run -c Release --project perf/Load -- relay
check: ## build, tests and format
	./test.sh && dotnet format MediaRelay.sln --verify-no-changes --no-restore
run: ## the main job with embedded defaults
	./run.sh
