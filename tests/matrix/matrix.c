/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The package in each Debian system of this run, on each IOMMU: of three identical cards, the
 * chosen one goes to vfio-pci before its driver is there. What was seen is also a table, in
 * build/matrix.md.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cards.h"
#include "expect.h"
#include "files.h"

#define DRIVER "e1000e"

#define NAME_SIZE 64

static const struct {
	const char *name;
	const char *device;
	const char *says; /* on the console, when interrupts are remapped */
} iommus[] = {
	{ "Intel", "intel-iommu,intremap=on", "DMAR-IR: Enabled IRQ remapping" },
	{ "AMD", "amd-iommu,intremap=on", "AMD-Vi: Interrupt remapping enabled" },
};

#define IOMMU_COUNT (sizeof(iommus) / sizeof(iommus[0]))

/* Of each system: the installation, each IOMMU, and the control. */
#define TESTS (2 + IOMMU_COUNT)

/* One system on one IOMMU. */
struct cell {
	const struct system *system;
	size_t iommu;
	bool passed;
	char *seconds; /* from the kernel's start to the real init */
	char name[NAME_SIZE];
};

struct system {
	const char *name;
	char control_name[NAME_SIZE];
	struct image image;
	struct cell cells[IOMMU_COUNT];
};

static struct system systems[IMAGE_SYSTEMS];
static int system_count;

/*
 * In a chroot dracut sees nothing of the host; these drivers are the machine's. initramfs-tools
 * does not read the file.
 */
#define MACHINE_DRIVERS                                                                            \
	{                                                                                          \
		.path = "etc/dracut.conf.d/machine.conf",                                          \
		.text = "hostonly=no\nadd_drivers+=\" virtio_pci virtio_blk ext4 " DRIVER " \"\n", \
	}

/* The new image is the package's doing. */
static const char *const install[] = {
	"date -r /var/lib/dpkg/status +%F > /mnt/date",
	"dpkg -i /media/vfio-early_*_amd64.deb",
	"dpkg-query -W -f '${Package} ${Version}\\n' > /mnt/packages",
	"{ lsinitramfs -l /boot/initrd.img-* || lsinitrd /boot/initrd.img-*; } > /mnt/list",
	NULL,
};

/* The same without it. */
static const char *const renew[] = {
	"dpkg-trigger --by-package=udev --no-await update-initramfs",
	"dpkg --triggers-only --pending",
	NULL,
};

static void make_image(const struct system *system, const char *kind, const char *const *commands,
		       struct image *image)
{
	const struct image_spec spec = {
		.suite = system->name,
		.has_all_drivers = true,
		.files = { { .path = "etc/vfio-early.conf.d/card.conf", .text = "02:00.0\n" },
			   MACHINE_DRIVERS },
		.commands = commands,
		.without_program = true,
	};
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "matrix/%s/%s", system->name, kind);
	expect_image(&spec, name, image);
	expect_built(image);
}

static void boot(const char *name, size_t iommu, const struct image *image, struct machine_run *run)
{
	const struct machine machine = {
		.name = name,
		.devices = THREE_CARDS,
		.iommu = iommus[iommu].device,
		.counts_time = true,
	};

	assert_true(image->renewed);
	expect_boot_with(&machine, image, run);
	expect_console(run, iommus[iommu].says);
	expect_touched(run, CARD_1, DRIVER);
	expect_kept(run, CARD_1, DRIVER);
	expect_kept(run, CARD_3, DRIVER);
}

/* The control: what the package's boots are asserted not to show, this kernel shows without it. */
static void all_cards_stay(void **state)
{
	const struct system *system = *state;
	struct machine_run run;
	struct image image;

	make_image(system, "control-image", renew, &image);
	boot(system->control_name, 0, &image, &run);
	expect_touched(&run, CARD_2, DRIVER);
	expect_kept(&run, CARD_2, DRIVER);
	expect_no_module(&run, "vfio_pci");
	report_free(&run.report);
}

static void package_installs(void **state)
{
	struct system *system = *state;

	make_image(system, "image", install, &system->image);
	if (image_said(&system->image, "W: vfio-early"))
		fail_msg("%s has a warning", system->image.log);
}

static void chosen_card_goes(void **state)
{
	struct cell *cell = *state;
	struct machine_run run;

	boot(cell->name, cell->iommu, &cell->system->image, &run);
	expect_untouched(&run, CARD_2, DRIVER);
	expect_passed(&run, CARD_2);
	expect_status(&run, CARD_2, "previous", "-");
	expect_status(&run, CARD_2, "rule", "/etc/vfio-early.conf.d/card.conf:1");
	expect_message(&run, 6, "vfio-early: " CARD_2 " 8086:10d3 bound, driver vfio-pci");
	expect_console_order(&run, "vfio-early: summary: 1 bound, 0 not", "] " DRIVER);
	cell->seconds = report_line(&run.report, "seconds");
	cell->passed = true;
	report_free(&run.report);
}

