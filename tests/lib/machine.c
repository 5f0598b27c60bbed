/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine that boots in QEMU: a Debian kernel, an initramfs image, PCI devices, a guest. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "files.h"

/* A boot takes 15 s with software emulation; a missing root disk alone waits for 30 s. */
#define BOOT_SECONDS 480

#define ARGS_MAX (64 + 2 * MACHINE_DEVICES)

/* Larger than the system that some tests copy there. */
#define DISK_BYTES (1200l << 20)

/* Where Debian's ovmf package has them. */
#define UEFI_CODE   "/usr/share/OVMF/OVMF_CODE_4M.fd"
#define UEFI_VARS   "/usr/share/OVMF/OVMF_VARS_4M.fd"
#define SECURE_CODE "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
#define SECURE_VARS "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"

struct arguments {
	const char *list[ARGS_MAX];
	int count;
	char append[1024];
	char drive[PATH_MAX + 64];
	char disks[MACHINE_DISKS][PATH_MAX + 64];
	char folders[MACHINE_FOLDERS][PATH_MAX + 64];
	char serial[PATH_MAX + 8];
	char report[PATH_MAX + 8];
	char pipe[PATH_MAX + 32];
	char monitor[PATH_MAX + 8];
};

/* Parts of the command line that no test changes. */
static const char *const common[] = {
	"qemu-system-x86_64",
	"-nodefaults",
	"-no-user-config",
	"-display",
	"none",
	"-no-reboot",
	"-cpu",
	"max",
	"-smp",
	"1",
	"-m",
	"1536",
	"-blockdev",
	"null-co,node-name=data,size=16777216,read-zeroes=on",
};

static int add(struct arguments *args, const char *option, const char *value)
{
	/* One place stays free for the NULL at the end. */
	if (args->count + 2 >= ARGS_MAX)
		return -E2BIG;
	args->list[args->count++] = option;
	args->list[args->count++] = value;
	return 0;
}

/* Split interrupt controllers are what KVM needs for interrupt remapping. */
static int add_accelerator(struct arguments *args, const struct machine *machine)
{
	const char *accel = getenv("VFIO_EARLY_ACCEL");
	int ret;

	if (!accel || strcmp(accel, "kvm") != 0) {
		ret = add(args, "-machine", "q35");
		ret = ret ?: add(args, "-accel", "tcg");
		return ret ?: machine->counts_time ? add(args, "-icount", "shift=0") : 0;
	}
	ret = add(args, "-machine", "q35,kernel-irqchip=split");
	return ret ?: add(args, "-accel", "kvm");
}

static int add_kernel(struct arguments *args, const struct machine *machine,
		      const struct image *image)
{
	const char *words = machine->words ?: "";
	int length, ret;

	/*
	 * panic=1: a boot that fails ends at once, because QEMU was told not to reboot.
	 * init_on_alloc=0: to clear memory on allocation, as Debian's kernels do, takes an emulated
	 * machine as long as all the rest of a boot with udev.
	 * no_timer_check: an emulated timer is late on a busy computer, and a kernel that remaps
	 * interrupts panics where it misses some ticks.
	 * cryptomgr.notests: of all instructions until init starts, a quarter are the kernel's
	 * tests of its own algorithms.
	 * 8250.nr_uarts: udev handles each port, also those that are not there, 32 with Debian's
	 * kernels.
	 */
	length = snprintf(args->append, sizeof(args->append),
			  "console=ttyS0 root=LABEL=guest ro panic=1 init_on_alloc=0 "
			  "no_timer_check cryptomgr.notests 8250.nr_uarts=3 %s",
			  words);
	if (length >= (int)sizeof(args->append))
		return -E2BIG;
	ret = add(args, "-kernel", image->kernel);
	ret = ret ?: add(args, "-initrd", image->initrd);
	return ret ?: add(args, "-append", args->append);
}

