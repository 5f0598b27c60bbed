/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl cmdline: the kernel command line of this boot and the next. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "bootloader/change.h"
#include "command/command.h"
#include "command/lock.h"
#include "command/look.h"
#include "command/refresh.h"
#include "core/file.h"
#include "term/document.h"
#include "term/findings.h"
#include "term/options.h"
#include "term/shown.h"

enum { WORD, RUNNING, CONFIGURED, SOURCE };

static const struct table_column columns[] = {
	[WORD] = { .name = "WORD", .flags = TABLE_CUT, .help = "as the kernel has it" },
	[RUNNING] = { .name = "RUNNING",
		      .flags = TABLE_YES_NO,
		      .help = "whether the kernel has it now: yes, no or unknown" },
	[CONFIGURED] = { .name = "CONFIGURED",
			 .flags = TABLE_YES_NO,
			 .help = "whether the bootloader's files have it: yes, no, unknown, or "
				 "auto for a word that it adds itself" },
	[SOURCE] = { .name = "SOURCE",
		     .help = "file and line, or 'bootloader' if it adds the word itself" },
	{},
};

struct request {
	struct host host;
	struct table_options options;
	bool dry_run;
	enum bootchange_mode mode;
	char **operands;
	size_t count;
};

/* Whether the next boot has what the files say. */
static void check_entries(struct bootchange *look)
{
	const struct bootwords *words = &look->config.words;
	struct findings *findings = &look->config.findings;
	char message[BOOT_MESSAGE_MAX], danger[BOOT_MESSAGE_MAX];
	int result = bootentries_check_all(look->loader, look->host, &look->config, message),
	    safe = bootsafe_check(look->loader, look->host, &look->config, &look->running, danger);

	if (safe == -EINVAL)
		findings_add(findings, FINDING_ERROR, NULL, "%s", danger);
	else if (result == -EINVAL)
		findings_add(findings, FINDING_WARNING, NULL, "%s",
			     safe == -ENOEXEC ? danger : message);
	else if (result == 0 && !look->config.files.list[0].absent)
		for (size_t i = 0; i < words->count; i++)
			if (bootwords_find(&look->running, words->list[i].text) < 0)
				findings_add(findings, FINDING_NOTE, NULL,
					     "%s: the next boot has it", words->list[i].text);
}

/* In JSON a boolean, and null where it is not known. */
static void set_answer(const struct request *run, struct table *table, struct libscols_line *line,
		       size_t column, const char *answer)
{
	if (!run->options.json)
		table_set(table, line, column, answer);
	else if (strcmp(answer, "unknown") != 0)
		table_set_flag(table, line, column, strcmp(answer, "yes") == 0);
}

static void add_word(const struct request *run, struct table *table, const char *word,
		     const char *running, const char *configured, const char *source)
{
	struct libscols_line *line;
	bool wanted = run->count == 0;

	for (size_t i = 0; i < run->count && !wanted; i++)
		wanted = strchr(run->operands[i], '=') ? bootword_equals(word, run->operands[i])
						       : bootword_has_name(word, run->operands[i]);
	if (!wanted)
		return;
	line = table_add(table, NULL);
	table_set(table, line, WORD, word);
	set_answer(run, table, line, RUNNING, running);
	set_answer(run, table, line, CONFIGURED, configured);
	table_set(table, line, SOURCE, source);
	if (strcmp(running, configured) != 0 && strcmp(configured, "auto") != 0)
		table_color(table, line, TABLE_YELLOW);
}

/* known: whether the bootloader's files could be read. */
static void add_words(const struct request *run, const struct bootchange *look, bool known,
		      struct table *table)
{
	const struct bootconfig *config = &look->config;
	char source[PATH_MAX];

	for (size_t i = 0; i < look->running.count; i++) {
		const char *word = look->running.list[i].text;

		if (bootwords_find(&config->words, word) >= 0)
			continue;
		bootconfig_find(config, word, source);
		if (source[0])
			add_word(run, table, word, "yes", "yes", source);
		else if (look->loader && bootloader_adds_word(look->loader, word))
			add_word(run, table, word, "yes", "auto", "bootloader");
		else
			add_word(run, table, word, "yes", known ? "no" : "unknown", "");
	}
	for (size_t i = 0; i < config->words.count; i++) {
		const struct bootword *word = &config->words.list[i];
		const struct bootfile *file = &config->files.list[word->file];

		bootconfig_where(config, word, source);
		if (file->absent && !run->options.json &&
		    host_path(source, "no %s yet", file->path) < 0)
			source[0] = '\0';
		add_word(run, table, word->text,
			 look->running_error < 0                           ? "unknown"
			 : bootwords_find(&look->running, word->text) >= 0 ? "yes"
									   : "no",
			 "yes", source);
	}
}

