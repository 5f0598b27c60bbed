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

#include "files.h"
#include "bootloader/grub.h"
#include "bootloader/systemd-boot.h"
#include "run.h"

#define FILES_MAX 5
#define EDITS_MAX 3

#define D "GRUB_CMDLINE_LINUX_DEFAULT"
#define L "GRUB_CMDLINE_LINUX"

#define NEW                                                                                        \
	"# Kernel words, added by 'vfio-earlyctl cmdline add'; update-grub reads this file.\n" D   \
	"=\"$" D

/* /etc/default/grub, two files of others, ours, and one behind it. */
enum { GRUB, ONE, TWO, OWN, BEHIND };

static const struct play {
	const char *name;
	const char *files[FILES_MAX]; /* NULL: there is none */
	bootconfig_function *read;    /* NULL: grub_read */
	const char *words;            /* with '|' between them */
	const char *opaque;           /* NULL: none */
	const char *finding;          /* "PLACE: TEXT" */
	const char *message;          /* instead of words, or if an edit is refused */
	/* "+word", "-word" or "old>new" */
	const char *edits[EDITS_MAX];
	const char *changed[FILES_MAX]; /* NULL: as before */
} plays[] = {
	/* What is read. */
	{ "nothing", { "" }, .words = "" },
	{ "two variables, in GRUB's order", { D "=\"b c\"\n" L "=\"a\"\n" }, .words = "a|b|c" },
	{ "without newline", { D "=quiet" }, .words = "quiet" },
	{ "single quotes", { D "='a \"b c\" d'\n" }, .words = "a|\"b c\"|d" },
	{ "escaped quotes", { D "=\"a b=\\\"c d\\\" e\"\n" }, .words = "a|b=\"c d\"|e" },
	{ "a comment", { "#" D "=\"a\"\n # " D "=c\n" D "=\"b\" # \"\n" }, .words = "b" },
	{ "the last one counts", { D "=a\n" D "=b\n" }, .words = "b" },
	{ "the last file counts", { D "=a\n", D "=b\n", D "=c\n" }, .words = "c" },
	{ "appended", { D "=\"a\"\n" D "=\"$" D " b\"\n" }, .words = "a|b" },
	{ "appended with braces", { D "=a\n", D "=\"${" D "} b\"\n" }, .words = "a|b" },
	{ "appended nothing", { D "=a\n", D "=\"$" D "\"\n" }, .words = "a" },
	{ "ours", { D "=\"a\"\n", [OWN] = NEW " b\"\n" }, .words = "a|b" },
	{ "init's words", { D "=\"a -- b\"\n", D "=\"$" D " c\"\n" }, .words = "a" },
	{ "init's words, but set again", { D "=\"a -- b\"\n", D "=\"c\"\n" }, .words = "c" },
	{ "a name that only starts so", { D "_X=a\nX" D "=b\n" D "=c\n" }, .words = "c" },
	{ "a use in another variable", { "X=\"$" D "\"\n" D "=a\n" }, .words = "a" },
	{ "substitutions elsewhere",
	  { "GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`\n" D "=a\n"
	    "GRUB_DISTRIBUTOR=$( . /etc/os-release; echo ${NAME:-Debian} )\n" },
	  .words = "a" },
	{ "if about something else",
	  { "if [ -n \"$x\" ]; then\n\tGRUB_TIMEOUT=1\nfi\n" D "=a\n" },
	  .words = "a" },

	/* What only a shell can tell. */
	{ "a command substitution", { D "=\"a $(cat b)\"\n" }, .words = "", .opaque = "a|cat|b" },
	{ "backticks", { D "=`cat b`\n" }, .words = "", .opaque = "cat|b" },
	{ "a variable of others", { D "=\"$X a\"\n" }, .words = "", .opaque = "X|a" },
	{ "put before", { D "=a\n", D "=\"b $" D "\"\n" }, .words = "a", .opaque = "b|" D },
	{ "other backslashes", { D "=\"a\\b \\$c\"\n" }, .words = "", .opaque = "a|b|c" },
	{ "no quotes", { D "=a\\ b\n" }, .words = "", .opaque = "a|b" },
	{ "pieces", { D "=a' b'\n" }, .words = "", .opaque = "a|b" },
	{ "a continued line",
	  { D "=\"a \\\n  b\"\n" D "=\"$" D " c\"\n" },
	  .words = "c",
	  .opaque = "a|b" },
	{ "a quote over two lines", { D "=\"a\nb\"\n" }, .words = "", .opaque = "a" },
	{ "in an if", { "if [ -e /x ]; then\n\t" D "=\"b\"\nfi\n" }, .words = "", .opaque = "b" },
	{ "behind &&", { "[ -e /x ] && " D "=\"b\"\n" }, .words = "", .opaque = "b" },
	{ "two on a line", { D "=a; X=b\n" }, .words = "", .opaque = "a|X=b" },
	{ "lines of another system", { D "=\"a\"\r\n" }, .words = "", .opaque = "a" },

	/* What is wrong. */
	{ "blanks around =",
	  { "\n" D " = \"quiet\"\n" },
	  .message = "/etc/default/grub:2: found a blank or '+' before '=', so sh takes this line "
		     "for a command and update-grub fails; write " D "=\"WORDS\"" },
	{ "+=, which sh does not have",
	  { D "=a\n", D "+=\" b\"\n" },
	  .message = "/etc/default/grub.d/1.cfg:1: found a blank or '+' before '=', so sh takes "
		     "this line for a command and update-grub fails; write " D "=\"WORDS\"" },
	{ "words outside the quotes",
	  { D "=\"quiet\" intel_iommu=on iommu=pt\n" },
	  .words = "quiet",
	  .finding = "/etc/default/grub:1: 'intel_iommu=on iommu=pt' is behind the closing quote "
		     "and never reaches the kernel; write it inside the quotes" },
	{ "a misspelt variable",
	  { "\n" L "_DEFUALT=\"a\"\n" D "=b\n#" D "S=c\n" L "_RECOVERY=d\n" },
	  .words = "b",
	  .finding = "/etc/default/grub:2: update-grub doesn't know " L "_DEFUALT; write " D },
	{ "curly quotes",
	  { D "=\342\200\234a b\342\200\235\n" L "=b # don\342\200\231t\n" },
	  .words = "b",
	  .opaque = "a|b",
	  .finding =
		  "/etc/default/grub:1: curly quotes are no quotes for sh; write " D "=\"WORDS\"" },

	/* What a change makes: new words are in our file, whatever the others are. */
	{ "add",
	  { D "=\"quiet\"\n" },
	  .words = "quiet",
	  .edits = { "+a" },
	  .changed = { [OWN] = NEW " a\"\n" } },
	{ "add beside what only a shell can tell",
	  { D "=\"$(cat x)\"\n" },
	  .words = "",
	  .opaque = "cat|x",
	  .edits = { "+a", "+b" },
	  .changed = { [OWN] = NEW " a b\"\n" } },
	{ "add to ours",
	  { D "=\"quiet\"\n", [OWN] = NEW " a\"\n" },
	  .words = "quiet|a",
	  .edits = { "+b" },
	  .changed = { [OWN] = NEW " a b\"\n" } },
	{ "add to ours, which has no word",
	  { [OWN] = D "=\"$" D "\"\n" },
	  .words = "",
	  .edits = { "+b" },
	  .changed = { [OWN] = D "=\"$" D " b\"\n" } },
	{ "add to ours, which somebody wrote",
	  { [OWN] = "X=1" },
	  .words = "",
	  .edits = { "+b" },
	  .changed = { [OWN] = "X=1\n" D "=\"$" D " b\"\n" } },
	{ "add to ours, which has no quotes",
	  { [OWN] = D "=a\n" },
	  .words = "a",
	  .edits = { "+b" },
	  .changed = { [OWN] = D "=a\n" D "=\"$" D " b\"\n" } },
	{ "add where a file behind ours appends",
	  { D "=\"x\"\n", [BEHIND] = D "=\"$" D " y\"\n" },
	  .words = "x|y",
	  .edits = { "+a" },
	  .changed = { [OWN] = NEW " a\"\n" } },
	{ "add where a file behind ours cancels it",
	  { D "=\"x\"\n", [BEHIND] = "\n" D "=\"y\"\n" },
	  .words = "y",
	  .edits = { "+a" },
	  .message = "/etc/default/grub.d/zzz.cfg:2: this line cancels what is added in "
		     "/etc/default/grub.d/zz-vfio-early.cfg; write the word there" },
	{ "add behind init's words",
	  { D "=\"x -- y\"\n" },
	  .words = "x",
	  .edits = { "+a" },
	  .message = "/etc/default/grub.d/zz-vfio-early.cfg: this change comes to other words than "
		     "the wanted ones; make it by hand" },
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
	{ "remove twice",
	  { D "=\"a b\"\n" },
	  .words = "a|b",
	  .edits = { "-b", "-b" },
	  .changed = { D "=\"a\"\n" } },
	{ "remove quotes",
	  { D "=\"a b=\\\"c d\\\" e\"\n" },
	  .words = "a|b=\"c d\"|e",
	  .edits = { "-b=\"c d\"" },
	  .changed = { D "=\"a e\"\n" } },
	{ "remove where it came from",
	  { D "=\"a b\"\n", D "=\"$" D " c\"\n" },
	  .words = "a|b|c",
	  .edits = { "-b" },
	  .changed = { D "=\"a\"\n" } },
	{ "remove from several",
	  { L "=a\n" D "=\"b c\"\n", D "=\"$" D " d\"\n", [OWN] = NEW " e f\"\n" },
	  .words = "a|b|c|d|e|f",
	  .edits = { "-a", "-e", "-d" },
	  .changed = { L "=\n" D "=\"b c\"\n", D "=\"$" D "\"\n", [OWN] = NEW " f\"\n" } },
	{ "replace",
	  { D "=\"a x=1 b\"\n" },
	  .words = "a|x=1|b",
	  .edits = { "x=1>x=2" },
	  .changed = { D "=\"a x=2 b\"\n" } },
	{ "replace without quotes",
	  { D "=x=1\n" },
	  .words = "x=1",
	  .edits = { "x=1>x=2", "+a" },
	  .changed = { D "=x=2\n", [OWN] = NEW " a\"\n" } },
	{ "replace and add and remove in ours",
	  { [OWN] = NEW " a x=1\"\n" },
	  .words = "a|x=1",
	  .edits = { "x=1>x=2", "-a", "+b" },
	  .changed = { [OWN] = NEW " x=2 b\"\n" } },

	/* /etc/kernel/cmdline */
	{ "words in lines",
	  { "a b\n# c\n  d=\"e f\"\n" },
	  systemd_read,
	  .words = "a|b|d=\"e f\"",
	  .edits = { "+g", "-b" },
	  .changed = { "a\n# c\n  d=\"e f\" g\n" } },
	{ "one line, no newline",
	  { "a" },
	  systemd_read_line,
	  .words = "a",
	  .edits = { "+b" },
	  .changed = { "a b" } },
	{ "an empty file",
	  { "" },
	  systemd_read,
	  .words = "",
	  .edits = { "+b" },
	  .changed = { "b\n" } },
	{ "proxmox-boot-tool's is the first line",
	  { "a\nb\n" },
	  systemd_read_line,
	  .words = "a",
	  .finding = "/etc/default/grub:2: proxmox-boot-tool reads the first line only, so 'b' "
		     "never reaches the kernel",
	  .edits = { "+c" },
	  .changed = { "a c\nb\n" } },
	{ "line ends of other systems",
	  { "a\nb\r\n" },
	  systemd_read,
	  .message = "/etc/default/grub:2: found a control character, expected plain text; change "
		     "it by hand" },
	{ "blank lines do not count",
	  { "a\n\n" },
	  systemd_read_line,
	  .words = "a",
	  .edits = { "a>b" },
	  .changed = { "b\n\n" } },
};

