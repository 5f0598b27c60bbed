/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digest of rules: which files count, in which order, and that nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sha2.h>

#include "files.h"
#include "run.h"

#define FILES_MAX 5

/* What the boot program reads as rules, and the text that the digest is the SHA-256 of. */
static const struct play {
	const char *name;
	struct {
		const char *path, *text, *link;
	} files[FILES_MAX];
	const char *hashed;
	size_t hashed_size;
} plays[] = {
#define HASHED(text) .hashed = (text), .hashed_size = sizeof(text) - 1
	{ .name = "no rules at all", HASHED("") },
	{
		.name = "an empty file is not none",
		.files = { { "etc/vfio-early.conf", "", NULL } },
		HASHED("/etc/vfio-early.conf\0000\0"),
	},
	{
		.name = "the main file",
		.files = { { "etc/vfio-early.conf", "01:00.0\n", NULL } },
		HASHED("/etc/vfio-early.conf\0008\00001:00.0\n"),
	},
	{
		.name = "the main file first, the others by name",
		.files = { { "etc/vfio-early.conf.d/b.conf", "b", NULL },
			   { "etc/vfio-early.conf.d/a.conf", "a", NULL },
			   { "etc/vfio-early.conf.d/B.conf", "B", NULL },
			   { "etc/vfio-early.conf", "m", NULL } },
		HASHED("/etc/vfio-early.conf\0001\000m"
		       "/etc/vfio-early.conf.d/B.conf\0001\000B"
		       "/etc/vfio-early.conf.d/a.conf\0001\000a"
		       "/etc/vfio-early.conf.d/b.conf\0001\000b"),
	},
	{
		.name = "what is no file of rules",
		.files = { { "etc/vfio-early.conf.d/.a.conf", "hidden", NULL },
			   { "etc/vfio-early.conf.d/.conf", "hidden", NULL },
			   { "etc/vfio-early.conf.d/a.conf.dpkg-old", "left", NULL },
			   { "etc/vfio-early.conf.d/c.conf/d.conf", "below", NULL },
			   { "etc/vfio-early.protected", "01:00.0", NULL } },
		HASHED(""),
	},
	{
		.name = "links count for what they lead to",
		.files = { { "srv/rules", "01:00.0\n", NULL },
			   { "etc/vfio-early.conf", NULL, "../srv/rules" },
			   { "etc/vfio-early.conf.d/gone.conf", NULL, "nowhere" } },
		HASHED("/etc/vfio-early.conf\0008\00001:00.0\n"),
	},
};

static void write_files(const char *tree, const struct play *play)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < FILES_MAX && play->files[i].path; i++) {
		files_path(path, "%s/%s", tree, play->files[i].path);
		files_make_parents(path);
		if (play->files[i].link)
			assert_int_equal(symlink(play->files[i].link, path), 0);
		else
			assert_int_equal(files_write(path, play->files[i].text), 0);
	}
}

static void test_play(void **state)
{
	const struct play *play = *state;
	char tree[PATH_MAX], hash[SHA256_DIGEST_STRING_LENGTH], expected[128], *digest;

	run_work("digest", tree);
	write_files(tree, play);
	SHA256Data((const uint8_t *)play->hashed, play->hashed_size, hash);
	snprintf(expected, sizeof(expected), "%s\n", hash);
	digest = run_digest(tree, NULL);
	assert_string_equal(digest, expected);
	free(digest);
}

int main(void)
{
	static struct CMUnitTest tests[sizeof(plays) / sizeof(*plays)];
	size_t count = 0;

	for (; count < sizeof(plays) / sizeof(*plays); count++)
		tests[count] = (struct CMUnitTest){ plays[count].name, test_play, NULL, NULL,
						    (void *)&plays[count] };
	return _cmocka_run_group_tests("digest", tests, count, NULL, NULL);
}
