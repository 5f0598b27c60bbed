/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The examples of README.md, of the manual pages and of the default rules, taken from the texts
 * themselves. Commands are typed into a shell on a described host, and must not end as wrong usage
 * does; rules must be valid; where a text shows what a command prints, it prints that.
 *
 *	README.md	blocks ```sh (commands), ```console (commands after $ or #, and what they
 *			print; [...] stands for lines left out) and ```conf (rules); tables whose
 *			first column is `rule`
 *	src/man		.Dl and .Bd -literal: commands after $ or #, otherwise rules
 *	conf		commented lines that are indented: rules
 *
 * Anything else in such a place is an error. A command gets an absolute path below the host's root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "hosttree.h"
#include "run.h"
#include "tree.h"

#define LIMIT_S 60
#define RULES   "examples.conf"

/* What a described host can't run. One that no text has is an error, too. */
static struct exception {
	const char *start, *reason;
	bool used;
} exceptions[] = {
	{ "apt install ./", "tests/package installs the package in Debian's systems", false },
	{ "make ", "builds; takes minutes", false },
	{ "reboot", "tests/boot/290 reboots a machine with systemd", false },
	{ "vfio-earlyctl setup\n", "asks at a terminal: tests/ctl/setup.c answers", false },
};

#define EXCEPTIONS (sizeof(exceptions) / sizeof(exceptions[0]))

/* Beside those of vfio-early, what may begin a line. */
static const char *const runnable[] = { "vfio-earlyctl ", "vfio-early ", "column " };

/* The desktop of tests/scenario/hosts as a host of Proxmox VE that GRUB starts. */
static const char above[] =
	"disk nvme0n1 259:0 0000:01:00.0/nvme/nvme0\n"
	"part nvme0n1p1 259:1 nvme0n1\n"
	"part nvme0n1p2 259:2 nvme0n1\n"
	"mount 259:2 / ext4 /dev/nvme0n1p2\n"
	"mount 259:1 /boot/efi vfat /dev/nvme0n1p1\n"
	"net enp5s0 0000:05:00.0\n"
	"net vmbr0 virtual\n"
	"lower vmbr0 enp5s0\n"
	"route4 vmbr0\n"
	"line proc/cmdline BOOT_IMAGE=/boot/vmlinuz-6.12 root=/dev/nvme0n1p2 ro quiet\n"
	"line etc/default/grub GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n"
	"link etc/pve/local nodes/pve1\n"
	"link etc/pve/qemu-server nodes/pve1/qemu-server\n"
	"line etc/pve/nodes/pve1/qemu-server/100.conf bios: ovmf\n"
	"line etc/pve/nodes/pve1/qemu-server/100.conf machine: q35\n"
	"line mnt/boot/config/vfio-pci.cfg BIND=0000:0b:00.0|10de:1b81\n"
	"line boot/vmlinuz-6.12 -\n"
	"line boot/initrd.img-6.12 -\n"
	"line new.conf 0b:00\n"
	"line run/vfio-early/status address\\011id\\011code\n";

static char build[PATH_MAX], top[PATH_MAX], work[PATH_MAX];

struct place {
	const char *document;
	int line;
	int examples, failures;
};

__attribute__((format(printf, 2, 3))) static void complain(struct place *place, const char *format,
							   ...)
{
	va_list arguments;
	char text[2048];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	print_error("%s:%d: %s\n", place->document, place->line, text);
	place->failures++;
}

static void make_host(void)
{
	char path[PATH_MAX], message[256] = "", *text;

	assert_int_equal(chdir(top), 0);
	run_work("examples", work);
	text = files_read("tests/scenario/hosts/desktop");
	assert_non_null(text);
	assert_int_equal(hosttree_write(text, work, message, sizeof(message)), 0);
	free(text);
	tree_write(work, above);
	files_path(path, "%s/usr/share/misc/pci.ids", work);
	files_make_parents(path);
	assert_int_equal(files_copy("tests/ctl/pci.ids", path), 0);
	assert_int_equal(chdir(work), 0);
}

/* Programs of the host's name, which note their exit status: a pipe has that of its last program.
 */
static void make_program(const char *name, const char *file)
{
	char path[PATH_MAX], *text;

	files_path(path, "%s/tests/ctl/examples.bin/%s", build, name);
	files_make_parents(path);
	assert_true(asprintf(&text,
			     "#!/bin/sh\n'%s/%s' --root . \"$@\"\nstatus=$?\n"
			     "echo $status >>statuses\nexit $status\n",
			     build, file) > 0);
	assert_int_equal(files_write(path, text), 0);
	assert_int_equal(chmod(path, 0755), 0);
	free(text);
}

/* The line, with absolute paths below this directory. Freed by the caller. */
static char *below_root(const char *line)
{
	char *text = malloc(2 * strlen(line) + 1), *end = text;

	assert_non_null(text);
	for (const char *c = line; *c; c++) {
		if (*c == '/' && c > line && c[-1] == ' ')
			*end++ = '.';
		*end++ = *c;
	}
	*end = '\0';
	return text;
}

/* Runs the line in a shell. Its exit status; what it printed is in files out and err. */
static int run_shell(const char *line)
{
	char path[PATH_MAX], *text = below_root(line);
	int status = 0;
	pid_t pid;

	files_path(path, "%s/tests/ctl/examples.bin:/usr/bin:/bin", build);
	unlink("statuses");
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(LIMIT_S);
		if (!freopen("out", "w", stdout) || !freopen("err", "w", stderr) ||
		    !freopen("/dev/null", "r", stdin) || setenv("PATH", path, 1) < 0)
			_exit(127);
		execl("/bin/sh", "sh", "-c", text, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	free(text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Whether each program of ours ended as on a host that it may find fault with. */
static bool ended_well(int status)
{
	char *statuses = files_read("statuses"), *rest = statuses, *line;
	bool well = statuses ? status < 126 : status == 0;

	while (well && (line = strsep(&rest, "\n")) && *line)
		well = strcmp(line, "0") == 0 || strcmp(line, "2") == 0;
	free(statuses);
	return well;
}

static void run_example(struct place *place, const char *line)
{
	int status = run_shell(line);
	char *out = files_read("out"), *error = files_read("err");

	if (!ended_well(status))
		complain(place, "'%s' ends with status %d\n%s%s", line, status, out ?: "",
			 error ?: "");
	free(error);
	free(out);
}

static bool is_exception(const char *line)
{
	size_t length = strcspn(line, "#");

	for (struct exception *entry = exceptions; entry < exceptions + EXCEPTIONS; entry++) {
		size_t start = strcspn(entry->start, "\n");
		bool whole = entry->start[start] == '\n';

		if (strncmp(line, entry->start, start) == 0 &&
		    (!whole || strspn(line + start, " ") >= length - start))
			return entry->used = true;
	}
	return false;
}

static void take_command(struct place *place, const char *line)
{
	place->examples++;
	files_write("out", "");
	if (is_exception(line))
		return;
	for (size_t i = 0; i < sizeof(runnable) / sizeof(runnable[0]); i++) {
		if (strncmp(line, runnable[i], strlen(runnable[i])) == 0) {
			run_example(place, line);
			return;
		}
	}
	complain(place, "'%s' is neither a command that is tried nor an exception", line);
}

/* A block of the text: what its lines are, and what the last command printed. */
enum kind { NONE, COMMANDS, CONSOLE, RULES_ONLY, MANUAL };

struct block {
	enum kind kind;
	char *out, *rest; /* all of it, and what the text has not shown yet */
	bool shown, gap;  /* the text shows some of it; the last line was [...] */
	char *rules;
};

/* Each line of output stands in the text, or [...] for it. */
static void take_output(struct place *place, struct block *block, const char *line)
{
	char *next = NULL;

	block->shown = true;
	if (strcmp(line, "[...]") == 0) {
		block->gap = true;
		return;
	}
	do
		next = strsep(&block->rest, "\n");
	while (block->gap && next && strcmp(next, line) != 0);
	block->gap = false;
	if (!next || strcmp(next, line) != 0)
		complain(place, "found '%s', expected '%s'", line, next ?: "no such line");
}

static void finish_command(struct place *place, struct block *block)
{
	if (block->shown && !block->gap && block->rest && block->rest[0])
		complain(place, "what is printed goes on: %s", block->rest);
	free(block->out);
	block->out = block->rest = NULL;
	block->shown = block->gap = false;
}

static void begin_block(struct block *block, enum kind kind)
{
	*block = (struct block){ .kind = kind };
	make_host();
}

static void end_block(struct place *place, struct block *block)
{
	if (block->rules) {
		assert_int_equal(files_write(RULES, block->rules), 0);
		run_example(place, "vfio-earlyctl check " RULES);
		place->examples++;
	}
	finish_command(place, block);
	free(block->rules);
	*block = (struct block){ .kind = NONE };
}

static void add_rule(struct block *block, const char *line)
{
	char *rules = block->rules;

	assert_true(asprintf(&block->rules, "%s%s\n", rules ?: "", line) > 0);
	free(rules);
}

/* A command follows # or $, unless the line is what the last one printed. */
static bool is_typed(const struct block *block, const char *line)
{
	return (block->kind == CONSOLE || block->kind == MANUAL) &&
	       (strncmp(line, "# ", 2) == 0 || strncmp(line, "$ ", 2) == 0) &&
	       !(block->rest && strstr(block->rest, line));
}

static void take_line(struct place *place, struct block *block, const char *line)
{
	if (is_typed(block, line)) {
		finish_command(place, block);
		take_command(place, line + 2);
		block->out = block->rest = files_read("out");
		assert_non_null(block->out);
	} else if (block->out) {
		take_output(place, block, line);
	} else if (block->kind == CONSOLE) {
		complain(place, "'%s' is shown before any command", line);
	} else if (block->kind == COMMANDS && line[0]) {
		take_command(place, line);
	} else if (line[0]) {
		add_rule(block, line);
	}
}

/* A file of the project, whose lines the reader gets one by one. */
typedef void reader(struct place *place, struct block *block, char *line);

static void read_document(struct place *place, reader *read)
{
	char path[PATH_MAX], *text, *rest, *line;
	struct block block = { .kind = NONE };

	files_path(path, "%s/%s", top, place->document);
	text = files_read(path);
	assert_non_null(text);
	for (rest = text; (line = strsep(&rest, "\n")); place->line++)
		read(place, &block, line);
	if (block.kind != NONE)
		complain(place, "a block has no end");
	if (!place->examples)
		complain(place, "no example was found");
	free(text);
	if (place->failures)
		fail_msg("%s: %d examples are wrong", place->document, place->failures);
}

/* The rules in the first column of a table, each between backquotes. */
static void read_cell(struct block *block, char *cell)
{
	char *end = strchr(cell, '|'), *rule, *close;

	if (end)
		*end = '\0';
	while ((rule = strchr(cell, '`')) && (close = strchr(rule + 1, '`'))) {
		*close = '\0';
		add_rule(block, rule + 1);
		cell = close + 1;
	}
}

static void read_fence(struct place *place, struct block *block, const char *language)
{
	static const char *const names[] = {
		[COMMANDS] = "sh", [CONSOLE] = "console", [RULES_ONLY] = "conf"
	};

	if (block->kind != NONE) {
		end_block(place, block);
		return;
	}
	for (enum kind kind = COMMANDS; kind <= RULES_ONLY; kind++)
		if (strcmp(language, names[kind]) == 0)
			begin_block(block, kind);
	if (block->kind == NONE)
		complain(place, "a block of '%s'; expected sh, console or conf", language);
}

static void read_markdown(struct place *place, struct block *block, char *line)
{
	if (strncmp(line, "```", 3) == 0)
		read_fence(place, block, line + 3);
	else if (block->kind == MANUAL && line[0] != '|')
		end_block(place, block);
	else if (block->kind == MANUAL)
		read_cell(block, line + 1);
	else if (block->kind != NONE)
		take_line(place, block, line);
	else if (strncmp(line, "| rule |", 8) == 0)
		begin_block(block, MANUAL);
	else if (line[0] == '\t' || strncmp(line, "    ", 4) == 0)
		complain(place, "an indented line: fence examples");
}

