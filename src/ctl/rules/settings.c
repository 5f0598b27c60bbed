/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of modprobe.d(5), of lists of modules and words of the kernel, also those nearly right. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/vfio.h"
#include "host/distance.h"
#include "host/modprobe.h"
#include "image/builder.h"
#include "rules/conflicts.h"

#define NAME_SIZE 64

/* What a text is to those who read it. */
enum form {
	FORM_ANY,      /* one of the others, as a person knows */
	FORM_MODPROBE, /* modprobe.d(5) */
	FORM_LIST,     /* of modules with their options, loaded after rules were applied */
	FORM_NAMES,    /* of modules alone */
};

struct reader {
	struct conflicts *conflicts;
	const struct host *host;
	enum form form;
};

static void add_bad(struct conflicts *conflicts, const char *where, const char *text,
		    const char *expected)
{
	conflict_add(conflicts, CONFLICT_BAD, where, "", text, NULL);
	if (!conflicts->error)
		conflicts->list[conflicts->count - 1].expected = expected;
}

/* What was added behind the first count of them has no effect, for one reason; it is understood. */
static void spoil(struct conflicts *conflicts, size_t count, const char *where, const char *text,
		  const char *expected)
{
	add_bad(conflicts, where, text, expected);
	for (size_t i = count; i < conflicts->count; i++)
		conflicts->list[i].idle = true;
}

static void spoil_lines(struct conflicts *conflicts, size_t count, const char *text,
			const char *expected)
{
	char where[sizeof(conflicts->list->where)];

	if (conflicts->count == count)
		return;
	strcpy(where, conflicts->list[count].where);
	spoil(conflicts, count, where, text, expected);
}

static void add_list(struct conflicts *conflicts, enum conflict_kind kind, const char *where,
		     char *list)
{
	const char *word;

	while ((word = strsep(&list, kind == CONFLICT_IDS ? ",\"" : MODPROBE_BLANK "\"")))
		if (word[0] != '\0')
			conflict_add(conflicts, kind, where, RULE_DEFAULT_DRIVER, word,
				     kind == CONFLICT_IDS ? conflict_parse_id
							  : conflict_parse_bind);
}

/* "install nouveau /bin/false" is how those blacklist who do not trust a blacklist. */
static bool is_dummy(const char *command)
{
	static const char *const dummies[] = { "/bin/false",    "/bin/true", "/usr/bin/false",
					       "/usr/bin/true", "false",     "true" };

	for (size_t i = 0; i < sizeof(dummies) / sizeof(dummies[0]); i++)
		if (strcmp(command, dummies[i]) == 0)
			return true;
	return false;
}

/* The kernel takes the IDs as one word. */
static void add_lost(struct conflicts *conflicts, const char *where, const char *word)
{
	struct rule rule;
	char id[64];

	snprintf(id, sizeof(id), "%.*s", (int)strcspn(word, ","), word);
	if (!conflict_parse_id(id, &rule))
		add_bad(conflicts, where, id,
			"no blank before it: only the IDs up to the first blank count");
}

/* What is behind "options vfio-pci". */
static void read_options(struct conflicts *conflicts, const char *where, char *rest)
{
	bool has_ids = false;
	char *word;

	while ((word = strtok_r(NULL, MODPROBE_BLANK, &rest))) {
		if (strncmp(word, "ids=", 4) == 0) {
			add_list(conflicts, CONFLICT_IDS, where, word + 4);
			has_ids = true;
		} else if (has_ids && word[0] == '#') {
			add_bad(conflicts, where, word,
				"a comment on a line of its own: here it is part of the options");
			break;
		} else if (has_ids) {
			add_lost(conflicts, where, word);
		}
	}
}

