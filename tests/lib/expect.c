/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assertions of image and boot tests; those on a boot show the console's end when they fail. */
#include "expect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

#define TAIL_LINES 40

/* The last lines of a file, each behind a "#" so that they pass as comments in TAP. */
static void show_tail(const char *path)
{
	char *text = files_read(path);
	char *from, *line;
	int lines = 0;

	if (!text)
		return;
	for (from = text + strlen(text); from > text && lines <= TAIL_LINES; from--)
		lines += from[-1] == '\n';
	fprintf(stderr, "# the end of %s:\n", path);
	while ((line = strsep(&from, "\n")))
		fprintf(stderr, "#   %s\n", line);
	free(text);
}

__attribute__((format(printf, 2, 3))) static void image_fail(const struct image *image,
							     const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	show_tail(image->log);
	fail_msg("%s", text);
}

__attribute__((format(printf, 2, 3))) static void boot_fail(const struct machine_run *run,
							    const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	show_tail(run->serial);
	fprintf(stderr, "# the guest's report:\n%s\n", run->report.text ?: "(none)");
	fail_msg("%s", text);
}

void expect_image(const struct image_spec *spec, const char *name, struct image *image)
{
	int ret = image_build(spec, name, image);

	if (ret < 0)
		image_fail(image, "no image could be tried: %s", strerror(-ret));
}

void expect_built(const struct image *image)
{
	if (image->status != 0 || !image->renewed)
		image_fail(image, "update-initramfs ended with %d, the initrd is %s", image->status,
			   image->renewed ? "new" : "the old one");
}

void expect_refused(const struct image *image)
{
	if (image->status == 0 || image->renewed)
		image_fail(image, "update-initramfs ended with %d, the initrd is %s", image->status,
			   image->renewed ? "new" : "the old one");
}

void expect_said(const struct image *image, const char *text)
{
	if (!image_said(image, text))
		image_fail(image, "update-initramfs did not say \"%s\"", text);
}

void expect_file(const struct image *image, const char *pattern)
{
	if (!image_has(image, pattern))
		image_fail(image, "nothing in the image matches %s", pattern);
}

void expect_no_file(const struct image *image, const char *pattern)
{
	if (image_has(image, pattern))
		image_fail(image, "something in the image matches %s", pattern);
}

static void finish_boot(const struct machine_run *run, int ret)
{
	if (ret < 0)
		image_fail(&run->image, "no boot could be tried: %s", strerror(-ret));
	expect_built(&run->image);
	if (run->status != 0 || !report_is_complete(&run->report))
		boot_fail(run, "the guest did not come to its end, QEMU ended with %d",
			  run->status);
}

void expect_boot(const struct machine *machine, struct machine_run *run)
{
	finish_boot(run, machine_run(machine, run));
}

/* Whether the last that the guest told of is that it started its virtual machine. */
static bool is_stuck_in_vm(const struct machine *machine, const struct machine_run *run)
{
	const char *text = run->report.text, *vm = NULL;

	if (machine->vm && run->status == -ETIMEDOUT && text)
		vm = strstr(text, machine->vm);
	return vm && !strstr(vm, "\nexit ");
}

void expect_boot_with(const struct machine *machine, const struct image *image,
		      struct machine_run *run)
{
	int ret = machine_boot(machine, image, run);

	if (ret == 0 && is_stuck_in_vm(machine, run)) {
		printf("# %s: the emulator stopped; once more\n", machine->name);
		report_free(&run->report);
		ret = machine_boot(machine, image, run);
	}
	finish_boot(run, ret);
}

void expect_no_boot(const struct machine *machine, const struct image *image,
		    struct machine_run *run)
{
	int ret = machine_boot(machine, image, run);

	if (ret < 0)
		image_fail(image, "no boot could be tried: %s", strerror(-ret));
	if (run->status != 0 || report_is_complete(&run->report))
		boot_fail(run, "the host came up, or QEMU ended with %d", run->status);
}

/* The file of the last disk is as long as the disk; what the guest put there, as it told. */
void expect_update(const struct machine *machine, const struct image *image,
		   struct machine_run *run, struct image *updated)
{
	char build[PATH_MAX];
	int count = 0;
	char *size;

	while (count < MACHINE_DISKS && machine->disks[count])
		count++;
	assert_int_equal(image_find_build(build), 0);
	*updated = *image;
	files_path(updated->initrd, "%s/tests/%s", build, machine->disks[count - 1]);
	unlink(updated->initrd);
	expect_boot_with(machine, image, run);
	size = report_line(&run->report, "initrd");
	if (!size)
		boot_fail(run, "the guest made no initrd");
	assert_int_equal(truncate(updated->initrd, atol(size)), 0);
	free(size);
}

void expect_transcript(const struct machine_run *run, const char *text)
{
	char *transcript = report_transcript(&run->report, run->image.version);

	assert_non_null(transcript);
	assert_string_equal(transcript, text);
	free(transcript);
}

/* The text behind the next line that is @line; NULL if there is none. */
static const char *find_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	while (*text) {
		size_t found = strcspn(text, "\n");

		if (found == length && memcmp(text, line, length) == 0)
			return text + found;
		text += found + (text[found] == '\n');
	}
	return NULL;
}

