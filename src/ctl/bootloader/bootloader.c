/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bootloader in use. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "bootloader/grub.h"
#include "bootloader/kernel-cmdline.h"
#include "core/file.h"
#include "host/run.h"
#include "image/kernels.h"

#define EFI          "/sys/firmware/efi"
#define VARIABLES    EFI "/efivars"
#define LOADER_GUID  "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define PROXMOX_FILE "proxmox-boot-uuids"

/* The words that /etc/grub.d/10_linux or GRUB itself adds; those of kernel-install. */
static const char *const grub_words[] = { "BOOT_IMAGE", "root", "ro", "rootflags", NULL };
static const char *const systemd_words[] = { "initrd", "systemd.machine_id", NULL };

static const struct {
	const char *name, *refresh;
	int (*load)(struct bootfiles *files, const struct host *host, char *message);
	bootconfig_function *read;
	const char *const *words;
	const char *argv[3]; /* empty: kernel-install, for each kernel */
} kinds[] = {
	[BOOTLOADER_GRUB] = { "GRUB",
			      "update-grub",
			      grubfile_load,
			      grubfile_read,
			      grub_words,
			      { "update-grub" } },
	[BOOTLOADER_SYSTEMD] = { "systemd-boot",
				 "kernel-install add KERNEL /boot/vmlinuz-KERNEL "
				 "/boot/initrd.img-KERNEL",
				 kernelfile_load,
				 kernelfile_read,
				 systemd_words,
				 { NULL } },
	[BOOTLOADER_PROXMOX_GRUB] = { "GRUB by proxmox-boot-tool",
				      "proxmox-boot-tool refresh",
				      grubfile_load,
				      grubfile_read,
				      grub_words,
				      { "proxmox-boot-tool", "refresh" } },
	[BOOTLOADER_PROXMOX_SYSTEMD] = { "systemd-boot by proxmox-boot-tool",
					 "proxmox-boot-tool refresh",
					 kernelfile_load_line,
					 kernelfile_read_line,
					 systemd_words,
					 { "proxmox-boot-tool", "refresh" } },
};

/* What there is to be seen of one host. */
struct evidence {
	char info[64];    /* what the loader said of itself; "" if nothing */
	const char *grub; /* a file that shows that it is installed; NULL: none */
	const char *systemd;
	bool proxmox, efi;
	bool has_image;     /* BOOT_IMAGE= is on the running command line */
	bool has_backslash; /* initrd=\... is */
};

/* The variable has four bytes of attributes, and then UTF-16. */
void bootloader_read_variable(const struct host *host, const char *name, char *text, size_t size)
{
	char path[PATH_MAX], raw[4 + 2 * (NAME_MAX + 1)];
	int result = host_path(path, VARIABLES "/%s-" LOADER_GUID, name);
	ssize_t got = result < 0 ? result : file_read(host->directory, path + 1, raw, sizeof(raw));
	size_t length = 0;

	for (ssize_t i = 4; i + 1 < got && raw[i] && length + 1 < size; i += 2)
		text[length++] = raw[i] >= ' ' && raw[i] <= '~' && !raw[i + 1] ? raw[i] : '?';
	text[length] = '\0';
}

static void read_running(struct evidence *evidence, const struct host *host)
{
	struct bootwords words = { .list = NULL };
	long image, initrd;

	if (bootloader_read_running(host, &words) == 0) {
		image = bootwords_find_name(&words, "BOOT_IMAGE", 0);
		initrd = bootwords_find_name(&words, "initrd", 0);
		evidence->has_image = image >= 0;
		evidence->has_backslash = initrd >= 0 && strchr(words.list[initrd].text, '\\');
	}
	bootwords_free(&words);
}

static const char *find_file(const struct host *host, const char *const *paths)
{
	for (; *paths; paths++)
		if (host_has(host, "", *paths + 1))
			return *paths;
	return NULL;
}

static void look(struct evidence *evidence, const struct host *host)
{
	static const char *const grub[] = { GRUB_FILE, "/usr/sbin/grub-mkconfig", NULL };
	static const char *const systemd[] = { KERNEL_FILE, "/efi/loader/loader.conf",
					       "/boot/efi/loader/loader.conf",
					       "/boot/loader/loader.conf", NULL };

	*evidence = (struct evidence){ .efi = host_has(host, EFI, ".") };
	bootloader_read_variable(host, "LoaderInfo", evidence->info, sizeof(evidence->info));
	read_running(evidence, host);
	evidence->grub = find_file(host, grub);
	evidence->systemd = find_file(host, systemd);
	evidence->proxmox = host_has(host, "/etc/kernel", PROXMOX_FILE);
}

enum family { UNKNOWN, GRUB, SYSTEMD, OTHER };

/* What booted, which is surer than what is installed. */
static enum family judge_boot(struct bootloader *bootloader, const struct evidence *evidence)
{
	if (evidence->info[0]) {
		boot_say(bootloader->reason, 0, "it told the firmware that it is '%s'",
			 evidence->info);
		if (strncmp(evidence->info, "systemd-boot", strlen("systemd-boot")) == 0)
			return SYSTEMD;
		return strncmp(evidence->info, "GRUB", strlen("GRUB")) == 0 ? GRUB : OTHER;
	}
	if (evidence->has_image) {
		boot_say(bootloader->reason, 0, "/proc/cmdline has BOOT_IMAGE=");
		return GRUB;
	}
	if (evidence->has_backslash) {
		boot_say(bootloader->reason, 0, "/proc/cmdline has an initrd= with a backslash");
		return SYSTEMD;
	}
	return UNKNOWN;
}

