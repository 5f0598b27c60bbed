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
	bool read; /* its files */
	struct bootconfig config;
	struct bootwords running;
	struct findings findings;
};

static void look(struct inventory_of_words *inventory, const struct request *run)
{
	char message[BOOT_MESSAGE_MAX] = "";
	int result = bootloader_read_running(&run->host, &inventory->running);

	if (result < 0)
		findings_add(&inventory->findings, FINDING_WARNING, "/proc/cmdline", "%s",
			     strerror(-result));
	result = bootloader_detect(&inventory->loader, &run->host, message);
	if (result < 0)
		inventory->loader = NULL;
	strcpy(inventory->reason, message);
	if (result == 0)
		result = bootloader_read_config(inventory->loader, &run->host, &inventory->config,
						message);
	inventory->read = result == 0;
	for (size_t i = 0; i < inventory->config.findings.count; i++) {
		const struct finding *finding = &inventory->config.findings.list[i];

		findings_add(&inventory->findings, finding->level, finding->where, "%s",
			     finding->text);
	}
	if (result < 0)
		findings_add(&inventory->findings, FINDING_WARNING, NULL, "%s",
			     message[0] ? message : strerror(-result));
}

/* Whether the next boot has what the files say. */
static void check_entries(struct inventory_of_words *inventory, const struct request *run)
{
	const struct bootwords *words = &inventory->config.words;
	char message[BOOT_MESSAGE_MAX], danger[BOOT_MESSAGE_MAX];
	int result = bootentries_check_all(inventory->loader, &run->host, &inventory->config,
					   message),
	    safe = bootsafe_check(inventory->loader, &run->host, &inventory->config,
				  &inventory->running, danger);

	if (safe == -EINVAL)
		findings_add(&inventory->findings, FINDING_ERROR, NULL, "%s", danger);
	else if (result == -EINVAL)
		findings_add(&inventory->findings, FINDING_WARNING, NULL, "%s",
			     safe == -ENOEXEC ? danger : message);
	else if (result == 0 && !inventory->config.files.list[0].absent)
		for (size_t i = 0; i < words->count; i++)
			if (bootwords_find(&inventory->running, words->list[i].text) < 0)
				findings_add(&inventory->findings, FINDING_NOTE, NULL,
					     "%s: the next boot has it", words->list[i].text);
}

static bool is_asked_for(const struct request *run, const char *word)
{
	for (size_t i = 0; i < run->count; i++)
		if (strchr(run->operands[i], '=') ? bootword_equals(word, run->operands[i])
						  : bootword_has_name(word, run->operands[i]))
			return true;
	return run->count == 0;
}

static void add_word(const struct request *run, struct table *table, const char *word, bool running,
		     bool configured, const char *source)
{
	struct libscols_line *line;

	if (!is_asked_for(run, word))
		return;
	line = table_add(table, NULL);
	table_set(table, line, WORD, word);
	table_set_flag(table, line, RUNNING, running);
	table_set_flag(table, line, CONFIGURED, configured);
	table_set(table, line, SOURCE, source);
	if (running != configured && strcmp(source, "bootloader") != 0)
		table_color(table, line, TABLE_YELLOW);
}

static void add_configured(const struct request *run, const struct inventory_of_words *inventory,
			   struct table *table, size_t index)
{
	const struct bootword *word = &inventory->config.words.list[index];
	const struct bootfile *file = &inventory->config.files.list[word->file];
	char source[PATH_MAX];

	bootconfig_where(&inventory->config, word, source);
	if (file->absent && !run->options.json && host_path(source, "no %s yet", file->path) < 0)
		source[0] = '\0';
	add_word(run, table, word->text, bootwords_find(&inventory->running, word->text) >= 0, true,
		 source);
}

static void add_words(const struct request *run, const struct inventory_of_words *inventory,
		      struct table *table)
{
	for (size_t i = 0; i < inventory->running.count; i++) {
		const char *word = inventory->running.list[i].text;
		char source[PATH_MAX];

		if (bootwords_find(&inventory->config.words, word) >= 0)
			continue;
		bootconfig_find(&inventory->config, word, source);
		if (!source[0] && inventory->loader &&
		    bootloader_adds_word(inventory->loader, word))
			add_word(run, table, word, true, false, "bootloader");
		else
			add_word(run, table, word, true, source[0] != '\0', source);
	}
	for (size_t i = 0; i < inventory->config.words.count; i++)
		add_configured(run, inventory, table, i);
}