static void read_command(struct conflicts *conflicts, const char *where, const char *word,
			 const char *module, char *rest)
{
	char *argument = strtok_r(NULL, MODPROBE_BLANK, &rest);
	bool installs = strcmp(word, "install") == 0;

	if (installs && argument && vfio_is_driver(module))
		conflict_add(conflicts, CONFLICT_INSTALL, where, "", module, NULL);
	else if (strcmp(word, "blacklist") == 0 || (installs && argument && is_dummy(argument)))
		conflict_add(conflicts, CONFLICT_BLACKLIST, where, "", module, NULL);
	else if (strcmp(word, "alias") == 0 && argument && text_same_name(argument, "vfio_pci"))
		conflict_add(conflicts, CONFLICT_ALIAS, where, "", module, NULL);
	for (; argument && strcmp(word, "softdep") == 0;
	     argument = strtok_r(NULL, MODPROBE_BLANK, &rest))
		if (text_same_name(argument, "vfio_pci"))
			conflict_add(conflicts, CONFLICT_SOFTDEP, where, "", module, NULL);
}

static bool is_nearly(const char *word, const char *meant)
{
	size_t distance = distance_get(word, meant);

	return distance > 0 && distance <= 2;
}

/* One line, whose first word is a command of modprobe.d, or a module. */
static void read_words(struct reader *reader, const char *where, char *line)
{
	struct conflicts *conflicts = reader->conflicts;
	size_t before = conflicts->count;
	char *rest, *word = strtok_r(line, MODPROBE_BLANK, &rest), *module;

	if (!word || word[0] == '#')
		return;
	if (text_same_name(word, "vfio_pci") && reader->form != FORM_MODPROBE) {
		read_options(conflicts, where, rest);
		for (size_t i = before; i < conflicts->count; i++)
			conflicts->list[i].late = reader->form == FORM_LIST;
		if (reader->form == FORM_NAMES)
			spoil_lines(conflicts, before, "ids=",
				    "the name of a module alone: options are not read here");
		return;
	}
	module = strtok_r(NULL, MODPROBE_BLANK, &rest);
	if (!module || reader->form == FORM_LIST || reader->form == FORM_NAMES)
		return;
	if (text_same_name(word, "vfio_pci")) {
		if (strncmp(module, "ids=", 4) == 0)
			add_list(conflicts, CONFLICT_IDS, where, module + 4);
		spoil_lines(conflicts, before, word, "'options' before the name of the module");
	} else if (text_same_name(module, "vfio_pci") &&
		   (strcmp(word, "options") == 0 || is_nearly(word, "options"))) {
		read_options(conflicts, where, rest);
		if (strcmp(word, "options") != 0)
			spoil_lines(conflicts, before, word, "'options'");
	} else {
		read_command(conflicts, where, word, module, rest);
	}
}

static void take_line(void *context, const char *where, char *line)
{
	static const char bind[] = "BIND=";
	struct reader *reader = context;
	struct conflicts *conflicts = reader->conflicts;
	size_t before = conflicts->count, length = strlen(line);
	size_t mark = strlen(TEXT_BYTE_ORDER_MARK);
	bool has_mark = strncmp(line, TEXT_BYTE_ORDER_MARK, mark) == 0;
	bool has_return = reader->form == FORM_MODPROBE && length > 0 && line[length - 1] == '\r';

	if (reader->form == FORM_ANY && strncmp(line, bind, strlen(bind)) == 0)
		add_list(conflicts, CONFLICT_UNRAID, where, line + strlen(bind));
	else
		read_words(reader, where, line + (has_mark ? mark : 0));
	if (has_mark && reader->form == FORM_MODPROBE)
		spoil_lines(conflicts, before, "a byte order mark",
			    "none: modprobe ignores this line");
	/* libkmod keeps it as a part of a name; behind IDs it does no harm. */
	else if (has_return && conflicts->count > before &&
		 conflicts->list[before].kind == CONFLICT_BLACKLIST)
		spoil_lines(conflicts, before, "a carriage return",
			    "a line end without it: modprobe takes it for a part of the name");
}

void conflict_read_text(struct conflicts *conflicts, const char *path, char *text)
{
	struct reader reader = { .conflicts = conflicts, .form = FORM_ANY };

	modprobe_parse(path, text, take_line, &reader);
}

