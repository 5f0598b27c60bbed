/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where rules are read from: what is no file is named, and nothing waits for it or opens it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A test that waits for a FIFO's writer is killed. */
#define SECONDS_MAX 10

enum kind { FILE_OF_RULES, FIFO, FIFO_WITH_WRITER, SOCKET, DIRECTORY, LINK };

static const struct {
	const char *name; /* in RULES_DIRECTORY */
	enum kind kind;
	const char *text; /* or where a link leads to */
	size_t rules;
	const char *problem; /* NULL: none */
} table[] = {
	{ "a.conf", FILE_OF_RULES, "01:00.0\n", 1, NULL },
	{ "gone.conf", LINK, "nowhere", 0, "/etc/vfio-early.conf.d/gone.conf: No such file or directory\n" },
	{ "masked.conf", LINK, "/dev/null", 0, NULL },
	{ "a.conf", LINK, "/dev/zero", 0,
	  "/etc/vfio-early.conf.d/a.conf: found a device, expected a file of rules\n" },
	{ "a.conf", FIFO, NULL, 0,
	  "/etc/vfio-early.conf.d/a.conf: found a FIFO, expected a file of rules\n" },
	{ "a.conf", FIFO_WITH_WRITER, "01:00.0\n", 0,
	  "/etc/vfio-early.conf.d/a.conf: found a FIFO, expected a file of rules\n" },
	{ "a.conf", SOCKET, NULL, 0,
	  "/etc/vfio-early.conf.d/a.conf: found a socket, expected a file of rules\n" },
	{ "a.conf", DIRECTORY, NULL, 0,
	  "/etc/vfio-early.conf.d/a.conf: found a directory, expected a file of rules\n" },
	/* Names that a terminal or a line of a report would not bear. */
	{ "a\nb.conf", FIFO, NULL, 0,
	  "/etc/vfio-early.conf.d/a\\x0ab.conf: found a FIFO, expected a file of rules\n" },
	{ "a\nb.conf", FILE_OF_RULES, "01:00.0\n02:00.9\n", 1,
	  "/etc/vfio-early.conf.d/a\\x0ab.conf:2:7: found \"9\", expected a function number from 0 to 7, or *\n" },
	{ "\033[2J.conf", FILE_OF_RULES, "01\n", 0,
	  "/etc/vfio-early.conf.d/\\x1b[2J.conf:1:1: found \"01\", expected an address such as 01:00.0, an "
	  "ID such as 10de:1381, or a term or option of vfio-early.conf(5)\n" },
	{ "a: b.conf", FILE_OF_RULES, "01:00.0\n", 1, NULL },
	{ "a: b.conf", DIRECTORY, NULL, 0,
	  "/etc/vfio-early.conf.d/a: b.conf: found a directory, expected a file of rules\n" },
};

static void note_problem(void *context, const char *where, const char *message)
{
	char *problems = context;
	size_t used = strlen(problems);

	snprintf(problems + used, 512 - used, "%s: %s\n", where, message);
}

/* What stays open: a FIFO's writer, or a socket. -1: nothing. */
static int make(int directory, const char *name, enum kind kind, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "a.conf" };
	int fd = -1;

	switch (kind) {
	case FILE_OF_RULES:
		fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
		break;
	case FIFO:
		assert_int_equal(mkfifoat(directory, name, 0644), 0);
		break;
	case FIFO_WITH_WRITER:
		assert_int_equal(mkfifoat(directory, name, 0644), 0);
		fd = openat(directory, name, O_RDWR);
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
		break;
	case SOCKET:
		assert_int_equal(fchdir(directory), 0);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		break;
	case DIRECTORY:
		assert_int_equal(mkdirat(directory, name, 0755), 0);
		break;
	case LINK:
		assert_int_equal(symlinkat(text, directory, name), 0);
		break;
	}
	return fd;
}

static void reads_files_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char root[] = "/tmp/rules.XXXXXX", problems[512] = "";
		struct rules rules = { .problem = note_problem, .context = problems };
		int fd, directory, kept;

		assert_non_null(mkdtemp(root));
		fd = open(root, O_RDONLY | O_DIRECTORY);
		assert_int_equal(mkdirat(fd, "etc", 0755), 0);
		assert_int_equal(mkdirat(fd, &RULES_DIRECTORY[1], 0755), 0);
		directory = openat(fd, &RULES_DIRECTORY[1], O_RDONLY | O_DIRECTORY);
		kept = make(directory, table[i].name, table[i].kind, table[i].text);
		alarm(SECONDS_MAX);
		assert_int_equal(rules_read(&rules, fd), 0);
		alarm(0);
		print_message("# %zu: %s", i, problems);
		assert_string_equal(problems, table[i].problem ?: "");
		assert_int_equal(rules.bad, table[i].problem ? 1 : 0);
		assert_int_equal(rules.count, table[i].rules);
		rules_free(&rules);
		if (table[i].kind == FIFO_WITH_WRITER) { /* nothing was taken out of it */
			char text[16];

			assert_int_equal(read(kept, text, sizeof(text)), strlen(table[i].text));
		}
		if (kept >= 0)
			close(kept);
		unlinkat(directory, table[i].name,
			 table[i].kind == DIRECTORY ? AT_REMOVEDIR : 0);
		close(directory);
		unlinkat(fd, &RULES_DIRECTORY[1], AT_REMOVEDIR);
		unlinkat(fd, "etc", AT_REMOVEDIR);
		close(fd);
		rmdir(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_files_only) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
