/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a command. */
#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

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
};

/* Adds them, also as getopt_long(3) wants them. */
static void add(struct parser *parser, const struct options_entry *entries)
{
	for (; entries && entries->name; entries++) {
		size_t place = parser->count++;
		char *letters = parser->letters + strlen(parser->letters);

		assert(place < ENTRIES_MAX);
		parser->entries[place] = *entries;
		parser->names[place] = (struct option){
			.name = entries->name,
			.has_arg = entries->text ? required_argument : no_argument,
			.val = FIRST_PLACE + (int)place,
		};
		if (entries->letter)
			sprintf(letters, "%c%s", entries->letter, entries->text ? ":" : "");
	}
}

static void print_help(const struct options *options)
{
	fputs(options->usage, stdout);
	if (options->table) {
		puts("  -J, --json          print JSON, with all columns\n"
		     "  -l, --list          print a list, not a tree\n"
		     "  -n, --noheadings    print no headings\n"
		     "  -O, --output-all    print all columns\n"
		     "  -o, --output LIST   print these columns; with + before them, these as "
		     "well\n"
		     "  -r, --raw           print fields with one blank between them, in a list\n"
		     "  -T, --tree          print a tree\n"
		     "\n"
		     "Columns:");
		for (const struct table_column *column = options->columns; column->name; column++)
			printf("  %-10s %s\n", column->name, column->help);
	}
	if (options->statuses)
		printf("\nExit status: %s\n", options->statuses);
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

int options_parse(const struct options *options, const struct ctl *ctl, int *argc, char ***argv)
{
	struct table_options none, *table = options->table ? options->table : &none;
	const struct options_entry of_tables[] = {
		{ 'J', "json", .set = &table->json, .clear = &table->raw },
		{ 'l', "list", .set = &table->list, .clear = &table->tree },
		{ 'n', "noheadings", .set = &table->no_headings },
		{ 'O', "output-all", .set = &table->all_columns },
		{ 'o', "output", .text = &table->output },
		{ 'r', "raw", .set = &table->raw, .clear = &table->json },
		{ 'T', "tree", .set = &table->tree, .clear = &table->list },
		{},
	};
	bool help = false;
	struct parser parser = { .count = 0 };
	int option;

	add(&parser, options->entries);
	add(&parser, (const struct options_entry[]){ { 'h', "help", .set = &help }, {} });
	add(&parser, options->table ? of_tables : NULL);
	optind = 0;
	while ((option = getopt_long(*argc, *argv, parser.letters, parser.names, NULL)) != -1) {
		const struct options_entry *entry = parser.entries;

		if (option == '?')
			return ctl_fail("try 'vfio-earlyctl %s --help'", ctl->command);
		while (entry->letter != option && entry - parser.entries != option - FIRST_PLACE)
			entry++;
		if (entry->set)
			*entry->set = true;
		if (entry->clear)
			*entry->clear = false;
		if (entry->text)
			*entry->text = optarg;
		if (help) {
			print_help(options);
			return CTL_OK;
		}
	}
	*argc -= optind;
	*argv += optind;
	return check_operands(options, ctl, *argc, *argv);
}
