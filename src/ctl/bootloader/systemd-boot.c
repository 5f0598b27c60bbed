/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd-boot, with entries by kernel-install(8). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/systemd-boot.h"
#include "core/text.h"
#include "host/run.h"
#include "image/kernels.h"

const char *const systemd_own_words[] = { "initrd", "systemd.machine_id", NULL };

const char *const systemd_places[] = { "/boot", "/efi", "/boot/efi", NULL };

/* As 90-loaderentry.install has it: what the boot loader put there itself is left out. */
static int read_running(const struct host *host, char **text)
{
	struct bootwords words;
	int result = bootloader_read_running(host, &words);
	const char *separator = "";
	size_t length;
	FILE *stream = result < 0 ? NULL : open_memstream(text, &length);

	for (size_t i = 0; stream && i < words.count; i++) {
		const char *word = words.list[i].text;

		if (bootword_has_name(word, "BOOT_IMAGE") || bootword_has_name(word, "initrd"))
			continue;
		fprintf(stream, "%s%s", separator, word);
		separator = " ";
	}
	bootwords_free(&words);
	if (stream)
		fputc('\n', stream);
	if (result == 0 && (!stream || fclose(stream) != 0))
		result = -ENOMEM;
	return result;
}

static int load(struct bootfiles *files, const struct host *host, bool packaged, char *message)
{
	char *text = NULL;
	int result = -ENOENT;

	if (host_has(host, "", host_below(KERNEL_FILE)))
		return bootfiles_read(files, host, KERNEL_FILE, message);
	if (packaged)
		result = host_read_text(host, KERNEL_PACKAGED, &text);
	if (result == -ENOENT)
		result = read_running(host, &text);
	if (result == 0)
		result = bootfiles_add(files, KERNEL_FILE, text, strlen(text));
	if (result == 0)
		files->list[files->count - 1].absent = true;
	free(text);
	return result;
}

int systemd_load(struct bootfiles *files, const struct host *host, char *message)
{
	return load(files, host, true, message);
}

int systemd_load_line(struct bootfiles *files, const struct host *host, char *message)
{
	return load(files, host, false, message);
}

/* systemd 257 leaves out lines that begin with #. */
static bool is_comment(const char *line)
{
	return line[strspn(line, " \t")] == '#';
}

static int read_lines(struct bootconfig *config, char *message, bool first_only)
{
	const struct bootfile *file = &config->files.list[0];
	size_t end = 0, length;
	int result = 0;

	/* systemd-boot ends the line of an entry at a carriage return, too: words are lost. */
	for (size_t i = 0; i < file->length; i++)
		if ((unsigned char)file->text[i] < ' ' && !strchr("\t\n", file->text[i]))
			return boot_say(message, -EINVAL,
					"%s:%u: found a control character, expected plain text; "
					"change it by hand",
					file->path, bootfile_line(file, i));
	for (size_t at = 0; at < file->length && result == 0; at += length + 1) {
		const char *line = file->text + at;

		length = strcspn(line, "\n");
		if (!first_only && is_comment(line))
			continue;
		result = bootwords_read(&config->words, line, length, 0, at);
		for (size_t i = 0; i < length; i++)
			if (!strchr(" \t", line[i]))
				end = at + i + 1;
		if (first_only)
			break;
	}
	/* Behind the last character that is no blank; at the start if there is none. */
	config->end = (struct bootplace){
		.offset = end,
		.before = end > 0 ? " " : "",
		.after = file->length > 0 ? "" : "\n",
	};
	return result;
}

int systemd_read(struct bootconfig *config, char *message)
{
	return read_lines(config, message, false);
}

int systemd_read_line(struct bootconfig *config, char *message)
{
	const struct bootfile *file = &config->files.list[0];
	size_t first = strcspn(file->text, "\n");
	const char *more = file->text + first + strspn(file->text + first, " \t\n");
	char place[PATH_MAX];

	if (*more && host_path(place, "%s:%u", file->path,
			       bootfile_line(file, (size_t)(more - file->text))) == 0) {
		findings_add(&config->findings, FINDING_WARNING, place,
			     "proxmox-boot-tool reads the first line only, so '%.*s' never reaches "
			     "the kernel",
			     (int)strcspn(more, "\n"), more);
		findings_fix(&config->findings, "Write it into the first line, or remove it");
	}
	return read_lines(config, message, true);
}

/* A look at the entries, and the one that started this host; "" if that is not known. */
struct look {
	struct bootcheck *check;
	char booted[NAME_MAX + 1];
};

/* What stands behind the key of a line of an entry; NULL if it has another one. */
static const char *find_value(const char *line, const char *key)
{
	size_t length = strlen(key), blanks;

	if (strncmp(line, key, length) != 0)
		return NULL;
	blanks = strspn(line + length, " \t");
	return blanks > 0 ? line + length + blanks : NULL;
}

