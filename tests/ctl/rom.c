/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vfio-earlyctl rom` on files: the option ROMs that come with QEMU, ROMs that are broken in every
 * way, and what --dump writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diff.h"
#include "files.h"
#include "makerom.h"
#include "run.h"

#define SIZE_MAX_ROM (1u << 20)

static char work[PATH_MAX], file[PATH_MAX];
static uint8_t data[SIZE_MAX_ROM];

static size_t read_bytes(const char *path, uint8_t *bytes, size_t size)
{
	FILE *stream = fopen(path, "re");
	size_t length;

	if (!stream)
		fail_msg("%s: %s", path, strerror(errno));
	length = fread(bytes, 1, size, stream);
	fclose(stream);
	return length;
}

static void write_bytes(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *stream = fopen(path, "we");

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, size, stream), size);
	assert_int_equal(fclose(stream), 0);
}

static void expect_text(const char *expected, const char *got)
{
	if (strcmp(expected, got) == 0)
		return;
	diff_show(expected, got);
	fail();
}

/* Runs it; $ in the texts that are expected stands for path. */
static void expect(const char *const *arguments, const char *path, int status, const char *out,
		   const char *err)
{
	const char *expected[] = { out, err };
	struct run_result result;

	run_ctl(arguments, &result);
	for (int i = 0; i < 2; i++) {
		char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		for (const char *p = expected[i]; *p; p++)
			if (*p == '$')
				fputs(path, stream);
			else
				fputc(*p, stream);
		fclose(stream);
		expect_text(text, i == 0 ? result.out : result.err);
		free(text);
	}
	assert_int_equal(result.status, status);
	run_free(&result);
}

/* --- real ones ------------------------------------------------------------------------------ */

/* What is expected of each; where images begin differs between releases, and is taken from it. */
static const struct real {
	const char *path, *id;
	bool efi;
} reals[] = {
	{ "/usr/lib/ipxe/qemu/efi-e1000.rom", "8086:100e", true },
	{ "/usr/lib/ipxe/qemu/efi-e1000e.rom", "8086:10d3", true },
	{ "/usr/lib/ipxe/qemu/efi-pcnet.rom", "1022:2000", true },
	{ "/usr/lib/ipxe/qemu/efi-rtl8139.rom", "10ec:8139", true },
	{ "/usr/lib/ipxe/qemu/efi-vmxnet3.rom", "15ad:07b0", true },
	{ "/usr/lib/ipxe/qemu/pxe-e1000.rom", "8086:100e", false },
	{ "/usr/share/seabios/vgabios-stdvga.bin", "1234:1111", false },
	{ "/usr/share/seabios/vgabios-virtio.bin", "1af4:1050", false },
	{ "/usr/share/seabios/vgabios-cirrus.bin", "1013:00b8", false },
};

static void real_rom(void **state)
{
	const struct real *real = *state;
	static const char columns[] = "OFFSET,LENGTH,TYPE,ID,MACHINE,KIND,COMPRESSED,CHECKSUM,LAST";
	const char *const arguments[] = { "rom", "-ro", columns, real->path, NULL };
	size_t size = read_bytes(real->path, data, sizeof(data)), legacy = size;
	char text[512];
	int used;

	if (real->efi)
		legacy = data[2] * (size_t)MAKEROM_BLOCK;
	used = snprintf(text, sizeof(text),
			"OFFSET LENGTH TYPE ID MACHINE KIND COMPRESSED CHECKSUM LAST\n"
			"0 %zu legacy %s    good %s\n",
			legacy, real->id, real->efi ? "no" : "yes");
	if (real->efi)
		snprintf(text + used, sizeof(text) - (size_t)used,
			 "%zu %zu EFI %s x64 boot\\x20driver %s  yes\n", legacy, size - legacy,
			 real->id, data[legacy + 0x0c] ? "yes" : "no");
	expect(arguments, "", 0, text, "");
}

/* One in full, as people see it. */
static void real_rom_in_full(void **state)
{
	static const char path[] = "/usr/share/seabios/vgabios-stdvga.bin";
	const char *const arguments[] = { "rom", path, NULL };
	char text[512];
	size_t size = read_bytes(path, data, sizeof(data));

	(void)state;
	snprintf(text, sizeof(text),
		 "OFFSET LENGTH TYPE   ID        MACHINE COMPRESSED CHECKSUM LAST\n"
		 "0      %-6zu legacy 1234:1111                    good     yes\n"
		 "$: %zu bytes; a BIOS alone can start it, as it has no EFI image for x64\n",
		 size, size);
	expect(arguments, path, 0, text, "");
}

/* A firmware volume is no ROM, and what has no PCI data structure is for an ISA bus. */
static void no_rom(void **state)
{
	const char *const ovmf[] = { "rom", "/usr/share/OVMF/OVMF_CODE_4M.fd", NULL };
	const char *const isa[] = { "rom", "/usr/share/seabios/vgabios-isavga.bin", NULL };

	(void)state;
	expect(ovmf, ovmf[1], 2,
	       "$: error: at byte 0: no image begins there: its first bytes are not 55 aa\n", "");
	expect(isa, isa[1], 2,
	       "$: error: at byte 0: the image's pointer leads to no PCI data structure ('PCIR')\n",
	       "");
}

/* --- made up -------------------------------------------------------------------------------- */

#define HEADINGS     "OFFSET LENGTH TYPE   ID        MACHINE COMPRESSED CHECKSUM LAST\n"
#define HEADINGS_EFI "OFFSET LENGTH TYPE ID        MACHINE COMPRESSED CHECKSUM LAST\n"

#define IMAGE(count, code, ...)                                                                    \
	{                                                                                          \
		.blocks = (count), .type = (code), .vendor = 0x10de, .device = 0x1b81, __VA_ARGS__ \
	}
#define LEGACY(...) IMAGE(2, 0, __VA_ARGS__)
#define EFI(...)    IMAGE(4, 3, .machine = 0x8664, __VA_ARGS__)
#define BOTH                                                                                       \
	{                                                                                          \
		LEGACY(.last = false), EFI(.last = true)                                           \
	}

#define BOTH_TABLE                                                                                 \
	HEADINGS "0      1024   legacy 10de:1b81                    good     no\n"                 \
		 "1024   2048   EFI    10de:1b81 x64     no                  yes\n"
#define BOTH_TEXT BOTH_TABLE "$: 3072 bytes; UEFI and BIOS can start it\n"

static const struct made {
	const char *name;
	struct makerom_image images[18];
	struct {
		size_t offset;
		uint8_t value;
	} bytes[4];    /* are changed afterwards; an offset of 0 is none */
	size_t before; /* zeros that come before */
	size_t size;   /* of the file, if not what images are; more is FFh */
	size_t junk;   /* so many bytes behind */
	int status;
	const char *out;
} mades[] = {
	{ .name = "two images", .images = BOTH, .out = BOTH_TEXT },
	{ .name = "UEFI alone",
	  .images = { EFI(.last = true, .compressed = true) },
	  .out = HEADINGS_EFI "0      2048   EFI  10de:1b81 x64     yes                 yes\n"
			      "$: 2048 bytes; UEFI alone can start it\n" },
	{ .name = "for another machine",
	  .images = { IMAGE(4, 3, .machine = 0xaa64, .last = true) },
	  .out = HEADINGS_EFI "0      2048   EFI  10de:1b81 arm64   no                  yes\n"
			      "$: 2048 bytes; neither UEFI for x64 nor a BIOS can start it\n" },
	{ .name = "types without a name",
	  .images = { IMAGE(4, 3, .machine = 0x1234), IMAGE(2, 1, .last = false),
		      IMAGE(2, 0xe0, .last = true) },
	  .out = "OFFSET LENGTH TYPE          ID        MACHINE COMPRESSED CHECKSUM LAST\n"
		 "0      2048   EFI           10de:1b81 0x1234  no                  no\n"
		 "2048   1024   Open Firmware 10de:1b81                             no\n"
		 "3072   1024   0xe0          10de:1b81                             yes\n"
		 "$: 4096 bytes; neither UEFI for x64 nor a BIOS can start it\n" },
	{ .name = "wrong checksum",
	  .images = BOTH,
	  .bytes = { { 100, 1 } },
	  .status = 2,
	  .out = HEADINGS
	  "0      1024   legacy 10de:1b81                    bad      no\n"
	  "1024   2048   EFI    10de:1b81 x64     no                  yes\n"
	  "$: 3072 bytes; UEFI and BIOS can start it\n"
	  "$: warning: at byte 0: the image's checksum is wrong, so a BIOS does not "
	  "run it\n" },
	{ .name = "checksum over more than there is",
	  .images = { LEGACY(.last = true) },
	  .bytes = { { 2, 3 } },
	  .status = 2,
	  .out = HEADINGS
	  "0      1024   legacy 10de:1b81                    bad      yes\n"
	  "$: 1024 bytes; a BIOS alone can start it, as it has no EFI image for x64\n"
	  "$: warning: at byte 0: the image's checksum is wrong, so a BIOS does not "
	  "run it\n" },
	{ .name = "EFI without its header",
	  .images = { EFI(.last = true) },
	  .bytes = { { 4, 0 } },
	  .out = HEADINGS_EFI "0      2048   EFI  10de:1b81 0x00    no                  yes\n"
			      "$: 2048 bytes; neither UEFI for x64 nor a BIOS can start it\n" },
	{ .name = "wrong signature",
	  .images = BOTH,
	  .bytes = { { 1, 0xab } },
	  .status = 2,
	  .out = HEADINGS_EFI
	  "1024   2048   EFI  10de:1b81 x64     no                  yes\n"
	  "$: 2048 bytes; UEFI alone can start it\n"
	  "$: warning: the ROM begins at byte 1024, so a VM can't use the file as it is\n"
	  "  fix: '--dump FILE' writes the ROM alone\n" },
	{ .name = "wrong signature of the second",
	  .images = BOTH,
	  .bytes = { { 1024, 0x56 } },
	  .status = 2,
	  .out = HEADINGS
	  "0      1024   legacy 10de:1b81                    good     no\n"
	  "$: 1024 bytes; a BIOS alone can start it, as it has no EFI image for x64\n"
	  "$: error: at byte 1024: no image begins there: its first bytes are not 55 "
	  "aa\n" },
	{ .name = "pointer out of bounds",
	  .images = { LEGACY(.last = true) },
	  .bytes = { { 0x18, 0xe9 }, { 0x19, 0x03 } },
	  .status = 2,
	  .out = "$: error: at byte 0: the image's pointer to its PCI data structure leads out of it\n" },
	{ .name = "pointer behind the image",
	  .images = { LEGACY(.last = false), LEGACY(.last = true) },
	  .bytes = { { 0x18, MAKEROM_TABLE }, { 0x19, 0x04 } },
	  .status = 2,
	  .out = HEADINGS
	  "1024   1024   legacy 10de:1b81                    good     yes\n"
	  "$: 1024 bytes; a BIOS alone can start it, as it has no EFI image for x64\n"
	  "$: warning: the ROM begins at byte 1024, so a VM can't use the file as it is\n"
	  "  fix: '--dump FILE' writes the ROM alone\n" },
	{ .name = "pointer to something else",
	  .images = { LEGACY(.last = true) },
	  .bytes = { { 0x18, 0xe8 }, { 0x19, 0x03 } },
	  .status = 2,
	  .out = "$: error: at byte 0: the image's pointer leads to no PCI data structure ('PCIR')\n" },
	{ .name = "no length",
	  .images = BOTH,
	  .bytes = { { MAKEROM_TABLE + 0x10, 0 } },
	  .status = 2,
	  .out = HEADINGS
	  "0      0      legacy 10de:1b81                    bad      no\n"
	  "$: 0 bytes; a BIOS alone can start it, as it has no EFI image for x64\n"
	  "$: error: at byte 0: the image says that its length is 0\n"
	  "$: warning: at byte 0: the image's checksum is wrong, so a BIOS does not "
	  "run it\n" },
	{ .name = "cut",
	  .images = BOTH,
	  .size = 3071,
	  .status = 2,
	  .out = BOTH_TABLE
	  "$: 3071 bytes; UEFI and BIOS can start it\n"
	  "$: error: at byte 1024: the image is longer than what there is: the end is "
	  "missing\n" },
	{ .name = "cut in a header",
	  .images = BOTH,
	  .size = 1024 + 0x19,
	  .status = 2,
	  .out = HEADINGS
	  "0      1024   legacy 10de:1b81                    good     no\n"
	  "$: 1024 bytes; a BIOS alone can start it, as it has no EFI image for x64\n"
	  "$: error: at byte 1024: no image begins there: its first bytes are not 55 "
	  "aa\n" },
	{ .name = "none is the last",
	  .images = { LEGACY(.last = false), EFI(.last = false) },
	  .status = 2,
	  .out = HEADINGS "0      1024   legacy 10de:1b81                    good     no\n"
			  "1024   2048   EFI    10de:1b81 x64     no                  no\n"
			  "$: 3072 bytes; UEFI and BIOS can start it\n"
			  "$: error: at byte 1024: no image says that it is the last, but nothing "
			  "follows\n" },
	{ .name = "padding behind", .images = BOTH, .size = 8192, .out = BOTH_TEXT },
	{ .name = "something behind",
	  .images = BOTH,
	  .junk = 100,
	  .out = BOTH_TEXT
	  "$: note: 100 bytes follow the last image\n"
	  "  fix: '--dump FILE' leaves them out\n" },
	{ .name = "something before",
	  .images = BOTH,
	  .before = 1536,
	  .status = 2,
	  .out = HEADINGS
	  "1536   1024   legacy 10de:1b81                    good     no\n"
	  "2560   2048   EFI    10de:1b81 x64     no                  yes\n"
	  "$: 3072 bytes; UEFI and BIOS can start it\n"
	  "$: warning: the ROM begins at byte 1536, so a VM can't use the file as it is\n"
	  "  fix: '--dump FILE' writes the ROM alone\n" },
	{ .name = "all ones",
	  .size = 4096,
	  .status = 2,
	  .out = "$: error: at byte 0: all bytes are the same, so this is no ROM\n" },
	{ .name = "empty",
	  .status = 2,
	  .out = "$: error: at byte 0: all bytes are the same, so this is no ROM\n" },
};

static size_t make(const struct made *made)
{
	size_t size = made->before;

	memset(data, 0xff, sizeof(data));
	memset(data, 0, made->before);
	size += makerom_write(data + size, sizeof(data) - size, made->images);
	for (size_t i = 0; i < 4 && made->bytes[i].offset; i++)
		data[made->bytes[i].offset] = made->bytes[i].value;
	for (size_t i = 0; i < made->junk; i++)
		data[size++] = (uint8_t)i;
	return made->size ? made->size : size;
}

static void made_rom(void **state)
{
	const struct made *made = *state;
	const char *const arguments[] = { "rom", file, NULL };

	write_bytes(file, data, make(made));
	expect(arguments, file, made->status, made->out, "");
}

static void too_many_images(void **state)
{
	const char *const arguments[] = { "rom", "-rno", "OFFSET", file, NULL };
	const char *const whole[] = { "rom", file, NULL };
	struct makerom_image images[18] = { { .blocks = 0 } };
	char text[512] = "";
	struct run_result result;

	(void)state;
	for (size_t i = 0; i < 17; i++) {
		images[i] = (struct makerom_image)LEGACY(.last = i == 16);
		if (i < 16)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%zu\n",
				 i * 1024);
	}
	write_bytes(file, data, makerom_write(data, sizeof(data), images));
	expect(arguments, file, 2, text, "");
	run_ctl(whole, &result);
	assert_non_null(strstr(result.out, ": error: at byte 16384: more images than any card has; "
					   "the rest was not looked at\n"));
	run_free(&result);
}

static void no_file(void **state)
{
	const char *const arguments[] = { "rom", "/tmp", NULL }, *const none[] = { "rom", NULL };
	static const char too_long[] = "$: more than 16777216 bytes, so this is no ROM\n";
	const char *const huge[] = { "rom", file, NULL };
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	char err[PATH_MAX + 100];

	(void)state;
	snprintf(err, sizeof(err), "vfio-earlyctl: %s", too_long);
	expect(arguments, "", 1, "",
	       "vfio-earlyctl: /tmp: no such device; 'vfio-earlyctl list' shows them\n"
	       "vfio-earlyctl: /tmp: and as a file: found no regular file\n");
	expect(none, "", 1, "",
	       "vfio-earlyctl: rom: found 0 operands, expected one device or file\n");
	assert_int_equal(ftruncate(fd, (16 << 20) + 1), 0);
	close(fd);
	expect(huge, file, 1, "", err);
}

/* --- dump ----------------------------------------------------------------------------------- */

static const struct made surrounded = { .images = BOTH, .before = 1536, .junk = 100 };

static size_t count_files(const char *directory)
{
	char pattern[PATH_MAX];
	glob_t found;
	size_t count;

	files_path(pattern, "%s/*", directory);
	glob(pattern, GLOB_PERIOD, NULL, &found);
	count = found.gl_pathc;
	globfree(&found);
	return count;
}

/* Just the images, from the first to the last. */
static void dump_is_the_rom(void **state)
{
	char target[PATH_MAX], out[2 * PATH_MAX];
	const char *const arguments[] = { "rom", "-n", file, "--dump", target, NULL };
	const char *const twice[] = { "rom", "-rn", file, "-f", "--dump", target, NULL };
	const char *const again[] = { "rom", target, NULL };
	static uint8_t got[8192];
	struct stat status;

	(void)state;
	files_path(target, "%s/dump.rom", work);
	write_bytes(file, data, make(&surrounded));
	snprintf(out, sizeof(out),
		 "1536 1024 legacy 10de:1b81     good no\n"
		 "2560 2048 EFI    10de:1b81 x64 no     yes\n"
		 "%s: written, 3072 bytes\n",
		 target);
	for (int i = 0; i < 2; i++) {
		struct run_result result;

		run_ctl(i == 0 ? arguments : twice, &result);
		assert_string_equal(result.err, "");
		assert_int_equal(result.status, 2);
		run_free(&result);
		assert_int_equal(read_bytes(target, got, sizeof(got)), 3072);
		assert_memory_equal(got, data + 1536, 3072);
	}
	assert_int_equal(stat(target, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	expect(again, target, 0, BOTH_TEXT, "");
}

static void dump_replaces_nothing(void **state)
{
	char target[PATH_MAX], err[PATH_MAX + 100], *text;
	const char *const arguments[] = { "rom", "-rn", file, "-d", target, NULL };
	struct run_result result;

	(void)state;
	files_path(target, "%s/there", work);
	assert_int_equal(files_write(target, "mine"), 0);
	write_bytes(file, data, make(&mades[0]));
	run_ctl(arguments, &result);
	snprintf(err, sizeof(err), "vfio-earlyctl: %s: is there already; --force replaces it\n",
		 target);
	assert_string_equal(result.err, err);
	assert_int_equal(result.status, 1);
	run_free(&result);
	text = files_read(target);
	assert_string_equal(text, "mine");
	free(text);
}

static void dump_of_nothing(void **state)
{
	char target[PATH_MAX], err[PATH_MAX + 100];
	const char *const arguments[] = { "rom", file, "-d", target, NULL };

	(void)state;
	files_path(target, "%s/nothing", work);
	assert_int_equal(files_write(file, "no ROM\n"), 0);
	snprintf(err, sizeof(err), "vfio-earlyctl: %s: not written, as there is no image\n",
		 target);
	expect(arguments, file, 1,
	       "$: error: at byte 0: no image begins there: its first bytes are not 55 aa\n", err);
	assert_int_equal(access(target, F_OK), -1);
}

/* A disk with room for a part of it, and one where nothing can be written. */
static void dump_to_a_full_disk(void **state)
{
	static const struct makerom_image large[] = { IMAGE(255, 0, .last = false),
						      IMAGE(255, 3, .machine = 0x8664,
							    .last = true),
						      { .blocks = 0 } };
	char disk[PATH_MAX], target[PATH_MAX], err[PATH_MAX + 100];
	const char *const arguments[] = { "rom", "-rn", file, "-d", target, NULL };
	const unsigned long flags[] = { 0, MS_RDONLY };
	const char *const errors[] = { "No space left on device", "Read-only file system" };

	(void)state;
	files_path(disk, "%s/disk", work);
	files_path(target, "%s/out.rom", disk);
	assert_int_equal(mkdir(disk, 0755), 0);
	write_bytes(file, data, makerom_write(data, sizeof(data), large));
	for (int i = 0; i < 2; i++) {
		struct run_result result;

		assert_int_equal(mount("none", disk, "tmpfs", flags[i], "size=64k"), 0);
		run_ctl(arguments, &result);
		snprintf(err, sizeof(err), "vfio-earlyctl: %s: %s\n", target, errors[i]);
		assert_string_equal(result.err, err);
		assert_int_equal(result.status, 1);
		assert_int_equal(count_files(disk), 2);
		run_free(&result);
		assert_int_equal(umount(disk), 0);
	}
}

int main(void)
{
	enum { REALS = sizeof(reals) / sizeof(reals[0]), MADES = sizeof(mades) / sizeof(mades[0]) };
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(real_rom_in_full), cmocka_unit_test(no_rom),
		cmocka_unit_test(too_many_images),  cmocka_unit_test(no_file),
		cmocka_unit_test(dump_is_the_rom),  cmocka_unit_test(dump_replaces_nothing),
		cmocka_unit_test(dump_of_nothing),  cmocka_unit_test(dump_to_a_full_disk),
	};
	enum { OTHERS = sizeof(others) / sizeof(others[0]) };
	struct CMUnitTest tests[REALS + MADES + OTHERS];

	for (size_t i = 0; i < REALS; i++)
		tests[i] = (struct CMUnitTest){ .name = reals[i].path,
						.test_func = real_rom,
						.initial_state = (void *)(uintptr_t)&reals[i] };
	for (size_t i = 0; i < MADES; i++)
		tests[REALS + i] =
			(struct CMUnitTest){ .name = mades[i].name,
					     .test_func = made_rom,
					     .initial_state = (void *)(uintptr_t)&mades[i] };
	memcpy(tests + REALS + MADES, others, sizeof(others));
	if (unshare(CLONE_NEWNS) < 0 ||
	    (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL)) {
		perror("mount namespace");
		return 1;
	}
	run_work("rom", work);
	files_path(file, "%s/card.rom", work);
	return cmocka_run_group_tests_name("rom", tests, NULL, NULL);
}
