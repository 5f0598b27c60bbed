/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfio-earlyctl image` says of images that lack something, in every shape that they have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>

#include "diff.h"
#include "files.h"
#include "hosttree.h"
#include "tree.h"
#include "run.h"

#define KERNEL  "6.12.48+deb13-amd64"
#define MODULES "usr/lib/modules/" KERNEL "/"
#define VFIO    MODULES "kernel/drivers/vfio/"
#define NAME    "initrd.img-" KERNEL

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The host: a disk that is its own, and rules for a card. */
#define HOST                                                                                       \
	"00:01.0 0604: 8086:1901 driver=pcieport group=1\n"                                        \
	"  01:00.0 010802: 144d:a808 sub=144d:a801 driver=nvme group=11\n"                         \
	"00:02.0 0604: 8086:1901 driver=pcieport group=2\n"                                        \
	"  02:00.0 0300: 10de:1b81 driver=nouveau group=12\n"
#define ABOVE                                                                                      \
	"disk nvme0n1 259:0 0000:01:00.0\n"                                                        \
	"mount 259:0 / ext4 /dev/nvme0n1 rw\n"

#define RULES "02:00.0 id=10de:1b81\n"
#define PROTECTED                                                                                  \
	"0000:00:01.0/00.0 id=144d:a808:144d:a801 # 0000:01:00.0 / (ext4 on /dev/nvme0n1)\n"       \
	"# entries: 1\n"
#define ORDER(first, second)                                                                       \
	"/scripts/init-top/" first " \"$@\"\n"                                                     \
	"[ -e /conf/param.conf ] && . /conf/param.conf\n"                                          \
	"/scripts/init-top/" second " \"$@\"\n"

struct file {
	const char *path, *text; /* NULL: takes it away */
	mode_t mode;
	const char *link;
};

/* An image as it should be; the digest comes beside. */
static const struct file good[] = {
	{ "usr/sbin/vfio-early", "program", 0100755, NULL },
	{ "scripts/init-top/00-vfio-early", "#!/bin/sh\n", 0100755, NULL },
	{ "scripts/init-top/ORDER", ORDER("00-vfio-early", "udev"), 0100644, NULL },
	{ "etc/vfio-early.conf", RULES, 0100644, NULL },
	{ "etc/vfio-early.digest", "", 0100644, NULL },
	{ "etc/vfio-early.protected", PROTECTED, 0100644, NULL },
	{ MODULES "modules.builtin", "kernel/virt/lib/irqbypass.ko\n", 0100644, NULL },
	{ VFIO "pci/vfio-pci.ko.xz", "x", 0100644, NULL },
	{ VFIO "pci/vfio-pci-core.ko.xz", "x", 0100644, NULL },
	{ VFIO "vfio_iommu_type1.ko.xz", "x", 0100644, NULL },
	{ VFIO "vfio.ko.xz", "x", 0100644, NULL },
};

#define DEP "kernel/drivers/vfio/"
static const struct file host_files[] = {
	{ "usr/sbin/vfio-early", "program", 0, NULL },
	{ "etc/vfio-early.conf", RULES, 0, NULL },
	{ "lib/modules/" KERNEL "/modules.dep",
	  DEP "vfio.ko.xz:\n" DEP "pci/vfio-pci.ko.xz: " DEP "pci/vfio-pci-core.ko.xz " DEP
	      "vfio.ko.xz kernel/virt/lib/irqbypass.ko\n" DEP "vfio_iommu_type1.ko.xz: " DEP
	      "vfio.ko.xz\n" DEP "pci/mlx5/mlx5-vfio-pci.ko.xz: " DEP "pci/vfio-pci-core.ko.xz\n",
	  0, NULL },
	{ "lib/modules/" KERNEL "/modules.alias",
	  "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
	  "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n",
	  0, NULL },
};

/* Archives. */

struct writer {
	char *data;
	size_t size;
};

static la_ssize_t append(struct archive *archive, void *context, const void *data, size_t length)
{
	struct writer *writer = context;

	(void)archive;
	writer->data = realloc(writer->data, writer->size + length);
	assert_non_null(writer->data);
	memcpy(writer->data + writer->size, data, length);
	writer->size += length;
	return (la_ssize_t)length;
}

static struct archive *begin(struct writer *writer, int (*add_filter)(struct archive *archive))
{
	struct archive *archive = archive_write_new();

	assert_non_null(archive);
	if (add_filter)
		assert_int_equal(add_filter(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_set_format_cpio_newc(archive), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(archive, 1);
	assert_int_equal(archive_write_open(archive, writer, NULL, append, NULL), ARCHIVE_OK);
	return archive;
}

static void add(struct archive *archive, const struct file *file)
{
	struct archive_entry *entry = archive_entry_new();
	size_t length = file->link ? 0 : strlen(file->text);

	archive_entry_set_pathname(entry, file->path);
	archive_entry_set_mode(entry, file->link ? 0120777 : file->mode);
	archive_entry_set_size(entry, (la_int64_t)length);
	if (file->link)
		archive_entry_set_symlink(entry, file->link);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	if (length)
		assert_int_equal(archive_write_data(archive, file->text, length), length);
	archive_entry_free(entry);
}

static void end(struct archive *archive)
{
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
}

/* Pictures of an image: what a play changes counts, and what it does not is as it should be. */

#define CHANGES_MAX 5

struct shape {
	const char *name;
	int (*add_filter)(struct archive *archive);
	bool microcode; /* an archive of its own before */
	bool modules;   /* those that are compressed in one, too: initramfs-tools 0.148 */
	bool legacy;    /* LZ4 as Linux has it, which libarchive reads only */
	/* What the archive of modules is compressed by; NULs follow it, up to a multiple of this. */
	int (*modules_filter)(struct archive *archive);
	size_t padding;
	const char *err;
};

static const struct file *find_change(const struct file *changes, const char *path)
{
	for (size_t i = 0; changes && i < CHANGES_MAX && changes[i].path; i++)
		if (strcmp(changes[i].path, path) == 0)
			return &changes[i];
	return NULL;
}

static bool is_module(const char *path)
{
	return strstr(path, ".ko.xz") != NULL;
}

static void add_changed(struct archive *archive, const struct file *file, const char *digest,
			const struct file *changes)
{
	const struct file *change = find_change(changes, file->path);
	struct file copy = *file;

	if (strcmp(file->path, "etc/vfio-early.digest") == 0)
		copy.text = digest;
	if (!change)
		add(archive, &copy);
	else if (change->text || change->link)
		add(archive, change);
}

static void add_files(struct archive *archive, const char *digest, const struct file *changes,
		      bool modules, bool others)
{
	for (size_t i = 0; i < COUNT(good); i++)
		if (is_module(good[i].path) ? modules : others)
			add_changed(archive, &good[i], digest, changes);
	for (size_t i = 0; others && i < CHANGES_MAX && changes && changes[i].path; i++) {
		bool known = false;

		for (size_t j = 0; j < COUNT(good); j++)
			known |= strcmp(good[j].path, changes[i].path) == 0;
		if (!known && (changes[i].text || changes[i].link))
			add(archive, &changes[i]);
	}
}

/* Blocks of at most 8 MiB without any match: one sequence of literals. */
static void wrap_legacy(struct writer *writer)
{
	static const uint8_t magic[] = { 0x02, 0x21, 0x4c, 0x18 };
	size_t length = writer->size, rest = length - 15, used = 0;
	uint8_t *text = malloc(length + length / 255 + 32);

	assert_non_null(text);
	memcpy(text, magic, sizeof(magic));
	used = 8;
	text[used++] = 0xf0;
	for (; rest >= 255; rest -= 255)
		text[used++] = 255;
	text[used++] = (uint8_t)rest;
	memcpy(text + used, writer->data, length);
	used += length;
	for (int i = 0; i < 4; i++)
		text[4 + i] = (uint8_t)((used - 8) >> (8 * i));
	free(writer->data);
	writer->data = (char *)text;
	writer->size = used;
}

static void write_all(const char *path, const struct writer *parts, size_t count, size_t cut)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(fwrite(parts[i].data, 1, parts[i].size, file), parts[i].size);
	assert_int_equal(fflush(file), 0);
	if (cut)
		assert_int_equal(ftruncate(fileno(file), ftell(file) - (long)cut), 0);
	fclose(file);
}

static void write_image(const char *path, const struct shape *shape, const char *digest,
			const struct file *changes, size_t cut)
{
	static const struct file microcode = { "kernel/x86/microcode/GenuineIntel.bin", "x",
					       0100644, NULL };
	struct writer parts[3] = { { NULL, 0 } };
	size_t count = 0;
	struct archive *archive;

	if (shape->microcode) {
		archive = begin(&parts[count++], NULL);
		add(archive, &microcode);
		end(archive);
	}
	if (shape->modules) {
		archive = begin(&parts[count], shape->modules_filter);
		add_files(archive, digest, changes, true, false);
		end(archive);
		while (shape->padding && parts[count].size % shape->padding != shape->padding / 2)
			append(NULL, &parts[count], "", 1);
		count++;
	}
	archive = begin(&parts[count], shape->add_filter);
	add_files(archive, digest, changes, !shape->modules, true);
	end(archive);
	if (shape->legacy)
		wrap_legacy(&parts[count]);
	write_all(path, parts, count + 1, cut);
	for (size_t i = 0; i <= count; i++)
		free(parts[i].data);
}

/* The host. */

static void write_host_file(const char *tree, const struct file *file)
{
	char path[PATH_MAX];

	files_path(path, "%s/%s", tree, file->path);
	files_make_parents(path);
	if (file->text)
		assert_int_equal(files_write(path, file->text), 0);
	else
		unlink(path);
}

static void write_host(const char *tree, const struct file *changes)
{
	char message[256], path[PATH_MAX];

	assert_int_equal(hosttree_write(HOST, tree, message, sizeof(message)), 0);
	tree_write(tree, ABOVE);
	for (size_t i = 0; i < COUNT(host_files); i++)
		write_host_file(tree, &host_files[i]);
	for (size_t i = 0; changes && i < CHANGES_MAX && changes[i].path; i++)
		write_host_file(tree, &changes[i]);
	files_path(path, "%s/boot/x", tree);
	files_make_parents(path);
	files_path(path, "%s/var/lib/x", tree);
	files_make_parents(path);
}

/* A host with an image in its /boot, whose rules are those of the host before its changes. */
static void write_scene(char tree[PATH_MAX], const struct shape *shape, const struct file *changes,
			const struct file *host_changes, size_t cut)
{
	char image[PATH_MAX], *digest;

	run_work("image", tree);
	write_host(tree, NULL);
	digest = run_digest(tree, NULL);
	files_path(image, "%s/boot/" NAME, tree);
	write_image(image, shape, digest, changes, cut);
	free(digest);
	for (size_t i = 0; host_changes && i < CHANGES_MAX && host_changes[i].path; i++)
		write_host_file(tree, &host_changes[i]);
}

static void check_text(const char *expected, const char *got)
{
	if (strcmp(expected, got) == 0)
		return;
	diff_show(expected, got);
	fail_msg("another text");
}

/* What is wrong. */

static const struct shape plain = { .name = "not compressed" };

#define HOOK "lib/dracut/hooks/pre-udev/00-vfio-early.sh"
#define DRACUT(modules)                                                                            \
	{ .path = "scripts/init-top/00-vfio-early" }, { .path = "scripts/init-top/ORDER" },        \
	{                                                                                          \
		"usr/lib/dracut/modules.txt", modules, 0100644, NULL                               \
	}

#define WRONG(check, text) "W: vfio-early: /boot/" NAME ": " check ": " text "\n"

static const struct play {
	const char *name;
	struct file changes[CHANGES_MAX], host[CHANGES_MAX];
	const char *err;
} plays[] = {
	{ .name = "as it should be", .err = "" },
	{
		.name = "no program",
		.changes = { { .path = "usr/sbin/vfio-early" } },
		.err = WRONG("program", "usr/sbin/vfio-early is missing"),
	},
	{
		.name = "a program that cannot run",
		.changes = { { "usr/sbin/vfio-early", "program", 0100644, NULL } },
		.err = WRONG("program", "usr/sbin/vfio-early is not executable"),
	},
	{
		.name = "another program",
		.host = { { .path = "usr/sbin/vfio-early", .text = "newer" } },
		.err = WRONG("program", "usr/sbin/vfio-early is not the installed one"),
	},
	{
		.name = "no script",
		.changes = { { .path = "scripts/init-top/00-vfio-early" } },
		.err = WRONG("script", "scripts/init-top/00-vfio-early is missing"),
	},
	{
		.name = "a script that is not run",
		.changes = { { "scripts/init-top/ORDER", ORDER("blacklist", "udev"), 0100644,
			       NULL } },
		.err = WRONG(
			"script",
			"scripts/init-top/00-vfio-early does not run before udev, which loads the host drivers"),
	},
	{
		.name = "a script after udev",
		.changes = { { "scripts/init-top/ORDER", ORDER("udev", "00-vfio-early"), 0100644,
			       NULL } },
		.err = WRONG(
			"script",
			"scripts/init-top/00-vfio-early does not run before udev, which loads the host drivers"),
	},
	{
		.name = "another kind of image",
		.changes = { { .path = "scripts/init-top/ORDER" } },
		.err = WRONG(
			"script",
			"scripts/init-top/ORDER is missing: neither initramfs-tools nor dracut made this image"),
	},
	{
		.name = "an image of dracut",
		.changes = { DRACUT("dash\nvfio-early\nbase\n"),
			     { "var/" HOOK, "", 0100755, NULL } },
		.err = "",
	},
	{
		.name = "an image of dracut 59 with systemd",
		.changes = { DRACUT("systemd\nvfio-early\ndracut-systemd\n"),
			     { "usr/" HOOK, "", 0100755, NULL } },
		.err = "",
	},
	{
		.name = "an image of dracut without our module",
		.changes = { DRACUT("systemd\ndracut-systemd\n") },
		.err = WRONG("script", "dracut's module vfio-early is missing"),
	},
	{
		.name = "an image of dracut in which nothing runs hooks",
		.changes = { DRACUT("systemd\nvfio-early\n"), { "var/" HOOK, "", 0100755, NULL } },
		.err = WRONG(
			"script",
			"nothing runs it: dracut's module systemd is in the image without dracut-systemd"),
	},
	{
		.name = "rules changed, came and went",
		.changes = { { "etc/vfio-early.conf.d/old.conf", "# nothing\n", 0100644, NULL } },
		.host = { { .path = "etc/vfio-early.conf", .text = "02:00.0\n" },
			  { .path = "etc/vfio-early.conf.d/new.conf", .text = "!01:00.0\n" } },
		.err = WRONG("rules", "/etc/vfio-early.conf has changed since the image was built")
			WRONG("rules", "/etc/vfio-early.conf.d/new.conf is not in the image") WRONG(
				"rules", "/etc/vfio-early.conf.d/old.conf is only in the image")
				WRONG("rules", "etc/vfio-early.digest is not of these rules"),
	},
	{
		.name = "no digest",
		.changes = { { .path = "etc/vfio-early.digest" } },
		.err = WRONG("rules", "etc/vfio-early.digest is missing"),
	},
	{
		.name = "rules behind a link",
		.changes = { { "etc/vfio-early.conf", NULL, 0, "../srv/rules" },
			     { "srv/rules", RULES, 0100644, NULL } },
		.err = "",
	},
	{
		.name = "a link that leads in a circle",
		.changes = { { "etc/vfio-early.conf", NULL, 0, "./vfio-early.conf" } },
		.err = WRONG("rules", "/etc/vfio-early.conf is not in the image")
			WRONG("rules", "etc/vfio-early.digest is not of these rules"),
	},
	{
		.name = "no list of devices in use by the host",
		.changes = { { .path = "etc/vfio-early.protected" } },
		.err = WRONG("protected", "etc/vfio-early.protected: No such file or directory; "
					  "nothing is bound"),
	},
	{
		.name = "a list that was cut",
		.changes = { { "etc/vfio-early.protected", "", 0100644, NULL } },
		.err = WRONG("protected", "etc/vfio-early.protected: the list is not complete; "
					  "nothing is bound"),
	},
	{
		.name = "a list of too few",
		.changes = { { "etc/vfio-early.protected", "# entries: 1\n", 0100644, NULL } },
		.err = WRONG("protected", "etc/vfio-early.protected: the list is not complete; "
					  "nothing is bound"),
	},
	{
		.name = "built in a chroot",
		.changes = { { "etc/vfio-early.protected",
			       "# none: built where the host can't be seen\n", 0100644, NULL } },
		.err = WRONG("protected", "etc/vfio-early.protected: built where the host can't be "
					  "seen; nothing is bound"),
	},
	{
		.name = "built in a chroot, and protects nothing on purpose",
		.changes = { { .path = "etc/vfio-early.protected" },
			     { "etc/vfio-early.unprotected", "", 0100644, NULL } },
		.err = WRONG("protected",
			     "0000:01:00.0 is in use by the host and not in the list: / "
			     "(ext4 on /dev/nvme0n1)")
			WRONG("protected",
			      "etc/vfio-early.unprotected: no device is protected, on purpose"),
	},
	{
		.name = "a list of nonsense",
		.changes = { { "etc/vfio-early.protected", "bananas\n", 0100644, NULL } },
		.err = WRONG("protected", "etc/vfio-early.protected: the list is not complete; "
					  "nothing is bound"),
	},
	{
		.name = "the root disk is another now",
		.changes = { { "etc/vfio-early.protected",
			       "0000:00:09.0/00.0 id=144d:a808:144d:a801 # 0000:09:00.0 /\n"
			       "# entries: 1\n",
			       0100644, NULL } },
		.err = WRONG("protected",
			     "0000:01:00.0 is in use by the host and not in the list: / "
			     "(ext4 on /dev/nvme0n1)"),
	},
	{
		.name = "no driver",
		.changes = { { .path = VFIO "pci/vfio-pci.ko.xz" } },
		.err = WRONG("modules", "vfio-pci is missing"),
	},
	{
		.name = "no module that the driver needs",
		.changes = { { .path = VFIO "pci/vfio-pci-core.ko.xz" },
			     { MODULES "modules.builtin", "", 0100644, NULL } },
		.err = WRONG("modules", "vfio_pci_core is missing, which vfio_pci depends on")
			WRONG("modules", "irqbypass is missing, which vfio_pci depends on"),
	},
	{
		.name = "no IOMMU backend",
		.changes = { { .path = VFIO "vfio_iommu_type1.ko.xz" } },
		.err = WRONG("modules", "vfio_iommu_type1 is missing"),
	},
	{
		.name = "drivers that are built in",
		.changes = { { .path = VFIO "pci/vfio-pci.ko.xz" },
			     { .path = VFIO "vfio_iommu_type1.ko.xz" },
			     { MODULES "modules.builtin",
			       "kernel/virt/lib/irqbypass.ko\n" DEP "pci/vfio-pci.ko\n" DEP
			       "vfio_iommu_type1.ko\n",
			       0100644, NULL } },
		.err = "",
	},
	{
		.name = "a driver that the kernel lacks, too",
		.changes = { { "etc/vfio-early.conf", "02:00.0 driver=xpci\n", 0100644, NULL } },
		.host = { { .path = "etc/vfio-early.conf", .text = "02:00.0 driver=xpci\n" } },
		.err = WRONG("rules", "etc/vfio-early.digest is not of these rules")
			WRONG("modules", "xpci is missing, also from the kernel"),
	},
	{
		.name = "variants of the driver",
		.changes = { { "etc/vfio-early.conf", "02:00.0 driver=variant\n", 0100644, NULL } },
		.host = { { .path = "etc/vfio-early.conf", .text = "02:00.0 driver=variant\n" } },
		.err = WRONG("rules", "etc/vfio-early.digest is not of these rules")
			WRONG("modules", "mlx5_vfio_pci is missing"),
	},
	{
		.name = "modules of plain /lib",
		.changes = { { .path = VFIO "pci/vfio-pci.ko.xz" },
			     { "lib/modules/" KERNEL "/" DEP "pci/vfio-pci.ko", "x", 0100644,
			       NULL } },
		.err = "",
	},
	{
		.name = "modules of another kernel",
		.changes = { { .path = MODULES "modules.builtin" },
			     { .path = VFIO "pci/vfio-pci.ko.xz" },
			     { .path = VFIO "pci/vfio-pci-core.ko.xz" },
			     { .path = VFIO "vfio_iommu_type1.ko.xz" },
			     { .path = VFIO "vfio.ko.xz" } },
		.err = WRONG("modules", "vfio-pci is missing")
			WRONG("modules", "vfio_iommu_type1 is "
					 "missing"),
	},
};

static void test_play(void **state)
{
	const struct play *play = *state;
	char tree[PATH_MAX];
	const char *const argv[] = { "--root", tree, "image", "-q", KERNEL, NULL };
	struct run_result result;

	write_scene(tree, &plain, play->changes, play->host, 0);
	run_ctl(argv, &result);
	check_text(play->err, result.err);
	assert_string_equal(result.out, "");
	assert_int_equal(result.status, play->err[0] ? 2 : 0);
	run_free(&result);
}

/* Shapes. */

static const struct shape shapes[] = {
	{ .name = "gzip", .add_filter = archive_write_add_filter_gzip },
	{ .name = "bzip2", .add_filter = archive_write_add_filter_bzip2 },
	{ .name = "lzma", .add_filter = archive_write_add_filter_lzma },
	{ .name = "xz", .add_filter = archive_write_add_filter_xz },
	{ .name = "lz4", .add_filter = archive_write_add_filter_lz4 },
	{ .name = "lz4 -l", .legacy = true },
	{ .name = "zstd", .add_filter = archive_write_add_filter_zstd },
	{ .name = "zstd, microcode",
	  .add_filter = archive_write_add_filter_zstd,
	  .microcode = true },
	{ .name = "zstd, modules", .add_filter = archive_write_add_filter_zstd, .modules = true },
	{ .name = "zstd, microcode, modules",
	  .add_filter = archive_write_add_filter_zstd,
	  .microcode = true,
	  .modules = true },
	{ .name = "none, microcode, modules", .microcode = true, .modules = true },
	{ .name = "modules by zstd, then none",
	  .modules = true,
	  .modules_filter = archive_write_add_filter_zstd,
	  .padding = 512 },
	{ .name = "modules by zstd, then none where the kernel takes none",
	  .modules = true,
	  .modules_filter = archive_write_add_filter_zstd,
	  .padding = 2,
	  .err = "not at a multiple of four, where the kernel takes no cpio\n" },
	{ .name = "modules by zstd, then zstd",
	  .modules = true,
	  .modules_filter = archive_write_add_filter_zstd,
	  .add_filter = archive_write_add_filter_zstd },
};

static void test_shape(void **state)
{
	const struct shape *shape = *state;
	char tree[PATH_MAX], image[PATH_MAX];
	const char *const by_kernel[] = { "--root", tree, "image", "-q", KERNEL, NULL };
	const char *const by_file[] = { "--root", tree, "image", "-q", image, NULL };
	struct run_result result;

	write_scene(tree, shape, NULL, NULL, 0);
	files_path(image, "%s/boot/" NAME, tree);
	for (int i = 0; i < 2; i++) {
		run_ctl(i ? by_file : by_kernel, &result);
		if (shape->err)
			assert_non_null(strstr(result.err, shape->err));
		else
			check_text("", result.err);
		assert_int_equal(result.status, shape->err ? 2 : 0);
		run_free(&result);
	}
}

/* Images that cannot be read. */

static void check_unreadable(const char *tree, const char *message)
{
	const char *const argv[] = { "--root", tree, "image", KERNEL, NULL };
	char expected[256];
	struct run_result result;

	snprintf(expected, sizeof(expected), "vfio-earlyctl: /boot/" NAME ": %s\n", message);
	run_ctl(argv, &result);
	check_text(expected, result.err);
	assert_string_equal(result.out, "");
	assert_int_equal(result.status, 2);
	run_free(&result);
}

static void test_unreadable(void **state)
{
	char tree[PATH_MAX], image[PATH_MAX];

	(void)state;
	write_scene(tree, &plain, NULL, NULL, 0);
	files_path(image, "%s/boot/" NAME, tree);
	assert_int_equal(files_write(image, ""), 0);
	check_unreadable(tree, "it is empty");
	assert_int_equal(files_write(image, "this is no archive, but a text of some length"), 0);
	check_unreadable(tree, "from byte 0 on: found no cpio archive");
	assert_int_equal(unlink(image), 0);
	assert_int_equal(mkdir(image, 0755), 0);
	check_unreadable(tree, "Is a directory");
}

static void test_cut(void **state)
{
	static const struct shape cut[] = {
		{ .name = "zstd", .add_filter = archive_write_add_filter_zstd },
		{ .name = "xz", .add_filter = archive_write_add_filter_xz, .microcode = true },
		{ .name = "none" },
	};
	char tree[PATH_MAX];
	const char *const argv[] = { "--root", tree, "image", KERNEL, NULL };
	struct run_result result;

	(void)state;
	for (size_t i = 0; i < COUNT(cut); i++) {
		write_scene(tree, &cut[i], NULL, NULL, 200);
		run_ctl(argv, &result);
		assert_string_equal(result.out, "");
		assert_non_null(strstr(result.err, "vfio-earlyctl: /boot/" NAME ": from byte "));
		assert_null(strstr(result.err, "(null)"));
		assert_int_equal(result.status, 2);
		run_free(&result);
	}
}

/* What a header claims need not be there, and what is there need not be of any use. */

static void write_entry(FILE *file, const char *name, unsigned int mode, unsigned int name_length,
			unsigned int length)
{
	fprintf(file, "070701%08x%08x%032x%08x%032x%08x%08x%s", 1, mode, 0, length, 0, name_length,
		0, name);
	/* Behind name and NUL, and behind the content, up to a multiple of four: a hole. */
	fseek(file, (long)((110 + strlen(name) + 1 + 3) / 4 * 4 - 110 - strlen(name)), SEEK_CUR);
	fseek(file, (long)((length + 3ul) / 4 * 4), SEEK_CUR);
}

static void test_claims(void **state)
{
	static const struct {
		const char *name, *message;
		unsigned int mode, name_length, length, count;
	} claims[] = {
		{ "etc/x", "a file in it is cut short", 0100644, 6, 0, 1 },
		{ "etc/x", "a name in it is longer than any path", 0100644, 0xfffffff0, 0, 1 },
		{ "etc/x", "a name in it is longer than any path", 0120777, 6, 0x10000, 1 },
		{ "etc/vfio-early.conf", "files in it are larger than any of an image", 0100644, 20,
		  15 << 20, 5 },
	};
	char tree[PATH_MAX], image[PATH_MAX], message[128];

	(void)state;
	write_scene(tree, &plain, NULL, NULL, 0);
	files_path(image, "%s/boot/" NAME, tree);
	for (size_t i = 0; i < COUNT(claims); i++) {
		FILE *file = fopen(image, "w");

		assert_non_null(file);
		for (unsigned int j = 0; j < claims[i].count; j++)
			write_entry(file, claims[i].name, claims[i].mode, claims[i].name_length,
				    claims[i].length);
		assert_int_equal(fflush(file), 0);
		assert_int_equal(ftruncate(fileno(file), ftell(file)), 0);
		assert_int_equal(fclose(file), 0);
		snprintf(message, sizeof(message), "from byte 0 on: %s", claims[i].message);
		check_unreadable(tree, message);
	}
}

/* For people and for programs. */

#define TREE                                                                                       \
	"NAME                                 STATE DETAIL\n"                                      \
	"/boot/" NAME " ok    \n"                                                                  \
	"|-program                            ok    usr/sbin/vfio-early\n"                         \
	"|-script                             ok    runs before udev\n"                            \
	"|-rules                              ok    the current ones\n"                            \
	"|-protected                          ok    1 device in use by the host\n"                 \
	"`-modules                            ok    vfio-pci, vfio_iommu_type1\n"

