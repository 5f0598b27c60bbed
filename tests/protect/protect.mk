# SPDX-License-Identifier: GPL-2.0-or-later
# What vfio-earlyctl finds that described hosts stand on. Included by tests.mk.

SANITIZED_CTL := $(B)/sanitized/vfio-earlyctl
PROTECT_TEST := $(B)/tests/protect/protected.t
PROTECT_SRC := tests/protect/tree.c $(HOSTTREE_SRC)
PROTECT_CORE := $(patsubst %,$(B)/sanitized/core/%.o,address rule text)

$(B)/sanitized/ctl/%.o: src/ctl/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc $(CTL_CFLAGS) -MMD -MP -c -o $@ $<

$(SANITIZED_CTL): $(call ctl_objects,sanitized)
	$(call say,LINK,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -o $@ $^ $(CTL_LIBS)

$(PROTECT_TEST): tests/protect/protected.c $(PROTECT_SRC) $(PROTECT_CORE)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc -MMD -MP -o $@ $^ -lcmocka

# Of one file each: what the kernel and libblkid tell.
PROTECT_PARTS := $(patsubst %,$(B)/tests/protect/%.t,routes tags)
PROTECT_OBJECTS := $(patsubst %,$(B)/sanitized/%.o,ctl/protect/routes ctl/protect/rtnetlink \
	ctl/protect/block-tags ctl/host/array ctl/host/host core/file)

$(PROTECT_PARTS): $(B)/tests/protect/%.t: tests/protect/%.c $(PROTECT_OBJECTS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc -Isrc/ctl -MMD -MP -o $@ $^ -lblkid -lcmocka

check-protect: ## devices in use of described hosts
check-protect: $(PROTECT_TEST) $(PROTECT_PARTS) $(SANITIZED_CTL) $(B)/vfio-earlyctl
	$(Q)$(run-tests) $(PROTECT_TEST) $(PROTECT_PARTS)

TESTS += $(PROTECT_TEST) $(PROTECT_PARTS)
TEST_NEEDS += $(SANITIZED_CTL) $(B)/vfio-earlyctl

.PHONY: check-protect
-include $(wildcard $(B)/sanitized/ctl/*.d $(B)/sanitized/ctl/*/*.d)
