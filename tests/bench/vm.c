/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine of the bench, in QEMU with software emulation. */
#include "vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"

#define BOOT_SECONDS 900
#define ARGS_MAX     128

struct arguments {
	const char *list[ARGS_MAX];
	int count;
	char functions[VM_FUNCTIONS][64];
	int function_count;
	char console[PATH_MAX + 16];
	char report[PATH_MAX + 16];
	char words[256];
};

/*
 * quiet, as Debian boots: a console that shows all messages would take most of the time. Without
 * erms and fsrm, with which the kernel clears memory by an instruction that counts once for each
 * byte.
 */
static const char *const common[][2] = {
	{ "-display", "none" },
	{ "-machine", "q35" },
	{ "-accel", "tcg" },
	{ "-cpu", "max,erms=off,fsrm=off" },
	{ "-smp", "1" },
	{ "-m", "1024" },
	{ "-device", "intel-iommu,intremap=on" },
	{ "-device", "pcie-root-port,id=port1,chassis=1,slot=1" },
	{ "-device", "pcie-root-port,id=port2,chassis=2,slot=2" },
	{ "-device", "pcie-root-port,id=port3,chassis=3,slot=3" },
	{ "-device", "e1000e,bus=port1" },
	{ "-device", "e1000e,bus=port2" },
	{ "-device", "e1000e,bus=port3" },
};

static void add(struct arguments *args, const char *option, const char *value)
{
	/* One place stays free for the NULL at the end. */
	if (args->count + 2 >= ARGS_MAX)
		abort();
	args->list[args->count++] = option;
	args->list[args->count++] = value;
}

/* Functions of one model on the root bus, eight a device. */
static void add_functions(struct arguments *args, const char *model, int device, int count)
{
	for (int i = 0; i < count; i++) {
		char *text = args->functions[args->function_count++];

		snprintf(text, sizeof(args->functions[0]), "%s,addr=%x.%x,multifunction=on", model,
			 (unsigned int)(device + i / 8), (unsigned int)(i % 8));
		add(args, "-device", text);
	}
}

static void fill(struct arguments *args, const struct vm *vm)
{
	*args = (struct arguments){
		.list = { "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot" },
		.count = 4,
	};
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		add(args, common[i][0], common[i][1]);
	/* With the cards, their ports and what q35 has by itself, forty. */
	add_functions(args, "virtio-rng-pci", 0x10, 16);
	add_functions(args, "pci-testdev", 0x18, 14);
	if (vm->icount)
		add(args, "-icount", vm->icount);
	snprintf(args->words, sizeof(args->words),
		 "console=ttyS0 quiet panic=1 no_timer_check bench.first=%s",
		 vm->first ? vm->first : "");
	add(args, "-append", args->words);
	add(args, "-kernel", vm->kernel);
	add(args, "-initrd", vm->initrd);
	snprintf(args->console, sizeof(args->console), "file:%s", vm->console);
	snprintf(args->report, sizeof(args->report), "file:%s", vm->report);
	add(args, "-serial", args->console);
	add(args, "-serial", args->report);
}

int vm_run(const struct vm *vm)
{
	struct arguments args;
	pid_t pid;

	fill(&args, vm);
	if (unlink(vm->report) && errno != ENOENT)
		return -errno;
	pid = command_fork(vm->log, vm->log);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execvp(args.list[0], (char *const *)args.list);
		_exit(COMMAND_NOT_STARTED);
	}
	return command_wait(pid, BOOT_SECONDS) == 0 ? 0 : -EIO;
}
