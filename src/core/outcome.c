/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can become of a device or of a rule. */
#include "core/outcome.h"

static const struct {
	const char *name;
	enum level level;
	bool satisfies;
} outcomes[] = {
	[OUTCOME_BOUND] = { "bound", LEVEL_INFO, true },
	[OUTCOME_ALREADY_BOUND] = { "already-bound", LEVEL_INFO, true },
	[OUTCOME_WOULD_BIND] = { "would-bind", LEVEL_INFO, true },
	[OUTCOME_EXCLUDED] = { "excluded", LEVEL_INFO, true },
	[OUTCOME_PROTECTED] = { "protected", LEVEL_WARNING, false },
	[OUTCOME_GUARD_MISMATCH] = { "guard-mismatch", LEVEL_WARNING, false },
	[OUTCOME_NOT_FOUND] = { "not-found", LEVEL_WARNING, false },
	[OUTCOME_BRIDGE] = { "bridge", LEVEL_WARNING, false },
	[OUTCOME_NO_IOMMU] = { "no-iommu", LEVEL_ERROR, false },
	[OUTCOME_NO_DRIVER] = { "no-driver", LEVEL_ERROR, false },
	[OUTCOME_PROBE_FAILED] = { "probe-failed", LEVEL_ERROR, false },
	[OUTCOME_TIMEOUT] = { "timeout", LEVEL_ERROR, false },
};

const char *outcome_name(enum outcome outcome)
{
	return outcomes[outcome].name;
}

enum level outcome_level(enum outcome outcome)
{
	return outcomes[outcome].level;
}

bool outcome_satisfies(enum outcome outcome)
{
	return outcomes[outcome].satisfies;
}
