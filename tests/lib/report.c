/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the booted guest said about itself; guest.c tells the form. */
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

/* The steps of guest.c as they read when none failed. */
#define ALL_STEPS "container group viable type1 device config bar dma"

void report_load(struct report *report, const char *path)
{
	report->text = files_read(path);
}

void report_free(struct report *report)
{
	free(report->text);
	report->text = NULL;
}

static bool starts_with(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

const char *report_next_line(const struct report *report, const char *kind, const char *line)
{
	size_t length = strlen(kind);
	const char *next = report->text;

	if (line) {
		next = strchr(line, '\n');
		next = next ? next + 1 : NULL;
	}
	while (next && *next) {
		if (starts_with(next, kind) && (next[length] == ' ' || next[length] == '\n'))
			return next[length] == ' ' ? next + length + 1 : next + length;
		next = strchr(next, '\n');
		next = next ? next + 1 : NULL;
	}
	return NULL;
}

char *report_line(const struct report *report, const char *kind)
{
	const char *line = report_next_line(report, kind, NULL);

	return line ? strndup(line, strcspn(line, "\n")) : NULL;
}

bool report_is_complete(const struct report *report)
{
	return report_next_line(report, "end", NULL) != NULL;
}

static bool parse_device(const char *line, struct report_device *device)
{
	return sscanf(line, "%15s %15s %15s %31s %31s %15s", device->address, device->id,
		      device->class, device->driver, device->override, device->group) == 6;
}

int report_find_device(const struct report *report, const char *address,
		       struct report_device *device)
{
	const char *line = NULL;

	while ((line = report_next_line(report, "device", line))) {
		if (parse_device(line, device) && strcmp(device->address, address) == 0)
			return 0;
	}
	return -ENOENT;
}

static void squeeze_line(FILE *out, const char *from, const char *version)
{
	const char *end = from + strcspn(from, "\n");

	while (from < end) {
		size_t blanks = strspn(from, " ");

		from += blanks;
		if (blanks && from < end)
			fputc(' ', out);
		if (starts_with(from, version)) {
			fputs("VERSION", out);
			from += strlen(version);
		} else if (from < end) {
			fputc(*from++, out);
		}
	}
	fputc('\n', out);
}

static void put_line(FILE *out, const char *line, const char *version)
{
	if (version)
		squeeze_line(out, line, version);
	else
		fprintf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
}

char *report_transcript(const struct report *report, const char *version)
{
	static const struct {
		const char *kind, *prefix;
	} kinds[] = { { "run ", "$ " }, { "out ", "" }, { "exit ", "exit " } };
	const char *line = report->text;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	while (out && line && *line) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (starts_with(line, kinds[i].kind)) {
				fputs(kinds[i].prefix, out);
				put_line(out, line + strlen(kinds[i].kind), version);
			}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	if (out)
		fclose(out);
	return text;
}

bool report_has_message(const struct report *report, int level, const char *text)
{
	const char *line = NULL;

	while ((line = report_next_line(report, "kmsg", line))) {
		if ((level < 0 || level == *line - '0') &&
		    memmem(line, strcspn(line, "\n"), text, strlen(text)))
			return true;
	}
	return false;
}

/* Whether @line is @words, and nothing else. */
static bool line_is(const char *line, const char *words)
{
	return starts_with(line, words) && line[strlen(words)] == '\n';
}

bool report_has_module(const struct report *report, const char *name)
{
	const char *line = NULL;

	while ((line = report_next_line(report, "module", line))) {
		if (line_is(line, name))
			return true;
	}
	return false;
}

/* Whether the attempt to use the device got exactly through these steps. */
static bool steps_are(const struct report *report, const char *address, const char *steps)
{
	const char *line = NULL;

	while ((line = report_next_line(report, "vfio", line))) {
		if (starts_with(line, address))
			return line_is(line + strlen(address), steps);
	}
	return false;
}

bool report_was_used(const struct report *report, const char *address)
{
	return steps_are(report, address, " " ALL_STEPS);
}

/* The same for an attempt that got through @passed and failed at @failed. */
static bool failed_at(const struct report *report, const char *address, const char *passed,
		      const char *failed, int error)
{
	char steps[64];

	return snprintf(steps, sizeof(steps), " %s !%s:%d", passed, failed, error) <
		       (int)sizeof(steps) &&
	       steps_are(report, address, steps);
}

bool report_is_not_viable(const struct report *report, const char *address)
{
	return failed_at(report, address, "container group", "viable", EBUSY);
}

bool report_is_unsafe(const struct report *report, const char *address)
{
	return failed_at(report, address, "container group viable", "type1", EPERM);
}

bool report_lacks_bar(const struct report *report, const char *address)
{
	return failed_at(report, address, "container group viable type1 device config", "bar",
			 EBUSY);
}

/* Field number @index of a line of tab-separated fields; its length in @length. */
static const char *find_field(const char *line, int index, size_t *length)
{
	while (index-- > 0) {
		line += strcspn(line, "\t\n");
		if (*line != '\t')
			return NULL;
		line++;
	}
	*length = strcspn(line, "\t\n");
	return line;
}

static bool field_is(const char *line, int index, const char *text)
{
	size_t length;
	const char *field = find_field(line, index, &length);

	return field && length == strlen(text) && memcmp(field, text, length) == 0;
}

static int find_column(const char *header, const char *name)
{
	size_t length;

	for (int i = 0; find_field(header, i, &length); i++) {
		if (field_is(header, i, name))
			return i;
	}
	return -1;
}

char *report_status(const struct report *report, const char *address, const char *column)
{
	const char *header = report_next_line(report, "status", NULL);
	const char *row = header;
	const char *field = NULL;
	size_t length;
	int index;

	index = header ? find_column(header, column) : -1;
	if (index < 0)
		return NULL;
	/* The last row counts: a device that comes after the boot has it at the end. */
	while ((row = report_next_line(report, "status", row))) {
		if (field_is(row, 0, address))
			field = find_field(row, index, &length);
	}
	return field ? strndup(field, length) : NULL;
}