static void test_tree(void **state)
{
	char tree[PATH_MAX], left[PATH_MAX];
	const char *const argv[] = { "--root", tree, "image", NULL };
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, NULL, NULL, 0);
	files_path(left, "%s/boot/" NAME ".bak", tree);
	assert_int_equal(files_write(left, "left behind"), 0);
	setenv("LC_ALL", "C", 1);
	run_ctl(argv, &result);
	unsetenv("LC_ALL");
	check_text("", result.err);
	check_text(TREE, result.out);
	assert_int_equal(result.status, 0);
	run_free(&result);
}

static void test_json(void **state)
{
	char tree[PATH_MAX];
	const char *const argv[] = { "--root", tree, "image", "-J", NULL };
	const struct file changes[CHANGES_MAX] = { { .path = "usr/sbin/vfio-early" } };
	struct run_result result;
	const char *name, *kernel, *state_name, *check, *check_state, *detail;
	json_t *json;

	(void)state;
	write_scene(tree, &plain, changes, NULL, 0);
	run_ctl(argv, &result);
	json = json_loads(result.out, 0, NULL);
	assert_non_null(json);
	assert_int_equal(json_unpack(json, "{s:[{s:s,s:s,s:s,s:[{s:s,s:s,s:s}]}]}", "images",
				     "name", &name, "kernel", &kernel, "state", &state_name,
				     "children", "name", &check, "state", &check_state, "detail",
				     &detail),
			 0);
	assert_string_equal(name, "/boot/" NAME);
	assert_string_equal(kernel, KERNEL);
	assert_string_equal(state_name, "error");
	assert_string_equal(check, "program");
	assert_string_equal(check_state, "error");
	assert_string_equal(detail, "usr/sbin/vfio-early is missing");
	json_decref(json);
	check_text("vfio-earlyctl: to fix what is wrong, run 'update-initramfs -u -k all'\n",
		   result.err);
	assert_int_equal(result.status, 2);
	run_free(&result);
}

