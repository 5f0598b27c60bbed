/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the tool, and the end of its output. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "term/findings.h"
#include "term/message.h"
#include "term/shown.h"

int ctl_fail(const char *format, ...)
{
	va_list arguments;

	fflush(stdout); /* what was said before comes first */
	fputs("vfio-earlyctl: ", stderr);
	va_start(arguments, format);
	shown_vprint(stderr, "", format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return CTL_INTERNAL;
}

int ctl_finish(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return ctl_fail("standard output: %s", strerror(errno));
	return status;
}

/* "WHERE: LEVEL: FACT", and the fix below. That a command failed needs no level. */
static void tell(const struct finding *finding)
{
	const char *level = findings_level_name(finding->level);
	bool failed = finding->level == FINDING_ERROR;

	ctl_fail("%s%s%s%s%s", finding->where ?: "", finding->where ? ": " : "",
		 failed ? "" : level, failed ? "" : ": ", finding->text);
	if (finding->fix)
		shown_print(stderr, "\n", "  fix: %s\n", finding->fix);
}

void findings_tell(const struct findings *findings, enum finding_level level)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].level == level)
			tell(&findings->list[i]);
}

void findings_report(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (finding->level == FINDING_OK)
			shown_print(stdout, "\n", "%s%s%s\n", finding->where ?: "",
				    finding->where ? ": " : "", finding->text);
		else
			tell(finding);
	}
	if (findings->failed)
		ctl_fail("%s; some messages are missing", strerror(ENOMEM));
	findings_free(findings);
}

int findings_status(const struct findings *findings)
{
	return findings_count(findings, FINDING_ERROR) + findings_count(findings, FINDING_WARNING)
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}
