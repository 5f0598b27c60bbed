/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from GRUB's files and /etc/kernel/cmdline, and what a change makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/files.h"
#include "bootloader/grub.h"
#include "bootloader/kernel-cmdline.h"
#include "run.h"

#define FILES_MAX 3
#define EDITS_MAX 3

#define D "GRUB_CMDLINE_LINUX_DEFAULT"
#define L "GRUB_CMDLINE_LINUX"

/* The first file is /etc/default/grub, the others are grub.d/1.cfg and grub.d/2.cfg. */
static const struct play {
	const char *name;
	const char *files[FILES_MAX];
	bootconfig_function *read; /* NULL: grubfile_read */
	const char *words;         /* with '|' between them */
	const char *message;       /* instead of words, or if an edit is refused */
	/* "+word", "-word" or "old>new" */
	const char *edits[EDITS_MAX];
	const char *changed[FILES_MAX]; /* NULL: as before */
} plays[] = {
	/* What is read. */
	{ "nothing", { "" }, .words = "" },
	{ "two variables, in GRUB's order", { D "=\"b c\"\n" L "=\"a\"\n" }, .words = "a|b|c" },
	{ "without newline", { D "=quiet" }, .words = "quiet" },
	{ "single quotes", { D "='a \"b c\" $d'\n" }, .words = "a|\"b c\"|$d" },
	{ "escaped quotes", { D "=\"a b=\\\"c d\\\" e\"\n" }, .words = "a|b=\"c d\"|e" },
	{ "other backslashes stay", { D "=\"a\\b \\$c\"\n" }, .words = "a\\b|$c" },
	{ "no quotes", { D "=a\\ b\n" }, .words = "a|b" },
	{ "pieces", { D "=a' b'\" c\"d\n" }, .words = "a|b|cd" },
	{ "a continued line", { D "=\"a \\\n  b\\\nc\"\n" }, .words = "a|bc" },
	{ "a continued line without quotes", { D "=\\\na\n" }, .words = "a" },
	{ "blanks and export", { "  \texport " D "=\"a\" # b\n" }, .words = "a" },
	{ "two on a line", { D "=a;" L "=b " D "=c\n" }, .words = "b|c" },
	{ "a comment", { "#" D "=\"a\"\n" D "=\"b\" # \"\n" }, .words = "b" },
	{ "no comment", { D "=a#b\n" }, .words = "a#b" },
	{ "the last one counts", { D "=a\n" D "=b\n" }, .words = "b" },
	{ "the last file counts", { D "=a\n", D "=b\n", D "=c\n" }, .words = "c" },
	{ "appended", { D "=\"a\"\n" D "=\"$" D " b\"\n" }, .words = "a|b" },
	{ "appended with braces", { D "=a\n", D "=\"${" D "} b\"\n" }, .words = "a|b" },
	{ "put before", { D "=a\n", D "=\"b $" D "\"\n" }, .words = "b|a" },
	{ "one from the other", { L "=\"a\"\n" D "=\"$" L " b\"\n" }, .words = "a|a|b" },
	{ "a variable of its own", { "X=\"a b\"\n" D "=\"$X c\"\n" }, .words = "a|b|c" },
	{ "never set, but GRUB's", { D "=\"$GRUB_CMDLINE_EXTRA a\"\n" }, .words = "a" },
	{ "init's words", { D "=\"a -- b\"\n" }, .words = "a" },
	{ "a name that only starts so", { D "_X=a\nX" D "=b\n" D "=c\n" }, .words = "c" },
	{ "substitutions elsewhere",
	  { "GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`\n" D "=a\n"
	    "GRUB_DISTRIBUTOR=$( . /etc/os-release; echo ${NAME:-Debian} )\n" },
	  .words = "a" },
	{ "if about something else",
	  { "if [ -n \"$x\" ]; then\n\tGRUB_TIMEOUT=1\nfi\n" D "=a\n" },
	  .words = "a" },
	{ "case about something else",
	  { "case $x in\na|b) GRUB_TIMEOUT=1;;\n*) ;;\nesac\n" D "=a\n" },
	  .words = "a" },
	{ "a command", { "echo " L "=b >/dev/null 2>&1\n" D "=a\n" }, .words = "a" },

	/* What is not. */
	{ "a command substitution",
	  { "\n" D "=\"a $(cat b)\"\n" },
	  .message = "/etc/default/grub:2: " D ": found a command substitution, expected plain "
		     "text; change it by hand" },
	{ "backticks",
	  { D "=`cat b`\n" },
	  .message = "/etc/default/grub:1: " D ": found a command substitution, expected plain "
		     "text; change it by hand" },
	{ "an unknown variable",
	  { L "=\"$HOME\"\n" },
	  .message = "/etc/default/grub:1: " L ": found $HOME, which these files do not set "
		     "plainly, expected plain text; change it by hand" },
	{ "an operator",
	  { "", D "=\"${" D ":+$" D " }b\"\n" },
	  .message = "/etc/default/grub.d/1.cfg:1: " D ": found a ${...} expansion, expected "
		     "plain text; change it by hand" },
	{ "in an if",
	  { D "=a\n", "if [ -e /x ]\nthen\n\t" D "=\"b\"\nfi\n" },
	  .message = "/etc/default/grub.d/1.cfg:3: " D ": found an assignment that is not always "
		     "made, expected plain text; change it by hand" },
	{ "behind &&",
	  { D "=a\n[ -e /x ] &&\n" D "=b\n" },
	  .message = "/etc/default/grub:3: " D ": found an assignment that is not always made, "
		     "expected plain text; change it by hand" },
	{ "behind a fi that is none",
	  { "if false; then\n\"fi\" \\fi\n" D "=a\nfi\n" },
	  .message = "/etc/default/grub:3: " D ": found an assignment that is not always made, "
		     "expected plain text; change it by hand" },
	{ "in an if, but set again", { "if false; then " D "=a; fi\n" D "=b\n" }, .words = "b" },
	{ "in a subshell",
	  { D "=a &\n" },
	  .message = "/etc/default/grub:1: " D ": found an assignment in a subshell, expected "
		     "plain text; change it by hand" },
	{ "in a subshell, with brackets",
	  { "(" D "=a)\n" },
	  .message = "/etc/default/grub:1: " D ": found an assignment that is not always made, "
		     "expected plain text; change it by hand" },
	{ "for one command",
	  { D "=a env\n" },
	  .message = "/etc/default/grub:1: " D ": found an assignment for one command, expected "
		     "plain text; change it by hand" },
	{ "read",
	  { D "=a\nread " D " </x\n" },
	  .message = "/etc/default/grub:2: " D ": found a command that names it, expected plain "
		     "text; change it by hand" },
	{ "+=, which sh does not have",
	  { D "=a\n" D "+=\" b\"\n" },
	  .message = "/etc/default/grub:2: found '+=', which sh does not know; change it by hand" },
	{ "another file",
	  { D "=a\n. /x\n" },
	  .message = "/etc/default/grub:2: found a command that can set anything, expected only "
		     "assignments; change it by hand" },
	{ "a function",
	  { "f() {\n" D "=a\n}\nf\n" },
	  .message = "/etc/default/grub:1: found a function, expected only assignments; change it "
		     "by hand" },
	{ "assigned by an expansion",
	  { ": ${" D ":=a}\n" },
	  .message = "/etc/default/grub:1: found a ${...=...}, expected only assignments; change "
		     "it by hand" },
	{ "here documents",
	  { "cat <<X\n" D "=a\nX\n" },
	  .message = "/etc/default/grub:1: found '<<', expected only assignments; change it by "
		     "hand" },
	{ "a quote that stays open",
	  { "\n" D "=\"a\n" },
	  .message = "/etc/default/grub:2: found an opening \", expected a closing one; change it "
		     "by hand" },
	{ "an if that stays open",
	  { "if true; then\n" D "=a\n" },
	  .message = "/etc/default/grub:3: found the end of the file, expected 'fi', '}' or the "
		     "like; change it by hand" },
	{ "lines of another system",
	  { D "=\"a\"\r\n" },
	  .message = "/etc/default/grub:1: " D ": found a control character, expected plain text; "
		     "change it by hand" },
	{ "a line end within",
	  { D "=\"a\nb\"\n" },
	  .message = "/etc/default/grub:1: " D ": found the end of a line, expected plain text; "
		     "change it by hand" },
	{ "doubled until it is too long",
	  { "A=0123456789abcdef\nA=$A$A$A$A$A$A$A$A\nA=$A$A$A$A$A$A$A$A\nA=$A$A$A$A$A$A$A$A\n"
	    "A=$A$A$A$A$A$A$A$A\nA=$A$A$A$A$A$A$A$A\n" },
	  .message = "/etc/default/grub:6: found a value that is longer than any command line; "
		     "change it by hand" },

	/* What a change makes. */
	{ "add to double quotes",
	  { D "=\"quiet\"\n" },
	  .words = "quiet",
	  .edits = { "+a" },
	  .changed = { D "=\"quiet a\"\n" } },
	{ "add to empty quotes",
	  { D "=\"\" # none\n" },
	  .words = "",
	  .edits = { "+a", "+b" },
	  .changed = { D "=\"a b\" # none\n" } },
	{ "add to nothing",
	  { D "=\nX=1\n" },
	  .words = "",
	  .edits = { "+a" },
	  .changed = { D "=\"a\"\nX=1\n" } },
	{ "add to single quotes",
	  { D "='quiet'\n" },
	  .words = "quiet",
	  .edits = { "+a=\"b c\"" },
	  .changed = { D "='quiet a=\"b c\"'\n" } },
	{ "add quotes to double quotes",
	  { D "=\"quiet\"\n" },
	  .words = "quiet",
	  .edits = { "+a=\"b c\"" },
	  .changed = { D "=\"quiet a=\\\"b c\\\"\"\n" } },
	{ "add to no quotes",
	  { D "=quiet\n" },
	  .words = "quiet",
	  .edits = { "+a" },
	  .changed = { D "=\"quiet a\"\n" } },
	{ "add to pieces",
	  { D "='quiet 'splash\\ x\n" },
	  .words = "quiet|splash|x",
	  .edits = { "+a" },
	  .changed = { D "='quiet 'splash\\ x\" a\"\n" } },
	{ "add behind a blank",
	  { D "=\"quiet \"\n" },
	  .words = "quiet",
	  .edits = { "+a" },
	  .changed = { D "=\"quiet a\"\n" } },
	{ "add to a continued line",
	  { D "=\"quiet \\\n\tsplash \\\n\"\n" },
	  .words = "quiet|splash",
	  .edits = { "+a" },
	  .changed = { D "=\"quiet \\\n\tsplash \\\n a\"\n" } },
	{ "add where nothing is set",
	  { "X=1" },
	  .words = "",
	  .edits = { "+a" },
	  .changed = { "X=1\n" D "=\"a\"\n" } },
	{ "add to the last of several",
	  { D "=x\n" D "=y # here\n" },
	  .words = "y",
	  .edits = { "+a" },
	  .changed = { D "=x\n" D "=\"y a\" # here\n" } },
	{ "add to the first file, to which another appends",
	  { D "=\"x\"\n", D "=\"$" D " y\"\n" },
	  .words = "x|y",
	  .edits = { "+a" },
	  .changed = { D "=\"x a\"\n" } },
	{ "add to the file that overrides the first",
	  { D "=\"x\"\n", D "=\"y\"\n", D "=\"$" D " z\"\n" },
	  .words = "y|z",
	  .edits = { "+a" },
	  .changed = { NULL, NULL, D "=\"$" D " z a\"\n" } },
	{ "add only in a drop-in",
	  { "", D "=\"y\"\n" },
	  .words = "y",
	  .edits = { "+a" },
	  .changed = { NULL, D "=\"y a\"\n" } },
	{ "add behind init's words",
	  { D "=\"x -- y\"\n" },
	  .words = "x",
	  .edits = { "+a" },
	  .message = "/etc/default/grub: this change comes to other words than the wanted ones; "
		     "make it by hand" },
	{ "remove the first",
	  { D "=\"a b c\"\n" },
	  .words = "a|b|c",
	  .edits = { "-a" },
	  .changed = { D "=\"b c\"\n" } },
	{ "remove one between",
	  { D "=\"a  b c\"\n" },
	  .words = "a|b|c",
	  .edits = { "-b" },
	  .changed = { D "=\"a  c\"\n" } },
	{ "remove the last",
	  { D "='a b'\n" },
	  .words = "a|b",
	  .edits = { "-b" },
	  .changed = { D "='a'\n" } },
	{ "remove the only one",
	  { D "=a\n" },
	  .words = "a",
	  .edits = { "-a" },
	  .changed = { D "=\n" } },
	{ "remove neighbours",
	  { D "=\"a b c d\"\n" },
	  .words = "a|b|c|d",
	  .edits = { "-b", "-a" },
	  .changed = { D "=\"c d\"\n" } },
	{ "remove all",
	  { D "=\"a b\"\n" },
	  .words = "a|b",
	  .edits = { "-b", "-a" },
	  .changed = { D "=\"\"\n" } },
	{ "remove quotes",
	  { D "=\"a b=\\\"c d\\\" e\"\n" },
	  .words = "a|b=\"c d\"|e",
	  .edits = { "-b=\"c d\"" },
	  .changed = { D "=\"a e\"\n" } },
	{ "remove from a continued line",
	  { D "=\"a \\\n b \\\n c\"\n" },
	  .words = "a|b|c",
	  .edits = { "-b" },
	  .changed = { D "=\"a \\\n \\\n c\"\n" } },
	{ "remove where it came from",
	  { D "=\"a b\"\n", D "=\"$" D " c\"\n" },
	  .words = "a|b|c",
	  .edits = { "-b" },
	  .changed = { D "=\"a\"\n" } },
	{ "remove from several",
	  { L "=a\n" D "=\"b c\"\n", D "=\"$" D " d\"\n" },
	  .words = "a|b|c|d",
	  .edits = { "-a", "-b", "-d" },
	  .changed = { L "=\n" D "=\"c\"\n", D "=\"$" D "\"\n" } },
	{ "remove a word of pieces",
	  { D "=a' b'\"c\"d\n" },
	  .words = "a|bcd",
	  .edits = { "-bcd" },
	  .changed = { D "=a''\"\"\n" } },
	{ "replace",
	  { D "=\"a x=1 b\"\n" },
	  .words = "a|x=1|b",
	  .edits = { "x=1>x=2" },
	  .changed = { D "=\"a x=2 b\"\n" } },
	{ "replace without quotes",
	  { D "=x=1\n" },
	  .words = "x=1",
	  .edits = { "x=1>x=2", "+a" },
	  .changed = { D "=\"\"x=2\" a\"\n" } },
	{ "replace with quotes",
	  { D "=\"x=1\"\n" },
	  .words = "x=1",
	  .edits = { "x=1>x=\"2 3\"" },
	  .changed = { D "=\"x=\\\"2 3\\\"\"\n" } },
	{ "replace and add and remove",
	  { D "=\"a x=1\"\n" },
	  .words = "a|x=1",
	  .edits = { "x=1>x=2", "-a", "+b" },
	  .changed = { D "=\"x=2 b\"\n" } },

	/* /etc/kernel/cmdline */
	{ "words in lines",
	  { "a b\n# c\n  d=\"e f\"\n" },
	  kernelfile_read,
	  .words = "a|b|d=\"e f\"",
	  .edits = { "+g", "-b" },
	  .changed = { "a\n# c\n  d=\"e f\" g\n" } },
	{ "one line, no newline",
	  { "a" },
	  kernelfile_read_line,
	  .words = "a",
	  .edits = { "+b" },
	  .changed = { "a b" } },
	{ "an empty file",
	  { "" },
	  kernelfile_read,
	  .words = "",
	  .edits = { "+b" },
	  .changed = { "b\n" } },
	{ "proxmox-boot-tool's is one line",
	  { "a\nb\n" },
	  kernelfile_read_line,
	  .message = "/etc/default/grub:2: found more than one line of words, expected one, as "
		     "proxmox-boot-tool does; change it by hand" },
	{ "line ends of other systems",
	  { "a\nb\r\n" },
	  kernelfile_read,
	  .message = "/etc/default/grub:2: found a control character, expected plain text; change "
		     "it by hand" },
	{ "blank lines do not count",
	  { "a\n\n" },
	  kernelfile_read_line,
	  .words = "a",
	  .edits = { "a>b" },
	  .changed = { "b\n\n" } },
};

