/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can become of a device or of a rule. The names are a contract: vfio-early(8). */
#ifndef VFIO_EARLY_CORE_OUTCOME_H
#define VFIO_EARLY_CORE_OUTCOME_H

#include <stdbool.h>

enum outcome {
	OUTCOME_BOUND,
	OUTCOME_ALREADY_BOUND,
	OUTCOME_WOULD_BIND,
	OUTCOME_EXCLUDED,
	OUTCOME_PROTECTED,
	OUTCOME_GUARD_MISMATCH,
	OUTCOME_NOT_FOUND,
	OUTCOME_BRIDGE,
	OUTCOME_NO_IOMMU,
	OUTCOME_NO_DRIVER,
	OUTCOME_PROBE_FAILED,
	OUTCOME_TIMEOUT,
	OUTCOMES,
};

/* Levels of the kernel log, include/linux/kern_levels.h. */
enum level {
	LEVEL_ERROR = 3,
	LEVEL_WARNING = 4,
	LEVEL_INFO = 6,
};

/* The name in log, status file and table: "bound", "guard-mismatch", ... */
const char *outcome_name(enum outcome outcome);

/* The level at which an outcome is logged. */
enum level outcome_level(enum outcome outcome);

/* Whether the rule has what it wanted. */
bool outcome_satisfies(enum outcome outcome);

#endif
