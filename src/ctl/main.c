/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl(8): the table of commands. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "host/distance.h"
#include "host/joined.h"

enum group { GROUP_ALL, GROUP_LOOK, GROUP_RULES, GROUP_CMDLINE, GROUP_NOW, GROUP_SCRIPTS, GROUPS };

static const char *const group_titles[GROUPS] = {
	[GROUP_ALL] = "Guided setup",
	[GROUP_LOOK] = "Show",
	[GROUP_RULES] = "Change rules",
	[GROUP_CMDLINE] = "Change the kernel command line",
	[GROUP_NOW] = "On the running system",
	[GROUP_SCRIPTS] = "For scripts",
};

/* In the order of --help, and of vfio-earlyctl(8). */
static const struct command {
	const char *name, *operands, *summary;
	command_function *run;
	enum group group;
} commands[] = {
	/* clang-format off */
	{ "setup", "[DEVICE]...", "reserve devices for VMs, step by step", command_setup, GROUP_ALL },
	{ "doctor", "[DEVICE]...", "check whether this host is ready, and say what to do", command_doctor, GROUP_LOOK },
	{ "list", "[DEVICE]...", "print the devices by IOMMU group", command_list, GROUP_LOOK },
	{ "check", "[FILE]...", "preview the next boot, and check the rules", command_check, GROUP_LOOK },
	{ "status", "", "print the result of this boot, and the current state", command_status, GROUP_LOOK },
	{ "image", "[FILE|KERNEL]...", "check finished initramfs images", command_image, GROUP_LOOK },
	{ "rom", "DEVICE|FILE", "print the images of an expansion ROM", command_rom, GROUP_LOOK },
	{ "vm", "DEVICE...", "print the settings that pass devices through to a VM", command_vm, GROUP_LOOK },
	{ "add", "DEVICE...", "add rules that bind devices to vfio-pci at boot", command_add, GROUP_RULES },
	{ "remove", "DEVICE...", "remove the rules of devices", command_remove, GROUP_RULES },
	{ "import", "[FILE]", "make rules of other settings for passthrough", command_import, GROUP_RULES },
	{ "cmdline", "[ACTION [WORD]...]", "print or change the kernel command line", command_cmdline, GROUP_CMDLINE },
	{ "enable-iommu", "", "switch the IOMMU on, if this host needs that", command_enable_iommu, GROUP_CMDLINE },
	{ "bind", "DEVICE [DRIVER]", "bind a device to vfio-pci or another driver now", command_bind, GROUP_NOW },
	{ "unbind", "DEVICE", "return a device to its host driver now", command_unbind, GROUP_NOW },
	{ "try", "DEVICE...", "open devices once as a VM does, and say what fails", command_try, GROUP_NOW },
	{ "facts", "", "print the state as JSON, or for Prometheus", command_facts, GROUP_SCRIPTS },
	{ "fill-image", "DIR KERNEL", "for hooks: write what the rules need into an image", command_fill_image, GROUP_SCRIPTS },
	/* clang-format on */
};

static int print_help(FILE *stream)
{
	fputs("Usage: vfio-earlyctl [--root DIR] COMMAND [OPTION]... [OPERAND]...\n", stream);
	for (enum group group = 0; group < GROUPS; group++) {
		fprintf(stream, "\n%s:\n", group_titles[group]);
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
			if (commands[i].group == group)
				fprintf(stream, "  %s %-*s %s\n", commands[i].name,
					26 - (int)strlen(commands[i].name), commands[i].operands,
					commands[i].summary);
	}
	fputs("\n"
	      "Options:\n"
	      "      --root DIR      take every path below DIR; anywhere on the line\n"
	      "  -h, --help          print this; after a COMMAND, its options\n"
	      "  -V, --version       print the version\n"
	      "\n"
	      "'vfio-earlyctl help COMMAND' prints its options as well. See vfio-earlyctl(8).\n",
	      stream);
	return ctl_finish(CTL_OK);
}

static int fail_command(const char *name)
{
	char near[256] = "";

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (distance_get(name, commands[i].name) <= distance_limit(name) ||
		    (name[0] != '\0' && strstr(commands[i].name, name)))
			joined_add(near, sizeof(near), commands[i].name);
	return ctl_fail(near[0] ? "no command '%s'; did you mean %s?"
				: "no command '%s'; 'vfio-earlyctl help' lists them",
			name, near);
}

static int run_command(struct ctl *ctl, int argc, char **argv)
{
	static char name[64], help[] = "--help";
	char *with_help[] = { name, help, NULL };
	const struct command *command = commands,
			     *end = command + sizeof(commands) / sizeof(*command);
	bool helps = strcmp(argv[0], "help") == 0;

	if (helps && (argc == 1 || argv[1][0] == '-'))
		return print_help(stdout);
	while (command < end && strcmp(command->name, argv[helps]) != 0)
		command++;
	if (command == end)
		return fail_command(argv[helps]);
	ctl->command = command->name;
	snprintf(name, sizeof(name), "vfio-earlyctl: %s", command->name);
	argv[0] = name;
	return ctl_finish(helps ? command->run(ctl, 2, with_help) : command->run(ctl, argc, argv));
}

/* --root counts wherever it stands before "--". Takes it out; false if DIR is missing. */
static bool take_root(struct ctl *ctl, int *argc, char **argv)
{
	int kept = 1, i = 1;

	for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--root=", strlen("--root=")) == 0)
			ctl->root = argv[i] + strlen("--root=");
		else if (strcmp(argv[i], "--root") == 0)
			ctl->root = argv[++i];
		else
			argv[kept++] = argv[i];
	}
	if (i > *argc)
		return false;
	while (i <= *argc)
		argv[kept++] = argv[i++];
	*argc = kept - 1;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{},
	};
	struct ctl ctl = { .root = "/" };

	/* What libkmod would print of lines that it passes over is told as findings. */
	setenv("KMOD_LOG", "2", 0);
	setlocale(LC_CTYPE, ""); /* lines of trees */
	if (!take_root(&ctl, &argc, argv))
		return ctl_fail("--root: found nothing, expected a directory");
	switch (getopt_long(argc, argv, "+hV", options, NULL)) {
	case -1:
		break;
	case 'h':
		return print_help(stdout);
	case 'V':
		puts("vfio-earlyctl " VERSION);
		return ctl_finish(CTL_OK);
	default:
		return ctl_fail("try 'vfio-earlyctl --help'");
	}
	if (optind < argc)
		return run_command(&ctl, argc - optind, argv + optind);
	print_help(stderr);
	return CTL_INTERNAL;
}
