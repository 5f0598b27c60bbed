# SPDX-License-Identifier: GPL-2.0-or-later
# rom of vfio-earlyctl, and what vm makes of ROMs. Included by tests.mk.

ROM_SRC := tests/ctl/makerom.c tests/ctl/run.c $(HOSTTREE_SRC)
ROM_TESTS := $(addprefix $(B)/tests/ctl/,rom.t romcard.t)

$(B)/tests/ctl/rom.t: tests/ctl/rom.c $(ROM_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka

$(B)/tests/ctl/romcard.t: tests/ctl/romcard.c tests/ctl/romfs.c $(ROM_SRC) \
		$(wildcard tests/ctl/*.h tests/lib/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $$(pkg-config --cflags fuse3) -o $@ $(filter %.c,$^) \
		-lcmocka $$(pkg-config --libs fuse3)

TESTS += $(ROM_TESTS)
TEST_NEEDS += $(SANITIZED_CTL)

check-rom: ## expansion ROMs
check-rom: $(ROM_TESTS) $(SANITIZED_CTL)
	$(Q)$(run-tests) $(ROM_TESTS)

.PHONY: check-rom
