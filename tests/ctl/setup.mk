# SPDX-License-Identifier: GPL-2.0-or-later
# setup of vfio-earlyctl. Included by tests.mk.

SETUP_TESTS := $(addprefix $(B)/tests/ctl/,setup.t setupfault.t)
SETUP_SRC := tests/ctl/setuphost.c tests/ctl/run.c tests/protect/tree.c $(HOSTTREE_SRC)

$(B)/tests/ctl/setup.t: tests/ctl/setup.c $(SETUP_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka -lutil

$(B)/tests/ctl/setupfault.t: tests/ctl/setupfault.c tests/fault/trace.c $(SETUP_SRC) \
		$(wildcard tests/ctl/*.h tests/fault/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $$(pkg-config --cflags fuse3) -o $@ $(filter %.c,$^) -lcmocka

TESTS += $(SETUP_TESTS)
TEST_NEEDS += $(CTL) $(SANITIZED_CTL)

check-setup: ## setup
check-setup: $(SETUP_TESTS) $(CTL) $(SANITIZED_CTL)
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(SETUP_TESTS)

.PHONY: check-setup
