/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the bootloader's entries can be made again without harm to the next boot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bootloader/safety.h"
#include "bootloader/systemd-boot.h"
#include "image/kernels.h"

/* A command with more is not offered: it must not be cut. */
#define COMMAND_MAX 320

/*
 * Names of the kernel (Documentation/admin-guide/kernel-parameters.txt), of initramfs-tools(7),
 * zfs-initramfs, cryptsetup-initramfs and dracut.cmdline(7). Of those that end in a dot, all.
 */
static const char *const names[] = {
	"root",    "rootflags", "rootfstype",  "rootdelay",      "rootwait",        "ro",
	"rw",      "boot",      "cryptdevice", "cryptopts",      "nfsroot",         "nbdroot",
	"netroot", "ip",        "mount.usr",   "mount.usrflags", "mount.usrfstype", "rd.",
};

static bool is_for_root(const char *word)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i]);

		if (names[i][length - 1] == '.' ? strncmp(word, names[i], length) == 0
						: bootword_has_name(word, names[i]))
			return true;
	}
	return false;
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

/* Of ro and rw, the files have at most one. */
bool bootsafe_is_lacking(const struct bootwords *words, const char *word)
{
	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0)
		return !has_name(words, "ro") && !has_name(words, "rw");
	return is_for_root(word) && !has_name(words, word);
}

/* As a shell reads it. */
static bool add_operand(char command[COMMAND_MAX], const char *word)
{
	const char *quote = word[strcspn(word, " \"$`\\;&|<>()*?[]#~!")] ? "'" : "";
	size_t used = strlen(command);

	return !strchr(word, '\'') && snprintf(command + used, COMMAND_MAX - used, " %s%s%s", quote,
					       word, quote) < (int)(COMMAND_MAX - used);
}

/* A parameter that is there several times is no mistake here. */
static bool format_command(const struct bootwords *words, const struct bootwords *running,
			   char command[COMMAND_MAX])
{
	bool fits = true, several = false;

	for (size_t i = 0; i < running->count; i++)
		several |= bootsafe_is_lacking(words, running->list[i].text) &&
			   bootwords_find_name(running, running->list[i].text, i + 1) >= 0;
	strcpy(command,
	       several ? "vfio-earlyctl cmdline --append add" : "vfio-earlyctl cmdline add");
	for (size_t i = 0; i < running->count && fits; i++)
		if (bootsafe_is_lacking(words, running->list[i].text))
			fits = add_operand(command, running->list[i].text);
	return fits;
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

static int check_images(const struct bootloader *loader, const struct host *host,
			char message[BOOT_MESSAGE_MAX])
{
	const struct kernel *kernel;
	struct kernels kernels;
	int result = kernels_list(&kernels, host);

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

int bootsafe_check(const struct bootloader *loader, const struct host *host,
		   const struct bootconfig *config, const struct bootwords *running,
		   char message[BOOT_MESSAGE_MAX])
{
	message[0] = '\0';
	if (bootsafe_lacks_root(loader, &config->words, running))
		return refuse_root(config, running, message);
	return loader->skips_imageless ? 0 : check_images(loader, host, message);
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