/* What mdoc(7) needs escaped, as it is seen. */
static void unescape(char *line)
{
	static const char *const escapes[][2] = {
		{ "\\(aq", "'" }, { "\\(dq", "\"" }, { "\\e", "\\" }, { "\\&", "" }, { "\\-", "-" }
	};
	char *to = line;

	for (const char *from = line; *from;) {
		size_t i = 0, count = sizeof(escapes) / sizeof(escapes[0]);

		while (i < count && strncmp(from, escapes[i][0], strlen(escapes[i][0])) != 0)
			i++;
		to = i < count ? stpcpy(to, escapes[i][1]) : to;
		if (i == count)
			*to++ = *from++;
		else
			from += strlen(escapes[i][0]);
	}
	*to = '\0';
}

static void read_manual(struct place *place, struct block *block, char *line)
{
	if (block->kind == MANUAL && strcmp(line, ".Ed") == 0) {
		end_block(place, block);
	} else if (block->kind == MANUAL && line[0] == '.') {
		complain(place, "'%s' in an example", line);
	} else if (block->kind == MANUAL) {
		unescape(line);
		take_line(place, block, line);
	} else if (strncmp(line, ".Bd -literal", 12) == 0) {
		begin_block(block, MANUAL);
	} else if (strncmp(line, ".Dl ", 4) == 0) {
		unescape(line);
		begin_block(block, MANUAL);
		take_line(place, block, line + 4);
		end_block(place, block);
	} else if (strncmp(line, ".EX", 3) == 0 || strncmp(line, ".nf", 3) == 0) {
		complain(place, "'%s': use .Bd -literal", line);
	}
}

