/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proxmox-boot-tool, which keeps several EFI system partitions, each with GRUB or systemd-boot. */
#include <errno.h>
#include <string.h>

#include "bootloader/esp.h"
#include "bootloader/grub.h"
#include "bootloader/systemd-boot.h"

/* Any of them may be what the firmware boots from. One that is not there hides no other. */
static void check_entries(struct bootcheck *check)
{
	struct esps esps;
	int missing = 0;

	check->entries = 1; /* each looks for its own */
	check->result = esps_open(&esps, check->host);
	for (size_t i = 0; i < esps.count && check->result == 0; i++) {
		const struct esp *esp = &esps.list[i];
		struct bootcheck one = *check;

		if (esp->error < 0) {
			missing = esp->error;
			boot_say(check->message, 0,
				 "ESP %s: %s, so what the next boot has cannot be told", esp->uuid,
				 strerror(-esp->error));
			continue;
		}
		one.entries = 0;
		one.host = &esp->files;
		one.esp = esp;
		check->result =
			bootcheck_run(&one, esp->grub ? grub_check_entries : systemd_check_entries);
	}
	if (check->result == 0 && missing < 0)
		check->result = -ENOENT;
	else if (check->result == 0 && esps.count == 0)
		check->result = boot_say(check->message, -ENOENT,
					 ESP_UUIDS ": found no UUID, expected one a line; see "
						   "proxmox-boot-tool(8)");
	esps_close(&esps);
}

static int check_usable(const struct host *host, char *message)
{
	if (host_has(host, "", host_below(ESP_UUIDS)))
		return 0;
	return boot_say(message, -ENOENT, "there is no " ESP_UUIDS);
}

static int check_grub_usable(const struct host *host, char *message)
{
	int result = check_usable(host, message);

	return result < 0 ? result : grub_check_usable(host, message);
}

const struct bootloader bootloader_proxmox_grub = {
	.name = "GRUB by proxmox-boot-tool",
	.family = "GRUB",
	.refresh = "proxmox-boot-tool refresh",
	.program = { "proxmox-boot-tool", "refresh" },
	.own = grub_own_words,
	.skips_imageless = true,
	.find_file = grub_find_file,
	.find_sign = grub_find_sign,
	.check_usable = check_grub_usable,
	.load = grub_load,
	.read = grub_read,
	.find_fault = grub_find_fault,
	.check_entries = check_entries,
};

const struct bootloader bootloader_proxmox_systemd = {
	.name = "systemd-boot by proxmox-boot-tool",
	.family = "systemd-boot",
	.refresh = "proxmox-boot-tool refresh",
	.program = { "proxmox-boot-tool", "refresh" },
	.own = systemd_own_words,
	.needs_efi = true,
	.skips_imageless = true,
	.find_file = systemd_find_file,
	.find_sign = systemd_find_sign,
	.check_usable = check_usable,
	.load = systemd_load_line,
	.read = systemd_read_line,
	.check_entries = check_entries,
};