/* Notes. */

/* Notes what is in the image, as after each build. */
static void record_image(const char *tree, struct run_result *result)
{
	char image[PATH_MAX];
	const char *const argv[] = {
		"--root", tree, "image", "-q", "--record", KERNEL, image, NULL
	};

	files_path(image, "%s/boot/" NAME, tree);
	run_ctl(argv, result);
}

static void test_record(void **state)
{
	const struct file notes[CHANGES_MAX] = {
		{ .path = "var/lib/vfio-early/5.10.0-amd64.digest", .text = "x\n" },
		{ .path = "var/lib/vfio-early/5.10.0-amd64.protected", .text = "x\n" },
		{ .path = "var/lib/vfio-early/6.1.0-amd64.digest", .text = "x\n" },
		{ .path = "lib/modules/6.1.0-amd64/modules.dep", .text = "" },
	};
	char tree[PATH_MAX], path[PATH_MAX], *digest, *noted;
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, NULL, notes, 0);
	record_image(tree, &result);
	check_text("", result.err);
	assert_int_equal(result.status, 0);
	run_free(&result);
	digest = run_digest(tree, NULL);
	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".digest", tree);
	noted = files_read(path);
	assert_non_null(noted);
	assert_string_equal(noted, digest);
	free(noted);
	free(digest);
	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".protected", tree);
	noted = files_read(path);
	assert_non_null(noted);
	assert_string_equal(noted, PROTECTED);
	free(noted);
	files_path(path, "%s/var/lib/vfio-early/5.10.0-amd64.protected", tree);
	assert_int_equal(access(path, F_OK), -1);
	files_path(path, "%s/var/lib/vfio-early/6.1.0-amd64.digest", tree);
	assert_int_equal(access(path, F_OK), 0);
	files_path(path, "%s/var/lib/vfio-early/5.10.0-amd64.digest", tree);
	assert_int_equal(access(path, F_OK), -1);
}

