/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ROMs of cards: what `vfio-earlyctl rom` does to the `rom` attribute and leaves behind, why it
 * could not be read, and what `vfio-earlyctl vm` makes of it. Needs root, for /dev/fuse and a mount
 * namespace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diff.h"
#include "files.h"
#include "hosttree.h"
#include "makerom.h"
#include "romfs.h"
#include "run.h"

#define DEVICE "sys/bus/pci/devices/0000:01:00.0"

static char work[PATH_MAX], root[PATH_MAX];
static uint8_t data[1u << 16];

static const char *below(const char *name)
{
	static char path[PATH_MAX];

	files_path(path, "%s/%s", root, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	files_make_parents(below(name));
	if (files_write(below(name), text) < 0)
		fail_msg("%s: %s", name, strerror(errno));
}

/* %s is what stands behind the class of the card's display: its driver, and more. */
static void make_host(const char *words)
{
	char text[1024], message[256] = "";

	snprintf(text, sizeof(text),
		 "driver vfio-pci\n"
		 "00:01.0 0604: 8086:1901 driver=pcieport group=1\n"
		 "  01:00.0 0300: 10de:1b81 sub=1458:3701 group=16 config=4096 %s\n"
		 "  01:00.1 0403: 10de:10f0 sub=1458:3701 driver=vfio-pci group=16 config=4096\n"
		 "00:02.0 0604: 8086:1901 driver=pcieport group=2\n"
		 "  02:00.0 0300: 10de:1b81 driver=vfio-pci group=17 config=4096\n",
		 words);
	assert_int_equal(files_remove_tree(root), 0);
	assert_int_equal(mkdir(root, 0755), 0);
	if (hosttree_write(text, root, message, sizeof(message)) < 0)
		fail_msg("%s", message);
	write_file("etc/vfio-early.conf", "01:00\n02:00\n");
}

static void expect_text(const char *expected, const char *got)
{
	if (strcmp(expected, got) == 0)
		return;
	diff_show(expected, got);
	fail();
}

/* --- what happens to the attribute ----------------------------------------------------------- */

#define IMAGE(count, code, ...)                                                                    \
	{                                                                                          \
		.blocks = (count), .type = (code), .vendor = 0x10de, __VA_ARGS__                   \
	}
#define EFI(...) IMAGE(6, 3, .machine = 0x8664, .last = true, __VA_ARGS__)

static const struct makerom_image both[] = { IMAGE(12, 0, .device = 0x1b81),
					     EFI(.device = 0x1b81),
					     { .blocks = 0 } };
static const struct makerom_image others[] = { EFI(.device = 0x1234), { .blocks = 0 } };
static const struct makerom_image listed[] = { EFI(.device = 0x1234, .more = { 0x1b80, 0x1b81 }),
					       { .blocks = 0 } };

#define HEADINGS(type)                                                                             \
	"OFFSET LENGTH TYPE" type " ID        MACHINE COMPRESSED CHECKSUM LAST MATCH\n"
#define BOTH_TEXT                                                                                  \
	HEADINGS("  ")                                                                             \
	"0      6144   legacy 10de:1b81                    good     no   yes\n"                    \
	"6144   3072   EFI    10de:1b81 x64     no                  yes  yes\n"                    \
	"0000:01:00.0: 9216 bytes; UEFI and BIOS can start it\n"
/* The tree has no /sys/firmware/efi. */
#define CSM                                                                                        \
	"0000:01:00.0: note: the ROM is for UEFI alone, and a BIOS (CSM) has started this host, "  \
	"which can't run it\n"                                                                     \
	"  fix: Switch CSM off in the firmware's setup if the card stays dark on the host\n"
#define FAILED(error) "vfio-earlyctl: 0000:01:00.0: its ROM cannot be read: " error ": "
#define EIO_TEXT      FAILED("Input/output error")

/* Lines of the attribute "resource": six base addresses, then the ROM. */
#define NO_BARS                                                                                    \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"                               \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"                               \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"                               \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"                               \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"                               \
	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
#define ROM_BAR NO_BARS "0x00000000f7000000 0x00000000f707ffff 0x0000000000046200\n"
#define SHADOW  NO_BARS "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n"

static const struct play {
	const char *name;
	const char *words;                  /* of the card in the description of the host */
	const struct makerom_image *images; /* NULL: nothing but ones */
	struct romfs_behaviour behaviour;
	const char *files[3][2]; /* names in the card's directory, and texts */
	const char *operand;     /* if not the card's address */
	int status;
	const char *out, *err;
	const char *events; /* on the attribute */
	bool on;            /* it is in the end */
} plays[] = {
	{ .name = "read and switched off again",
	  .images = both,
	  .out = BOTH_TEXT,
	  .events = "on read off" },
	{ .name = "a card is named as a whole",
	  .operand = "01:00",
	  .images = both,
	  .out = BOTH_TEXT,
	  .events = "on read off" },
	{ .name = "it was on before, and stays so",
	  .images = both,
	  .behaviour = { .on = true },
	  .out = BOTH_TEXT,
	  .events = "read",
	  .on = true },
	{ .name = "not for this card",
	  .images = others,
	  .status = 2,
	  .out = HEADINGS("") "0      3072   EFI  10de:1234 x64     no                  yes  no\n"
			      "0000:01:00.0: 3072 bytes; UEFI alone can start it\n"
			      "0000:01:00.0: warning: no image is for this card (10de:1b81), so "
			      "firmware runs none of them\n" CSM,
	  .events = "on read off" },
	{ .name = "for this card among others",
	  .images = listed,
	  .out = HEADINGS("") "0      3072   EFI  10de:1234 x64     no                  yes  yes\n"
			      "0000:01:00.0: 3072 bytes; UEFI alone can start it\n" CSM,
	  .events = "on read off" },
	{ .name = "a card that is asleep is woken meanwhile",
	  .images = both,
	  .behaviour = { .watch = "power/control" },
	  .files = { { "power/control", "auto\n" }, { "power/runtime_status", "active\n" } },
	  .out = BOTH_TEXT,
	  .events = "on read(on) off" },
	{ .name = "a card that may not sleep is left alone",
	  .images = both,
	  .behaviour = { .watch = "power/control" },
	  .files = { { "power/control", "on\n" } },
	  .out = BOTH_TEXT,
	  .events = "on read(on) off" },
	{ .name = "the copy in memory",
	  .words = "boot_vga",
	  .images = both,
	  .files = { { "resource", SHADOW } },
	  .status = 2,
	  .out = BOTH_TEXT
	  "0000:01:00.0: warning: this is the copy in memory that the firmware "
	  "ran, which may have changed since\n"
	  "  fix: For a VM, read the ROM while another card is the primary display\n",
	  .events = "on read off" },
	{ .name = "the read fails at once",
	  .images = both,
	  .behaviour = { .fails_at = 1, .error = EIO },
	  .status = 2,
	  .err = EIO_TEXT "there is no valid ROM, or a VM uses the card; 'dmesg' may tell\n",
	  .events = "on read off" },
	{ .name = "the read fails half-way, of a card that was woken",
	  .images = both,
	  .behaviour = { .fails_at = 2, .error = EIO, .watch = "power/control" },
	  .files = { { "power/control", "auto\n" }, { "power/runtime_status", "active\n" } },
	  .status = 2,
	  .err = EIO_TEXT "there is no valid ROM, or a VM uses the card; 'dmesg' may tell\n",
	  .events = "on read(on) off" },
	{ .name = "another error",
	  .images = both,
	  .behaviour = { .fails_at = 2, .error = ENODEV },
	  .status = 2,
	  .err = FAILED("No such device") "'dmesg' may tell why\n",
	  .events = "on read off" },
	{ .name = "nothing but ones",
	  .status = 2,
	  .err = EIO_TEXT "there is no valid ROM, or a VM uses the card; 'dmesg' may tell\n",
	  .events = "on read off" },
	{ .name = "no copy in memory",
	  .words = "boot_vga driver=nouveau",
	  .images = both,
	  .behaviour = { .fails_at = 1, .error = EIO },
	  .files = { { "resource", SHADOW } },
	  .status = 2,
	  .err = EIO_TEXT "the firmware shows its picture on this card, so its ROM is not read but "
			  "the copy that a BIOS makes of it, and UEFI makes none; let the firmware "
			  "start with another card, or take a file of the card's maker\n",
	  .events = "on read off" },
	{ .name = "a card that does not wake",
	  .words = "driver=vfio-pci",
	  .images = both,
	  .behaviour = { .fails_at = 1, .error = EIO },
	  .files = { { "resource", ROM_BAR },
		     { "power/control", "auto\n" },
		     { "power/runtime_status", "suspended\n" } },
	  .status = 2,
	  .err = EIO_TEXT "the card is asleep and does not wake; 'dmesg' may tell why\n",
	  .events = "on read off" },
	{ .name = "a driver of the host has it",
	  .words = "driver=nouveau",
	  .images = both,
	  .behaviour = { .fails_at = 1, .error = EIO },
	  .status = 2,
	  .err = EIO_TEXT "its driver may be in the way; 'vfio-earlyctl bind' takes the card from "
			  "it\n",
	  .events = "on read off" },
	{ .name = "switched off, with vfio-pci",
	  .words = "driver=vfio-pci",
	  .images = both,
	  .behaviour = { .fails_at = 1, .error = EIO },
	  .files = { { "enable", "0\n" } },
	  .status = 2,
	  .err = EIO_TEXT "the card is switched off; 'vfio-earlyctl unbind' gives it to its own "
			  "driver, which switches it on\n",
	  .events = "on read off" },
	{ .name = "switched off, without a driver",
	  .images = both,
	  .behaviour = { .fails_at = 1, .error = EIO },
	  .files = { { "enable", "0\n" } },
	  .status = 2,
	  .err = EIO_TEXT "the card is switched off; write 1 to 'enable' beside its 'rom' in "
			  "sysfs\n",
	  .events = "on read off" },
	{ .name = "it cannot be switched off again",
	  .images = both,
	  .behaviour = { .off_error = EBUSY },
	  .status = 2,
	  .err = "vfio-earlyctl: 0000:01:00.0: its ROM could not be switched off again, or the card "
		 "not sent to sleep: Device or resource busy\n",
	  .events = "on read off",
	  .on = true },
	{ .name = "SIGINT",
	  .images = both,
	  .behaviour = { .signal = SIGINT, .watch = "power/control" },
	  .files = { { "power/control", "auto\n" } },
	  .status = 128 + SIGINT,
	  .events = "on read(on) off" },
	{ .name = "SIGTERM",
	  .images = both,
	  .behaviour = { .signal = SIGTERM },
	  .status = 128 + SIGTERM,
	  .events = "on read off" },
	{ .name = "SIGHUP, and the read fails",
	  .images = both,
	  .behaviour = { .signal = SIGHUP, .fails_at = 2, .error = EIO },
	  .status = 128 + SIGHUP,
	  .events = "on read off" },
};

static size_t make_rom(const struct makerom_image *images)
{
	memset(data, 0xff, sizeof(data));
	return images ? makerom_write(data, sizeof(data), images) : sizeof(data);
}

static void write_attributes(const struct play *play)
{
	char name[128];

	for (size_t i = 0; i < 3 && play->files[i][0]; i++) {
		snprintf(name, sizeof(name), DEVICE "/%s", play->files[i][0]);
		write_file(name, play->files[i][1]);
	}
	write_file(DEVICE "/rom", "");
}

/* All attributes that it may write to are as they were. */
static void expect_attributes(const struct play *play)
{
	char name[128];

	for (size_t i = 0; i < 3 && play->files[i][0]; i++) {
		char *text;

		snprintf(name, sizeof(name), DEVICE "/%s", play->files[i][0]);
		text = files_read(below(name));
		assert_string_equal(text, play->files[i][1]);
		free(text);
	}
}

static void plays_out(void **state)
{
	const struct play *play = *state;
	const char *const arguments[] = { "--root", root, "rom",
					  play->operand ? play->operand : "01:00.0", NULL };
	struct romfs_behaviour behaviour = play->behaviour;
	char watch[PATH_MAX], events[256];
	struct run_result result;
	struct romfs *fs;
	bool on;

	make_host(play->words ? play->words : "");
	write_attributes(play);
	if (behaviour.watch) {
		files_path(watch, "%s/" DEVICE "/%s", root, behaviour.watch);
		behaviour.watch = watch;
	}
	fs = romfs_mount(below(DEVICE "/rom"), data, make_rom(play->images), &behaviour);
	if (!fs)
		fail_msg("romfs: %s", strerror(errno));
	run_ctl(arguments, &result);
	romfs_unmount(fs, events, sizeof(events), &on);
	expect_text(play->out ? play->out : "", result.out);
	expect_text(play->err ? play->err : "", result.err);
	assert_int_equal(result.status, play->status);
	run_free(&result);
	assert_string_equal(events, play->events);
	assert_int_equal(on, play->on);
	expect_attributes(play);
}

/* --- no attribute, or several ---------------------------------------------------------------- */

static void expect_failure(const char *operand, int status, const char *err)
{
	const char *const arguments[] = { "--root", root, "rom", operand, NULL };
	struct run_result result;

	run_ctl(arguments, &result);
	expect_text("", result.out);
	expect_text(err, result.err);
	assert_int_equal(result.status, status);
	run_free(&result);
}

static void no_rom(void **state)
{
	(void)state;
	make_host("");
	expect_failure("01:00", 2,
		       FAILED("No such file or directory") "this function has no ROM (no expansion "
							   "ROM base address), and the ACPI table "
							   "VFCT has none for it\n");
}

#define VFCT "sys/firmware/acpi/tables/VFCT"

/* A table with an image for another function, and then one for this. */
static void write_vfct(unsigned int function, size_t cut)
{
	const uint32_t numbers[] = { 1, 0, function };
	const uint16_t ids[] = { 0x10de, 0x1b81 };
	size_t header = 76, size = make_rom(both), first = header + 28 + 512;
	uint32_t length = (uint32_t)size;
	static uint8_t table[1u << 16];
	FILE *stream;

	memset(table, 0, sizeof(table));
	table[52] = (uint8_t)header;
	table[header] = 2;
	table[header + 25] = 2; /* 512 bytes */
	memcpy(table + first, numbers, sizeof(numbers));
	memcpy(table + first + 12, ids, sizeof(ids));
	memcpy(table + first + 24, &length, sizeof(length));
	memcpy(table + first + 28, data, size);
	files_make_parents(below(VFCT));
	stream = fopen(below(VFCT), "we");
	assert_non_null(stream);
	size += first + 28 - cut;
	assert_int_equal(fwrite(table, 1, size, stream), size);
	fclose(stream);
}

static void table_of_the_firmware(void **state)
{
	const char *const arguments[] = { "--root", root, "rom", "01:00.0", NULL };
	struct run_result result;
	char expected[1024];

	(void)state;
	make_host("driver=vfio-pci");
	write_vfct(0, 0);
	run_ctl(arguments, &result);
	snprintf(expected, sizeof(expected),
		 "%.*s in the ACPI table VFCT; UEFI and BIOS can start it\n",
		 (int)(strstr(BOTH_TEXT, "; UEFI") - BOTH_TEXT), BOTH_TEXT);
	expect_text(expected, result.out);
	assert_int_equal(result.status, 0);
	run_free(&result);
	for (int i = 0; i < 2; i++) {
		write_vfct(i == 0, i == 1);
		run_ctl(arguments, &result);
		assert_non_null(strstr(result.err, "the ACPI table VFCT has none for it"));
		assert_int_equal(result.status, 2);
		run_free(&result);
	}
}

static void several_roms(void **state)
{
	(void)state;
	make_host("");
	write_file(DEVICE "/rom", "");
	write_file("sys/bus/pci/devices/0000:02:00.0/rom", "");
	expect_failure("10de:1b81", 1,
		       "vfio-earlyctl: 10de:1b81: 2 devices with ROMs are meant, expected one\n");
	expect_failure(
		"03:00.0", 1,
		"vfio-earlyctl: 03:00.0: no such device; did you mean 01:00.0 (GeForce GTX 1070), 02:00.0 (GeForce GTX 1070)?\n");
}

/* --- what vm makes of it --------------------------------------------------------------------- */

static const struct makerom_image legacy[] = { IMAGE(12, 0, .device = 0x1b81, .last = true),
					       { .blocks = 0 } };
static const struct makerom_image efi[] = { EFI(.device = 0x1b81), { .blocks = 0 } };

#define ENTRY "# /etc/pve/qemu-server/100.conf\nhostpci0: 0000:01:00,pcie=1,x-vga=1"

#define WITHOUT_EFI                                                                                \
	"vfio-earlyctl: 0000:01:00.0: its ROM has no EFI image for x64, so the VM's OVMF shows "   \
	"nothing on it; use SeaBIOS ('qm set 100 --bios seabios'), or another ROM file\n"
#define WITHOUT_BIOS                                                                               \
	"vfio-earlyctl: 0000:01:00.0: its ROM has images for UEFI alone, so the VM's SeaBIOS "     \
	"shows nothing on it; run 'qm set 100 --bios ovmf --efidisk0 STORAGE:1,efitype=4m'\n"
#define UNKNOWN                                                                                    \
	"vfio-earlyctl: 0000:01:00.0: note: VM 100 starts with SeaBIOS, and newer cards have no "  \
	"image for that; if nothing is shown, try OVMF: 'qm set 100 --bios ovmf --efidisk0 "       \
	"STORAGE:1,efitype=4m'\n"
#define FIRST                                                                                      \
	"vfio-earlyctl: 0000:01:00.0: note: the firmware starts it, which may change its ROM: if " \
	"the VM shows nothing on it, let the firmware start another card once, then run "          \
	"'vfio-earlyctl rom 0000:01:00.0 --dump /usr/share/kvm/10de-1b81.rom', and this again\n"

static const struct choice {
	const char *name;
	const struct makerom_image *card; /* the card's own ROM; NULL: none to be read */
	struct {
		const char *name;
		const struct makerom_image *images;
	} files[4]; /* below /usr/share/kvm */
	bool boot_vga, ovmf;
	int status;
	const char *property; /* in the line of the VM's file */
	const char *err;
} choices[] = {
	{ .name = "vm: any firmware", .card = both, .property = "" },
	{ .name = "vm: any firmware, and that is OVMF",
	  .card = both,
	  .ovmf = true,
	  .property = "" },
	{ .name = "vm: legacy alone", .card = legacy, .property = "" },
	{ .name = "vm: legacy alone, but OVMF",
	  .card = legacy,
	  .ovmf = true,
	  .status = 2,
	  .property = "",
	  .err = "vfio-earlyctl: 0000:01:00.0: warning: Its ROM has no EFI image for x64, so "
		 "OVMF shows nothing on it\n"
		 "  fix: Run 'qm set 100 --bios seabios', or use another ROM file\n" },
	{ .name = "vm: UEFI alone", .card = efi, .ovmf = true, .property = "" },
	{ .name = "vm: UEFI alone, but SeaBIOS",
	  .card = efi,
	  .status = 2,
	  .property = "",
	  .err = "vfio-earlyctl: 0000:01:00.0: warning: Its ROM has only images for UEFI, so "
		 "SeaBIOS shows nothing on it\n"
		 "  fix: Run 'qm set 100 --bios ovmf --efidisk0 STORAGE:1,efitype=4m'\n" },
	{ .name = "vm: unknown ROM",
	  .property = "",
	  .err = "vfio-earlyctl: 0000:01:00.0: note: VM 100 starts with SeaBIOS, for which newer "
		 "cards have no ROM image\n"
		 "  fix: If the screen stays dark, try OVMF: 'qm set 100 --bios ovmf --efidisk0 "
		 "STORAGE:1,efitype=4m'\n" },
	{ .name = "vm: unknown ROM, and OVMF", .ovmf = true, .property = "" },
	{ .name = "vm: the firmware's first card",
	  .card = both,
	  .boot_vga = true,
	  .property = "",
	  .err = "vfio-earlyctl: 0000:01:00.0: note: The firmware initializes it, which can change "
		 "its ROM\n"
		 "  fix: If the screen stays dark, boot once with another card as primary "
		 "display, run 'vfio-earlyctl rom 0000:01:00.0 --dump "
		 "/usr/share/kvm/10de-1b81.rom', then this command again\n" },
	{ .name = "vm: ... that has a file",
	  .card = both,
	  .files = { { "gtx1070.rom", both } },
	  .boot_vga = true,
	  .property = ",romfile=gtx1070.rom" },
	{ .name = "vm: a file instead of what the card has",
	  .card = legacy,
	  .files = { { "b.rom", legacy }, { "a.rom", efi } },
	  .ovmf = true,
	  .property = ",romfile=a.rom" },
	{ .name = "vm: files that are not for it, or cannot be named",
	  .card = efi,
	  .files = { { ".a.rom", both },
		     { "a b.rom", both },
		     { "a,x-vga=1", both },
		     { "c", others } },
	  .ovmf = true,
	  .property = "" },
};

static void write_rom(const char *name, const struct makerom_image *images)
{
	size_t size = make_rom(images);
	FILE *stream;

	files_make_parents(below(name));
	stream = fopen(below(name), "we");
	assert_non_null(stream);
	assert_int_equal(fwrite(data, 1, size, stream), size);
	fclose(stream);
}

static void choose(void **state)
{
	const struct choice *choice = *state;
	const char *const arguments[] = { "--root", root, "vm", "01:00", "-i", "100", NULL };
	char expected[256], name[128];
	struct run_result result;

	make_host(choice->boot_vga ? "driver=vfio-pci boot_vga" : "driver=vfio-pci");
	write_file("proc/self/mountinfo", "1 0 0:1 / / rw - tmpfs none rw\n");
	write_file("etc/pve/qemu-server/100.conf",
		   choice->ovmf ? "machine: q35\nbios: ovmf\n" : "machine: q35\n");
	if (choice->card)
		write_rom(DEVICE "/rom", choice->card);
	for (size_t i = 0; i < 4 && choice->files[i].name; i++) {
		snprintf(name, sizeof(name), "usr/share/kvm/%s", choice->files[i].name);
		write_rom(name, choice->files[i].images);
	}
	run_ctl(arguments, &result);
	snprintf(expected, sizeof(expected), ENTRY "%s\n\n", choice->property);
	result.out[strlen(expected)] = '\0';
	expect_text(expected, result.out);
	expect_text(choice->err ? choice->err : "", result.err);
	assert_int_equal(result.status, choice->status);
	run_free(&result);
}

/* The others have the whole path. */
static void names_files_for_others(void **state)
{
	const char *const qemu[] = { "--root", root, "vm", "01:00", "-F", "qemu", NULL };
	const char *const libvirt[] = { "--root", root, "vm", "01:00.0", "-F", "libvirt", NULL };
	struct run_result result;

	(void)state;
	make_host("driver=vfio-pci");
	write_rom("usr/share/vgabios/gtx.rom", both);
	write_rom("usr/share/kvm/other.rom", both);
	run_ctl(qemu, &result);
	expect_text("-device pcie-root-port,id=vfio0,bus=pcie.0,chassis=100\n"
		    "-device vfio-pci,host=0000:01:00.0,bus=vfio0,addr=0.0,multifunction=on,"
		    "romfile=/usr/share/vgabios/gtx.rom\n"
		    "-device vfio-pci,host=0000:01:00.1,bus=vfio0,addr=0.1\n",
		    result.out);
	run_free(&result);
	run_ctl(libvirt, &result);
	expect_text("<hostdev mode='subsystem' type='pci' managed='no'>\n"
		    "  <source>\n"
		    "    <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n"
		    "  </source>\n"
		    "  <rom file='/usr/share/vgabios/gtx.rom'/>\n"
		    "</hostdev>\n",
		    result.out);
	run_free(&result);
}

static int prepare_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	/* In a chroot, / is no mount. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

int main(void)
{
	enum {
		PLAYS = sizeof(plays) / sizeof(plays[0]),
		CHOICES = sizeof(choices) / sizeof(choices[0]),
	};
	static const struct CMUnitTest single[] = {
		cmocka_unit_test(no_rom),
		cmocka_unit_test(table_of_the_firmware),
		cmocka_unit_test(several_roms),
		cmocka_unit_test(names_files_for_others),
	};
	struct CMUnitTest tests[PLAYS + CHOICES + sizeof(single) / sizeof(single[0])];

	if (prepare_mounts() < 0) {
		perror("mount namespace");
		return 1;
	}
	run_work("romcard", work);
	files_path(root, "%s/root", work);
	for (size_t i = 0; i < PLAYS; i++)
		tests[i] = (struct CMUnitTest){ .name = plays[i].name,
						.test_func = plays_out,
						.initial_state = (void *)(uintptr_t)&plays[i] };
	for (size_t i = 0; i < CHOICES; i++)
		tests[PLAYS + i] =
			(struct CMUnitTest){ .name = choices[i].name,
					     .test_func = choose,
					     .initial_state = (void *)(uintptr_t)&choices[i] };
	memcpy(tests + PLAYS + CHOICES, single, sizeof(single));
	return cmocka_run_group_tests_name("ROMs of cards", tests, NULL, NULL);
}
