/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel boots next, by what bootloaders and their tools write, and with which image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bootloader/esp.h"
#include "bootloader/next.h"
#include "files.h"
#include "run.h"

#define NEW   "6.12.1"
#define OLD   "6.1.2"
#define OLDER "6.1.1"

#define GRUB                                                                                       \
	{ "proc/cmdline", "BOOT_IMAGE=/vmlinuz-" NEW "\n" },                                       \
	{                                                                                          \
		"etc/default/grub", ""                                                             \
	}
#define SYSTEMD                                                                                    \
	{ "proc/cmdline", "initrd=\\x\n" }, { "usr/bin/kernel-install", "" },                      \
		ENTRY("efi", "abc-" NEW), ENTRY("efi", "abc-" OLD), ENTRY("efi", "mine")
#define ENTRY(place, name)                                                                         \
	{                                                                                          \
		place "/loader/entries/" name ".conf", "options\n"                                 \
	}
#define LOADER(place, text)                                                                        \
	{                                                                                          \
		place "/loader/loader.conf", text                                                  \
	}
#define VARIABLE(name, text)                                                                       \
	{                                                                                          \
		"sys/firmware/efi/efivars/" name "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", text     \
	}
#define ESP "dev/disk/by-uuid/ABCD-1234"
#define PROXMOX                                                                                    \
	{ "proc/cmdline", "initrd=\\x\n" },                                                        \
	{                                                                                          \
		"etc/kernel/proxmox-boot-uuids", "ABCD-1234\n"                                     \
	}
#define PIN(file, text)                                                                            \
	{                                                                                          \
		"etc/kernel/" file, text                                                           \
	}

#define LINUX(id, version)                                                                         \
	"menuentry 'Debian, with " version "' --class x $menuentry_id_option '" id "' {\n"         \
	"\tlinux\t/boot/vmlinuz-" version " root=x\n}\n"
/* As grub-mkconfig(8) writes it: a function and a condition are in no menu. */
#define CONFIG(where, chosen)                                                                      \
	{                                                                                          \
		where "/grub/grub.cfg",                                                            \
			"if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\n"      \
			"else\n   set default=\"" chosen "\"\nfi\nfunction f {\n  x\n}\n" LINUX(   \
				"simple",                                                          \
				NEW) "submenu 'More' $menuentry_id_option 'more' {\n" LINUX("new", \
											    NEW)   \
				LINUX("old", OLD) "}\n" LINUX("last", OLDER)                       \
	}
#define ENVIRONMENT(where, text)                                                                   \
	{                                                                                          \
		where "/grub/grubenv", "# GRUB Environment Block\n" text "\n####"                  \
	}

static const struct row {
	const char *name;
	struct {
		const char *path, *text;
	} files[9];
	const char *expected;
} rows[] = {
	{ "nobody knows: the newest", { { "proc/cmdline", "a" } }, NEW },
	{ "GRUB: the first", { GRUB, CONFIG("boot", "0") }, NEW },
	{ "GRUB: a number", { GRUB, CONFIG("boot", "2") }, OLDER },
	{ "GRUB: numbers", { GRUB, CONFIG("boot", "1>1") }, OLD },
	{ "GRUB: an id", { GRUB, CONFIG("boot", "last") }, OLDER },
	{ "GRUB: a title in a submenu", { GRUB, CONFIG("boot", "More>Debian, with " OLD) }, OLD },
	{ "GRUB: an id of a submenu, without it", { GRUB, CONFIG("boot", "old") }, NEW },
	{ "GRUB: what there is none of", { GRUB, CONFIG("boot", "more>gone") }, NEW },
	{ "GRUB: saved",
	  { GRUB, CONFIG("boot", "${saved_entry}"), ENVIRONMENT("boot", "saved_entry=more>old") },
	  OLD },
	{ "GRUB: saved, and nothing is", { GRUB, CONFIG("boot", "${saved_entry}") }, NEW },
	{ "GRUB: saved, but not asked for",
	  { GRUB, CONFIG("boot", "0"), ENVIRONMENT("boot", "saved_entry=more>old") },
	  NEW },
	{ "GRUB: for once",
	  { GRUB, CONFIG("boot", "0"), ENVIRONMENT("boot", "saved_entry=0\nnext_entry=more>old") },
	  OLD },
	{ "systemd-boot: nothing is chosen", { SYSTEMD }, NEW },
	{ "systemd-boot: a pattern", { SYSTEMD, LOADER("efi", "default abc-6.1.*\n") }, OLD },
	{ "systemd-boot: a pattern of several",
	  { SYSTEMD, LOADER("efi", "default abc-*\n") },
	  NEW },
	{ "systemd-boot: an entry of its owner",
	  { SYSTEMD, LOADER("efi", "default mine\n") },
	  NEW },
	{ "systemd-boot: chosen for good",
	  { SYSTEMD, LOADER("efi", "default abc-" NEW ".conf\n"),
	    VARIABLE("LoaderEntryDefault", "abc-" OLD ".conf") },
	  OLD },
	{ "systemd-boot: chosen for once",
	  { SYSTEMD, VARIABLE("LoaderEntryDefault", "abc-" NEW ".conf"),
	    VARIABLE("LoaderEntryOneShot", "abc-" OLD ".conf") },
	  OLD },
	{ "proxmox-boot-tool: its default",
	  { PROXMOX, LOADER(ESP, "timeout 3\ndefault proxmox-*\n"), ENTRY(ESP, "proxmox-" OLD),
	    ENTRY(ESP, "proxmox-" NEW) },
	  NEW },
	{ "proxmox-boot-tool: a pin in effect, and one that waits for a refresh",
	  { PROXMOX, LOADER(ESP, "default proxmox-" OLD ".conf\n"), ENTRY(ESP, "proxmox-" OLD),
	    ENTRY(ESP, "proxmox-" NEW), PIN("proxmox-boot-pin", NEW "\n") },
	  OLD },
	{ "proxmox-boot-tool: a pin, where no partition can be seen",
	  { PROXMOX, PIN("proxmox-boot-pin", OLD "\n") },
	  OLD },
	{ "proxmox-boot-tool: a pin for once",
	  { PROXMOX, PIN("proxmox-boot-pin", OLD "\n"), PIN("next-boot-pin", OLDER "\n") },
	  OLDER },
	{ "proxmox-boot-tool: a pin in GRUB",
	  { PROXMOX, CONFIG(ESP, "more>old"), { ESP "/EFI/proxmox/grubx64.efi", "" } },
	  OLD },
};

