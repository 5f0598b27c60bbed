/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that dracut(8) makes. */
#include "core/text.h"
#include "image/builder.h"
#include "image/contents.h"

#define ONE "dracut --force --kver"

/* Below var, or usr before version 102; and what the image was made of. */
#define HOOK    "lib/dracut/hooks/pre-udev/00-vfio-early.sh"
#define MODULES "usr/lib/dracut/modules.txt"

static bool has_line(const struct contents_file *file, const char *wanted)
{
	struct text text = { file->data, file->data + file->length }, line;

	while (text_take_until(&text, '\n', &line))
		if (text_equals(&line, wanted))
			return true;
	return false;
}

/* With systemd in the image, only dracut's own units run hooks. */
static void check_start(const struct contents *contents, struct findings *findings)
{
	const struct contents_file *modules = contents_find(contents, MODULES);

	if (!contents_find(contents, "var/" HOOK) && !contents_find(contents, "usr/" HOOK))
		findings_add(findings, FINDING_ERROR, NULL,
			     "dracut's module vfio-early is missing");
	else if (has_line(modules, "systemd") && !has_line(modules, "dracut-systemd"))
		findings_add(findings, FINDING_ERROR, NULL,
			     "nothing runs it: dracut's module systemd is in the image without "
			     "dracut-systemd");
	else
		findings_add(findings, FINDING_OK, NULL, "runs before udev");
}

const struct builder builder_dracut = {
	.programs = (const char *const[]){ "/usr/bin/dracut", NULL },
	.argv = { "dracut", "--force", "--regenerate-all" },
	.command = "dracut --force --regenerate-all",
	.one = ONE,
	.first = ONE,
	.files = (const char *const[]){ MODULES, "var/" HOOK, "usr/" HOOK, NULL },
	.check_start = check_start,
};