static bootconfig_function *reader(const struct play *play)
{
	return play->read ? play->read : grub_read;
}

static void add_files(struct bootconfig *config, const struct play *play)
{
	static const char *const paths[FILES_MAX] = {
		GRUB_FILE,     GRUB_DIRECTORY "/1.cfg",   GRUB_DIRECTORY "/2.cfg",
		GRUB_OWN_FILE, GRUB_DIRECTORY "/zzz.cfg",
	};

	for (size_t i = 0; i < FILES_MAX; i++) {
		const char *text = play->files[i] ? play->files[i] : "";

		assert_int_equal(bootfiles_add(&config->files, paths[i], text, strlen(text)), 0);
	}
}

static void check_words(const struct bootwords *words, const char *expected)
{
	char joined[1024] = "";

	for (size_t i = 0; i < words->count; i++) {
		assert_true(strlen(joined) + strlen(words->list[i].text) + 2 < sizeof(joined));
		if (i > 0)
			strcat(joined, "|");
		strcat(joined, words->list[i].text);
	}
	assert_string_equal(joined, expected);
}

static void check_finding(const struct findings *findings, const char *expected)
{
	char said[512];

	assert_int_equal(findings->count, expected != NULL);
	if (!expected)
		return;
	snprintf(said, sizeof(said), "%s: %s", findings->list[0].where, findings->list[0].text);
	assert_string_equal(said, expected);
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
		files_path(path, "%s/%zu", work, i);
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
		assert_string_equal(changed->files.list[i].text, play->changed[i] ? play->changed[i]
								 : play->files[i] ? play->files[i]
										  : "");
}

