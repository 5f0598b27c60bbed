/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong or good to know. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/array.h"
#include "host/findings.h"

void findings_add(struct findings *findings, enum finding_level level, const char *where,
		  const char *format, ...)
{
	struct finding finding = {
		.number = findings->count,
		.level = level,
		.where = where ? strdup(where) : NULL,
	};
	struct finding *added;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&finding.text, format, arguments) < 0)
		finding.text = NULL;
	va_end(arguments);
	added = finding.text && (finding.where || !where) ?
			array_add(findings->list, findings->count) :
			NULL;
	if (added) {
		*added = finding;
		return;
	}
	free(finding.where);
	free(finding.text);
	findings->failed = true;
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
	}
	free(findings->list);
	findings->list = NULL;
}