#define NOTE                                                                                       \
	{                                                                                          \
		.path = "var/lib/vfio-early/" KERNEL ".digest",                                    \
		.text = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"       \
	}

/* Without a note, or where the image is younger, check looks into the image. */
static void test_not_noted(void **state)
{
	static const struct {
		struct file changes[CHANGES_MAX], host[CHANGES_MAX];
		const char *rules;
		int status;
		bool younger;
		const char *text; /* of the first finding, which the next build fixes; NULL: any */
	} scenes[] = {
		{ .changes = { { "etc/vfio-early.protected", "# none: the rules are not valid\n",
				 0100644, NULL } },
		  .rules = "binds nothing",
		  .status = 2,
		  .text = "The image binds nothing: the rules are not valid" },
		{ .changes = { { .path = "etc/vfio-early.protected" } },
		  .rules = "binds nothing",
		  .status = 2,
		  .text = "The image binds nothing: No such file or directory" },
		{ .changes = { { .path = "etc/vfio-early.protected" },
			       { "etc/vfio-early.unprotected", "", 0100644, NULL } },
		  .rules = "lacks devices",
		  .status = 2,
		  .text = "The image's list lacks devices that the host needs now: "
			  "0000:01:00.0 (/ (ext4 on /dev/nvme0n1))" },
		{ .changes = { { "etc/vfio-early.protected", "", 0100644, NULL } },
		  .host = { NOTE, { .path = "etc/vfio-early.conf", .text = "02:00.0\n" } },
		  .rules = "changed",
		  .status = 2,
		  .younger = true },
		{ .host = { NOTE }, .rules = "changed", .status = 2 },
		{ .host = { NOTE }, .rules = "current", .status = 0, .younger = true },
		{ .changes = { { "etc/vfio-early.protected", "# entries: 0\n", 0100644, NULL } },
		  .host = { NOTE },
		  .rules = "lacks devices",
		  .status = 2,
		  .younger = true },
		{ .rules = "current", .status = 0 },
		{ .host = { { .path = "etc/vfio-early.conf", .text = "02:00.0\n" } },
		  .rules = "changed",
		  .status = 2 },
		{ .changes = { { .path = "usr/sbin/vfio-early" } },
		  .rules = "not noted",
		  .status = 2 },
		{ .changes = { { .path = "usr/sbin/vfio-early" } },
		  .host = { NOTE },
		  .rules = "not noted",
		  .status = 2,
		  .younger = true },
	};
	static const struct timespec past[2];
	char tree[PATH_MAX], path[PATH_MAX];
	const char *const argv[] = { "--root", tree, "check", "-J", NULL };
	struct run_result result;
	const char *rules, *text, *fix;
	json_t *json;

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++) {
		write_scene(tree, &plain, scenes[i].changes, scenes[i].host, 0);
		files_path(path, "%s/boot/vmlinuz-" KERNEL, tree);
		assert_int_equal(files_write(path, ""), 0);
		files_path(path, "%s/var/lib/vfio-early/" KERNEL ".digest", tree);
		if (scenes[i].younger)
			assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
		run_ctl(argv, &result);
		json = json_loads(result.out, 0, NULL);
		assert_non_null(json);
		assert_int_equal(json_unpack(json, "{s:[{s:s}]}", "kernels", "rules", &rules), 0);
		assert_string_equal(rules, scenes[i].rules);
		if (scenes[i].text) {
			assert_int_equal(json_unpack(json, "{s:[{s:s, s:s}]}", "problems", "text",
						     &text, "fix", &fix),
					 0);
			assert_string_equal(text, scenes[i].text);
			assert_string_equal(fix, "Run 'update-initramfs -u -k " KERNEL "'");
		}
		assert_int_equal(result.status, scenes[i].status);
		json_decref(json);
		run_free(&result);
	}
}