static int print_loader(const struct request *run, const struct inventory_of_words *inventory,
			struct document *document)
{
	const struct table_options options = { .json = true };
	struct table table;
	struct libscols_line *line;
	int result;

	if (!run->options.json) {
		if (inventory->loader && !table_is_alone(&run->options))
			document_print_text(document, "%s: %s.", inventory->loader->name,
					    inventory->reason);
		return 0;
	}
	result = table_open(&table, &options, "bootloader", loader_columns);
	if (result == 0 && inventory->loader) {
		line = table_add(&table, NULL);
		table_set(&table, line, NAME, inventory->loader->name);
		table_set(&table, line, REASON, inventory->reason);
		table_set(&table, line, REFRESH, inventory->loader->refresh);
	}
	if (result == 0)
		result = document_print_table(document, &table, NULL);
	table_close(&table);
	return result;
}

static int print(const struct request *run, struct inventory_of_words *inventory)
{
	struct document document = { .options = &run->options };
	struct table table;
	int result = table_open(&table, &run->options, "words", columns);

	if (result == 0)
		result = print_loader(run, inventory, &document);
	if (result == 0) {
		add_words(run, inventory, &table);
		result = document_print_table(&document, &table, NULL);
	}
	if (result == 0 && !table_is_alone(&run->options))
		result = findings_print(&inventory->findings, &document);
	table_close(&table);
	return document_end(
		&document, result,
		findings_count(&inventory->findings, FINDING_ERROR) +
					findings_count(&inventory->findings, FINDING_WARNING) >
				0
			? CTL_INCOMPLETE
			: CTL_OK);
}

static int show(struct request *run)
{
	struct inventory_of_words inventory = { .loader = NULL };
	int status;

	look(&inventory, run);
	if (inventory.read)
		check_entries(&inventory, run);
	status = print(run, &inventory);
	bootconfig_free(&inventory.config);
	bootwords_free(&inventory.running);
	findings_free(&inventory.findings);
	return status;
}

/*
 * The lock is kept while the bootloader is refreshed: of two grub-mkconfig(8) at a time (2.12), the
 * first that ends makes grub.cfg of what the other has written of grub.cfg.new by then.
 */
static int change(struct request *run, bool adds)
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

static int add(struct request *run)
{
	return change(run, true);
}

static int remove_words(struct request *run)
{
	return change(run, false);
}

static const struct action {
	const char *name;
	int (*run)(struct request *run);
	bool wants_words;
} actions[] = {
	{ "show", show, false },
	{ "add", add, true },
	{ "remove", remove_words, true },
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static int run_action(struct request *run, const struct ctl *ctl, const struct action *action)
{
	int result = host_open(&run->host, ctl->root), status;

	if (result < 0)
		status = ctl_fail("%s: %s", ctl->root, strerror(-result));
	else
		status = action->run(run);
	host_close(&run->host);
	return status;
}

/* What the words are for; all that is printed is NULL. */
static const struct action *take_action(struct request *run, char **operands, int count)
{
	const struct action *action = &actions[0];

	if (count > 0) {
		action = find_action(operands[0]);
		if (!action)
			return ctl_fail("cmdline: found '%s', expected show, add or remove",
					operands[0]),
			       NULL;
		operands++;
		count--;
	}
	if (action->wants_words && count == 0)
		return ctl_fail("cmdline %s: no word given, expected one as 'intel_iommu=on'",
				action->name),
		       NULL;
	run->operands = operands;
	run->count = (size_t)count;
	return action;
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
	bool append = false, replace = false;
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
	const struct action *action;
	int status = options_parse(&options, ctl, &argc, &argv);

	if (status != OPTIONS_RUN)
		return status;
	if (append || replace)
		run.mode = append ? BOOTCHANGE_APPEND : BOOTCHANGE_REPLACE;
	action = take_action(&run, argv, argc);
	return action ? run_action(&run, ctl, action) : CTL_INTERNAL;
}
