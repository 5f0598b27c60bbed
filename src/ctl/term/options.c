/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a command. */
#include <assert.h>
#include <getopt.h>
#include <stdio.h>

#include "term/message.h"
#include "term/options.h"

/* More than any command has, with --help and those of tables. */
#define ENTRIES_MAX 20

/* getopt_long(3) is to return a long option's place in the table, behind all letters. */
#define FIRST_PLACE 256

struct parser {
	struct options_entry entries[ENTRIES_MAX];
	size_t count;
	struct option names[ENTRIES_MAX + 1];
	char letters[2 * ENTRIES_MAX + 1];
	bool help;
};

static void add_entries(struct parser *parser, const struct options_entry *entries)
{
	for (; entries->name; entries++) {
		assert(parser->count < ENTRIES_MAX);
		parser->entries[parser->count++] = *entries;
	}
}

static void add_table_entries(struct parser *parser, struct table_options *table)
{
	const struct options_entry entries[] = {
		{ 'J', "json", .set = &table->json, .clear = &table->raw },
		{ 'l', "list", .set = &table->list },
		{ 'n', "noheadings", .set = &table->no_headings },
		{ 'O', "output-all", .set = &table->all_columns },
		{ 'o', "output", .text = &table->output },
		{ 'r', "raw", .set = &table->raw, .clear = &table->json },
		{ 'T', "tree", .clear = &table->list },
		{},
	};

	add_entries(parser, entries);
}

/* As getopt_long(3) wants them. */
static void name_entries(struct parser *parser)
{
	char *letter = parser->letters;

	for (size_t i = 0; i < parser->count; i++) {
		const struct options_entry *entry = &parser->entries[i];

		parser->names[i] = (struct option){
			.name = entry->name,
			.has_arg = entry->text ? required_argument : no_argument,
			.val = FIRST_PLACE + (int)i,
		};
		if (entry->letter)
			*letter++ = entry->letter;
		if (entry->letter && entry->text)
			*letter++ = ':';
	}
}

static const struct options_entry *find_entry(const struct parser *parser, int option)
{
	if (option >= FIRST_PLACE)
		return &parser->entries[option - FIRST_PLACE];
	for (size_t i = 0; i < parser->count; i++)
		if (parser->entries[i].letter == option)
			return &parser->entries[i];
	return NULL;
}

static void print_table_help(const struct options *options)
{
	puts("  -J, --json          print JSON, with all columns\n"
	     "  -l, --list          print a list, not a tree\n"
	     "  -n, --noheadings    print no headings\n"
	     "  -O, --output-all    print all columns\n"
	     "  -o, --output LIST   print these columns; with + before them, these as well\n"
	     "  -r, --raw           print fields with one blank between them, in a list\n"
	     "  -T, --tree          print a tree\n"
	     "\n"
	     "Columns:");
	for (const struct table_column *column = options->columns; column->name; column++)
		printf("  %-10s %s\n", column->name, column->help);
}

static int print_help(const struct options *options)
{
	fputs(options->usage, stdout);
	if (options->table)
		print_table_help(options);
	if (options->statuses)
		printf("\nExit status: %s\n", options->statuses);
	return CTL_OK;
}

static int check_operands(const struct options *options, const struct ctl *ctl, int count,
			  char **operands)
{
	if (count == 0 && options->wants_device)
		return ctl_fail("%s: no device given; 'vfio-earlyctl list' shows them",
				ctl->command);
	if (count <= options->operands_max)
		return OPTIONS_RUN;
	if (options->operands_max == 0)
		return ctl_fail("%s takes no operand, found '%s'", ctl->command, operands[0]);
	return ctl_fail("%s: found '%s' behind the last operand", ctl->command,
			operands[options->operands_max]);
}

static void take(const struct options_entry *entry)
{
	if (entry->set)
		*entry->set = true;
	if (entry->clear)
		*entry->clear = false;
	if (entry->text)
		*entry->text = optarg;
}

int options_parse(const struct options *options, const struct ctl *ctl, int *argc, char ***argv)
{
	struct parser parser = { .count = 0 };
	const struct options_entry help[] = { { 'h', "help", .set = &parser.help }, {} };
	int option;

	if (options->entries)
		add_entries(&parser, options->entries);
	add_entries(&parser, help);
	if (options->table)
		add_table_entries(&parser, options->table);
	name_entries(&parser);
	optind = 0;
	while ((option = getopt_long(*argc, *argv, parser.letters, parser.names, NULL)) != -1) {
		const struct options_entry *entry = find_entry(&parser, option);

		if (!entry)
			return ctl_fail("try 'vfio-earlyctl %s --help'", ctl->command);
		take(entry);
		if (parser.help)
			return print_help(options);
	}
	*argc -= optind;
	*argv += optind;
	return check_operands(options, ctl, *argc, *argv);
}