static enum family judge_files(struct bootloader *bootloader, const struct evidence *evidence)
{
	if (evidence->grub && !evidence->systemd) {
		boot_say(bootloader->reason, 0, "there is %s, and nothing of systemd-boot",
			 evidence->grub);
		return GRUB;
	}
	if (evidence->grub && !evidence->efi) {
		boot_say(bootloader->reason, 0,
			 "there is %s, and no " EFI ", as systemd-boot needs it", evidence->grub);
		return GRUB;
	}
	if (evidence->systemd && !evidence->grub) {
		boot_say(bootloader->reason, 0, "there is %s, and nothing of GRUB",
			 evidence->systemd);
		return SYSTEMD;
	}
	return UNKNOWN;
}

static int refuse_boot(const struct evidence *evidence, enum family family, char *message)
{
	if (family == OTHER)
		return boot_say(message, -ENOENT,
				"the bootloader is '%s', expected GRUB or systemd-boot; add the "
				"words to its configuration by hand",
				evidence->info);
	if (family == GRUB)
		return boot_say(message, -ENOENT,
				"GRUB booted this host, but there is no " GRUB_FILE
				": its configuration is another system's");
	if (family == SYSTEMD)
		return boot_say(message, -ENOENT,
				"systemd-boot booted this host, but there is no kernel-install: "
				"change 'options' in loader/entries of the EFI system partition by "
				"hand");
	if (evidence->grub && evidence->systemd)
		return boot_say(message, -ENOENT,
				"found %s of GRUB and %s of systemd-boot, and nothing that tells "
				"which of them booted this host; change their files by hand",
				evidence->grub, evidence->systemd);
	return boot_say(message, -ENOENT,
			"found neither GRUB nor systemd-boot; add the words where the kernel's "
			"command line is set");
}

static bool has_kernel_install(const struct host *host)
{
	return host_has(host, "/usr/bin", "kernel-install") ||
	       host_has(host, "/bin", "kernel-install");
}

static void set_kind(struct bootloader *bootloader, enum bootloader_kind kind)
{
	bootloader->kind = kind;
	bootloader->name = kinds[kind].name;
	bootloader->refresh = kinds[kind].refresh;
}

int bootloader_detect(struct bootloader *bootloader, const struct host *host, char *message)
{
	struct bootloader found = { .reason = "" };
	struct evidence evidence;
	enum family family;

	look(&evidence, host);
	family = judge_boot(&found, &evidence);
	if (family == UNKNOWN)
		family = judge_files(&found, &evidence);
	if (family == GRUB && evidence.grub)
		set_kind(&found, evidence.proxmox ? BOOTLOADER_PROXMOX_GRUB : BOOTLOADER_GRUB);
	else if (family == SYSTEMD && evidence.proxmox)
		set_kind(&found, BOOTLOADER_PROXMOX_SYSTEMD);
	else if (family == SYSTEMD && has_kernel_install(host))
		set_kind(&found, BOOTLOADER_SYSTEMD);
	else
		return refuse_boot(&evidence, family, message);
	*bootloader = found;
	return 0;
}

int bootloader_read_config(const struct bootloader *bootloader, const struct host *host,
			   struct bootconfig *config, char *message)
{
	int result;

	*config = (struct bootconfig){ .has_reset = false };
	message[0] = '\0';
	result = kinds[bootloader->kind].load(&config->files, host, message);
	return result < 0 ? result : kinds[bootloader->kind].read(config, message);
}

int bootloader_edit_config(const struct bootloader *bootloader, const struct bootconfig *config,
			   const struct bootedit *edits, size_t count, struct bootconfig *changed,
			   char *message)
{
	return bootconfig_edit(config, kinds[bootloader->kind].read, edits, count, changed,
			       message);
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

bool bootloader_adds_word(const struct bootloader *bootloader, const char *word)
{
	for (const char *const *name = kinds[bootloader->kind].words; *name; name++)
		if (bootword_has_name(word, *name))
			return true;
	return false;
}

bool bootloader_skips_imageless(const struct bootloader *bootloader)
{
	return bootloader->kind == BOOTLOADER_PROXMOX_GRUB ||
	       bootloader->kind == BOOTLOADER_PROXMOX_SYSTEMD;
}

const char *bootloader_find_fault(const struct bootloader *bootloader, const char *word)
{
	return kinds[bootloader->kind].words == grub_words ? grubfile_find_fault(word) : NULL;
}

static int install_kernel(const struct host *host, const struct kernel *kernel, FILE *out)
{
	char image[PATH_MAX], initrd[PATH_MAX];
	const char *argv[] = { "kernel-install", "add", kernel->release, image, initrd, NULL };
	int result = kernels_file(host, kernel->release, "vmlinuz", image);

	if (result == 0)
		result = kernels_image(kernel, initrd);
	return result < 0 ? result : run_program(host, argv, out);
}

/* As Debian's hooks of systemd-boot do: systemd 252 has no "kernel-install add-all". */
static int install_kernels(const struct host *host, FILE *out)
{
	struct kernels kernels;
	int result = kernels_list(&kernels, host);

	for (size_t i = 0; i < kernels.count && result == 0; i++)
		result = install_kernel(host, &kernels.list[i], out);
	kernels_free(&kernels);
	return result;
}

int bootloader_refresh(const struct bootloader *bootloader, const struct host *host, FILE *out)
{
	if (!host->live)
		return -EXDEV;
	if (bootloader->kind == BOOTLOADER_SYSTEMD)
		return install_kernels(host, out);
	return run_program(host, kinds[bootloader->kind].argv, out);
}