static bootconfig_function *reader(const struct play *play)
{
	return play->read ? play->read : grubfile_read;
}

static void add_files(struct bootconfig *config, const struct play *play)
{
	static const char *const paths[FILES_MAX] = { GRUB_FILE, GRUB_DIRECTORY "/1.cfg",
						      GRUB_DIRECTORY "/2.cfg" };

	for (size_t i = 0; i < FILES_MAX && play->files[i]; i++)
		assert_int_equal(bootfiles_add(&config->files, paths[i], play->files[i],
					       strlen(play->files[i])),
				 0);
}

static void check_words(const struct bootconfig *config, const char *expected)
{
	char joined[1024] = "";

	for (size_t i = 0; i < config->words.count; i++) {
		assert_true(strlen(joined) + strlen(config->words.list[i].text) + 2 <
			    sizeof(joined));
		if (i > 0)
			strcat(joined, "|");
		strcat(joined, config->words.list[i].text);
	}
	assert_string_equal(joined, expected);
}

static size_t find_word(const struct bootconfig *config, const char *text, size_t length)
{
	for (size_t i = 0; i < config->words.count; i++)
		if (strlen(config->words.list[i].text) == length &&
		    strncmp(config->words.list[i].text, text, length) == 0)
			return i;
	fail_msg("no word '%.*s'", (int)length, text);
	return 0;
}