static void read_rules(struct place *place, struct block *block, char *line)
{
	if (strncmp(line, "#\t", 2) != 0 && strncmp(line, "#  ", 3) != 0)
		return;
	begin_block(block, RULES_ONLY);
	take_line(place, block, line + 1 + strspn(line + 1, " \t"));
	end_block(place, block);
}

static void test_document(void **state)
{
	struct place place = { .document = *state, .line = 1 };
	const char *end = strrchr(place.document, '.');

	read_document(&place, strcmp(end, ".md") == 0     ? read_markdown
			      : strcmp(end, ".conf") == 0 ? read_rules
							  : read_manual);
}

static void test_exceptions(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXCEPTIONS; i++)
		if (!exceptions[i].used)
			fail_msg("'%s' is an exception that no text needs", exceptions[i].start);
}

/* The page's header and footer name the version: `make install` copies pages as they are. */
static void test_version(void **state)
{
	char path[PATH_MAX], *text;

	files_path(path, "%s/%s", top, (const char *)*state);
	text = files_read(path);
	assert_non_null(text);
	if (!strstr(text, "\n.Os vfio-early " VERSION "\n"))
		fail_msg("%s: has no line '.Os vfio-early " VERSION "'", path);
	free(text);
}

static int set_up(void **state)
{
	const char *directory = getenv("VFIO_EARLY_BUILD");

	(void)state;
	assert_non_null(realpath(directory && *directory ? directory : "build", build));
	assert_non_null(getcwd(top, sizeof(top)));
	make_program("vfio-earlyctl", "sanitized/vfio-earlyctl");
	make_program("vfio-early", "vfio-early");
	return 0;
}

#define DOCUMENT(test, path) cmocka_unit_test_prestate(test, path)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOCUMENT(test_document, "README.md"),
		DOCUMENT(test_document, "src/man/vfio-early.8"),
		DOCUMENT(test_document, "src/man/vfio-early.conf.5"),
		DOCUMENT(test_document, "src/man/vfio-earlyctl.8"),
		DOCUMENT(test_document, "src/man/vfio-early-guide.7"),
		DOCUMENT(test_document, "conf/vfio-early.conf"),
		cmocka_unit_test(test_exceptions),
		DOCUMENT(test_version, "src/man/vfio-early.8"),
		DOCUMENT(test_version, "src/man/vfio-early.conf.5"),
		DOCUMENT(test_version, "src/man/vfio-earlyctl.8"),
		DOCUMENT(test_version, "src/man/vfio-early-guide.7"),
	};

	return cmocka_run_group_tests_name("examples", tests, set_up, NULL);
}
