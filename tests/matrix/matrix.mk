# SPDX-License-Identifier: GPL-2.0-or-later
# Every release that this is for, with its kernels and what makes its images, on either IOMMU.
# Included by tests.mk. Too long for `make check`, which has a part of it.

# A suite, with -backports for the kernel from there, or -dracut. One that is there already is
# taken as it is; the table tells of which day.
MATRIX_SYSTEMS ?= bookworm bookworm-backports trixie trixie-dracut sid sid-dracut
MATRIX_ROOTS := $(MATRIX_SYSTEMS:%=$(B)/roots/%)
MATRIX_TEST := $(B)/tests/matrix/matrix.t
MATRIX_LIFE_TEST := $(B)/tests/package/10-life-of-a-package.t

matrix-roots: $(MATRIX_ROOTS)

# The table is among the comments, and in $(B)/matrix.md.
check-matrix-run: SYSTEMS = $(MATRIX_SYSTEMS)
check-matrix-run: $(MATRIX_TEST) check-matrix-life $(DEB) $(MATRIX_ROOTS) $(B)/tests/boot/guest.img
	$(Q)$(run-tests) --comments $(MATRIX_TEST)

# It looks into images of initramfs-tools; `make check` has the suites that are missing here.
check-matrix-life: SYSTEMS = $(filter-out $(TEST_SUITES) %-dracut,$(MATRIX_SYSTEMS))
check-matrix-life: $(MATRIX_LIFE_TEST) $(DEB) $(MATRIX_ROOTS)
	$(if $(SYSTEMS),$(Q)$(run-tests) $(MATRIX_LIFE_TEST))

.PHONY: matrix-roots check-matrix-run check-matrix-life