void expect_lines(const struct machine_run *run, const char *const *lines)
{
	char *transcript = report_transcript(&run->report, run->image.version);
	const char *rest = transcript;

	assert_non_null(transcript);
	for (; *lines; lines++) {
		rest = find_line(rest, *lines);
		if (!rest)
			boot_fail(run, "no line \"%s\" where it should be", *lines);
	}
	free(transcript);
}

void expect_root(const struct machine_run *run, const char *device)
{
	char *root = report_line(&run->report, "root");

	if (!root || strcmp(root, device) != 0)
		boot_fail(run, "/ is on %s, not on %s", root ?: "nothing", device);
	free(root);
}

static bool console_shows(const struct machine_run *run, const char *text)
{
	char *serial = files_read(run->serial);
	bool found = serial && strstr(serial, text);

	free(serial);
	return found;
}

void expect_console(const struct machine_run *run, const char *text)
{
	if (!console_shows(run, text))
		boot_fail(run, "the console does not show \"%s\"", text);
}

void expect_console_order(const struct machine_run *run, const char *first, const char *later)
{
	char *serial = files_read(run->serial);
	const char *one = serial ? strstr(serial, first) : NULL;
	const char *other = serial ? strstr(serial, later) : NULL;

	if (!one || !other || other < one)
		boot_fail(run, "the console does not show \"%s\" before \"%s\"", first, later);
	free(serial);
}

void expect_driver(const struct machine_run *run, const char *address, const char *driver)
{
	struct report_device device;

	if (report_find_device(&run->report, address, &device) < 0)
		boot_fail(run, "there is no %s", address);
	if (strcmp(device.driver, driver) != 0)
		boot_fail(run, "%s is on %s, not on %s", address, device.driver, driver);
}

void expect_passed(const struct machine_run *run, const char *address)
{
	expect_driver(run, address, "vfio-pci");
	expect_status(run, address, "code", "bound");
	expect_status(run, address, "driver", "vfio-pci");
	if (!report_was_used(&run->report, address))
		boot_fail(run, "%s could not be used through VFIO", address);
}

void expect_not_viable(const struct machine_run *run, const char *address)
{
	expect_driver(run, address, "vfio-pci");
	if (!report_is_not_viable(&run->report, address))
		boot_fail(run, "the group of %s is not spoiled", address);
}

void expect_unsafe(const struct machine_run *run, const char *address)
{
	expect_driver(run, address, "vfio-pci");
	if (!report_is_unsafe(&run->report, address))
		boot_fail(run, "%s was not refused for its interrupts", address);
}

void expect_kept(const struct machine_run *run, const char *address, const char *driver)
{
	struct report_device device;

	expect_driver(run, address, driver);
	if (report_find_device(&run->report, address, &device) < 0 ||
	    strcmp(device.override, "-") != 0)
		boot_fail(run, "%s has an override", address);
}

void expect_protected(const struct machine_run *run, const char *address, const char *driver,
		      const char *says)
{
	char message[256];

	expect_kept(run, address, driver);
	expect_status(run, address, "code", "protected");
	if (snprintf(message, sizeof(message), "vfio-early: %s %s", address, says) >=
	    (int)sizeof(message))
		boot_fail(run, "too long: %s", says);
	expect_message(run, 4, message);
}

/* Drivers begin their messages with their name and the device's. */
static bool was_touched(const struct machine_run *run, const char *address, const char *driver)
{
	char words[64];

	snprintf(words, sizeof(words), "] %s %s", driver, address);
	return console_shows(run, words);
}

void expect_untouched(const struct machine_run *run, const char *address, const char *driver)
{
	if (was_touched(run, address, driver))
		boot_fail(run, "%s had %s", driver, address);
}

void expect_touched(const struct machine_run *run, const char *address, const char *driver)
{
	if (!was_touched(run, address, driver))
		boot_fail(run, "%s never had %s", driver, address);
}

void expect_status(const struct machine_run *run, const char *address, const char *column,
		   const char *text)
{
	char *field = report_status(&run->report, address, column);

	if (!field || strcmp(field, text) != 0)
		boot_fail(run, "status of %s has %s %s, not %s", address, column,
			  field ?: "missing", text);
	free(field);
}

void expect_no_status(const struct machine_run *run, const char *address)
{
	char *field = report_status(&run->report, address, "code");

	if (field)
		boot_fail(run, "there is a status for %s: %s", address, field);
}

void expect_message(const struct machine_run *run, int level, const char *text)
{
	if (!report_has_message(&run->report, level, text))
		boot_fail(run, "no kernel message of level %d says \"%s\"", level, text);
}

void expect_no_message(const struct machine_run *run, const char *text)
{
	if (report_has_message(&run->report, -1, text))
		boot_fail(run, "a kernel message says \"%s\"", text);
}

void expect_no_module(const struct machine_run *run, const char *name)
{
	if (report_has_module(&run->report, name))
		boot_fail(run, "module %s is loaded", name);
}
