# make help says what there is. Every .cpp of a practice's folder is a program: no list to edit.
.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

ifeq ($(SAN),1)
BUILD := build/san
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
OPTIMIZE := -O1 -g
else ifeq ($(SAN),thread)
BUILD := build/tsan
SANITIZE := -fsanitize=thread
OPTIMIZE := -O1 -g
else
BUILD := build
OPTIMIZE := -O2
endif

CXX := $(if $(filter default,$(origin CXX)),g++,$(CXX))
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
CXXFLAGS ?= $(OPTIMIZE)
COMPILE = $(CXX) -std=c++20 $(CXXFLAGS) $(WARNINGS) $(SANITIZE) -Icommon -pthread -MMD -MP

PRACTICES := p3_udp_echo p4_tcp_echo p4_sip_registrar control1_resume_http
programs = $(patsubst %.cpp,$(BUILD)/%,$(wildcard $(1)/*.cpp))
ALL := $(foreach p,$(PRACTICES),$(call programs,$(p)))

.PHONY: all
all: $(ALL)

$(BUILD)/p4_sip_registrar/%: p4_sip_registrar/%.cpp | compiler simdjson
	@mkdir -p $(@D)
	$(COMPILE) $< -o $@ $(LDFLAGS) -lsimdjson

$(BUILD)/%: %.cpp | compiler
	@mkdir -p $(@D)
	$(COMPILE) $< -o $@ $(LDFLAGS)

# For a make within the make: all cores; under a `make -j`, those of that one.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$$(nproc 2>/dev/null || echo 2))

# --- one practice: built on all cores, then its exercises with the command that runs each
define practice
.PHONY: $(2)
$(2): ; @$$(MAKE) --no-print-directory $$(JOBS) $(1)/all && test/exercises.sh $(1)
.PHONY: $(1)/all
$(1)/all: $(call programs,$(1)) ; @:
endef
$(eval $(call practice,p3_udp_echo,p3 p3_udp_echo))
$(eval $(call practice,p4_tcp_echo,p4_tcp p4_tcp_echo))
$(eval $(call practice,p4_sip_registrar,p4_sip p4_sip_registrar))
$(eval $(call practice,control1_resume_http,control1 control1_resume_http))
.PHONY: p4
p4: p4_tcp p4_sip

# --- system packages: announced, and installed where the machine lacks them
.PHONY: compiler simdjson doctest tools
compiler: ; @test/need.sh $(firstword $(CXX))
simdjson: | compiler ; @test/need.sh header:simdjson.h
doctest: | compiler simdjson ; @test/need.sh header:doctest/doctest.h
tools: ; @test/need.sh curl nc python3 ip jq pgrep

# --- tests. The runner and the unit tests watch the programs and are never sanitized themselves,
# but for the unit tests, which are code of the programs.
TEST_FLAGS := -std=c++20 -O1 $(WARNINGS) -Icommon -Itest -I. -MMD -MP -pthread
RUNNER := build/test/runner
UNIT := $(BUILD)/test/unit_tests
RUNNER_PARTS := $(patsubst %.cpp,build/%.o,$(wildcard test/*.cpp test/conversations/*.cpp))
UNIT_PARTS := $(patsubst %.cpp,$(BUILD)/%.o,$(wildcard test/unit/*.cpp))

build/test/%.o: test/%.cpp | compiler
	@mkdir -p $(@D)
	$(CXX) $(TEST_FLAGS) -c $< -o $@

$(BUILD)/test/unit/%.o: test/unit/%.cpp | compiler doctest simdjson
	@mkdir -p $(@D)
	$(CXX) $(TEST_FLAGS) $(SANITIZE) -c $< -o $@

# The folder too: it changes when a conversation is taken away.
$(RUNNER): $(RUNNER_PARTS) test/conversations
	$(CXX) $(filter %.o,$^) -o $@ -pthread

$(UNIT): $(UNIT_PARTS) test/unit
	$(CXX) $(SANITIZE) $(filter %.o,$^) -o $@ -pthread -lsimdjson

# Programs that are wrong on purpose, for the tests of the checks.
BROKEN := $(patsubst %.cpp,build/%,$(wildcard test/broken/*.cpp))

HOLD = $(RUNNER) --build $(BUILD)
.PHONY: test
test: tools
	@$(MAKE) --no-print-directory $(JOBS) all $(RUNNER) $(UNIT) $(BROKEN)
	@EJ='$(EJ)' test/run.sh $(UNIT) $(HOLD) $(EJ)

.PHONY: demo
demo: tools
	@$(MAKE) --no-print-directory $(JOBS) all $(RUNNER) >/dev/null
	@$(HOLD) --demo $(EJ)

# --- somebody else's program: make check EJ=p3.1 CMD='python3 mi_servidor.py'
export CMD SERVER CLIENT DIR CLASS ORIGINAL TIMES IDIOMA MEMORY
.PHONY: check
check:
	@$(MAKE) --no-print-directory $(JOBS) all $(RUNNER) >/dev/null
	@$(HOLD) --check $(EJ)

.PHONY: compare
compare:
	@$(MAKE) --no-print-directory $(JOBS) all $(RUNNER) >/dev/null
	@$(HOLD) --compare $(EJ)

# --- packet-capture labs: make capture EJ=p3.5 [CMD=…]; a capture of one's own: make check-capture
.PHONY: capture check-capture
capture:
	@test/need.sh python3 tshark dumpcap gnuplot ip
	@$(MAKE) --no-print-directory $(JOBS) all $(RUNNER) >/dev/null
	@$(HOLD) --capture $(or $(EJ),none)
check-capture:
	@test/need.sh python3 tshark
	@python3 test/capture/labs.py check '$(EJ)' '$(FILE)'

# --- measured: make bench, or one practice: make bench EJ=p3
BENCH := $(patsubst %.cpp,build/%,$(wildcard test/bench/*.cpp)) $(patsubst %.c,build/%,$(wildcard test/bench/*.c))
build/test/bench/%: test/bench/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra $< -o $@
.PHONY: bench
bench:
	@test/need.sh python3
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH) >/dev/null
	@set -e; for b in test/bench/$(EJ)*.sh; do $$b; done

# --- libFuzzer: SECONDS each (60)
FUZZ := $(patsubst %.cpp,build/%,$(wildcard test/fuzz/$(or $(EJ),*).cpp))
build/test/fuzz/%: test/fuzz/%.cpp | simdjson
	@test/need.sh clang++ libfuzzer
	@mkdir -p $(@D)
	clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -Icommon -I. -MMD -MP $< -o $@ -pthread -lsimdjson
.PHONY: fuzz
fuzz: $(FUZZ)
	@test/fuzz.sh $(or $(SECONDS),60) $(FUZZ)

.PHONY: torture
torture:
	@$(MAKE) --no-print-directory $(JOBS) all $(RUNNER) >/dev/null
	@KILLS=$(or $(KILLS),300) $(HOLD) torture

.PHONY: clean
clean: ; rm -rf build captures

.PHONY: help
help:
	@echo 'make                builds every program into build/<folder>/<program>'
	@echo 'make p3             one practice, and its exercises: p3 p4_tcp p4_sip (p4: both) control1'
	@echo 'make demo           a conversation of each practice, as it happens   [EJ=p3.1]'
	@echo 'make test           everything asserted                             [EJ=p3] [SAN=1 | SAN=thread]'
	@echo 'make check          your own program against an exercise:           EJ=p3.1 CMD="python3 mio.py"'
	@echo '                    [SERVER=…] [CLIENT=…], or DIR=folder, or CLASS=folder-of-folders'
	@echo 'make compare        a Python program beside ours                    [EJ=p3.1 [ORIGINAL=x.py]] [TIMES=1]'
	@echo 'make capture        a packet-capture lab                            EJ=p3.5 [CMD=…]'
	@echo 'make check-capture  your own capture of it                          EJ=p4sip.12 FILE=register.libpcap'
	@echo 'make bench          measured as ratios                              [EJ=p3]'
	@echo 'make fuzz           libFuzzer on every parser                       [SECONDS=60] [EJ=target]'
	@echo 'make torture        kill -9 under load                              [KILLS=300]'
	@echo 'make clean'

-include $(sort $(shell find build $(BUILD) -name '*.d' 2>/dev/null))