/* --- the table --- */

/* What follows @prefix in the first line that has it, to be freed; "-" if none has. */
static char *find_rest(const char *text, const char *prefix)
{
	const char *found = text ? strstr(text, prefix) : NULL;

	if (!found)
		return strdup("-");
	found += strlen(prefix);
	return strndup(found, strcspn(found, "\n"));
}

/* Of the names of packages none is another's end. */
static void print_version(FILE *table, const char *packages, const char *name)
{
	char prefix[NAME_SIZE];
	char *version;

	snprintf(prefix, sizeof(prefix), "\n%s ", name);
	version = find_rest(packages, prefix);
	fprintf(table, " %s |", version);
	free(version);
}

static void print_system(FILE *table, const struct system *system)
{
	char *date = image_read(&system->image, "date");
	char *packages = image_read(&system->image, "packages");
	char *list = image_read(&system->image, "list");
	char *module = find_rest(list, "/vfio-pci.k");
	char *folder = find_rest(list, " sbin -> ");

	fprintf(table, "| %s, %.*s | %s |", system->name, date ? (int)strcspn(date, "\n") : 0,
		date ?: "", system->image.version);
	print_version(table, packages, "initramfs-tools");
	print_version(table, packages, "dracut");
	print_version(table, packages, "kmod");
	fprintf(table, " .k%s | %s |", module, strcmp(folder, "usr/sbin") == 0 ? "yes" : "no");
	free(date);
	free(packages);
	free(list);
	free(module);
	free(folder);
}

static void print_table(FILE *table)
{
	char date[16];
	time_t now = time(NULL);

	strftime(date, sizeof(date), "%F", localtime(&now));
	fprintf(table,
		"Run on %s in QEMU with %s. Seconds are from the kernel's start to the real init; "
		"with tcg, by a clock that counts a nanosecond for each instruction.\n\n"
		"| Debian, as of | kernel | initramfs-tools | dracut | kmod | modules | merged /usr | "
		"IOMMU | seconds | outcome |\n"
		"| --- | --- | --- | --- | --- | --- | --- | --- | --: | --- |\n",
		date, getenv("VFIO_EARLY_ACCEL") ?: "tcg");
	for (int i = 0; i < system_count; i++)
		for (size_t j = 0; j < IOMMU_COUNT; j++) {
			const struct cell *cell = &systems[i].cells[j];

			print_system(table, &systems[i]);
			fprintf(table, " %s | %s | %s |\n", iommus[j].name, cell->seconds ?: "-",
				cell->passed ? "card 2 `bound`, 1 and 3 on " DRIVER : "**failed**");
		}
}

/* In a file, and as comments of TAP. */
static int write_table(void **state)
{
	char build[PATH_MAX], path[PATH_MAX];
	char *text = NULL, *rest, *line;
	size_t size;
	FILE *table = open_memstream(&text, &size);

	(void)state;
	assert_non_null(table);
	print_table(table);
	fclose(table);
	assert_int_equal(image_find_build(build), 0);
	files_path(path, "%s/matrix.md", build);
	assert_int_equal(files_write(path, text), 0);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		printf("# %s\n", line);
	free(text);
	return 0;
}

/* --- all --- */

static struct CMUnitTest test(const char *name, CMUnitTestFunction function, void *state)
{
	return (struct CMUnitTest){ .name = name, .test_func = function, .initial_state = state };
}

static void add_tests(struct system *system, struct CMUnitTest tests[TESTS])
{
	*tests++ = test(system->name, package_installs, system);
	for (size_t i = 0; i < IOMMU_COUNT; i++) {
		struct cell *cell = &system->cells[i];

		cell->system = system;
		cell->iommu = i;
		snprintf(cell->name, NAME_SIZE, "matrix/%s/%s", system->name, iommus[i].name);
		*tests++ = test(cell->name, chosen_card_goes, cell);
	}
	snprintf(system->control_name, NAME_SIZE, "matrix/%s/control", system->name);
	*tests = test(system->control_name, all_cards_stay, system);
}

int main(void)
{
	struct CMUnitTest tests[IMAGE_SYSTEMS * TESTS] = { 0 };
	const char *names[IMAGE_SYSTEMS];

	system_count = image_list_systems(names);
	for (int i = 0; i < system_count; i++) {
		systems[i].name = names[i];
		add_tests(&systems[i], &tests[i * TESTS]);
	}
	return system_count > 0 ? cmocka_run_group_tests(tests, NULL, write_table) : 1;
}
