# SPDX-License-Identifier: GPL-2.0-or-later
# What doctor of vfio-earlyctl finds on hosts where one thing is wrong. Included by tests.mk.

DOCTOR_TEST := $(B)/tests/ctl/doctor.t
DOCTOR_SRC := tests/ctl/doctor.c tests/ctl/run.c tests/protect/tree.c $(HOSTTREE_SRC)

$(DOCTOR_TEST): $(DOCTOR_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -o $@ $(DOCTOR_SRC) -lcmocka -larchive -ljansson

TESTS += $(DOCTOR_TEST)
TEST_NEEDS += $(SANITIZED_CTL)

check-doctor: ## doctor
check-doctor: $(DOCTOR_TEST) $(SANITIZED_CTL)
	$(Q)$(run-tests) $(DOCTOR_TEST)

.PHONY: check-doctor