/* By what was noted when the image was finished; then the image is read to preview the boot. */

#define ALL_DISKS "144d:a808\n"
#define HEADINGS  "DEVICE       ID        NAME                                          DRIVER "
#define MORE      "RULE                   LOST\n"
#define DISK_ROW  "0000:01:00.0 144d:a808 Samsung NVMe SSD Controller SM981/PM981/PM983 nvme    "
#define CARD_ROW  "0000:02:00.0 10de:1b81 NVIDIA GP104 [GeForce GTX 1070]               nouveau "

static void run_text(const char *tree, const char *command, const char *option, int status,
		     char **text)
{
	const char *const argv[] = { "--root", tree, command, option, NULL };
	struct run_result result;

	run_ctl(argv, &result);
	check_text("", result.err);
	assert_int_equal(result.status, status);
	free(result.err);
	*text = result.out;
}

static void expect_text(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

#define LACKS                                                                                      \
	"/boot/" NAME ": warning: The image's list lacks devices that the host needs now: "        \
	"0000:01:00.0 (/ (ext4 on /dev/nvme0n1))\n"                                                \
	"  fix: Run 'update-initramfs -u -k " KERNEL "'\n"

/* The root disk is a new one since the image was built, and a rule matches it. */
static void test_lacking(void **state)
{
	const struct file list = { "etc/vfio-early.protected", "# entries: 0\n", 0100644, NULL };
	const struct file changes[CHANGES_MAX] = {
		list, { "etc/vfio-early.conf", ALL_DISKS RULES, 0100644, NULL }
	};
	const struct file host[CHANGES_MAX] = {
		{ .path = "etc/vfio-early.conf", .text = ALL_DISKS RULES },
		{ .path = "boot/vmlinuz-" KERNEL, .text = "" },
	};
	char tree[PATH_MAX], path[PATH_MAX], *text;
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, changes, host, 0);
	record_image(tree, &result);
	run_free(&result);

	run_text(tree, "check", NULL, 2, &text);
	expect_text(text, "All 2 devices will be bound at the next boot: ");
	expect_text(text, "error: The next boot takes 0000:01:00.0 (Samsung NVMe SSD Controller "
			  "SM981/PM981/PM983) from the host, which needs it now: "
			  "/ (ext4 on /dev/nvme0n1)\n"
			  "  fix: Run 'update-initramfs -u -k " KERNEL "' before you reboot\n");
	expect_text(text, LACKS);
	expect_text(text, "At the next boot, by the image as it is:\n" HEADINGS
			  " NEXT     " MORE DISK_ROW "vfio-pci /etc/vfio-early.conf:1 \n" CARD_ROW
			  "vfio-pci /etc/vfio-early.conf:2 \n\n"
			  "After the images are rebuilt:\n" HEADINGS " NEXT      " MORE DISK_ROW
			  "protected /etc/vfio-early.conf:1 \n" CARD_ROW
			  "vfio-pci  /etc/vfio-early.conf:2 \n");
	free(text);
	run_text(tree, "status", NULL, 2, &text);
	expect_text(text, LACKS);
	free(text);
	run_text(tree, "doctor", NULL, 2, &text);
	expect_text(text, "The image's list lacks devices that the host needs now: 0000:01:00.0");
	free(text);
	run_text(tree, "facts", "-P", 0, &text);
	expect_text(text, "vfio_early_image_current{kernel=\"" KERNEL "\"} 0\n");
	expect_text(text, "vfio_early_update_needed 1\n");
	free(text);
	run_text(tree, "facts", NULL, 0, &text);
	expect_text(text, "\"rules\": \"lacks devices\",\n");
	expect_text(text, "\"command\": \"update-initramfs -u -k " KERNEL "\"\n");
	free(text);

	/* The rules have changed as well: what boots next is still in the image. */
	files_path(path, "%s/etc/vfio-early.conf", tree);
	assert_int_equal(files_write(path, RULES), 0);
	run_text(tree, "check", NULL, 2, &text);
	expect_text(text, "All 2 devices will be bound at the next boot: ");
	expect_text(text, "The rules have changed since the image was built\n"
			  "  fix: Run 'update-initramfs -u -k " KERNEL "'\n");
	expect_text(text, "error: The next boot takes 0000:01:00.0 ");
	expect_text(text, "After the images are rebuilt:\n");
	expect_text(text, "NVIDIA GP104 [GeForce GTX 1070] nouveau vfio-pci "
			  "/etc/vfio-early.conf:1 \n");
	free(text);

	/* An older version noted the digest alone. */
	files_path(path, "%s/etc/vfio-early.conf", tree);
	assert_int_equal(files_write(path, ALL_DISKS RULES), 0);
	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".protected", tree);
	assert_int_equal(unlink(path), 0);
	run_text(tree, "status", NULL, 2, &text);
	expect_text(text, "Whether the image's list has all that the host needs is not noted\n"
			  "  fix: Run 'update-initramfs -u -k " KERNEL "'\n");
	free(text);
}