static size_t parse_edits(const struct bootconfig *config, const struct play *play,
			  struct bootedit edits[EDITS_MAX])
{
	size_t count = 0;

	for (; count < EDITS_MAX && play->edits[count]; count++) {
		const char *text = play->edits[count], *to = strchr(text, '>');

		if (*text == '+')
			edits[count] = (struct bootedit){ BOOT_NEW_WORD, text + 1 };
		else if (*text == '-')
			edits[count].word = find_word(config, text + 1, strlen(text + 1));
		else
			edits[count] =
				(struct bootedit){ find_word(config, text, (size_t)(to - text)),
						   to + 1 };
	}
	return count;
}

static void write_files(const struct bootconfig *config, const char *work)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < config->files.count; i++) {
		run_path(path, "%s/%zu", work, i);
		assert_int_equal(files_write(path, config->files.list[i].text), 0);
	}
}

/* What sh really has after it read the files, as grub-mkconfig does. */
static void check_with_shell(const struct bootconfig *config)
{
	static const char script[] = "cd %s && set -e && for x in *; do . ./$x >/dev/null; done && "
				     "printf '%%s ' \"$" L "\" \"$" D "\"";
	char work[PATH_MAX], command[PATH_MAX + sizeof(script)], said[1024] = "";
	struct bootwords words = { .list = NULL };
	FILE *stream;

	run_work("cmdline-grub", work);
	write_files(config, work);
	snprintf(command, sizeof(command), script, work);
	stream = popen(command, "r");
	assert_non_null(stream);
	assert_true(fread(said, 1, sizeof(said) - 1, stream) < sizeof(said) - 1);
	assert_int_equal(pclose(stream), 0);
	assert_int_equal(bootwords_read_string(&words, said), 0);
	assert_int_equal(words.count, config->words.count);
	for (size_t i = 0; i < words.count; i++)
		assert_string_equal(words.list[i].text, config->words.list[i].text);
	bootwords_free(&words);
}

