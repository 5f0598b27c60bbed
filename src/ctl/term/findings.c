/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints findings. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/findings.h"

enum { LEVEL, WHERE, TEXT, FIX };

static const struct table_column columns[] = {
	[LEVEL] = { "LEVEL", 0, 0, "error, warning, unknown or note" },
	[WHERE] = { "WHERE", 0, 0, "file and line" },
	[TEXT] = { "TEXT", 0, 0, "fact" },
	[FIX] = { "FIX", 0, 0, "what to do" },
	{},
};

static const struct {
	const char *name, *plural;
	enum table_color color;
} levels[FINDING_LEVELS] = {
	[FINDING_ERROR] = { "error", "errors", TABLE_RED },
	[FINDING_WARNING] = { "warning", "warnings", TABLE_YELLOW },
	[FINDING_NOTE] = { "note", "notes", TABLE_PLAIN },
	[FINDING_UNKNOWN] = { "unknown", "unknown", TABLE_YELLOW },
	[FINDING_OK] = { "ok", "ok", TABLE_GREEN },
	[FINDING_NONE] = { "n/a", "n/a", TABLE_PLAIN },
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
	static const enum finding_level order[] = { FINDING_ERROR, FINDING_WARNING, FINDING_UNKNOWN,
						    FINDING_NOTE };
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t count = findings_count(findings, order[i]);

		if (count > 0)
			length += (size_t)snprintf(text + length, FINDINGS_COUNTS_MAX - length,
						   "%s%zu %s", length ? ", " : "", count,
						   count == 1 ? levels[order[i]].name
							      : levels[order[i]].plural);
	}
	return text;
}

static int print_table(const struct findings *findings, struct document *document)
{
	const struct table_options options = { .json = document->options->json };
	struct table table;

	table_open(&table, &options, "problems", columns);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		struct libscols_line *line = table_add(&table, NULL);

		table_set(&table, line, LEVEL, levels[finding->level].name);
		table_set(&table, line, WHERE, finding->where);
		table_set(&table, line, TEXT, finding->text);
		table_set(&table, line, FIX, finding->fix);
	}
	return document_print_table(document, &table, NULL);
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
		if (finding->fix)
			document_print_wrapped(document, "  fix:", finding->fix);
	}
	return 0;
}

int findings_print_below(const struct finding *finding, const char *heading,
			 struct document *document)
{
	char *text;

	if (heading)
		document_print_message(document, levels[finding->level].name,
				       levels[finding->level].color, NULL, heading);
	if (asprintf(&text, "%s%s%s", finding->where ?: "", finding->where ? ": " : "",
		     finding->text) < 0)
		return -ENOMEM;
	document_print_wrapped(document, " ", text);
	free(text);
	if (finding->fix)
		document_print_wrapped(document, "  fix:", finding->fix);
	return 0;
}
