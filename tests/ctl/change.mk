# SPDX-License-Identifier: GPL-2.0-or-later
# digest, image, bind and unbind of vfio-earlyctl, and what changes files. Included by tests.mk.

CTL_RUN_SRC := tests/ctl/run.c tests/protect/tree.c $(HOSTTREE_SRC)
CHANGE_TESTS := $(addprefix $(B)/tests/ctl/,digest.t image.t import.t edits.t live.t names.t replace.t \
	wordlist.t)

$(addprefix $(B)/tests/ctl/,digest.t image.t import.t): $(B)/tests/ctl/%.t: tests/ctl/%.c $(CTL_RUN_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka -larchive -ljansson -lmd

# These call what the commands are made of.
CTL_PARTS := $(B)/sanitized/ctl.a

$(CTL_PARTS): $(filter-out %/main.o,$(call ctl_objects,sanitized))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(addprefix $(B)/tests/ctl/,names.t replace.t wordlist.t): $(B)/tests/ctl/%.t: tests/ctl/%.c \
		$(CTL_RUN_SRC) $(CTL_PARTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc -Isrc/ctl -MMD -MP -MF $(@:.t=.d) \
		-o $@ $^ -lcmocka $(CTL_LIBS)

# Under ptrace(2), where the sanitizers' search for leaks does not work.
EDITS_SRC := tests/ctl/edits.c tests/fault/trace.c $(CTL_RUN_SRC)

$(B)/tests/ctl/edits.t: $(EDITS_SRC) $(wildcard tests/fault/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $$(pkg-config --cflags fuse3) -o $@ $(EDITS_SRC) -lcmocka

# On the simulated driver core of tests/fault.
LIVE_SRC := tests/ctl/live.c tests/protect/tree.c $(addprefix tests/fault/,drivercore.c host.c hostfs.c \
	trace.c) $(HOSTTREE_SRC)

$(B)/tests/ctl/live.t: $(LIVE_SRC) $(wildcard tests/fault/*.h tests/lib/*.h tests/protect/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $$(pkg-config --cflags fuse3) -o $@ $(LIVE_SRC) \
		-lcmocka $$(pkg-config --libs fuse3)

TESTS += $(CHANGE_TESTS)
TEST_NEEDS += $(SANITIZED_CTL) $(CTL)

check-change: ## what changes rules and drivers
check-change: $(CHANGE_TESTS) $(SANITIZED_CTL) $(CTL) $(B)/vfio-early
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(CHANGE_TESTS)

.PHONY: check-change
