/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong or good to know. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/findings.h"

enum { LEVEL, WHERE, TEXT };

static const struct table_column columns[] = {
	[LEVEL] = { "LEVEL", 0, 0, "error, warning or note" },
	[WHERE] = { "WHERE", 0, 0, "file and line" },
	[TEXT] = { "TEXT", 0, 0, "what there is to say" },
};

static const struct {
	const char *name;
	enum table_color color;
} levels[] = {
	[FINDING_ERROR] = { "error", TABLE_RED }, [FINDING_WARNING] = { "warning", TABLE_YELLOW },
	[FINDING_NOTE] = { "note", TABLE_PLAIN }, [FINDING_UNKNOWN] = { "unknown", TABLE_YELLOW },
	[FINDING_OK] = { "ok", TABLE_GREEN },
};

const char *findings_level_name(enum finding_level level)
{
	return levels[level].name;
}

enum table_color findings_level_color(enum finding_level level)
{
	return levels[level].color;
}

void findings_add(struct findings *findings, enum finding_level level, const char *where,
		  const char *format, ...)
{
	struct finding *list = reallocarray(findings->list, findings->count + 1, sizeof(*list));
	struct finding finding = {
		.number = findings->count,
		.level = level,
		.where = where ? strdup(where) : NULL,
	};
	va_list arguments;

	if (list)
		findings->list = list;
	va_start(arguments, format);
	if (vasprintf(&finding.text, format, arguments) < 0)
		finding.text = NULL;
	va_end(arguments);
	if (list && finding.text && (finding.where || !where)) {
		list[findings->count++] = finding;
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

const char *findings_format_counts(const struct findings *findings, char text[FINDINGS_COUNTS_MAX])
{
	size_t errors = findings_count(findings, FINDING_ERROR);
	size_t warnings = findings_count(findings, FINDING_WARNING);

	snprintf(text, FINDINGS_COUNTS_MAX, "%zu error%s, %zu warning%s", errors,
		 errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	return text;
}

static int print_table(const struct findings *findings, struct document *document)
{
	const struct table_options options = { .json = document->options->json };
	struct table table;
	int result = table_open(&table, &options, "problems", columns,
				sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < findings->count && result == 0; i++) {
		struct libscols_line *line = table_add(&table, NULL);

		table_set(&table, line, LEVEL, levels[findings->list[i].level].name);
		table_set(&table, line, WHERE, findings->list[i].where);
		table_set(&table, line, TEXT, findings->list[i].text);
	}
	if (result == 0)
		result = document_print_table(document, &table, NULL);
	table_close(&table);
	return result;
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

int findings_print(struct findings *findings, struct document *document)
{
	if (findings->failed)
		return -ENOMEM;
	findings_sort(findings);
	if (document->options->json)
		return print_table(findings, document);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		document_print_message(document, levels[finding->level].name,
				       levels[finding->level].color, finding->where, finding->text);
	}
	return 0;
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
