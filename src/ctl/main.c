/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl(8): what the host stands on, what the next boot will do, what this one did. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"

enum group { GROUP_ALL, GROUP_LOOK, GROUP_RULES, GROUP_CMDLINE, GROUP_NOW, GROUP_SCRIPTS, GROUPS };

static const char *const group_titles[GROUPS] = {
	[GROUP_ALL] = "The guided way",
	[GROUP_LOOK] = "Commands that look",
	[GROUP_RULES] = "Commands that change rules",
	[GROUP_CMDLINE] = "Commands that change the kernel command line",
	[GROUP_NOW] = "Commands that change drivers now",
	[GROUP_SCRIPTS] = "Commands for scripts",
};

/* In the order of --help, and of vfio-earlyctl(8). */
static const struct command {
	const char *name, *operands, *summary;
	command_function *run;
	enum group group;
} commands[] = {
	/* clang-format off */
	{ "setup", "[DEVICE]...", "lead from a fresh host to devices for VMs", command_setup, GROUP_ALL },
	{ "doctor", "", "look whether this host is ready, and say what to do", command_doctor, GROUP_LOOK },
	{ "list", "[DEVICE]...", "print the devices by IOMMU group", command_list, GROUP_LOOK },
	{ "check", "[FILE]...", "print what the next boot will do, and what is wrong", command_check, GROUP_LOOK },
	{ "status", "", "print what this boot did, and what is true now", command_status, GROUP_LOOK },
	{ "image", "[FILE|KERNEL]...", "look into finished initramfs images", command_image, GROUP_LOOK },
	{ "rom", "DEVICE|FILE", "print the images of an expansion ROM", command_rom, GROUP_LOOK },
	{ "vm", "DEVICE...", "print the settings that give devices to a VM", command_vm, GROUP_LOOK },
	{ "add", "DEVICE...", "add rules: the next boots take these devices", command_add, GROUP_RULES },
	{ "remove", "DEVICE...", "remove the rules that take these devices", command_remove, GROUP_RULES },
	{ "import", "[FILE]", "make rules of what was used before", command_import, GROUP_RULES },
	{ "cmdline", "[ACTION [WORD]...]", "print or change the kernel command line", command_cmdline, GROUP_CMDLINE },
	{ "enable-iommu", "", "switch the IOMMU on, if this host needs that", command_enable_iommu, GROUP_CMDLINE },
	{ "bind", "DEVICE [DRIVER]", "bind a device to vfio-pci or another driver now", command_bind, GROUP_NOW },
	{ "unbind", "DEVICE", "give a device back to the host's driver now", command_unbind, GROUP_NOW },
	{ "facts", "", "print what a fleet's tools ask for: JSON, or for Prometheus", command_facts, GROUP_SCRIPTS },
	{ "fill-image", "DIR KERNEL", "for hooks: write what the rules need into an image", command_fill_image, GROUP_SCRIPTS },
	/* clang-format on */
};

static const struct option long_options[] = {
	{ "root", required_argument, NULL, 'R' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void print_group(enum group group)
{
	printf("\n%s:\n", group_titles[group]);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];
		int width = 26 - (int)strlen(command->name);

		if (command->group == group)
			printf("  %s %-*s %s\n", command->name, width, command->operands,
			       command->summary);
	}
}

static int print_help(void)
{
	puts("Usage: vfio-earlyctl [--root DIR] COMMAND");
	for (int group = 0; group < GROUPS; group++)
		print_group((enum group)group);
	puts("\n"
	     "Options:\n"
	     "      --root DIR      take every path below DIR\n"
	     "  -h, --help          print this; of a COMMAND, what it takes\n"
	     "  -V, --version       print the version\n"
	     "\n"
	     "See vfio-earlyctl(8).");
	return ctl_finish(CTL_OK);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int run_command(struct ctl *ctl, int argc, char **argv)
{
	static char name[64];
	const struct command *command;

	if (argc < 1)
		return ctl_fail("no command given; try 'vfio-earlyctl --help'");
	command = find_command(argv[0]);
	if (!command)
		return ctl_fail("no command '%s'; try 'vfio-earlyctl --help'", argv[0]);
	ctl->command = command->name;
	snprintf(name, sizeof(name), "vfio-earlyctl: %s", command->name);
	argv[0] = name;
	return ctl_finish(command->run(ctl, argc, argv));
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .root = "/" };
	int option;

	setlocale(LC_CTYPE, ""); /* lines of trees */
	while ((option = getopt_long(argc, argv, "+hV", long_options, NULL)) != -1) {
		switch (option) {
		case 'R':
			ctl.root = optarg;
			break;
		case 'h':
			return print_help();
		case 'V':
			puts("vfio-earlyctl " VERSION);
			return ctl_finish(CTL_OK);
		default:
			return ctl_fail("try 'vfio-earlyctl --help'");
		}
	}
	return run_command(&ctl, argc - optind, argv + optind);
}
