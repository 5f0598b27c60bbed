/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /sbin/init of the booted test machine: does the work that the words after "--" on the kernel
 * command line name, tells on the second serial port what this boot led to, opens what is on
 * vfio-pci as a virtual machine monitor would, and powers off. Where systemd is the init, it is a
 * service, and has the machine reboot.
 *
 * One fact a line, the first word tells its kind:
 *   seconds TIME                                              from the kernel's start to this init
 *   device ADDRESS VENDOR:DEVICE CLASS DRIVER OVERRIDE GROUP   "-" where there is none
 *   status LINE                                               of /run/vfio-early/status
 *   kmsg LEVEL TEXT                                           kernel messages that say vfio
 *   module NAME                                               loaded, name begins with vfio
 *   disable_idle_d3 Y|N                                       this option of vfio-pci
 *   vfio ADDRESS STEP...                                      steps passed; a failed one ends it
 *                                                             as !STEP:ERRNO
 *   root DEVICE                                               what / is mounted from
 *   initrd SIZE                                               that update-initramfs made
 *   run COMMAND                                               that the work was to run
 *   out LINE                                                  of its output
 *   exit STATUS                                               of it
 *   end                                                       without it the boot failed
 *
 * The initramfs moves /dev, /proc, /run and /sys here, so nothing needs mounting.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "work.h"

#define REPORT_PORT "/dev/ttyS1"
#define PCI_DEVICES "/sys/bus/pci/devices"
#define PARAMETERS  "/sys/module/vfio_pci/parameters"

#define CONFIG_COMMAND 4
#define COMMAND_MEMORY 2
#define IORESOURCE_MEM 0x200

struct pci_function {
	char address[32];
	unsigned int vendor;
	unsigned int device;
	unsigned int class;
	char driver[64];
	char override[64];
	char group[16];
};

/* One attempt to use a function through VFIO. */
struct vfio_use {
	const struct pci_function *function;
	int container;
	int group;
	int device;
};

static int read_text(const char *path, char *text, size_t size)
{
	ssize_t length;
	int fd;

	text[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return -EIO;
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int attribute_path(char *path, const char *address, const char *name)
{
	int length = snprintf(path, PATH_MAX, PCI_DEVICES "/%s/%s", address, name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static unsigned int read_hex(const char *address, const char *name)
{
	char path[PATH_MAX];
	char text[32] = "";

	if (attribute_path(path, address, name) == 0)
		read_text(path, text, sizeof(text));
	return strtoul(text, NULL, 16);
}

/* The last part of what a link points to, or "-". */
static void read_link_name(const char *address, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	char target[PATH_MAX];
	const char *last = NULL;
	ssize_t length = -1;

	if (attribute_path(path, address, name) == 0)
		length = readlink(path, target, sizeof(target) - 1);
	if (length > 0) {
		target[length] = '\0';
		last = strrchr(target, '/');
	}
	if (snprintf(text, size, "%s", last ? last + 1 : "-") >= (int)size)
		text[0] = '\0';
}

static void read_function(struct pci_function *function, const char *address)
{
	char path[PATH_MAX];

	memset(function, 0, sizeof(*function));
	if (snprintf(function->address, sizeof(function->address), "%s", address) < 0)
		return;
	function->vendor = read_hex(address, "vendor");
	function->device = read_hex(address, "device");
	function->class = read_hex(address, "class");
	read_link_name(address, "driver", function->driver, sizeof(function->driver));
	read_link_name(address, "iommu_group", function->group, sizeof(function->group));
	if (attribute_path(path, address, "driver_override") == 0)
		read_text(path, function->override, sizeof(function->override));
	if (!function->override[0] || strcmp(function->override, "(null)") == 0)
		strcpy(function->override, "-");
}

static int open_container(struct vfio_use *use)
{
	use->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (use->container < 0)
		return -errno;
	return ioctl(use->container, VFIO_GET_API_VERSION) == VFIO_API_VERSION ? 0 : -EPROTO;
}

static int open_group(struct vfio_use *use)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "/dev/vfio/%s", use->function->group) >= PATH_MAX)
		return -ENAMETOOLONG;
	use->group = open(path, O_RDWR | O_CLOEXEC);
	return use->group < 0 ? -errno : 0;
}

static int check_viable(struct vfio_use *use)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(use->group, VFIO_GROUP_GET_STATUS, &status) < 0)
		return -errno;
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -EBUSY;
}