/* Of an image that binds nothing nothing is noted: who asks looks into it, and says why. */
static void test_record_of_nothing(void **state)
{
	const struct file changes[CHANGES_MAX] = { { "etc/vfio-early.protected", "", 0100644,
						     NULL } };
	const struct file notes[CHANGES_MAX] = {
		NOTE, { .path = "var/lib/vfio-early/" KERNEL ".protected", .text = PROTECTED }
	};
	char tree[PATH_MAX], path[PATH_MAX];
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, changes, notes, 0);
	record_image(tree, &result);
	assert_int_equal(result.status, 2);
	run_free(&result);
	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".digest", tree);
	assert_int_equal(access(path, F_OK), -1);
	files_path(path, "%s/var/lib/vfio-early/" KERNEL ".protected", tree);
	assert_int_equal(access(path, F_OK), -1);
}

/* Looked into where it was built. */
static void test_unprotected(void **state)
{
	const struct file changes[CHANGES_MAX] = {
		{ .path = "etc/vfio-early.protected" },
		{ "etc/vfio-early.unprotected", "", 0100644, NULL },
	};
	const struct file hidden[CHANGES_MAX] = {
		{ .path = "run/systemd/container", .text = "lxc\n" },
	};
	char tree[PATH_MAX];
	const char *const argv[] = { "--root", tree, "image", "-rno", "NAME,STATE,DETAIL", NULL };
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, changes, hidden, 0);
	run_ctl(argv, &result);
	check_text("", result.err);
	assert_non_null(strstr(result.out,
			       "protected ok etc/vfio-early.unprotected:\\x20no\\x20device"
			       "\\x20is\\x20protected,\\x20on\\x20purpose\n"));
	assert_int_equal(result.status, 0);
	run_free(&result);
}