static void write_file(const char *tree, const char *name, const char *text)
{
	char path[PATH_MAX];

	files_path(path, "%s/%s", tree, name);
	files_make_parents(path);
	if (strstr(name, "efivars")) {
		FILE *stream = fopen(path, "w");

		assert_non_null(stream);
		fwrite("\6\0\0\0", 1, 4, stream);
		for (; *text; text++)
			fwrite((const char[]){ *text, '\0' }, 1, 2, stream);
		assert_int_equal(fclose(stream), 0);
	} else {
		assert_int_equal(files_write(path, text), 0);
	}
}

static void test_row(void **state)
{
	const struct row *row = *state;
	char tree[PATH_MAX];
	struct host host;
	struct kernels kernels;
	const char *found = NULL;

	run_work("next-kernel", tree);
	write_file(tree, "boot/vmlinuz-" NEW, "");
	write_file(tree, "boot/vmlinuz-" OLD, "");
	write_file(tree, "boot/vmlinuz-" OLDER, "");
	for (size_t i = 0; i < 9 && row->files[i].path; i++)
		write_file(tree, row->files[i].path, row->files[i].text);
	assert_int_equal(host_open(&host, tree), 0);
	assert_int_equal(kernels_list(&kernels, &host), 0);
	bootnext_mark(&kernels, &host);
	for (size_t i = 0; i < kernels.count; i++)
		if (kernels.list[i].next) {
			assert_null(found);
			found = kernels.list[i].release;
		}
	assert_non_null(found);
	assert_string_equal(found, row->expected);
	kernels_free(&kernels);
	host_close(&host);
}

/* Of copies that are as long, the time tells which may be another; then what is in them does. */
static const struct {
	const char *copy;
	time_t apart;
	const char *fault;
} copies[] = {
	{ "abc", 0, NULL },
	{ "abc", -3600, NULL },
	{ "xyz", 1, NULL },
	{ "xyz", -3600, "The copy that boots differs from /boot/initrd.img-" NEW },
	{ "abcd", 0, "The copy that boots differs from /boot/initrd.img-" NEW },
	{ "ab", 0, "The copy that boots is shorter than /boot/initrd.img-" NEW },
	{ NULL, 0, "There is no copy of /boot/initrd.img-" NEW },
};

static void write_copy(const char *tree, const char *text, time_t apart)
{
	const struct timespec times[] = { { .tv_sec = 1700000000 + apart },
					  { .tv_sec = 1700000000 + apart } };
	char path[PATH_MAX];

	write_file(tree, text ? ESP "/initrd.img-" NEW : "boot/initrd.img-" NEW, text ?: "abc");
	files_path(path, "%s/%s", tree, text ? ESP "/initrd.img-" NEW : "boot/initrd.img-" NEW);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_copies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		struct findings findings = { .count = 0 };
		struct kernels kernels;
		struct host host;
		char tree[PATH_MAX];

		run_work("next-kernel", tree);
		write_file(tree, "etc/kernel/proxmox-boot-uuids", "ABCD-1234\n");
		write_file(tree, "boot/vmlinuz-" NEW, "");
		write_file(tree, "boot/vmlinuz-" OLD, "");
		write_file(tree, ESP "/vmlinuz-" NEW, "");
		write_file(tree, ESP "/EFI/proxmox/grubx64.efi", "");
		write_copy(tree, NULL, 0);
		if (copies[i].copy)
			write_copy(tree, copies[i].copy, copies[i].apart);
		assert_int_equal(host_open(&host, tree), 0);
		assert_int_equal(kernels_list(&kernels, &host), 0);
		esps_check_images(&findings, &host, &kernels);
		assert_int_equal(findings.count, copies[i].fault != NULL);
		if (copies[i].fault)
			assert_string_equal(findings.list[0].text, copies[i].fault);
		assert_false(kernels.list[0].unbooted);
		assert_true(kernels.list[1].unbooted);
		findings_free(&findings);
		kernels_free(&kernels);
		host_close(&host);
	}
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0]) + 1] = {
		[sizeof(rows) / sizeof(rows[0])] = cmocka_unit_test(test_copies),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
						.test_func = test_row,
						.initial_state = (void *)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
