/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the tree of a described or made-up host, for `vfio-early --root DIR --dry-run`. */
#include "files.h"
#include "hosttree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int usage(void)
{
	fputs("usage: mkhost FILE DIR\n"
	      "       mkhost --synthetic FUNCTIONS DIR\n"
	      "DIR is made if absent. hosttree.h describes what FILE has.\n",
	      stderr);
	return 2;
}

static char *read_description(int argc, char **argv)
{
	char *end, *text;
	unsigned long functions;

	if (argc == 3) {
		text = files_read(argv[1]);
		if (!text)
			fprintf(stderr, "mkhost: %s: %s\n", argv[1], strerror(errno));
		return text;
	}
	functions = strtoul(argv[2], &end, 10);
	if (*end || functions > 1 << 20) {
		fprintf(stderr, "mkhost: not a number of functions: %s\n", argv[2]);
		return NULL;
	}
	return hosttree_describe_synthetic(functions);
}

int main(int argc, char **argv)
{
	char msg[256];
	char *text;
	int r;

	if (argc != 3 && !(argc == 4 && !strcmp(argv[1], "--synthetic")))
		return usage();
	text = read_description(argc, argv);
	if (!text)
		return 1;
	if (mkdir(argv[argc - 1], 0755) && errno != EEXIST) {
		perror(argv[argc - 1]);
		free(text);
		return 1;
	}
	r = hosttree_write(text, argv[argc - 1], msg, sizeof(msg));
	if (r)
		fprintf(stderr, "mkhost: %s: %s\n", argv[1], msg);
	free(text);
	return r ? 1 : 0;
}
