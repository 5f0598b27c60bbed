/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels and their images: a look at them, and the table. */
#include <string.h>

#include "bootloader/esp.h"
#include "bootloader/next.h"
#include "command/kernels.h"

enum { RELEASE, IMAGE_PATH, RULES, RUNNING, NEXT };

static const struct table_column columns[] = {
	[RELEASE] = { "KERNEL", 0, 0, "release" },
	[IMAGE_PATH] = { "IMAGE", 0, 0, "path of its image" },
	[RULES] = { "RULES", 0, 0, "whether the image has the current rules" },
	[RUNNING] = { "RUNNING", TABLE_YES_NO, 0, "whether it is running" },
	[NEXT] = { "NEXT", TABLE_YES_NO, 0, "whether it boots next" },
	{},
};

int kernels_look(struct kernels *kernels, const struct host *host, struct protect *protect,
		 struct findings *findings)
{
	int result = kernels_find(kernels, host, protect);

	bootnext_mark(kernels, host);
	esps_check_images(findings, host, kernels);
	if (result < 0)
		findings_add(findings, FINDING_UNKNOWN, NULL, "Images can't be seen: %s",
			     strerror(-result));
	return result;
}

static void add_kernel(struct table *table, const struct kernel *kernel)
{
	struct libscols_line *line = table_add(table, NULL);
	char path[PATH_MAX];

	table_set(table, line, RELEASE, kernel->release);
	if (kernel->state != KERNEL_NO_IMAGE && kernels_image(kernel, path) == 0)
		table_set(table, line, IMAGE_PATH, path);
	table_set(table, line, RULES,
		  kernel->unbooted ? "not booted" : kernels_state_name(kernel->state));
	table_set_flag(table, line, RUNNING, kernel->running);
	table_set_flag(table, line, NEXT, kernel->next);
	if (kernel->state != KERNEL_CURRENT)
		table_color(table, line, TABLE_YELLOW);
}

int kernels_print(const struct kernels *kernels, struct document *document)
{
	const struct table_options options = { .json = document->options->json };
	struct table_column shown[sizeof(columns) / sizeof(columns[0])];
	struct table table;

	/* One kernel alone has no choice to show. */
	memcpy(shown, columns, sizeof(columns));
	shown[NEXT].flags |= kernels->count < 2 ? TABLE_EXTRA : 0;
	table_open(&table, &options, "kernels", shown);
	for (size_t i = 0; i < kernels->count; i++)
		add_kernel(&table, &kernels->list[i]);
	return document_print_table(document, &table, "Images for the next boot:");
}