static int add_root_drive(struct arguments *args, const struct machine *machine)
{
	char build[PATH_MAX], guest[PATH_MAX];
	int ret = image_find_build(build);

	files_path(guest, "%s/tests/boot/guest.img", build);
	if (ret < 0)
		return ret;
	if (snprintf(args->drive, sizeof(args->drive),
		     "if=none,id=root,format=raw,snapshot=%s,file=%s",
		     machine->keeps_root ? "off" : "on",
		     machine->root ?: guest) >= (int)sizeof(args->drive))
		return -ENAMETOOLONG;
	return add(args, "-drive", args->drive);
}

static int make_disk(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	struct stat status;
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || (status.st_size == 0 && ftruncate(fd, DISK_BYTES) < 0))
		ret = -errno;
	close(fd);
	return ret;
}

static int add_disks(struct arguments *args, const struct machine *machine)
{
	char build[PATH_MAX], path[PATH_MAX];
	int ret = image_find_build(build);

	for (int i = 0; ret == 0 && i < MACHINE_DISKS && machine->disks[i]; i++) {
		files_path(path, "%s/tests/%s", build, machine->disks[i]);
		ret = ret ?: make_disk(path);
		if (snprintf(args->disks[i], sizeof(args->disks[i]),
			     "if=none,id=disk%d,format=raw,cache=unsafe,file=%s", i,
			     path) >= (int)sizeof(args->disks[i]))
			ret = -ENAMETOOLONG;
		ret = ret ?: add(args, "-drive", args->disks[i]);
	}
	return ret;
}

static int add_folders(struct arguments *args, const struct machine *machine,
		       const struct image *image)
{
	int ret = 0;

	for (int i = 0; ret == 0 && i < MACHINE_FOLDERS && machine->folders[i]; i++) {
		if (snprintf(args->folders[i], sizeof(args->folders[i]),
			     "if=none,id=folder%d,format=raw,readonly=on,file=fat:%s/%s", i,
			     image->tree, machine->folders[i]) >= (int)sizeof(args->folders[i]))
			ret = -ENAMETOOLONG;
		ret = ret ?: add(args, "-drive", args->folders[i]);
	}
	return ret;
}

static int add_ports(struct arguments *args, const char *serial, const char *report)
{
	int ret;

	if (snprintf(args->serial, sizeof(args->serial), "file:%s", serial) >=
		    (int)sizeof(args->serial) ||
	    snprintf(args->report, sizeof(args->report), "file:%s", report) >=
		    (int)sizeof(args->report))
		return -ENAMETOOLONG;
	ret = add(args, "-serial", args->serial);
	return ret ?: add(args, "-serial", args->report);
}

static int make_pipe(const char *path)
{
	return mkfifo(path, 0600) < 0 && errno != EEXIST ? -errno : 0;
}

/* One way only: a terminal would send the monitor's answers back to it. */
static int add_monitor(struct arguments *args, const struct machine *machine)
{
	char build[PATH_MAX], in[PATH_MAX], out[PATH_MAX];
	int ret;

	if (!machine->has_monitor)
		return 0;
	ret = image_find_build(build);
	files_path(in, "%s/tests/%s/monitor.in", build, machine->name);
	files_path(out, "%s/tests/%s/monitor.out", build, machine->name);
	ret = ret ?: make_pipe(in);
	ret = ret ?: make_pipe(out);
	if (ret < 0)
		return ret;
	if (snprintf(args->pipe, sizeof(args->pipe), "pipe,id=monitor,path=%s/tests/%s/monitor",
		     build, machine->name) >= (int)sizeof(args->pipe) ||
	    snprintf(args->monitor, sizeof(args->monitor), "file:%s", in) >=
		    (int)sizeof(args->monitor))
		return -ENAMETOOLONG;
	ret = add(args, "-chardev", args->pipe);
	ret = ret ?: add(args, "-mon", "chardev=monitor,mode=control");
	return ret ?: add(args, "-serial", args->monitor);
}

static int add_devices(struct arguments *args, const struct machine *machine)
{
	bool has_root = false;
	int ret = 0;

	for (const char *const *device = machine->devices; ret == 0 && *device; device++) {
		has_root |= strstr(*device, "drive=root") != NULL;
		ret = add(args, "-device", *device);
	}
	if (!has_root)
		ret = ret ?: add(args, "-device", "virtio-blk-pci,drive=root");
	return ret;
}