static int read_file(struct reader *reader, const char *directory, const char *name)
{
	char path[PATH_MAX], *text;

	if (host_path(path, "%s/%s", directory, name) < 0 ||
	    host_read_text(reader->host, path, &text) < 0)
		return 0;
	modprobe_parse(path, text, take_line, reader);
	free(text);
	return 0;
}

/* "vfio", "vfio.cnf": but what was put aside as "vfio.conf.bak" was meant to be. */
static bool is_nearly_conf(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && (!dot || is_nearly(dot + 1, "conf"));
}

static int take_ignored_file(void *context, const char *directory, const char *name)
{
	struct reader *reader = context;
	size_t before = reader->conflicts->count;

	if (!is_nearly_conf(name))
		return 0;
	read_file(reader, directory, name);
	spoil_lines(reader->conflicts, before, name, "a file name that ends in .conf");
	return 0;
}

static int take_misplaced_file(void *context, const char *directory, const char *name)
{
	struct reader *reader = context;
	size_t before = reader->conflicts->count;

	read_file(reader, directory, name);
	spoil_lines(reader->conflicts, before, directory, "the folder /etc/modprobe.d");
	return 0;
}

static int take_folder(void *context, const char *directory, const char *name)
{
	struct reader *reader = context;
	char path[PATH_MAX];

	if (is_nearly(name, "modprobe.d") && host_path(path, "%s/%s", directory, name) == 0)
		host_each(reader->host, path, take_misplaced_file, reader);
	return 0;
}

void conflict_read_modprobe(struct conflicts *conflicts, const struct host *host)
{
	struct reader reader = { .conflicts = conflicts, .host = host, .form = FORM_MODPROBE };
	int result = modprobe_read(host, take_line, &reader);

	if (result < 0)
		conflicts->error = result;
	host_each(host, "/etc/modprobe.d", take_ignored_file, &reader);
	host_each(host, "/etc", take_folder, &reader);
}

static int take_names(void *context, const char *directory, const char *name)
{
	return text_ends_with(name, ".conf") ? read_file(context, directory, name) : 0;
}

#define VFIO_IDS  "vfio_pci.ids"
#define VFIO_WORD "vfio-pci.ids="

/* Words that have no effect on the host of a VM, or none at all, and what is meant by them. */
static const struct {
	const char *name, *expected;
} mistaken[] = {
	{ "ids", VFIO_WORD ": the kernel has no word ids=" },
	{ "vfio_pci", VFIO_WORD },
	{ "vfio.ids", VFIO_WORD },
	{ "pci_stub.ids", VFIO_WORD ": nothing loads pci-stub before the host drivers" },
	{ "xen_pciback.hide", VFIO_WORD ": only a host of Xen reads this word" },
};

/* Words that are misspelt, so that the kernel passes over them without a word. */
static const struct {
	const char *name, *expected;
} known[] = {
	{ VFIO_IDS, VFIO_WORD },
	{ "vfio_pci.disable_vga", "vfio-pci.disable_vga=" },
	{ "vfio_pci.disable_idle_d3", "vfio-pci.disable_idle_d3=" },
	{ "vfio_iommu_type1.allow_unsafe_interrupts", "vfio_iommu_type1.allow_unsafe_interrupts=" },
	{ "kvm.ignore_msrs", "kvm.ignore_msrs=" },
	{ "pcie_acs_override", "pcie_acs_override=" },
	{ "intel_iommu", "intel_iommu=" },
	{ "amd_iommu", "amd_iommu=" },
	{ "initcall_blacklist", "initcall_blacklist=" },
	{ "module_blacklist", "module_blacklist=" },
	{ "modprobe.blacklist", "modprobe.blacklist=" },
};

static const char *find_expected(const char *name)
{
	const char *expected = NULL;

	for (size_t i = 0; i < sizeof(mistaken) / sizeof(mistaken[0]); i++)
		if (strcmp(name, mistaken[i].name) == 0)
			return mistaken[i].expected;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0)
			return NULL;
		else if (is_nearly(name, known[i].name))
			expected = known[i].expected;
	return expected;
}