static int show(const struct request *run)
{
	struct document document = { .options = &run->options };
	char message[BOOT_MESSAGE_MAX];
	struct bootchange look; /* of which nothing is changed */
	struct findings *findings = &look.config.findings;
	struct table table;
	int result = bootchange_open(&look, &run->host, message), status;
	const struct bootloader *loader = look.loader;

	if (look.running_error < 0)
		findings_add(findings, FINDING_WARNING, "/proc/cmdline", "%s",
			     strerror(-look.running_error));
	if (result < 0)
		findings_add(findings, FINDING_WARNING, NULL, "%s", message);
	else
		check_entries(&look);
	document.error = table_open(&table, &run->options, "words", columns);
	if (run->options.json)
		document_add(&document, "bootloader",
			     loader ? json_pack("[{s:s, s:o, s:s}]", "name", loader->name, "reason",
						shown_pack(look.reason), "refresh", loader->refresh)
				    : json_array());
	else if (loader && !table_is_alone(&run->options))
		document_print_text(&document, "%s: %s.", loader->name, look.reason);
	add_words(run, &look, result == 0, &table);
	document_print_table(&document, &table, NULL);
	result = table_is_alone(&run->options) ? 0 : findings_print(findings, &document);
	status = document_end(&document, result, findings_status(findings));
	bootchange_close(&look);
	return status;
}

/*
 * The lock is kept while the bootloader is refreshed: of two grub-mkconfig(8) at a time (2.12), the
 * first that ends makes grub.cfg of what the other has written of grub.cfg.new by then.
 */
static int change(const struct request *run, bool adds)
{
	cleanup_fd int lock = run->dry_run ? -1 : lock_host(&run->host);
	char message[BOOT_MESSAGE_MAX];
	struct bootchange change;
	int result, status = CTL_INTERNAL;

	if (lock < 0 && !run->dry_run)
		return CTL_INTERNAL;
	result = bootchange_open(&change, &run->host, message);
	if (result < 0)
		ctl_fail("%s", message);
	for (size_t i = 0; i < run->count && result == 0; i++)
		result = adds ? bootchange_add(&change, run->operands[i], run->mode)
			      : bootchange_remove(&change, run->operands[i]);
	findings_report(&change.said);
	if (result == 0)
		status = refresh_apply(&change, run->dry_run, false);
	bootchange_close(&change);
	return status;
}

static const char usage[] =
	"Usage: vfio-earlyctl cmdline [OPTION]... [show|add|remove [WORD]...]\n"
	"Prints or changes the words of the kernel command line, in the files of the\n"
	"bootloader that is in use.\n"
	"\n"
	"      --append        add a word also if there is one with its name\n"
	"      --dry-run       print what would be changed\n"
	"  -h, --help          print this\n"
	"      --replace       put a word in the place of those with its name\n";

int command_cmdline(const struct ctl *ctl, int argc, char **argv)
{
	struct request run = { .count = 0 };
	bool append = false, replace = false, shows, adds;
	const struct options_entry entries[] = {
		{ '\0', "append", .set = &append, .clear = &replace },
		{ '\0', "dry-run", .set = &run.dry_run },
		{ '\0', "replace", .set = &replace, .clear = &append },
		{},
	};
	const struct options options = {
		.usage = usage,
		.entries = entries,
		.table = &run.options,
		.columns = columns,
		.operands_max = OPTIONS_ANY_OPERANDS,
	};
	const char *action;
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	if (append || replace)
		run.mode = append ? BOOTCHANGE_APPEND : BOOTCHANGE_REPLACE;
	action = argc > 0 ? *argv++ : "show";
	shows = strcmp(action, "show") == 0;
	adds = strcmp(action, "add") == 0;
	if (!shows && !adds && strcmp(action, "remove") != 0)
		return ctl_fail("cmdline: found '%s', expected show, add or remove", action);
	if (!shows && argc < 2)
		return ctl_fail("cmdline %s: no word given, expected one as 'intel_iommu=on'",
				action);
	run.operands = argv;
	run.count = argc > 0 ? (size_t)argc - 1 : 0;
	status = CTL_INTERNAL;
	if (open_host(&run.host, ctl) == 0)
		status = shows ? show(&run) : change(&run, adds);
	host_close(&run.host);
	return status;
}
