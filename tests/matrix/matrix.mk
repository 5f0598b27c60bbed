# SPDX-License-Identifier: GPL-2.0-or-later
# Every release that this is for, with its kernels and what makes its images, on either IOMMU.
# Included by tests.mk. Too long for `make check`, which has a part of it.

# A suite, with -backports for the kernel from there, or -dracut. One that is there already is
# taken as it is; the table tells of which day.
MATRIX_SYSTEMS ?= bookworm bookworm-backports trixie trixie-dracut sid sid-dracut
MATRIX_ROOTS := $(MATRIX_SYSTEMS:%=$(B)/roots/%)
MATRIX_TEST := $(B)/tests/matrix/matrix.t

matrix-roots: $(MATRIX_ROOTS)

# The table is among the comments, and in $(B)/matrix.md.
check-matrix-run: SYSTEMS = $(MATRIX_SYSTEMS)
check-matrix-run: $(MATRIX_TEST) $(DEB) $(MATRIX_ROOTS) $(B)/tests/boot/guest.img
	$(Q)$(run-tests) --comments $(MATRIX_TEST)

.PHONY: matrix-roots check-matrix-run