/* The fix is the program that makes images on the host. */
static void test_remedy(void **state)
{
	static const struct {
		struct file host[CHANGES_MAX];
		const char *remedy;
	} hosts[] = {
		{ { { .path = "usr/bin/dracut", .text = "" } }, "dracut --force --regenerate-all" },
		{ { { .path = "usr/bin/dracut", .text = "" },
		    { .path = "usr/sbin/update-initramfs", .text = "" } },
		  "update-initramfs -u -k all" },
	};
	const struct file changes[CHANGES_MAX] = { { .path = "usr/sbin/vfio-early" } };
	char tree[PATH_MAX], expected[128];
	const char *const argv[] = { "--root", tree, "image", "-r", NULL };
	struct run_result result;

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		write_scene(tree, &plain, changes, hosts[i].host, 0);
		run_ctl(argv, &result);
		snprintf(expected, sizeof(expected),
			 "vfio-earlyctl: to fix what is wrong, run '%s'\n", hosts[i].remedy);
		check_text(expected, result.err);
		run_free(&result);
	}
}

/* What is noted of one kernel must not come from another's image. */
static void test_record_of_all(void **state)
{
	char tree[PATH_MAX], path[PATH_MAX];
	const char *const argv[] = { "--root", tree, "image", "--record", "6.1.0", NULL };
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, NULL, NULL, 0);
	run_ctl(argv, &result);
	check_text("vfio-earlyctl: --record is for one image, found 0\n", result.err);
	assert_int_equal(result.status, 1);
	run_free(&result);
	files_path(path, "%s/var/lib/vfio-early/6.1.0.digest", tree);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_wrong_kernel(void **state)
{
	char tree[PATH_MAX], image[PATH_MAX], expected[2 * PATH_MAX];
	const char *const argv[] = {
		"--root", tree, "image", "-q", "--record", "6.1.0", image, NULL
	};
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, NULL, NULL, 0);
	files_path(image, "%s/boot/" NAME, tree);
	snprintf(expected, sizeof(expected),
		 "W: vfio-early: %s: modules: they are of kernel " KERNEL "\n", image);
	run_ctl(argv, &result);
	check_text(expected, result.err);
	assert_int_equal(result.status, 2);
	run_free(&result);
}

static void test_no_image(void **state)
{
	char tree[PATH_MAX];
	const char *const all[] = { "--root", tree, "image", NULL };
	const char *const one[] = { "--root", tree, "image", "5.10.0", NULL };
	struct run_result result;

	(void)state;
	run_work("image", tree);
	write_host(tree, NULL);
	run_ctl(all, &result);
	check_text("vfio-earlyctl: no image in /boot; name a file\n", result.err);
	assert_int_equal(result.status, 1);
	run_free(&result);
	run_ctl(one, &result);
	check_text("vfio-earlyctl: 5.10.0: there is neither such a file nor an image "
		   "/boot/initrd.img-5.10.0\n",
		   result.err);
	assert_int_equal(result.status, 1);
	run_free(&result);
}

/* The copies that proxmox-boot-tool makes, which is what boots. */

