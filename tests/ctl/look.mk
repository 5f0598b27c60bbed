# SPDX-License-Identifier: GPL-2.0-or-later
# What vfio-earlyctl prints about described hosts, and what bash offers while a person types.
# Included by tests.mk.

LOOK_TEST := $(B)/tests/ctl/look.t
LOOK_SRC := tests/ctl/look.c tests/protect/tree.c $(HOSTTREE_SRC)

$(LOOK_TEST): $(LOOK_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -o $@ $(LOOK_SRC) -lcmocka -ljansson -lutil

COMPLETION_TEST := $(B)/tests/ctl/completion.t

$(COMPLETION_TEST): tests/ctl/completion.c tests/ctl/run.c $(HOSTTREE_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka

TESTS += $(LOOK_TEST) $(COMPLETION_TEST)
TEST_NEEDS += $(SANITIZED_CTL)

check-look: ## what vfio-earlyctl prints
check-look: $(LOOK_TEST) $(COMPLETION_TEST) $(SANITIZED_CTL)
	$(Q)$(run-tests) $(LOOK_TEST) $(COMPLETION_TEST)

.PHONY: check-look