static void test_edits(const struct bootconfig *config, const struct play *play)
{
	struct bootedit edits[EDITS_MAX] = { { 0, NULL } };
	size_t count = parse_edits(config, play, edits);
	struct bootconfig changed = { .has_reset = false };
	char message[BOOT_MESSAGE_MAX];
	int result = bootconfig_edit(config, reader(play), edits, count, &changed, message);

	if (play->message) {
		assert_int_equal(result, -EINVAL);
		assert_string_equal(message, play->message);
	} else {
		assert_int_equal(result, 0);
		check_files(&changed, play);
		if (reader(play) == grub_read && !play->opaque)
			check_with_shell(&changed);
	}
	bootconfig_free(&changed);
}

static void test_play(void **state)
{
	const struct play *play = *state;
	struct bootconfig config = { .has_reset = false };
	char message[BOOT_MESSAGE_MAX] = "";
	int result;

	add_files(&config, play);
	result = reader(play)(&config, message);
	if (play->words) {
		assert_string_equal(message, "");
		assert_int_equal(result, 0);
		check_words(&config.words, play->words);
		check_words(&config.opaque, play->opaque ? play->opaque : "");
		check_finding(&config.findings, play->finding);
		if (reader(play) == grub_read && !play->opaque)
			check_with_shell(&config);
	} else {
		assert_int_equal(result, -EINVAL);
		assert_string_equal(message, play->message);
	}
	if (play->edits[0])
		test_edits(&config, play);
	bootconfig_free(&config);
}

/* What a shell would take for its own. */
static void test_faults(void **state)
{
	static const struct {
		const char *word, *fault;
	} rows[] = {
		{ "intel_iommu=on", NULL },
		{ "vfio_early.bind=0000:01:00.0,02:00", NULL },
		{ "root=UUID=a-b/c@d+e%f", NULL },
		{ "a=\"b c\"", "\"b c\"" },
		{ "pci=a;b", ";b" },
		{ "memmap=4G$12G", "$12G" },
		{ "a\\b", "\\b" },
		{ "a'b", "'b" },
		{ "`a`", "`a`" },
		{ "a=01:00.*", "*" },
		{ "a\303\244", "\303\244" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *fault = grub_find_fault(rows[i].word);

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
