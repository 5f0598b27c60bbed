/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the reading of files that others write: the first byte of an input says which, the rest is
 * that file of a described host. Whatever it has, the host's root disk stays in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/booted.h"
#include "bootloader/systemd-boot.h"
#include "check.h"
#include "core/file.h"
#include "files.h"
#include "host/deadline.h"
#include "host/modprobe.h"
#include "hosttree.h"
#include "image/contents.h"
#include "protect/protect.h"
#include "rom/rom.h"
#include "tree.h"

#define VARIABLE "LoaderEntrySelected"
#define VARIABLE_FILE                                                                              \
	"/sys/firmware/efi/efivars/" VARIABLE "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static const char machine[] = "00:14.0 0c0330: 8086:a36d driver=xhci_hcd\n"
			      "00:17.0 010601: 8086:a352 driver=ahci\n"
			      "03:00.0 0300: 1002:1681 driver=amdgpu\n";

static const char above[] =
	"disk sda 8:0 0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block\n"
	"part sda1 8:1 sda\npart sda2 8:2 sda\n"
	"disk sdb 8:16 0000:00:14.0/usb2/2-4/2-4:1.0/host6/target6:0:0/6:0:0:0/block\n"
	"part sdb1 8:17 sdb\ndisk dm-0 253:0 virtual/block\nslave dm-0 sda2\n"
	"line sys/devices/virtual/block/dm-0/dm/name root\nlink dev/mapper/root ../dm-0\n"
	"link dev/disk/by-label/KEYS ../../sdb1\n"
	"line sys/devices/virtual/block/dm-0/dm/uuid CRYPT-LUKS2-aaaaaaaabbbbbbbbccccccccdddddddd-root\n"
	"mount 253:0 / ext4 /dev/mapper/root\nmount 0:25 /proc proc proc\n"
	"udev sdb1 ID_FS_TYPE=zfs_member\nudev sdb1 ID_FS_LABEL=tank\n"
	"line proc/cmdline root=/dev/mapper/root\nline etc/kernel/cmdline x\n"
	"network 3: eth0    inet 10.10.10.2/24 scope global eth0\n";

static struct host host;

/* A child for each would be slow, and is what is tested elsewhere. */
int deadline_run(int (*run)(const void *context, void *answer), const void *context, void *answer,
		 size_t size)
{
	(void)size;
	return run(context, answer);
}

static void find_protected(const char *path, bool has_root)
{
	struct protect protect = { .tell = NULL };
	int result = protect_find(&protect, host.root);
	const struct pci_device *device;

	(void)path;
	require(result <= 0 && result > -200);
	require(!has_root || result == 0);
	for (size_t i = 0; result == 0 && i < protect.count; i++)
		require(check_is_printable(protect.list[i].use.text));
	for (size_t i = 0; has_root && i < protect.pci.count; i++) {
		device = &protect.pci.devices[i];
		require(device->class >> 8 != 0x0106 || protect.reasons[i][0]);
	}
	protect_free(&protect);
}

static void read_mounts(const char *path)
{
	find_protected(path, false);
}

static void read_beside_mounts(const char *path)
{
	find_protected(path, true);
}

static void read_status(const char *path)
{
	struct booted booted;
	int result = booted_read(&booted, &host);

	(void)path;
	require(result == 0 || result == -EBADMSG || result == -ENOENT || result == -EINVAL ||
		result == -EFBIG);
	for (size_t i = 0; result == 0 && i < booted.count; i++)
		require(booted.rows[i].address && booted.rows[i].detail && booted.rows[i].rule);
	booted_free(&booted);
}

static void take_line(void *context, const char *where, char *line)
{
	(void)context;
	require(strrchr(where, ':') && strrchr(where, ':')[1] > '0');
	require(strlen(line) < 65536 && !strchr(line, '\n'));
}

static void read_modprobe(const char *path)
{
	(void)path;
	require(modprobe_read(&host, take_line, NULL) == 0);
}

/* As the entry that started this host, which is asked for its words. */
static void check_entry(const char *path)
{
	static const struct bootwant wants[] = { { "iommu=pt", false }, { "quiet", true } };
	struct bootconfig config = { .has_reset = false };
	char message[BOOT_MESSAGE_MAX];
	int result = bootentries_check(&bootloader_systemd, &host, &config, wants, 2, message);

	(void)path;
	require(result <= 0 && (result == 0 || message[0]));
	bootconfig_free(&config);
}