#define COPIES                                                                                                                                              \
	"NAME                                                                           STATE DETAIL\n"                                                     \
	"/boot/initrd.img-" KERNEL "                                           ok    \n"                                                                    \
	"|-program                                                                      ok    usr/sbin/vfio-early\n"                                        \
	"|-script                                                                       ok    runs before udev\n"                                           \
	"|-rules                                                                        ok    the current ones\n"                                           \
	"|-protected                                                                    ok    1 device in use by the host\n"                                \
	"`-modules                                                                      ok    vfio-pci, vfio_iommu_type1\n"                                 \
	"ESP 0000-0001: /EFI/proxmox/" KERNEL "/initrd.img-" KERNEL " ok    \n"                                                                             \
	"|-copy                                                                         ok    same as /boot/initrd.img-" KERNEL                             \
	"\n"                                                                                                                                                \
	"|-program                                                                      ok    usr/sbin/vfio-early\n"                                        \
	"|-script                                                                       ok    runs before udev\n"                                           \
	"|-rules                                                                        ok    the current ones\n"                                           \
	"|-protected                                                                    ok    1 device in use by the host\n"                                \
	"`-modules                                                                      ok    vfio-pci, vfio_iommu_type1\n"                                 \
	"ESP 0000-0002: /EFI/proxmox/" KERNEL "/initrd.img-" KERNEL " error \n"                                                                             \
	"`-copy                                                                         error There is no copy of /boot/initrd.img-" KERNEL                 \
	"\n"                                                                                                                                                \
	"ESP 0000-0003: /EFI/proxmox/" KERNEL "/initrd.img-" KERNEL " error \n"                                                                             \
	"|-copy                                                                         error The copy that boots is shorter than /boot/initrd.img-" KERNEL \
	"\n"                                                                                                                                                \
	"|-program                                                                      ok    usr/sbin/vfio-early\n"                                        \
	"|-script                                                                       ok    runs before udev\n"                                           \
	"|-rules                                                                        error /etc/vfio-early.conf is not in the image\n"                   \
	"|                                                                                    etc/vfio-early.digest is not of these rules\n"                \
	"|-protected                                                                    ok    1 device in use by the host\n"                                \
	"`-modules                                                                      n/a   no rule binds a device\n"

#define ESP(uuid) "dev/disk/by-uuid/" uuid "/EFI/proxmox/" KERNEL "/"

static void test_copies(void **state)
{
	static const struct file host[CHANGES_MAX] = {
		{ .path = "etc/kernel/proxmox-boot-uuids",
		  .text = "0000-0001\n0000-0002\n0000-0003\n0000-0004\n0000-0005\n" },
		{ .path = ESP("0000-0001") "vmlinuz-" KERNEL, .text = "" },
		{ .path = ESP("0000-0002") "vmlinuz-" KERNEL, .text = "" },
		{ .path = ESP("0000-0003") "vmlinuz-" KERNEL, .text = "" },
		{ .path = "dev/disk/by-uuid/0000-0004/loader/loader.conf", .text = "" },
	};
	static const struct file no_rules[CHANGES_MAX] = { { .path = "etc/vfio-early.conf" } };
	static const char loaders[][10] = { "0000-0001", "0000-0002", "0000-0003" };
	char tree[PATH_MAX], path[PATH_MAX], image[PATH_MAX];
	const char *const argv[] = { "--root", tree, "image", NULL };
	const char *const one[] = { "--root", tree, "image", "-q", KERNEL, NULL };
	struct run_result result;

	(void)state;
	write_scene(tree, &plain, NULL, host, 0);
	for (size_t i = 0; i < COUNT(loaders); i++) {
		files_path(path, "%s/dev/disk/by-uuid/%s/loader/loader.conf", tree, loaders[i]);
		files_make_parents(path);
		assert_int_equal(files_write(path, ""), 0);
	}
	files_path(image, "%s/boot/" NAME, tree);
	files_path(path, "%s/" ESP("0000-0001") NAME, tree);
	assert_int_equal(files_copy(image, path), 0);
	files_path(path, "%s/" ESP("0000-0003") NAME, tree);
	write_image(path, &plain, "", no_rules, 0);
	setenv("LC_ALL", "C", 1);
	run_ctl(argv, &result);
	check_text(COPIES, result.out);
	check_text("vfio-earlyctl: to fix what is wrong, run 'proxmox-boot-tool refresh'\n",
		   result.err);
	assert_int_equal(result.status, 2);
	run_free(&result);
	run_ctl(one, &result);
	check_text("W: vfio-early: ESP 0000-0002: /EFI/proxmox/" KERNEL "/" NAME
		   ": copy: There is no copy of /boot/" NAME "\n"
		   "W: vfio-early: ESP 0000-0003: /EFI/proxmox/" KERNEL "/" NAME
		   ": copy: The copy that boots is shorter than /boot/" NAME "\n"
		   "W: vfio-early: ESP 0000-0003: /EFI/proxmox/" KERNEL "/" NAME
		   ": rules: /etc/vfio-early.conf is not in the image\n"
		   "W: vfio-early: ESP 0000-0003: /EFI/proxmox/" KERNEL "/" NAME
		   ": rules: etc/vfio-early.digest is not of these rules\n",
		   result.err);
	assert_int_equal(result.status, 2);
	run_free(&result);
}

static const struct CMUnitTest single_tests[] = {
	cmocka_unit_test(test_unreadable),    cmocka_unit_test(test_cut),
	cmocka_unit_test(test_claims),        cmocka_unit_test(test_tree),
	cmocka_unit_test(test_json),          cmocka_unit_test(test_record),
	cmocka_unit_test(test_record_of_all), cmocka_unit_test(test_record_of_nothing),
	cmocka_unit_test(test_unprotected),   cmocka_unit_test(test_not_noted),
	cmocka_unit_test(test_lacking),       cmocka_unit_test(test_remedy),
	cmocka_unit_test(test_wrong_kernel),  cmocka_unit_test(test_no_image),
	cmocka_unit_test(test_copies),
};

int main(void)
{
	static struct CMUnitTest tests[COUNT(plays) + COUNT(shapes) + COUNT(single_tests)];
	struct CMUnitTest *next = tests;

	for (size_t i = 0; i < COUNT(plays); i++)
		*next++ = (struct CMUnitTest){ plays[i].name, test_play, NULL, NULL,
					       (void *)&plays[i] };
	for (size_t i = 0; i < COUNT(shapes); i++)
		*next++ = (struct CMUnitTest){ shapes[i].name, test_shape, NULL, NULL,
					       (void *)&shapes[i] };
	for (size_t i = 0; i < COUNT(single_tests); i++)
		*next++ = single_tests[i];
	return _cmocka_run_group_tests("image", tests, COUNT(tests), NULL, NULL);
}