static int add_iommu(struct arguments *args, const struct machine *machine)
{
	const char *iommu = machine->iommu ?: "intel-iommu,intremap=on";

	return strcmp(iommu, "none") == 0 ? 0 : add(args, "-device", iommu);
}

/* Only the firmware itself, in system management mode, may write its variables. */
static int add_secure_firmware(struct arguments *args)
{
	int ret = add(args, "-drive", "if=pflash,format=raw,readonly=on,file=" SECURE_CODE);

	ret = ret ?: add(args, "-drive", "if=pflash,format=raw,snapshot=on,file=" SECURE_VARS);
	return ret ?: add(args, "-global", "driver=cfi.pflash01,property=secure,value=on");
}

static int add_firmware(struct arguments *args, const struct machine *machine)
{
	int ret;

	if (machine->secure_boot)
		return add_secure_firmware(args);
	if (!machine->uefi)
		return 0;
	ret = add(args, "-drive", "if=pflash,format=raw,readonly=on,file=" UEFI_CODE);
	return ret ?: add(args, "-drive", "if=pflash,format=raw,snapshot=on,file=" UEFI_VARS);
}

static int add_slots(struct arguments *args, const struct machine *machine)
{
	if (!machine->has_slots)
		return 0;
	return add(args, "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
}

static int boot(struct arguments *args, const char *log)
{
	pid_t pid = command_fork(log, log);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execvp(args->list[0], (char *const *)args->list);
		perror(args->list[0]);
		_exit(COMMAND_NOT_STARTED);
	}
	return command_wait(pid, BOOT_SECONDS);
}

/* The files of one boot, which lie beside the image or, if it was made for another, apart. */
struct results {
	char report[PATH_MAX];
	char log[PATH_MAX];
};

static int prepare_results(const struct machine *machine, struct machine_run *run,
			   struct results *results)
{
	char build[PATH_MAX];
	int ret;

	ret = image_find_build(build);
	files_path(run->serial, "%s/tests/%s/serial.log", build, machine->name);
	files_path(results->report, "%s/tests/%s/report", build, machine->name);
	files_path(results->log, "%s/tests/%s/qemu.log", build, machine->name);
	ret = ret ?: files_make_parents(run->serial);
	if (ret == 0 && unlink(results->report) < 0 && errno != ENOENT)
		ret = -errno;
	return ret;
}

int machine_boot(const struct machine *machine, const struct image *image, struct machine_run *run)
{
	struct arguments args = { .count = sizeof(common) / sizeof(common[0]) };
	struct results results;
	int ret;

	*run = (struct machine_run){ .image = *image };
	memcpy(args.list, common, sizeof(common));
	ret = prepare_results(machine, run, &results);
	ret = ret ?: add_accelerator(&args, machine);
	ret = ret ?: add_firmware(&args, machine);
	ret = ret ?: add_iommu(&args, machine);
	if (!machine->starts_root)
		ret = ret ?: add_kernel(&args, machine, image);
	ret = ret ?: add_root_drive(&args, machine);
	ret = ret ?: add_disks(&args, machine);
	ret = ret ?: add_folders(&args, machine, image);
	ret = ret ?: add_ports(&args, run->serial, results.report);
	ret = ret ?: add_monitor(&args, machine);
	ret = ret ?: add_slots(&args, machine);
	if (machine->network)
		ret = ret ?: add(&args, "-netdev", machine->network);
	ret = ret ?: add_devices(&args, machine);
	if (ret < 0)
		return ret;
	run->status = boot(&args, results.log);
	report_load(&run->report, results.report);
	return run->status == COMMAND_NOT_STARTED ? -ENOEXEC : 0;
}

int machine_run(const struct machine *machine, struct machine_run *run)
{
	struct image image;
	int ret = image_build(&machine->image, machine->name, &image);

	*run = (struct machine_run){ .image = image };
	if (ret < 0 || !image.renewed)
		return ret;
	return machine_boot(machine, &image, run);
}
