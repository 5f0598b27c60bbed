/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/kernel/cmdline. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/kernel-cmdline.h"

#define RUNNING "/proc/cmdline"

/* As 90-loaderentry.install has it: what the boot loader put there itself is left out. */
static char *list_running(const struct bootwords *words)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	const char *separator = "";

	if (!stream)
		return NULL;
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i].text;

		if (bootword_has_name(word, "BOOT_IMAGE") || bootword_has_name(word, "initrd"))
			continue;
		fprintf(stream, "%s%s", separator, word);
		separator = " ";
	}
	fputc('\n', stream);
	return fclose(stream) == 0 ? text : NULL;
}

static int add_running(struct bootfiles *files, const struct host *host)
{
	struct bootwords words = { .list = NULL };
	char *running, *text = NULL;
	int result = host_read_text(host, RUNNING, &running);

	if (result < 0)
		return result;
	result = bootwords_read_string(&words, running);
	if (result == 0)
		text = list_running(&words);
	if (result == 0)
		result = text ? bootfiles_add(files, KERNEL_FILE, text, strlen(text)) : -ENOMEM;
	bootwords_free(&words);
	free(running);
	free(text);
	return result;
}

static int add_packaged(struct bootfiles *files, const struct host *host)
{
	char *text;
	int result = host_read_text(host, KERNEL_PACKAGED, &text);

	if (result < 0)
		return result;
	result = bootfiles_add(files, KERNEL_FILE, text, strlen(text));
	free(text);
	return result;
}

static int load(struct bootfiles *files, const struct host *host, bool packaged, char *message)
{
	int result = -ENOENT;

	if (host_has(host, "", &KERNEL_FILE[1]))
		return bootfiles_read(files, host, KERNEL_FILE, message);
	if (packaged)
		result = add_packaged(files, host);
	if (result == -ENOENT)
		result = add_running(files, host);
	if (result == 0)
		files->list[files->count - 1].absent = true;
	return result;
}

int kernelfile_load(struct bootfiles *files, const struct host *host, char *message)
{
	return load(files, host, true, message);
}

int kernelfile_load_line(struct bootfiles *files, const struct host *host, char *message)
{
	return load(files, host, false, message);
}

/* systemd 257 leaves out lines that begin with #. */
static bool is_comment(const char *line, size_t length)
{
	size_t at = strspn(line, " \t");

	return at < length && line[at] == '#';
}

/* systemd-boot ends the line of an entry at a carriage return, too: words behind it are lost. */
static int check_characters(const struct bootfile *file, char *message)
{
	for (size_t i = 0; i < file->length; i++)
		if ((unsigned char)file->text[i] < ' ' && !strchr("\t\n", file->text[i]))
			return boot_say(message, -EINVAL,
					"%s:%u: found a control character, expected plain text; "
					"change it by hand",
					file->path, bootfile_line(file, i));
	return 0;
}

int kernelfile_read(struct bootconfig *config, char *message)
{
	const struct bootfile *file = &config->files.list[0];
	size_t at = 0, end = 0, length;
	int result = check_characters(file, message);

	for (; at < file->length && result == 0; at += length) {
		const char *line = file->text + at;

		length = strcspn(line, "\n");
		length += line[length] == '\n';
		if (is_comment(line, length))
			continue;
		result = bootwords_read(&config->words, line, length, 0, at);
		for (size_t i = 0; i < length; i++)
			if (!strchr(" \t\n", line[i]))
				end = at + i + 1;
	}
	/* Behind the last character that is no blank; at the start if there is none. */
	config->end = (struct bootplace){
		.offset = end,
		.before = end > 0 ? " " : "",
		.after = file->length > 0 ? "" : "\n",
	};
	return result;
}

int kernelfile_read_line(struct bootconfig *config, char *message)
{
	const struct bootfile *file = &config->files.list[0];
	size_t first = strcspn(file->text, "\n"), more = strspn(file->text + first, " \t\n");

	if (is_comment(file->text, first) || first + more < file->length)
		return boot_say(message, -EINVAL,
				"%s:%u: found more than one line of words, expected one, as "
				"proxmox-boot-tool does; change it by hand",
				file->path, bootfile_line(file, first + more));
	return kernelfile_read(config, message);
}
