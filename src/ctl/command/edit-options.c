/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that add and remove have in common. */
#include <string.h>

#include "command/edit-options.h"
#include "command/lock.h"
#include "term/message.h"

static int take_kind(struct edit *edit, const char *name)
{
	for (enum selector_kind kind = 0; kind < SELECTOR_KINDS; kind++)
		if (strcmp(selector_names[kind], name) == 0) {
			edit->by = kind;
			return CTL_OK;
		}
	return ctl_fail("--by: found '%s', expected path, slot, serial, id or address", name);
}

static int check_file(const char *path)
{
	if (rules_is_file(path))
		return CTL_OK;
	return ctl_fail("--file: found '%s', expected " RULES_FILE " or " RULES_DIRECTORY
			"/NAME.conf: the boot reads no other",
			path);
}

int edit_open(struct edit *edit, const struct ctl *ctl, int argc, char **argv, const char *usage,
	      bool adds)
{
	const char *by = NULL;
	/* Those that not every command has come first. */
	const struct options_entry entries[] = {
		{ '\0', "by", .text = &by },
		{ 'g', "group", .set = &edit->group },
		{ 'f', "force", .set = &edit->force },
		{ 'n', "dry-run", .set = &edit->dry_run },
		{ 'u', "update", .set = &edit->update },
		{ '\0', "file", .text = &edit->file },
		{},
	};
	const struct options options = {
		.usage = usage,
		.entries = entries + (adds ? 0 : 2),
		.operands_max = OPTIONS_ANY_OPERANDS,
		.wants_device = true,
	};
	int status;

	edit_init(edit);
	status = options_parse(&options, ctl, &argc, &argv);
	if (status != OPTIONS_RUN)
		return status;
	if ((by && take_kind(edit, by) != CTL_OK) ||
	    (edit->file && check_file(edit->file) != CTL_OK))
		return ctl_fail("try 'vfio-earlyctl %s --help'", ctl->command);
	edit->operands = argv;
	if (!edit->dry_run)
		edit->lock = lock_root(ctl->root);
	if (edit->lock < 0 && !edit->dry_run)
		return CTL_INTERNAL;
	status = edit_look(edit, ctl->root);
	return status == CTL_OK ? OPTIONS_RUN : status;
}
