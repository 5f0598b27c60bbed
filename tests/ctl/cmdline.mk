# SPDX-License-Identifier: GPL-2.0-or-later
# cmdline and enable-iommu of vfio-earlyctl. Included by tests.mk.

CMDLINE_GRUB_OBJECTS := $(patsubst %,$(B)/sanitized/ctl/%.o,bootconfig bootfile bootwords grubfile \
	host kernelfile shellvars shellword) $(B)/sanitized/core/file.o

$(B)/tests/ctl/cmdline-grub.t: tests/ctl/cmdline-grub.c tests/ctl/run.c tests/lib/files.c \
		$(CMDLINE_GRUB_OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc/core -Isrc/ctl -MMD -MP -MF $(@:.t=.d) -o $@ $^ \
		-lcmocka

$(B)/tests/ctl/cmdline.t: tests/ctl/cmdline.c tests/ctl/run.c tests/lib/files.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $(@:.t=.d) -o $@ $^ -lcmocka

CMDLINE_TESTS := $(addprefix $(B)/tests/ctl/,cmdline-grub.t cmdline.t)
TESTS += $(CMDLINE_TESTS)
TEST_NEEDS += $(SANITIZED_CTL)

check-cmdline: $(CMDLINE_TESTS) $(SANITIZED_CTL)
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(CMDLINE_TESTS)

.PHONY: check-cmdline
