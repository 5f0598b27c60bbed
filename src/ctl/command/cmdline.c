/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl cmdline: the kernel command line of now and of the next boot. */
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

enum { WORD, RUNNING, CONFIGURED, SOURCE };

static const struct table_column columns[] = {
	[WORD] = { .name = "WORD", .flags = TABLE_CUT, .help = "as the kernel has it" },
	[RUNNING] = { .name = "RUNNING",
		      .flags = TABLE_YES_NO,
		      .help = "whether the kernel has it now" },
	[CONFIGURED] = { .name = "CONFIGURED",
			 .flags = TABLE_YES_NO,
			 .help = "whether the bootloader's files have it" },
	[SOURCE] = { .name = "SOURCE",
		     .help = "file and line, or 'bootloader' if it adds the word itself" },
	{},
};

enum { NAME, REASON, REFRESH };

static const struct table_column loader_columns[] = {
	[NAME] = { .name = "NAME", .help = "which bootloader it is" },
	[REASON] = { .name = "REASON", .help = "how that was decided" },
	[REFRESH] = { .name = "REFRESH", .help = "the command that puts a change into effect" },
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

/* What show looks at. */
struct inventory_of_words {
	const struct bootloader *loader; /* NULL: it could not be told */
	char reason[BOOT_MESSAGE_MAX];
	struct bootconfig config; /* its findings are those of all */
	struct bootwords running;
};

/* Whether the next boot has what the files say. */
static void check_entries(struct inventory_of_words *inventory, const struct host *host)
{
	const struct bootwords *words = &inventory->config.words;
	struct findings *findings = &inventory->config.findings;
	char message[BOOT_MESSAGE_MAX], danger[BOOT_MESSAGE_MAX];
	int result = bootentries_check_all(inventory->loader, host, &inventory->config, message),
	    safe = bootsafe_check(inventory->loader, host, &inventory->config, &inventory->running,
				  danger);

	if (safe == -EINVAL)
		findings_add(findings, FINDING_ERROR, NULL, "%s", danger);
	else if (result == -EINVAL)
		findings_add(findings, FINDING_WARNING, NULL, "%s",
			     safe == -ENOEXEC ? danger : message);
	else if (result == 0 && !inventory->config.files.list[0].absent)
		for (size_t i = 0; i < words->count; i++)
			if (bootwords_find(&inventory->running, words->list[i].text) < 0)
				findings_add(findings, FINDING_NOTE, NULL,
					     "%s: the next boot has it", words->list[i].text);
}

static void look(struct inventory_of_words *inventory, const struct host *host)
{
	struct findings *findings = &inventory->config.findings;
	char message[BOOT_MESSAGE_MAX] = "";
	int running = bootloader_read_running(host, &inventory->running);
	int result = bootloader_detect(&inventory->loader, host, message);

	strcpy(inventory->reason, message);
	if (result < 0)
		inventory->loader = NULL;
	else
		result = bootloader_read_config(inventory->loader, host, &inventory->config,
						message);
	if (running < 0)
		findings_add(findings, FINDING_WARNING, "/proc/cmdline", "%s", strerror(-running));
	if (result < 0)
		findings_add(findings, FINDING_WARNING, NULL, "%s",
			     message[0] ? message : strerror(-result));
	else
		check_entries(inventory, host);
}

static void add_word(const struct request *run, struct table *table, const char *word, bool running,
		     bool configured, const char *source)
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
	table_set_flag(table, line, RUNNING, running);
	table_set_flag(table, line, CONFIGURED, configured);
	table_set(table, line, SOURCE, source);
	if (running != configured && strcmp(source, "bootloader") != 0)
		table_color(table, line, TABLE_YELLOW);
}

static void add_words(const struct request *run, const struct inventory_of_words *inventory,
		      struct table *table)
{
	const struct bootconfig *config = &inventory->config;
	char source[PATH_MAX];

	for (size_t i = 0; i < inventory->running.count; i++) {
		const char *word = inventory->running.list[i].text;

		if (bootwords_find(&config->words, word) >= 0)
			continue;
		bootconfig_find(config, word, source);
		if (!source[0] && inventory->loader &&
		    bootloader_adds_word(inventory->loader, word))
			add_word(run, table, word, true, false, "bootloader");
		else
			add_word(run, table, word, true, source[0] != '\0', source);
	}
	for (size_t i = 0; i < config->words.count; i++) {
		const struct bootword *word = &config->words.list[i];
		const struct bootfile *file = &config->files.list[word->file];

		bootconfig_where(config, word, source);
		if (file->absent && !run->options.json &&
		    host_path(source, "no %s yet", file->path) < 0)
			source[0] = '\0';
		add_word(run, table, word->text,
			 bootwords_find(&inventory->running, word->text) >= 0, true, source);
	}
}

static void print_loader(const struct inventory_of_words *inventory, struct document *document)
{
	const struct table_options options = { .json = true };
	const struct bootloader *loader = inventory->loader;
	struct table table;

	if (!document->options->json) {
		if (loader && !table_is_alone(document->options))
			document_print_text(document, "%s: %s.", loader->name, inventory->reason);
		return;
	}
	table_open(&table, &options, "bootloader", loader_columns);
	if (loader) {
		struct libscols_line *line = table_add(&table, NULL);

		table_set(&table, line, NAME, loader->name);
		table_set(&table, line, REASON, inventory->reason);
		table_set(&table, line, REFRESH, loader->refresh);
	}
	document_print_table(document, &table, NULL);
}

static int show(const struct request *run)
{
	struct document document = { .options = &run->options };
	struct inventory_of_words inventory = { .loader = NULL };
	struct table table;
	int result = 0, status;

	look(&inventory, &run->host);
	document.error = table_open(&table, &run->options, "words", columns);
	print_loader(&inventory, &document);
	add_words(run, &inventory, &table);
	document_print_table(&document, &table, NULL);
	if (!table_is_alone(&run->options))
		result = findings_print(&inventory.config.findings, &document);
	status = document_end(&document, result, findings_status(&inventory.config.findings));
	bootconfig_free(&inventory.config);
	bootwords_free(&inventory.running);
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
		status = refresh_apply(&change, run->dry_run);
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
