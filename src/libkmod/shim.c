/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libkmod calls and klibc lacks, and what this program has no use for. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * For index_search() and index_searchwild(), by which kmod_module_new_from_lookup() reads
 * modules.*.bin when kmod_load_resources() could not map them all.
 */
ssize_t getdelim(char **line, size_t *size, int delim, FILE *file)
{
	size_t length = 0;
	int c;

	if (!*line)
		*size = 0;
	do {
		if (length + 1 >= *size) {
			size_t bigger = *size ? 2 * *size : 128;
			char *grown = realloc(*line, bigger);

			if (!grown)
				return -1;
			*line = grown;
			*size = bigger;
		}
		c = fgetc(file);
		if (c == EOF)
			break;
		(*line)[length++] = c;
	} while (c != delim);

	(*line)[length] = '\0';
	return length && !ferror(file) ? (ssize_t)length : -1;
}

/* For path_make_absolute_cwd(), by which kmod_new() takes a relative directory. */
char *get_current_dir_name(void)
{
	char path[PATH_MAX];

	return getcwd(path, sizeof(path)) ? strdup(path) : NULL;
}

/* In place of libkmod-elf.c: no module is read as ELF here. */
void kmod_elf_unref(struct kmod_elf *elf)
{
	(void)elf;
}
