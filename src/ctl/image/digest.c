/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fingerprint of all rules. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/rules.h"
#include "host/replace.h"
#include "image/digest.h"

void digest_add(void *context, const char *path, const char *data, size_t length)
{
	char number[24];
	int digits = snprintf(number, sizeof(number), "%zu", length);

	SHA256Update(context, (const uint8_t *)path, strlen(path) + 1);
	SHA256Update(context, (const uint8_t *)number, (size_t)digits + 1);
	SHA256Update(context, (const uint8_t *)data, length);
}

struct reading {
	const struct host *host;
	digest_take *take;
	void *context;
};

/* A directory, or a link that leads nowhere, gets into no image. */
static int read_file(void *context, const char *path)
{
	const struct reading *reading = context;
	char *text;
	size_t length;
	int result = file_read_all(reading->host->directory, host_below(path), RULES_FILE_MAX,
				   &text, &length);

	if (result == -ENOENT || result == -EISDIR)
		return 0;
	if (result < 0)
		return result;
	reading->take(reading->context, path, text, length);
	free(text);
	return 0;
}

int digest_each(const struct host *host, digest_take *take, void *context)
{
	struct reading reading = { host, take, context };
	int result = rules_each_file(host->directory, read_file, &reading);

	return result == -ENOTDIR ? 0 : result;
}

int digest_rules(const struct host *host, char text[DIGEST_TEXT_MAX])
{
	SHA2_CTX context;
	int result;

	SHA256Init(&context);
	result = digest_each(host, digest_add, &context);
	if (result == 0)
		SHA256End(&context, text);
	return result;
}

int digest_read(const struct host *host, const char *path, char text[DIGEST_TEXT_MAX])
{
	/* Room for more, to see that there is none. */
	char line[DIGEST_TEXT_MAX + 1];
	int length = host_readf(host, line, sizeof(line), "%s", path);

	if (length < 0)
		return length == -ENAMETOOLONG ? -EBADMSG : length;
	if (length != DIGEST_TEXT_MAX - 1 || strspn(line, "0123456789abcdef") != (size_t)length)
		return -EBADMSG;
	strcpy(text, line);
	return 0;
}

/* What is noted of a kernel's image: files of this name with these endings. */
#define DIGEST_SUFFIX ".digest"
#define LIST_SUFFIX   ".protected"

int digest_path(const char *kernel, char path[PATH_MAX])
{
	return host_path(path, DIGEST_KERNELS "/%s" DIGEST_SUFFIX, kernel);
}

int digest_read_list(const struct host *host, const char *kernel, char **text)
{
	char path[PATH_MAX];
	int result = host_path(path, DIGEST_KERNELS "/%s" LIST_SUFFIX, kernel);

	return result < 0 ? result : host_read_text(host, path, text);
}

static int drop(const struct host *host, const char *kernel, const char *suffix)
{
	char path[PATH_MAX];
	int result = host_path(path, DIGEST_KERNELS "/%s%s", kernel, suffix);

	if (result == 0 && unlinkat(host->directory, host_below(path), 0) < 0 && errno != ENOENT)
		result = -errno;
	return result;
}

/* The digest comes last: with it, the note is whole. */
int digest_note(const struct host *host, const char *kernel, const char text[DIGEST_TEXT_MAX],
		const char *list)
{
	char path[PATH_MAX], line[DIGEST_TEXT_MAX + 1];
	int result = host_path(path, DIGEST_KERNELS "/%s" LIST_SUFFIX, kernel);

	if (result < 0)
		return result;
	if (mkdirat(host->directory, host_below(DIGEST_KERNELS), 0755) < 0 && errno != EEXIST)
		return -errno;
	result = list ? replace_file(host, path, list, strlen(list), 0) : drop(host, kernel, LIST_SUFFIX);
	if (result == 0)
		result = digest_path(kernel, path);
	if (result < 0)
		return result;
	snprintf(line, sizeof(line), "%s\n", text);
	return replace_file(host, path, line, strlen(line), 0);
}

int digest_drop(const struct host *host, const char *kernel)
{
	int result = drop(host, kernel, DIGEST_SUFFIX);

	return result < 0 ? result : drop(host, kernel, LIST_SUFFIX);
}

struct forgetting {
	const struct host *host;
	const char *kernel; /* that is not forgotten */
};

static int forget(void *context, const char *directory, const char *name)
{
	const struct forgetting *forgetting = context;
	const char *end = strrchr(name, '.');
	char kernel[NAME_MAX + 1];

	(void)directory;
	if (!end || (strcmp(end, DIGEST_SUFFIX) != 0 && strcmp(end, LIST_SUFFIX) != 0))
		return 0;
	snprintf(kernel, sizeof(kernel), "%.*s", (int)(end - name), name);
	if (strcmp(kernel, forgetting->kernel) != 0 &&
	    !host_has(forgetting->host, "/lib/modules", kernel))
		digest_drop(forgetting->host, kernel);
	return 0;
}

void digest_forget(const struct host *host, const char *kernel)
{
	struct forgetting forgetting = { host, kernel };

	host_each(host, DIGEST_KERNELS, forget, &forgetting);
}
