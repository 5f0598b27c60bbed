/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of devices in use by the host: whether it is whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/protections.h"
#include "core/text.h"

int protections_parse(struct rules *list, const char *name, const char *text, size_t length,
		      char why[PROTECTIONS_WHY_MAX])
{
	struct text rest = { text, text + length }, last = { text, text };
	char count[sizeof(PROTECTIONS_COUNT) + 20];
	int result = rules_parse(list, name, text, length);

	if (result < 0) {
		snprintf(why, PROTECTIONS_WHY_MAX, "%s", strerror(-result));
		return result;
	}
	while (text_take_until(&rest, '\n', &last))
		;
	snprintf(count, sizeof(count), PROTECTIONS_COUNT "%zu", list->count);
	if (list->bad == 0 && last.end < text + length && text_equals(&last, count))
		return 0;
	if (text_take_prefix(&last, PROTECTIONS_NONE) && !text_at_end(&last))
		text_copy_printable(&last, why, PROTECTIONS_WHY_MAX);
	else
		snprintf(why, PROTECTIONS_WHY_MAX, "the list is not complete");
	return -EBADMSG;
}
