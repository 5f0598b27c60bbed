/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GRUB on a disk that a test makes, for firmware with a BIOS: what grub-install(8) does. */
#include "grub.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "files.h"

#define MODULES "/usr/lib/grub/i386-pc"
#define FOLDER  "/boot/grub/i386-pc"
#define CORE    FOLDER "/core.img"

#define SECTOR 512
/* Where the boot sector's program ends, and the table of partitions begins. */
#define PROGRAM_SIZE    440
#define PARTITION_TABLE 446

#define PARTITION strtol(GRUB_PARTITION, NULL, 10)

#define ACTIVE 0x80
#define LINUX  0x83

struct partition {
	uint8_t status;
	uint8_t first_chs[3]; /* cylinders and heads are of no use to anyone */
	uint8_t type;
	uint8_t last_chs[3];
	uint32_t first_sector;
	uint32_t sectors;
};

/* With what it takes to read the file system; the rest are files there. */
static const char *const make_core[] = {
	"grub-mkimage", "--format=i386-pc", "--output=" CORE, "--prefix=(hd0,msdos1)/boot/grub",
	"biosdisk",     "part_msdos",       "ext2",           NULL,
};

/* What update-grub goes by. */
static int write_settings(const char *root, const char *words)
{
	char path[PATH_MAX], text[2048];
	int length;

	length = snprintf(text, sizeof(text),
			  "GRUB_DEFAULT=0\n"
			  "GRUB_TIMEOUT=0\n"
			  "GRUB_TERMINAL=console\n"
			  "GRUB_DISABLE_OS_PROBER=true\n"
			  "GRUB_CMDLINE_LINUX_DEFAULT=\"\"\n"
			  "GRUB_CMDLINE_LINUX=\"%s\"\n",
			  words);
	if (length >= (int)sizeof(text))
		return -E2BIG;
	files_path(path, "%s/etc/default/grub", root);
	return files_write(path, text);
}

/* What update-grub would make of that, in short: it runs only on the disk that is to be. */
static int write_menu(const char *root, const char *version, const char *words)
{
	char path[PATH_MAX], text[2048];
	int length;

	length = snprintf(text, sizeof(text),
			  "set timeout=0\n"
			  "### BEGIN /etc/grub.d/10_linux ###\n"
			  "menuentry 'Debian GNU/Linux' {\n"
			  "\tlinux /boot/vmlinuz-%s root=LABEL=guest ro %s\n"
			  "\tinitrd /boot/initrd.img-%s\n"
			  "}\n"
			  "### END /etc/grub.d/10_linux ###\n",
			  version, words, version);
	if (length >= (int)sizeof(text))
		return -E2BIG;
	files_path(path, "%s/boot/grub/grub.cfg", root);
	return files_write(path, text);
}

int grub_install_files(const char *root, const char *version, const char *words)
{
	const char *copy[] = { "cp", "-a", "-T", MODULES, FOLDER, NULL };
	int ret = write_settings(root, words);

	ret = ret ?: write_menu(root, version, words);
	if (ret < 0)
		return ret;
	if (command_run(root, copy) != 0 || command_run(root, make_core) != 0)
		return -EIO;
	return 0;
}

/* Writes the first @size bytes of a file of the system at @root to @offset. */
static int write_file(int disk, off_t offset, const char *root, const char *name, size_t size)
{
	char path[PATH_MAX], bytes[SECTOR];
	ssize_t length = 0;
	int fd = open(files_path(path, "%s%s", root, name), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (; size > 0 && length >= 0; size -= length, offset += length) {
		length = read(fd, bytes, size < SECTOR ? size : SECTOR);
		if (length <= 0)
			break;
		if (pwrite(disk, bytes, length, offset) != length)
			length = -1;
	}
	close(fd);
	return length < 0 ? -EIO : 0;
}

static int write_partition(int disk)
{
	static const uint8_t signature[2] = { 0x55, 0xaa };
	struct partition partition = { .status = ACTIVE, .type = LINUX };
	off_t size = lseek(disk, 0, SEEK_END);

	partition.first_sector = htole32(PARTITION / SECTOR);
	partition.sectors = htole32((size - PARTITION) / SECTOR);
	if (size < PARTITION ||
	    pwrite(disk, &partition, sizeof(partition), PARTITION_TABLE) != sizeof(partition) ||
	    pwrite(disk, signature, sizeof(signature), SECTOR - sizeof(signature)) !=
		    sizeof(signature))
		return -EIO;
	return 0;
}

/* As they come, the boot sector loads sector 1, and that one the sectors behind it. */
int grub_install_disk(const char *root, const char *disk)
{
	int fd = open(disk, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write_file(fd, 0, root, FOLDER "/boot.img", PROGRAM_SIZE);
	ret = ret ?: write_file(fd, SECTOR, root, CORE, PARTITION - SECTOR);
	ret = ret ?: write_partition(fd);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	return ret;
}