static void check_files(const struct bootconfig *changed, const struct play *play)
{
	for (size_t i = 0; i < changed->files.count; i++)
		assert_string_equal(changed->files.list[i].text,
				    play->changed[i] ? play->changed[i] : play->files[i]);
}

static void test_edits(const struct bootconfig *config, const struct play *play)
{
	struct bootedit edits[EDITS_MAX] = { { 0, NULL } };
	size_t count = parse_edits(config, play, edits);
	struct bootconfig changed = { .end_count = 0 };
	char message[BOOT_MESSAGE_MAX];
	int result = bootconfig_edit(config, reader(play), edits, count, &changed, message);

	if (play->message) {
		assert_int_equal(result, -EINVAL);
		assert_string_equal(message, play->message);
	} else {
		assert_int_equal(result, 0);
		check_files(&changed, play);
		if (reader(play) == grubfile_read)
			check_with_shell(&changed);
	}
	bootconfig_free(&changed);
}

static void test_play(void **state)
{
	const struct play *play = *state;
	struct bootconfig config = { .end_count = 0 };
	char message[BOOT_MESSAGE_MAX] = "";
	int result;

	add_files(&config, play);
	result = bootconfig_read(&config, reader(play), message);
	if (play->words) {
		assert_string_equal(message, "");
		assert_int_equal(result, 0);
		check_words(&config, play->words);
		if (reader(play) == grubfile_read)
			check_with_shell(&config);
	} else {
		assert_int_equal(result, -EINVAL);
		assert_string_equal(message, play->message);
	}
	if (play->edits[0])
		test_edits(&config, play);
	bootconfig_free(&config);
}

/* What GRUB would take for its own. */
static void test_faults(void **state)
{
	static const struct {
		const char *word, *fault;
	} rows[] = {
		{ "intel_iommu=on", NULL },
		{ "a=\"b c\"", NULL },
		{ "pci=a;b", "one of ; & | < > { } # outside double quotes" },
		{ "pci=\"a;b\"", NULL },
		{ "memmap=4G$12G", "'$'" },
		{ "\"$a\"", "'$'" },
		{ "a\\b", "'\\'" },
		{ "a'b", "\"'\"" },
		{ "`a`", "'`'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *fault = grubfile_find_fault(rows[i].word);

		if (rows[i].fault)
			assert_string_equal(fault, rows[i].fault);
		else
			assert_null(fault);
	}
}

int main(void)
{
	static struct CMUnitTest tests[sizeof(plays) / sizeof(*plays) + 1];
	size_t count = 0;

	for (; count < sizeof(plays) / sizeof(*plays); count++)
		tests[count] = (struct CMUnitTest){ plays[count].name, test_play, NULL, NULL,
						    (void *)&plays[count] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_faults);
	return _cmocka_run_group_tests("cmdline-grub", tests, count, NULL, NULL);
}
