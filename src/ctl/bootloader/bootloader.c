/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bootloader is in use, and whether its entries can be regenerated without harm. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "bootloader/grub.h"
#include "bootloader/iommu.h"
#include "bootloader/systemd-boot.h"
#include "core/bounds.h"
#include "core/file.h"
#include "host/joined.h"
#include "host/run.h"
#include "image/kernels.h"

#define EFI         "/sys/firmware/efi"
#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* A command with more is not offered: it must not be cut. */
#define COMMAND_MAX 320

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
	struct bootwords running;
	char info[64]; /* what it told the firmware of itself; "" if nothing */
	int result = -EAGAIN;

	bootloader_read_variable(host, "LoaderInfo", info, sizeof(info));
	bootloader_read_running(host, &running);
	for (size_t i = 0; i < ROW_COUNT && result != 0; i++) {
		const char *family = rows[i]->family;
		const char *sign = info[0] ? NULL : rows[i]->find_sign(&running);

		if (!sign && (!info[0] || strncmp(info, family, strlen(family)) != 0))
			continue;
		result = rows[i]->check_usable(host, message);
		*loader = rows[i];
		if (result == 0 && sign)
			boot_say(message, 0, "%s", sign);
		else if (result == 0)
			boot_say(message, 0, "it told the firmware that it is '%s'", info);
	}
	if (result == -EAGAIN && info[0])
		result = boot_say(message, -ENOENT,
				  "the bootloader is '%s', expected GRUB or systemd-boot; add the "
				  "words to its configuration by hand",
				  info);
	bootwords_free(&running);
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
	if (loader->load == grub_load)
		grub_find_ignored(&config->findings, host);
	return result < 0 ? result : loader->read(config, message);
}

void bootloader_find_ignored(const struct bootloader *loader, const struct host *host,
			     const struct bootwords *running, struct bootconfig *config)
{
	bool is_grub = strcmp(loader->family, "GRUB") == 0;
	const struct bootloader *other = is_grub ? &bootloader_systemd : &bootloader_grub;
	const char *path = is_grub ? KERNEL_FILE : GRUB_FILE;
	char message[BOOT_MESSAGE_MAX], list[COMMAND_MAX] = "", command[COMMAND_MAX] = "";
	char where[PATH_MAX];
	struct bootconfig ignored = { .has_reset = false };
	size_t count = 0;

	if (host_has(host, "", host_below(path)))
		bootloader_read_config(other, host, &ignored, message);
	for (size_t i = 0; i < ignored.words.count; i++) {
		const char *word = ignored.words.list[i].text;

		if (!bootword_matters(word) || bootwords_find(running, word) >= 0 ||
		    bootwords_find(&config->words, word) >= 0)
			continue;
		if (count++ == 0)
			bootconfig_where(&ignored, &ignored.words.list[i], where);
		joined_add(list, sizeof(list), word);
		if (!iommu_explain(word))
			joined_add_by(command, sizeof(command), " ", word);
	}
	bootconfig_free(&ignored);
	if (count == 0)
		return;
	findings_add(&config->findings, FINDING_WARNING, where,
		     "%s %s no effect: %s started this host, and its words are in %s", list,
		     count > 1 ? "have" : "has", loader->family, config->files.list[0].path);
	if (command[0] && !strstr(command, "..."))
		findings_fix(&config->findings, "Run 'vfio-earlyctl cmdline add %s'", command);
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
	if (!host->live)
		return -EXDEV;
	return loader->run_refresh ? loader->run_refresh(host, out)
				   : run_program(host, loader->program, out);
}

static bool has_name(const struct bootwords *words, const char *word)
{
	return bootwords_find_name(words, word, 0) >= 0;
}

bool bootsafe_lacks_root(const struct bootloader *loader, const struct bootwords *words,
			 const struct bootwords *running)
{
	return !bootloader_adds_word(loader, "root") && has_name(running, "root") &&
	       !has_name(words, "root");
}

bool bootsafe_is_lacking(const struct bootwords *words, const char *word)
{
	/*
	 * Names of the kernel (Documentation/admin-guide/kernel-parameters.txt), of
	 * initramfs-tools(7), zfs-initramfs, cryptsetup-initramfs and dracut.cmdline(7).
	 */
	static const char *const names[] = {
		"root",    "rootflags", "rootfstype",  "rootdelay",      "rootwait",
		"boot",    "nfsroot",   "cryptdevice", "cryptopts",      "nbdroot",
		"netroot", "ip",        "mount.usr",   "mount.usrflags", "mount.usrfstype",
	};
	bool is_for_root = strncmp(word, "rd.", strlen("rd.")) == 0;

	/* Of these two, the files have at most one. */
	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0)
		return !has_name(words, "ro") && !has_name(words, "rw");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_for_root |= bootword_has_name(word, names[i]);
	return is_for_root && !has_name(words, word);
}