static int set_type1(struct vfio_use *use)
{
	if (ioctl(use->group, VFIO_GROUP_SET_CONTAINER, &use->container) < 0)
		return -errno;
	return ioctl(use->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) < 0 ? -errno : 0;
}

static int open_device(struct vfio_use *use)
{
	use->device = ioctl(use->group, VFIO_GROUP_GET_DEVICE_FD, use->function->address);
	return use->device < 0 ? -errno : 0;
}

static int find_region(struct vfio_use *use, unsigned int index, struct vfio_region_info *region)
{
	*region = (struct vfio_region_info){ .argsz = sizeof(*region), .index = index };
	return ioctl(use->device, VFIO_DEVICE_GET_REGION_INFO, region) < 0 ? -errno : 0;
}

static int read_config(struct vfio_use *use)
{
	struct vfio_region_info region;
	uint16_t ids[2];
	uint16_t command;
	int ret;

	ret = find_region(use, VFIO_PCI_CONFIG_REGION_INDEX, &region);
	if (ret < 0)
		return ret;
	if (pread(use->device, ids, sizeof(ids), region.offset) != sizeof(ids))
		return -EIO;
	if (ids[0] != use->function->vendor || ids[1] != use->function->device)
		return -ENODEV;

	/* Since 5.8 vfio-pci refuses access to a BAR while memory decoding is off. */
	if (pread(use->device, &command, sizeof(command), region.offset + CONFIG_COMMAND) < 0)
		return -EIO;
	command |= COMMAND_MEMORY;
	if (pwrite(use->device, &command, sizeof(command), region.offset + CONFIG_COMMAND) < 0)
		return -EIO;
	return 0;
}

/* The index of the first memory BAR by sysfs' lines of "start end flags", or -1. */
static int first_memory_bar(const char *address)
{
	unsigned long long start, end, flags;
	char path[PATH_MAX];
	int found = -1;
	FILE *file;

	if (attribute_path(path, address, "resource") < 0)
		return -1;
	file = fopen(path, "re");
	if (!file)
		return -1;
	for (int bar = 0; bar < 6 && found < 0; bar++) {
		if (fscanf(file, "%llx %llx %llx", &start, &end, &flags) != 3)
			break;
		if (end > start && flags & IORESOURCE_MEM)
			found = bar;
	}
	fclose(file);
	return found;
}

static int read_bar(struct vfio_use *use)
{
	int bar = first_memory_bar(use->function->address);
	struct vfio_region_info region;
	uint32_t value;
	int ret;

	if (bar < 0)
		return -ENXIO;
	ret = find_region(use, VFIO_PCI_BAR0_REGION_INDEX + bar, &region);
	if (ret < 0)
		return ret;
	errno = EIO;
	if (pread(use->device, &value, sizeof(value), region.offset) != sizeof(value))
		return -errno;
	return value == UINT32_MAX ? -ENODATA : 0;
}

static int map_dma(struct vfio_use *use)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = 0x100000,
		.size = 4096,
	};
	void *memory;

	memory = mmap(NULL, map.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	map.vaddr = (uintptr_t)memory;
	return ioctl(use->container, VFIO_IOMMU_MAP_DMA, &map) < 0 ? -errno : 0;
}

static const struct {
	const char *name;
	int (*run)(struct vfio_use *use);
} vfio_steps[] = {
	{ "container", open_container },
	{ "group", open_group },
	{ "viable", check_viable },
	{ "type1", set_type1 },
	{ "device", open_device },
	{ "config", read_config },
	{ "bar", read_bar },
	{ "dma", map_dma },
};

