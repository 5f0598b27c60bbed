/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fingerprint of all rules. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/rules.h"
#include "image/digest.h"

void digest_begin(SHA2_CTX *context)
{
	SHA256Init(context);
}

void digest_add(void *context, const char *path, const char *data, size_t length)
{
	char number[24];
	int digits = snprintf(number, sizeof(number), "%zu", length);

	SHA256Update(context, (const uint8_t *)path, strlen(path) + 1);
	SHA256Update(context, (const uint8_t *)number, (size_t)digits + 1);
	SHA256Update(context, (const uint8_t *)data, length);
}

void digest_end(SHA2_CTX *context, char text[DIGEST_TEXT_MAX])
{
	SHA256End(context, text);
}

typedef void each_function(void *context, const char *path, const char *data, size_t length);

/* A directory, or a link that leads nowhere, gets into no image. */
static int read_file(const struct host *host, const char *path, each_function *each, void *context)
{
	char *text;
	size_t length;
	int result = file_read_all(host->directory, path + 1, RULES_FILE_MAX, &text, &length);

	if (result == -ENOENT || result == -EISDIR)
		return 0;
	if (result < 0)
		return result;
	each(context, path, text, length);
	free(text);
	return 0;
}

/* The files of RULES_DIRECTORY. */
struct listing {
	char **paths;
	size_t count;
	int error;
};

static void list_file(void *context, const char *directory, const char *name)
{
	struct listing *listing = context;
	char path[PATH_MAX], **paths;

	if (host_path(path, "%s/%s", directory, name) < 0 || !rules_is_file(path))
		return;
	paths = reallocarray(listing->paths, listing->count + 1, sizeof(*paths));
	if (paths) {
		listing->paths = paths;
		paths[listing->count] = strdup(path);
	}
	if (!paths || !paths[listing->count])
		listing->error = -ENOMEM;
	else
		listing->count++;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_directory(const struct host *host, each_function *each, void *context)
{
	struct listing listing = { .paths = NULL };
	int result = host_list(host, RULES_DIRECTORY, list_file, &listing);

	if (result == -ENOENT || result == -ENOTDIR)
		result = 0;
	if (result == 0)
		result = listing.error;
	if (listing.count > 0)
		qsort(listing.paths, listing.count, sizeof(*listing.paths), compare_paths);
	for (size_t i = 0; i < listing.count; i++) {
		if (result == 0)
			result = read_file(host, listing.paths[i], each, context);
		free(listing.paths[i]);
	}
	free(listing.paths);
	return result;
}

int digest_each(const struct host *host, each_function *each, void *context)
{
	int result = read_file(host, RULES_FILE, each, context);

	return result < 0 ? result : read_directory(host, each, context);
}

int digest_rules(const struct host *host, char text[DIGEST_TEXT_MAX])
{
	SHA2_CTX context;
	int result;

	digest_begin(&context);
	result = digest_each(host, digest_add, &context);
	if (result == 0)
		digest_end(&context, text);
	return result;
}

int digest_read(const struct host *host, const char *path, char text[DIGEST_TEXT_MAX])
{
	/* Room for more, to see that there is none. */
	char line[DIGEST_TEXT_MAX + 1];
	int length = host_read_line(host, "", path + 1, line, sizeof(line));

	if (length < 0)
		return length == -ENAMETOOLONG ? -EBADMSG : length;
	if (length != DIGEST_TEXT_MAX - 1 || strspn(line, "0123456789abcdef") != (size_t)length)
		return -EBADMSG;
	strcpy(text, line);
	return 0;
}

int digest_path(const char *kernel, char path[PATH_MAX])
{
	return host_path(path, DIGEST_KERNELS "/%s.digest", kernel);
}

static int write_note(const struct host *host, const char *path, const char *text)
{
	cleanup_fd int fd =
		file_open_flags(host->directory, path + 1, O_WRONLY | O_CREAT | O_TRUNC);
	char line[DIGEST_TEXT_MAX + 1];
	int length = snprintf(line, sizeof(line), "%s\n", text);

	return fd < 0 ? fd : file_write(fd, line, (size_t)length);
}

int digest_note(const struct host *host, const char *kernel, const char text[DIGEST_TEXT_MAX])
{
	char path[PATH_MAX], new[PATH_MAX];
	int result = digest_path(kernel, path);

	if (result == 0)
		result = host_path(new, "%s.new", path);
	if (result < 0)
		return result;
	if (mkdirat(host->directory, &DIGEST_KERNELS[1], 0755) < 0 && errno != EEXIST)
		return -errno;
	result = write_note(host, new, text);
	if (result == 0 && renameat(host->directory, new + 1, host->directory, path + 1) < 0)
		result = -errno;
	return result;
}

int digest_drop(const struct host *host, const char *kernel)
{
	char path[PATH_MAX];
	int result = digest_path(kernel, path);

	if (result == 0 && unlinkat(host->directory, path + 1, 0) < 0 && errno != ENOENT)
		result = -errno;
	return result;
}

struct forgetting {
	const struct host *host;
	const char *kernel; /* that is not forgotten */
};

static void forget(void *context, const char *directory, const char *name)
{
	const struct forgetting *forgetting = context;
	const char *end = strstr(name, ".digest");
	char kernel[NAME_MAX + 1], path[PATH_MAX];

	if (!end || end[strlen(".digest")])
		return;
	snprintf(kernel, sizeof(kernel), "%.*s", (int)(end - name), name);
	if (strcmp(kernel, forgetting->kernel) != 0 &&
	    !host_has(forgetting->host, "/lib/modules", kernel) &&
	    host_path(path, "%s/%s", directory, name) == 0)
		unlinkat(forgetting->host->directory, path + 1, 0);
}

void digest_forget(const struct host *host, const char *kernel)
{
	struct forgetting forgetting = { host, kernel };

	host_list(host, DIGEST_KERNELS, forget, &forgetting);
}