static void check_entry_text(struct bootcheck *check, const char *path, char *text, bool booted)
{
	struct bootwords words = { .list = NULL };
	char *line, vmlinuz[PATH_MAX];
	bool ours = false;

	while (check->result == 0 && (line = strsep(&text, "\n\r"))) {
		const char *version = find_value(line, "version");
		const char *options = find_value(line, "options");

		/* Entries of other systems are for kernels that are not in our /boot. */
		if (version)
			ours = kernels_file(check->outside, version, "vmlinuz", vmlinuz) == 0;
		if (options)
			check->result = bootwords_read_string(&words, options);
	}
	if (check->result == 0 && (ours || booted))
		bootcheck_words(check, path, 0, &words, !ours);
	bootwords_free(&words);
}

static int check_entry(void *context, const char *directory, const char *name)
{
	struct look *look = context;
	struct bootcheck *check = look->check;
	size_t length = strlen(look->booted);
	char path[PATH_MAX], *text;

	if (!text_ends_with(name, ".conf"))
		return 0;
	check->result = host_path(path, "%s/%s", directory, name);
	if (check->result == 0)
		check->result = host_read_text(check->host, path, &text);
	if (check->result != 0)
		return check->result;
	/* Older versions of systemd-boot name it without its suffix. */
	check_entry_text(check, path, text,
			 length > 0 && strncmp(name, look->booted, length) == 0 &&
				 (!name[length] || strcmp(name + length, ".conf") == 0));
	free(text);
	return check->result;
}

void systemd_check_entries(struct bootcheck *check)
{
	static const char *const on_esp[] = { "", NULL };
	struct look look = { .check = check };

	bootloader_read_variable(check->outside, "LoaderEntrySelected", look.booted,
				 sizeof(look.booted));
	/* An image that has kernel and words in itself is named with its suffix. */
	if (text_ends_with(look.booted, ".efi") && !check->esp) {
		unified_check_entry(check, look.booted);
		return;
	}
	for (const char *const *place = check->esp ? on_esp : systemd_places; *place; place++) {
		char path[PATH_MAX];
		int result = host_path(path, "%s/loader/entries", *place)
				     ?: host_each(check->host, path, check_entry, &look);

		if (check->result == 0 && result != -ENOENT && result != -ENOTDIR)
			check->result = result;
	}
}

const char *systemd_find_file(const struct host *host)
{
	static const char *const paths[] = { KERNEL_FILE, "/efi/loader/loader.conf",
					     "/boot/efi/loader/loader.conf",
					     "/boot/loader/loader.conf" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (host_has(host, "", host_below(paths[i])))
			return paths[i];
	return NULL;
}

const char *systemd_find_sign(const struct bootwords *running)
{
	long initrd = bootwords_find_name(running, "initrd", 0);

	return initrd >= 0 && strchr(running->list[initrd].text, '\\')
		       ? "/proc/cmdline has an initrd= with a backslash"
		       : NULL;
}

static int check_usable(const struct host *host, char *message)
{
	if (host_has(host, "/usr/bin", "kernel-install") ||
	    host_has(host, "/bin", "kernel-install"))
		return 0;
	return boot_say(message, -ENOENT,
			"systemd-boot booted this host, but there is no kernel-install: change "
			"'options' in loader/entries of the EFI system partition by hand");
}

/* As Debian's hooks of systemd-boot do: systemd 252 has no "kernel-install add-all". */
static int run_refresh(const struct host *host, FILE *out)
{
	struct kernels kernels;
	int result = kernels_list(&kernels, host);

	for (size_t i = 0; i < kernels.count && result == 0; i++) {
		const char *release = kernels.list[i].release;
		char image[PATH_MAX], initrd[PATH_MAX];

		result = kernels_file(host, release, "vmlinuz", image);
		if (result == 0)
			result = kernels_image(&kernels.list[i], initrd);
		if (result == 0)
			result = run_program(host,
					     (const char *const[]){ "kernel-install", "add",
								    release, image, initrd, NULL },
					     out);
	}
	kernels_free(&kernels);
	return result;
}

const struct bootloader bootloader_systemd = {
	.name = "systemd-boot",
	.family = "systemd-boot",
	.refresh = "kernel-install add KERNEL /boot/vmlinuz-KERNEL /boot/initrd.img-KERNEL",
	.own = systemd_own_words,
	.needs_efi = true,
	.find_file = systemd_find_file,
	.find_sign = systemd_find_sign,
	.check_usable = check_usable,
	.load = systemd_load,
	.read = systemd_read,
	.check_entries = systemd_check_entries,
	.run_refresh = run_refresh,
};