static void report_vfio(FILE *report, const struct pci_function *function)
{
	struct vfio_use use = { .function = function, .container = -1, .group = -1, .device = -1 };
	int ret = 0;

	fprintf(report, "vfio %s", function->address);
	for (size_t i = 0; ret == 0 && i < sizeof(vfio_steps) / sizeof(vfio_steps[0]); i++) {
		ret = vfio_steps[i].run(&use);
		if (ret < 0)
			fprintf(report, " !%s:%d", vfio_steps[i].name, -ret);
		else
			fprintf(report, " %s", vfio_steps[i].name);
	}
	fputc('\n', report);

	/* Closing -1 does no harm; a group opens only once, so none may be left open. */
	close(use.device);
	close(use.group);
	close(use.container);
}

static void report_devices(FILE *report)
{
	struct pci_function function;
	struct dirent **entries;
	int count;

	count = scandir(PCI_DEVICES, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] == '.')
			continue;
		read_function(&function, entries[i]->d_name);
		fprintf(report, "device %s %04x:%04x %06x %s %s %s\n", function.address,
			function.vendor, function.device, function.class, function.driver,
			function.override, function.group);
		if (strcmp(function.driver, "vfio-pci") == 0)
			report_vfio(report, &function);
	}
}

static void report_lines(FILE *report, const char *kind, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return;
	while (getline(&line, &size, file) > 0)
		fprintf(report, "%s %s", kind, line);
	free(line);
	fclose(file);
}

static void report_modules(FILE *report)
{
	FILE *file = fopen("/proc/modules", "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return;
	while (getline(&line, &size, file) > 0) {
		if (strncmp(line, "vfio", 4) == 0)
			fprintf(report, "module %.*s\n", (int)strcspn(line, " "), line);
	}
	free(line);
	fclose(file);
}

/* A record is "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n" and more; the level is the low three bits. */
static void report_record(FILE *report, const char *record)
{
	const char *text = strchr(record, ';');

	if (!text || !strstr(text, "vfio"))
		return;
	fprintf(report, "kmsg %lu %.*s\n", strtoul(record, NULL, 10) & 7,
		(int)strcspn(text + 1, "\n"), text + 1);
}

static void report_messages(FILE *report)
{
	char record[8192];
	ssize_t length;
	int fd;

	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	do {
		length = read(fd, record, sizeof(record) - 1);
		if (length > 0) {
			record[length] = '\0';
			report_record(report, record);
		}
	} while (length > 0 || (length < 0 && errno == EPIPE)); /* EPIPE: some were overwritten */
	close(fd);
}

/* The last one mounted there is the one that is seen. */
static void report_root(FILE *report)
{
	char device[PATH_MAX], target[PATH_MAX], root[PATH_MAX] = "-";
	FILE *file = fopen("/proc/mounts", "re");

	if (!file)
		return;
	while (fscanf(file, "%4095s %4095s %*[^\n]", device, target) == 2) {
		if (strcmp(target, "/") == 0)
			strcpy(root, device);
	}
	fprintf(report, "root %s\n", root);
	fclose(file);
}

static void report_seconds(FILE *report)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	fprintf(report, "seconds %ld.%02ld\n", now.tv_sec, now.tv_nsec / 10000000);
}

static FILE *open_report(void)
{
	struct termios mode;
	FILE *report;
	int fd;

	fd = open(REPORT_PORT, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode);
		tcsetattr(fd, TCSANOW, &mode);
	}
	report = fdopen(fd, "w");
	return report;
}

static bool work(int argc, char **argv, FILE *report)
{
	for (int i = 1; i < argc; i++) {
		int ret = work_do(argv[i], report);

		if (ret < 0) {
			fprintf(stderr, "work: %s: %s\n", argv[i], strerror(-ret));
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	FILE *report = open_report();

	if (report)
		report_seconds(report);
	if (report && work(argc, argv, report)) {
		report_root(report);
		report_devices(report);
		report_lines(report, "status", "/run/vfio-early/status");
		report_modules(report);
		report_lines(report, "disable_idle_d3", PARAMETERS "/disable_idle_d3");
		report_messages(report);
		fputs("end\n", report);
		fflush(report);
		tcdrain(fileno(report));
	}
	if (getpid() != 1)
		return system("systemctl --force reboot"); /* stops no services */
	reboot(RB_POWER_OFF);
	return 1;
}
