/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a look at something found: all well, or what is wrong. */
#ifndef VFIO_EARLY_IMAGE_VERDICT_H
#define VFIO_EARLY_IMAGE_VERDICT_H

#define VERDICT_TEXT_MAX 512

enum verdict_state {
	VERDICT_OK,
	VERDICT_UNNEEDED,
	VERDICT_UNKNOWN, /* this process may not see what it needs */
	VERDICT_WRONG,
};

struct verdict {
	enum verdict_state state;
	char text[VERDICT_TEXT_MAX]; /* what is wrong, a line each, or what was found */
};

/* The name of a state for output. */
const char *verdict_state_name(enum verdict_state state);

/* Adds to what was found well, as a printf. */
void verdict_add(struct verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds what is wrong; all that was found well goes. */
void verdict_wrong(struct verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