/* The command that adds what is lacking, as a shell reads it. */
static bool format_command(const struct bootwords *words, const struct bootwords *running,
			   char command[COMMAND_MAX])
{
	bool several = false;
	size_t used;

	/* A parameter that is there several times is no mistake here. */
	for (size_t i = 0; i < running->count; i++)
		several |= bootsafe_is_lacking(words, running->list[i].text) &&
			   bootwords_find_name(running, running->list[i].text, i + 1) >= 0;
	used = (size_t)sprintf(command, "vfio-earlyctl cmdline%s add", several ? " --append" : "");
	for (size_t i = 0; i < running->count; i++) {
		const char *word = running->list[i].text;
		const char *quote = word[strcspn(word, " \"$`\\;&|<>()*?[]#~!")] ? "'" : "";

		if (!bootsafe_is_lacking(words, word))
			continue;
		if (strchr(word, '\''))
			return false;
		used += (size_t)snprintf(command + used, COMMAND_MAX - used, " %s%s%s", quote, word,
					 quote);
		if (used >= COMMAND_MAX)
			return false;
	}
	return true;
}

static int refuse_root(const struct bootconfig *config, const struct bootwords *running,
		       char message[BOOT_MESSAGE_MAX])
{
	const struct bootfile *file = &config->files.list[0];
	const char *path = file->absent ? KERNEL_PACKAGED : file->path;
	char command[COMMAND_MAX];

	if (!format_command(&config->words, running, command))
		return boot_say(
			message, -EINVAL,
			"%s: found no root=, expected that of /proc/cmdline, so the next "
			"boot would not find its root file system; copy it from there into " KERNEL_FILE,
			path);
	return boot_say(message, -EINVAL,
			"%s: found no root=, expected that of the running kernel, so the next boot "
			"would not find its root file system; run '%s'",
			path, command);
}

/* proxmox-boot-tool looks into it before it knows which bootloader a partition has. */
static int check_unused_file(const struct bootloader *loader, const struct host *host,
			     char message[BOOT_MESSAGE_MAX])
{
	char line[CMDLINE_MAX];

	if (host_readf(host, line, sizeof(line), KERNEL_FILE) < 0 || strstr(line, "root="))
		return 0;
	return boot_say(message, -EINVAL,
			KERNEL_FILE ": found no root=, without which '%s' fails for GRUB as well; "
				    "remove this file if systemd-boot starts no partition",
			loader->refresh);
}

int bootsafe_check(const struct bootloader *loader, const struct host *host,
		   const struct bootconfig *config, const struct bootwords *running,
		   char message[BOOT_MESSAGE_MAX])
{
	const struct kernel *kernel;
	struct kernels kernels;
	int result;

	message[0] = '\0';
	if (bootsafe_lacks_root(loader, &config->words, running))
		return refuse_root(config, running, message);
	if (loader == &bootloader_proxmox_grub)
		return check_unused_file(loader, host, message);
	if (loader->skips_imageless)
		return 0;
	result = kernels_list(&kernels, host);
	kernel = kernels_find_imageless(&kernels);
	if (result == 0 && kernel)
		result = boot_say(message, -ENOEXEC,
				  "kernel %s has no image, so '%s' would add an entry that starts "
				  "it without one; run '%s %s' first",
				  kernel->release, loader->refresh, kernels.builder->first,
				  kernel->release);
	kernels_free(&kernels);
	return result;
}

int bootsafe_check_root(const struct host *host, char message[BOOT_MESSAGE_MAX])
{
	struct bootconfig config = { .has_reset = false };
	struct bootwords running = { .list = NULL };
	const struct bootloader *loader;
	int result = 0;

	if (bootloader_detect(&loader, host, message) == 0 &&
	    bootloader_read_config(loader, host, &config, message) == 0 &&
	    bootloader_read_running(host, &running) == 0 &&
	    bootsafe_lacks_root(loader, &config.words, &running))
		result = refuse_root(&config, &running, message);
	bootwords_free(&running);
	bootconfig_free(&config);
	return result;
}
