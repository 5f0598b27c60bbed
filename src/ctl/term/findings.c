/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints what is wrong or good to know. */
#include <errno.h>
#include <stdio.h>

#include "term/findings.h"

enum { LEVEL, WHERE, TEXT };

static const struct table_column columns[] = {
	[LEVEL] = { "LEVEL", 0, 0, "error, warning or note" },
	[WHERE] = { "WHERE", 0, 0, "file and line" },
	[TEXT] = { "TEXT", 0, 0, "what there is to say" },
	{},
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
	int result = table_open(&table, &options, "problems", columns);

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
