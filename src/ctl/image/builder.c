/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that make initramfs images. */
#include "image/builder.h"
#include "image/contents.h"

/* The first that is installed counts: dracut leaves the name update-initramfs to others. */
const struct builder *const builders[] = { &builder_initramfs_tools, &builder_dracut, NULL };

const struct builder *builder_find(const struct host *host)
{
	for (size_t i = 0; builders[i]; i++)
		for (const char *const *program = builders[i]->programs; *program; program++)
			if (host_has(host, "", host_below(*program)))
				return builders[i];
	return builders[0];
}

const struct builder *builder_of_image(const struct contents *contents)
{
	for (size_t i = 0; builders[i]; i++)
		if (contents_find(contents, builders[i]->files[0]))
			return builders[i];
	return builders[0];
}