static void check_unified(const char *path)
{
	static const struct bootwant wants[] = { { "iommu=pt", false } };
	struct bootconfig config = { .has_reset = false };
	char message[BOOT_MESSAGE_MAX] = "";
	struct bootcheck check = {
		.loader = &bootloader_systemd,
		.host = &host,
		.outside = &host,
		.config = &config,
		.wants = wants,
		.count = 1,
		.message = message,
	};

	unified_check_entry(&check, strrchr(path, '/') + 1);
	require(check.result <= 0 && (check.result == 0 || message[0]));
}

static void read_variable(const char *path)
{
	char text[64];

	(void)path;
	bootloader_read_variable(&host, VARIABLE, text, sizeof(text));
	require(!text[0] || check_is_printable(text));
}

static void read_table(const char *path)
{
	const struct pci_device device = { .address = { 0, 3, 0, 0 },
					   .vendor = 0x1002,
					   .device = 0x1681 };
	struct romread rom = { .data = NULL };

	(void)path;
	if (romvfct_read(&rom, &host, &device) == 0)
		require(rom.data && rom.size > 0);
	free(rom.data);
}

static void read_image(const char *path)
{
	char outside[PATH_MAX], message[INITRAMFS_MESSAGE_MAX], digest[DIGEST_TEXT_MAX];
	struct contents contents;
	int result;

	require(host_outside(&host, path, outside) == 0);
	result = contents_read(&contents, outside, message);
	require(result == 0 || message[0]);
	for (size_t i = 0; i < contents.count; i++) {
		const struct contents_file *file = &contents.files[i];

		require(file->path[0] != '/' && (!file->data || !file->data[file->length]));
		contents_find(&contents, file->path);
	}
	contents_digest(&contents, digest);
	require(contents_each_modprobe(&contents, take_line, NULL) == 0);
	contents_free(&contents);
}

static const struct kind {
	char first;
	const char *path;
	void (*read)(const char *path);
} kinds[] = {
	{ 'm', "/proc/self/mountinfo", read_mounts },
	{ 'f', "/etc/fstab", read_beside_mounts },
	{ 's', "/proc/swaps", read_beside_mounts },
	{ 'k', "/etc/crypttab", read_beside_mounts },
	{ 'p', "/etc/pve/storage.cfg", read_beside_mounts },
	{ 'c', "/etc/corosync/corosync.conf", read_beside_mounts },
	{ 'e', "/etc/kernel/proxmox-boot-uuids", read_beside_mounts },
	{ 'b', "/run/vfio-early/status", read_status },
	{ 'o', "/etc/modprobe.d/a.conf", read_modprobe },
	{ 'l', "/boot/loader/entries/a.conf", check_entry },
	{ 'u', "/boot/EFI/Linux/a.efi", check_unified },
	{ 'v', VARIABLE_FILE, read_variable },
	{ 't', "/sys/firmware/acpi/tables/VFCT", read_table },
	{ 'i', "/boot/image", read_image },
};

static void remove_host(void)
{
	files_remove_tree(host.root);
}

static void write_host(void)
{
	char root[64], path[PATH_MAX], message[256] = "";

	snprintf(root, sizeof(root), "/dev/shm/vfio-early-fuzz.%d", (int)getpid());
	require(mkdir(root, 0755) == 0);
	require(hosttree_write(machine, root, message, sizeof(message)) == 0);
	tree_write(root, above);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		files_make_parents(files_path(path, "%s%s", root, kinds[i].path));
	require(host_open(&host, root) == 0);
	atexit(remove_host);
}

static void write_input(const char *path, const char *data, size_t size)
{
	cleanup_fd int fd = file_open_flags(host.directory, path, O_WRONLY | O_CREAT | O_TRUNC);

	require(fd >= 0 && (size == 0 || file_write(fd, data, size) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kind *kind = kinds;
	char *before = NULL;

	if (host.root[0] == '\0')
		write_host();
	while (kind < kinds + sizeof(kinds) / sizeof(kinds[0]) &&
	       (size == 0 || kind->first != (char)data[0]))
		kind++;
	if (kind == kinds + sizeof(kinds) / sizeof(kinds[0]))
		return 0;
	host_read_text(&host, kind->path, &before);
	write_input(host_below(kind->path), (const char *)data + 1, size - 1);
	kind->read(kind->path);
	if (before)
		write_input(host_below(kind->path), before, strlen(before));
	else
		unlinkat(host.directory, host_below(kind->path), 0);
	free(before);
	return 0;
}
