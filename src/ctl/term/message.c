/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the tool, and the end of its output. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "term/findings.h"
#include "term/message.h"
#include "term/shown.h"

/* Of the second and later lines of a message. */
#define INDENT 2

/* A terminal that says less says nothing. */
#define WIDTH_MIN 20

void message_wrap(FILE *stream, const char *text, size_t column, size_t indent, size_t width)
{
	while (*text) {
		const char *quote = text[0] == '\'' ? strchr(text + 1, '\'') : NULL;
		const char *end = quote ? quote : text;
		size_t length = (size_t)(end - text) + strcspn(end, " ");

		if (column + 1 + length > width) {
			fprintf(stream, "\n%*s", (int)indent - 1, "");
			column = indent - 1;
		}
		shown_print(stream, "", column ? " %.*s" : "%.*s", (int)length, text);
		column += (column > 0) + length;
		text += length + strspn(text + length, " ");
	}
	fputc('\n', stream);
}

__attribute__((format(printf, 3, 0))) static void print(FILE *stream, const char *before,
							const char *format, va_list arguments)
{
	struct winsize size = { .ws_col = 0 };
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	ioctl(fileno(stream), TIOCGWINSZ, &size);
	fputs(before, stream);
	if (text && size.ws_col >= WIDTH_MIN && !strchr(text, '\n')) {
		message_wrap(stream, text, strlen(before), INDENT, size.ws_col);
	} else {
		shown_print(stream, stream == stdout ? "\n" : "", "%s%s", *before ? " " : "",
			    text ?: strerror(ENOMEM));
		fputc('\n', stream);
	}
	free(text);
}

void ctl_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(stdout, "", format, arguments);
	va_end(arguments);
}

int ctl_fail(const char *format, ...)
{
	va_list arguments;

	fflush(stdout); /* what was said before comes first */
	va_start(arguments, format);
	print(stderr, "vfio-earlyctl:", format, arguments);
	va_end(arguments);
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
			ctl_say("%s%s%s", finding->where ?: "", finding->where ? ": " : "",
				finding->text);
		else
			tell(finding);
	}
	if (findings->failed)
		ctl_fail("%s; some messages are missing", strerror(ENOMEM));
	findings_free(findings);
}

int findings_status(const struct findings *findings)
{
	return findings_count(findings, FINDING_ERROR) + findings_count(findings, FINDING_WARNING) +
				       findings_count(findings, FINDING_UNKNOWN) >
			       0
		       ? CTL_INCOMPLETE
		       : CTL_OK;
}
