/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bootloader is in use. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "core/file.h"

#define EFI         "/sys/firmware/efi"
#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* Of a family, the first that can be used counts: proxmox-boot-tool takes care of it if it is
 * there. */
static const struct bootloader *const rows[] = {
	&bootloader_proxmox_grub,
	&bootloader_grub,
	&bootloader_proxmox_systemd,
	&bootloader_systemd,
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* The variable has four bytes of attributes, and then UTF-16. */
void bootloader_read_variable(const struct host *host, const char *name, char *text, size_t size)
{
	char path[PATH_MAX], raw[4 + 2 * (NAME_MAX + 1)];
	int result = host_path(path, EFI "/efivars/%s-" LOADER_GUID, name);
	ssize_t got = result < 0 ? result
				 : file_read(host->directory, host_below(path), raw, sizeof(raw));
	size_t length = 0;

	for (ssize_t i = 4; i + 1 < got && raw[i] && length + 1 < size; i += 2)
		text[length++] = raw[i] >= ' ' && raw[i] <= '~' && !raw[i + 1] ? raw[i] : '?';
	text[length] = '\0';
}

int bootloader_read_running(const struct host *host, struct bootwords *words)
{
	char *text;
	int result = host_read_text(host, "/proc/cmdline", &text);

	*words = (struct bootwords){ .list = NULL };
	if (result < 0)
		return result;
	result = bootwords_read_string(words, text);
	free(text);
	return result;
}

/* What booted, which is surer than what is installed. -EAGAIN if nothing tells. */
static int detect_booted(const struct bootloader **loader, const struct host *host, char *message)
{
	struct bootevidence evidence;
	int result = -EAGAIN;

	bootloader_read_variable(host, "LoaderInfo", evidence.info, sizeof(evidence.info));
	bootloader_read_running(host, &evidence.running);
	for (size_t i = 0; i < ROW_COUNT && result != 0; i++) {
		const char *sign = rows[i]->find_sign(&evidence);

		if (!sign)
			continue;
		result = rows[i]->check_usable(host, message);
		*loader = rows[i];
		if (result == 0 && evidence.info[0])
			boot_say(message, 0, "it told the firmware that it is '%s'", evidence.info);
		else if (result == 0)
			boot_say(message, 0, "%s", sign);
	}
	if (result == -EAGAIN && evidence.info[0])
		result = boot_say(message, -ENOENT,
				  "the bootloader is '%s', expected GRUB or systemd-boot; add the "
				  "words to its configuration by hand",
				  evidence.info);
	bootwords_free(&evidence.running);
	return result;
}

/* One of another family that may have booted as well; *missing becomes why all others did not. */
static const struct bootloader *find_rival(const struct bootloader *loader, const struct host *host,
					   char missing[BOOT_MESSAGE_MAX])
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct bootloader *rival = rows[i];

		if (strcmp(rival->family, loader->family) == 0)
			continue;
		if (!rival->find_file(host))
			boot_say(missing, 0, "nothing of %s", rival->family);
		else if (rival->needs_efi && !host_has(host, EFI, "."))
			boot_say(missing, 0, "no " EFI ", as %s needs it", rival->family);
		else
			return rival;
	}
	return NULL;
}

static int detect_installed(const struct bootloader **loader, const struct host *host,
			    char *message)
{
	char missing[BOOT_MESSAGE_MAX];
	int result = -EAGAIN;

	for (size_t i = 0; i < ROW_COUNT && result != 0; i++) {
		const struct bootloader *rival;

		if (!rows[i]->find_file(host))
			continue;
		rival = find_rival(rows[i], host, missing);
		if (rival)
			return boot_say(message, -ENOENT,
					"found %s of %s and %s of %s, and nothing that tells which "
					"of them booted this host; change their files by hand",
					rows[i]->find_file(host), rows[i]->family,
					rival->find_file(host), rival->family);
		result = rows[i]->check_usable(host, message);
		*loader = rows[i];
		if (result == 0)
			boot_say(message, 0, "there is %s, and %s", rows[i]->find_file(host),
				 missing);
	}
	if (result == -EAGAIN)
		return boot_say(message, -ENOENT,
				"found neither GRUB nor systemd-boot; add the words where the "
				"kernel's command line is set");
	return result;
}

int bootloader_detect(const struct bootloader **loader, const struct host *host,
		      char message[BOOT_MESSAGE_MAX])
{
	int result = detect_booted(loader, host, message);

	return result == -EAGAIN ? detect_installed(loader, host, message) : result;
}

int bootloader_read_config(const struct bootloader *loader, const struct host *host,
			   struct bootconfig *config, char message[BOOT_MESSAGE_MAX])
{
	int result;

	*config = (struct bootconfig){ .has_reset = false };
	message[0] = '\0';
	result = loader->load(&config->files, host, message);
	return result < 0 ? result : loader->read(config, message);
}

bool bootloader_adds_word(const struct bootloader *loader, const char *word)
{
	for (const char *const *name = loader->own; *name; name++)
		if (bootword_has_name(word, *name))
			return true;
	return false;
}

int bootloader_refresh(const struct bootloader *loader, const struct host *host, FILE *out)
{
	return host->live ? loader->run_refresh(host, out) : -EXDEV;
}
