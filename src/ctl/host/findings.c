/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong or good to know. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/array.h"
#include "host/findings.h"

static void add(struct findings *findings, struct finding finding, bool whole)
{
	struct finding *added = whole ? array_add(findings->list, findings->count) : NULL;

	if (added) {
		finding.number = findings->count - 1;
		*added = finding;
		return;
	}
	free(finding.where);
	free(finding.text);
	free(finding.fix);
	findings->failed = true;
}

void findings_add(struct findings *findings, enum finding_level level, const char *where,
		  const char *format, ...)
{
	struct finding finding = {
		.level = level,
		.topic = findings->topic,
		.where = where ? strdup(where) : NULL,
	};
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&finding.text, format, arguments) < 0)
		finding.text = NULL;
	va_end(arguments);
	add(findings, finding, finding.text && (finding.where || !where));
}

void findings_fix(struct findings *findings, const char *format, ...)
{
	struct finding *last = findings->count ? &findings->list[findings->count - 1] : NULL;
	va_list arguments;

	if (!last || findings->failed)
		return;
	va_start(arguments, format);
	if (vasprintf(&last->fix, format, arguments) < 0) {
		last->fix = NULL;
		findings->failed = true;
	}
	va_end(arguments);
}

void findings_copy(struct findings *findings, const struct finding *finding)
{
	findings_add(findings, finding->level, finding->where, "%s", finding->text);
	if (finding->fix)
		findings_fix(findings, "%s", finding->fix);
}

size_t findings_count(const struct findings *findings, enum finding_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].level == level)
			count++;
	return count;
}

static int compare(const void *a, const void *b)
{
	const struct finding *one = a, *other = b;
	int order = (int)one->level - (int)other->level;

	if (order == 0)
		order = strverscmp(one->where ? one->where : "", other->where ? other->where : "");
	if (order == 0)
		order = one->number < other->number ? -1 : 1;
	return order;
}

void findings_sort(struct findings *findings)
{
	if (findings->count > 1)
		qsort(findings->list, findings->count, sizeof(*findings->list), compare);
}

void findings_free(struct findings *findings)
{
	while (findings->count > 0) {
		struct finding *last = &findings->list[--findings->count];

		free(last->where);
		free(last->text);
		free(last->fix);
	}
	free(findings->list);
	findings->list = NULL;
}
