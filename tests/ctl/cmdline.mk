# SPDX-License-Identifier: GPL-2.0-or-later
# cmdline and enable-iommu of vfio-earlyctl. Included by tests.mk.

CMDLINE_GRUB_OBJECTS := $(patsubst %,$(B)/sanitized/ctl/bootloader/%.o,config files words grub \
	kernel-cmdline) $(patsubst %,$(B)/sanitized/ctl/host/%.o,array findings host) \
	$(B)/sanitized/core/file.o

$(B)/tests/ctl/cmdline-grub.t: tests/ctl/cmdline-grub.c tests/ctl/run.c tests/lib/files.c \
		$(CMDLINE_GRUB_OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc -Isrc/ctl -MMD -MP -MF $(@:.t=.d) -o $@ $^ \
		-lcmocka

$(B)/tests/ctl/cmdline.t: tests/ctl/cmdline.c tests/ctl/run.c tests/lib/files.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka

$(B)/tests/ctl/cmdline-diff.t: tests/ctl/cmdline-diff.c tests/ctl/run.c tests/lib/files.c \
		$(B)/sanitized/ctl/host/diff.o
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc/ctl -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka

# In a real Debian system; its partitions and proxmox-boot-tool are stand-ins.
$(B)/tests/ctl/cmdline-system.t: tests/ctl/cmdline-system.c tests/ctl/run.c tests/lib/files.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka

$(B)/tests/ctl/cmdline-standin: tests/ctl/cmdline-standin.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -static -MMD -MP -o $@ $<

CMDLINE_TESTS := $(addprefix $(B)/tests/ctl/,cmdline-diff.t cmdline-grub.t \
	cmdline.t cmdline-system.t)
CMDLINE_NEEDS := $(SANITIZED_CTL) $(B)/vfio-earlyctl $(B)/tests/ctl/cmdline-standin \
	$(B)/roots/trixie-full
TESTS += $(CMDLINE_TESTS)
TEST_NEEDS += $(CMDLINE_NEEDS)

check-cmdline: ## cmdline and enable-iommu
check-cmdline: $(CMDLINE_TESTS) $(CMDLINE_NEEDS)
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(CMDLINE_TESTS)

.PHONY: check-cmdline
