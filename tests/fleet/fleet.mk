# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts that are managed with others' tools. Included by tests.mk.

FLEET_TEST := $(B)/tests/fleet/10-ansible-role.t
FLEET_SRC := tests/fleet/container.c tests/fleet/exposition.c $(addprefix tests/boot/,command.c \
	file.c) $(addprefix tests/lib/,files.c hosttree.c)

$(FLEET_TEST): tests/fleet/10-ansible-role.c $(FLEET_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka

$(B)/tests/fleet/enter: tests/fleet/enter.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $@.d -o $@ $<

FLEET_NEEDS := $(B)/tests/fleet/enter stage $(TEST_SUITES:%=$(B)/roots/%)
TESTS += $(FLEET_TEST)
TEST_NEEDS += $(FLEET_NEEDS)

check-fleet: ## the Ansible role
check-fleet: $(FLEET_TEST) $(FLEET_NEEDS)
	$(Q)$(run-tests) $(FLEET_TEST)

.PHONY: check-fleet
