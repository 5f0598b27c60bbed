/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-earlyctl(8): what the host stands on, what the next boot will do, what this one did. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

/* In the order of --help. */
static const struct command {
	const char *name, *operands, *summary;
	command_function *run;
} commands[] = {
	{ "doctor", "", "look whether this host is ready, and say what to do", command_doctor },
	{ "list", "", "print the devices by IOMMU group", command_list },
	{ "check", "[FILE]...", "print what the next boot will do, and what is wrong", command_check },
	{ "status", "", "print what this boot did, and what is true now", command_status },
	{ "add", "DEVICE...", "add rules: the next boots take these devices", command_add },
	{ "remove", "DEVICE...", "remove the rules that take these devices", command_remove },
	{ "bind", "DEVICE [DRIVER]", "bind a device to vfio-pci or another driver now", command_bind },
	{ "unbind", "DEVICE", "give a device back to the host's driver now", command_unbind },
	{ "image", "[FILE|KERNEL]...", "look into finished initramfs images", command_image },
	{ "cmdline", "[ACTION] [WORD]...", "print or change the kernel command line", command_cmdline },
	{ "enable-iommu", "", "switch the IOMMU on, if this host needs that", command_enable_iommu },
	{ "facts", "", "print what a fleet's tools ask for: JSON, or for Prometheus", command_facts },
	{ "import", "[FILE]", "make rules of what was used before", command_import },
	{ "digest", "", "print a fingerprint of the rules, for scripts", command_digest },
	{ "protected", "", "print the devices that the host itself stands on", command_protected },
	{ "rom", "DEVICE|FILE", "print the images of an expansion ROM", command_rom },
	{ "vm", "DEVICE...", "print the settings that give devices to a VM", command_vm },
};

static const struct option long_options[] = {
	{ "root", required_argument, NULL, 'R' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

int ctl_fail(const char *format, ...)
{
	va_list arguments;

	fflush(stdout); /* what was said before comes first */
	fputs("vfio-earlyctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return CTL_INTERNAL;
}

int ctl_finish(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return ctl_fail("standard output: %s", strerror(errno));
	return status;
}

static int print_help(void)
{
	puts("Usage: vfio-earlyctl [--root DIR] COMMAND\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];
		int width = 26 - (int)strlen(command->name);

		printf("  %s %-*s %s\n", command->name, width, command->operands,
		       command->summary);
	}
	puts("\n"
	     "Options:\n"
	     "      --root DIR      take every path below DIR\n"
	     "  -h, --help          print this\n"
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
	return command->run(ctl, argc, argv);
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