static void add_modules(struct conflicts *conflicts, enum conflict_kind kind, const char *where,
			char *list)
{
	const char *name;

	while ((name = strsep(&list, ",")))
		if (name[0] != '\0' && !vfio_is_driver(name))
			conflict_add(conflicts, CONFLICT_BLACKLIST, where, "", name, NULL);
		else if (name[0] != '\0' && kind == CONFLICT_BARRED)
			conflict_add(conflicts, kind, where, "", name, NULL);
}

/* "(0000:01:00.0)(0000:01:00.1)", or IDs. */
static void add_meant(struct conflicts *conflicts, const char *where, char *value)
{
	const char *word;

	while ((word = strsep(&value, ",()\"")))
		if (word[0] != '\0')
			conflict_add(conflicts, CONFLICT_IDS, where, RULE_DEFAULT_DRIVER, word,
				     strchr(word, '.') ? conflict_parse_address
						       : conflict_parse_id);
}

/* A name as the kernel compares it, cut to what could be one of ours. */
static void fold_name(const char *word, char name[NAME_SIZE])
{
	size_t length = strcspn(word, "=");

	snprintf(name, NAME_SIZE, "%.*s", length < NAME_SIZE ? (int)length : NAME_SIZE - 1, word);
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

void conflict_read_word(struct conflicts *conflicts, const struct conflict_word *word,
			const struct conflict_word *before)
{
	char name[NAME_SIZE], name_before[NAME_SIZE] = "", *copy = strdup(word->text);
	char *value = copy ? strchr(copy, '=') : NULL;
	size_t count = conflicts->count;
	const char *expected;

	if (!copy)
		conflicts->error = -ENOMEM;
	fold_name(word->text, name);
	expected = value ? find_expected(name) : NULL;
	if (before && strcmp(before->where, word->where) == 0)
		fold_name(before->text, name_before);
	if (!value && strcmp(name_before, VFIO_IDS) == 0)
		add_lost(conflicts, word->where, word->text);
	else if (value && strcmp(name, VFIO_IDS) == 0)
		add_list(conflicts, CONFLICT_IDS, word->where, value + 1);
	else if (value && strcmp(name, "module_blacklist") == 0)
		add_modules(conflicts, CONFLICT_BARRED, word->where, value + 1);
	else if (value && strcmp(name, "modprobe.blacklist") == 0)
		add_modules(conflicts, CONFLICT_BLACKLIST, word->where, value + 1);
	else if (expected && strncmp(expected, VFIO_WORD, strlen(VFIO_WORD)) == 0)
		add_meant(conflicts, word->where, value + 1);
	if (expected)
		spoil(conflicts, count, word->where, word->text, expected);
	for (; count < conflicts->count; count++) {
		conflicts->list[count].passing = word->passing;
		snprintf(conflicts->list[count].word, sizeof(conflicts->list->word), "%.*s",
			 (int)strcspn(word->text, "="), word->text);
	}
	free(copy);
}

/* Only dracut's own scripts read it in the image, unless that is a unified one. */
static void take_kernel_word(void *context, const char *where, char *text)
{
	struct conflicts *conflicts = context;
	struct conflict_word word = { .text = text };
	size_t count = conflicts->count;

	snprintf(word.where, sizeof(word.where), "%s", where);
	conflict_read_word(conflicts, &word, NULL);
	if (conflicts->count > count)
		spoil(conflicts, count, where, text,
		      "the bootloader's configuration: the kernel gets kernel_cmdline= of dracut "
		      "in a unified image only");
	for (; count < conflicts->count; count++) {
		conflicts->list[count].word[0] = '\0';
		conflicts->list[count].manual = true;
	}
}

void conflict_read_lists(struct conflicts *conflicts, const struct host *host)
{
	struct reader reader = { .conflicts = conflicts, .host = host, .form = FORM_LIST };

	read_file(&reader, "/etc/initramfs-tools", "modules");
	reader.form = FORM_NAMES; /* systemd-modules-load(8) reads /etc/modules as well */
	read_file(&reader, "/etc", "modules");
	host_each(host, "/etc/modules-load.d", take_names, &reader);
	dracut_each_word(host, "kernel_cmdline", take_kernel_word, conflicts);
}
