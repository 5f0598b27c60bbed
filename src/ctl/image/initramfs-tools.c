/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that initramfs-tools(7) makes. */
#include "core/text.h"
#include "image/builder.h"
#include "image/contents.h"

#define UPDATE "update-initramfs"
#define SCRIPT "scripts/init-top/00-vfio-early"
#define ORDER  "scripts/init-top/ORDER"

/* "/scripts/init-top/NAME ..." runs a script; other lines are of initramfs-tools itself. */
static bool runs(const struct text *line, const char *script)
{
	struct text rest = *line, name;

	return text_take_char(&rest, '/') && text_take_until(&rest, ' ', &name) &&
	       text_equals(&name, script);
}

static void check_order(const struct contents_file *order, struct findings *findings)
{
	struct text text = { order->data, order->data + order->length }, line;

	while (text_take_until(&text, '\n', &line)) {
		if (runs(&line, SCRIPT)) {
			findings_add(findings, FINDING_OK, NULL, "runs before udev");
			return;
		}
		if (runs(&line, "scripts/init-top/udev")) {
			findings_add(findings, FINDING_ERROR, NULL,
				     "%s does not run before udev, which loads the host drivers",
				     SCRIPT);
			return;
		}
	}
	findings_add(findings, FINDING_ERROR, NULL, "%s does not run: it is not in %s", SCRIPT,
		     ORDER);
}

static void check_start(const struct contents *contents, struct findings *findings)
{
	const struct contents_file *script = contents_find(contents, SCRIPT);
	const struct contents_file *order = contents_find(contents, ORDER);

	if (!script)
		findings_add(findings, FINDING_ERROR, NULL, "%s is missing", SCRIPT);
	else if (!(script->mode & 0111))
		findings_add(findings, FINDING_ERROR, NULL, "%s is not executable", SCRIPT);
	else if (!order)
		findings_add(findings, FINDING_ERROR, NULL,
			     "%s is missing: neither initramfs-tools nor dracut made this image",
			     ORDER);
	else
		check_order(order, findings);
}

const struct builder builder_initramfs_tools = {
	.programs = (const char *const[]){ "/usr/sbin/" UPDATE, "/usr/local/sbin/" UPDATE, NULL },
	.argv = { UPDATE, "-u", "-k", "all" },
	.command = UPDATE " -u -k all",
	.one = UPDATE " -u -k",
	.first = UPDATE " -c -k",
	.files = (const char *const[]){ ORDER, SCRIPT, NULL },
	.check_start = check_start,
};
