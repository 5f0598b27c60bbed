/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The installed kernels. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/array.h"
#include "image/contents.h"
#include "image/kernels.h"
#include "image/verify.h"

#define BOOT "/boot"

/* Where Debian's kernels have their files since 7.2, or an earlier version. */
#define MODULES "/usr/lib/modules"

#define KERNEL "vmlinuz"
#define IMAGE  "initrd.img-"

/* Of what is a release, or a part of one: neither JSON nor Prometheus' text must escape it. */
#define RELEASE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~_-"

bool kernels_is_leftover(const char *release)
{
	static const char *const ends[] = { ".new",      ".bak",      ".old",
					    ".dpkg-bak", ".dpkg-new", ".dpkg-tmp" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t length = strlen(release), end = strlen(ends[i]);

		if (length > end && strcmp(release + length - end, ends[i]) == 0)
			return true;
	}
	return false;
}

int kernels_file(const struct host *host, const char *release, const char *name,
		 char path[PATH_MAX])
{
	int result = host_path(path, BOOT "/%s-%s", name, release);

	if (result < 0 || host_has(host, "", host_below(path)))
		return result;
	result = host_path(path, MODULES "/%s/%s", release, name);
	return result < 0 || host_has(host, "", host_below(path)) ? result : -ENOENT;
}

int kernels_read_config(const struct host *host, const char *release, char **text)
{
	char path[PATH_MAX];
	int result = kernels_file(host, release, "config", path);

	return result < 0 ? result : host_read_text(host, path, text);
}

static int add(struct kernels *kernels, const char *release)
{
	struct kernel *kernel;

	if (!release[0] || release[strspn(release, RELEASE_CHARACTERS)] ||
	    kernels_is_leftover(release))
		return 0;
	for (size_t i = 0; i < kernels->count; i++)
		if (strcmp(kernels->list[i].release, release) == 0)
			return 0;
	kernel = array_add(kernels->list, kernels->count);
	if (!kernel)
		return -ENOMEM;
	snprintf(kernel->release, sizeof(kernel->release), "%s", release);
	return 0;
}

static int take_file(void *kernels, const char *directory, const char *name)
{
	(void)directory;
	return strncmp(name, KERNEL "-", sizeof(KERNEL)) == 0 ? add(kernels, name + sizeof(KERNEL))
							      : 0;
}

struct finder {
	const struct host *host;
	struct kernels *kernels;
};

static int take_modules(void *context, const char *directory, const char *name)
{
	const struct finder *finder = context;
	char path[PATH_MAX];

	if (host_path(path, "%s/%s", directory, name) < 0 || !host_has(finder->host, path, KERNEL))
		return 0;
	return add(finder->kernels, name);
}

static int compare(const void *a, const void *b)
{
	return strverscmp(((const struct kernel *)b)->release, ((const struct kernel *)a)->release);
}

int kernels_image(const struct kernel *kernel, char path[PATH_MAX])
{
	return host_path(path, BOOT "/" IMAGE "%s", kernel->release);
}

/*
 * This takes as long as it takes to unpack it. 0, 1 if it binds nothing, -ENOENT where the program
 * is not in it, or another -errno.
 */
static int read_image(const struct host *host, const char *image, char digest[DIGEST_TEXT_MAX],
		      char why[PROTECTIONS_WHY_MAX])
{
	char path[PATH_MAX], message[INITRAMFS_MESSAGE_MAX];
	struct contents contents = { .count = 0 };
	int result = host_outside(host, image, path);

	if (result == 0)
		result = contents_read(&contents, path, message);
	if (result == 0)
		result = contents_find(&contents, CONTENTS_PROGRAM) ? 0 : -ENOENT;
	if (result == 0) {
		contents_digest(&contents, digest);
		result = verify_binds_nothing(&contents, why);
	}
	contents_free(&contents);
	return result;
}

/* Whether the image was rebuilt since, and nothing noted. */
static bool is_outdated(const struct host *host, const char *note, const char *image)
{
	struct stat noted, made;

	return fstatat(host->directory, host_below(note), &noted, 0) == 0 &&
	       fstatat(host->directory, host_below(image), &made, 0) == 0 &&
	       (made.st_mtim.tv_sec > noted.st_mtim.tv_sec ||
		(made.st_mtim.tv_sec == noted.st_mtim.tv_sec &&
		 made.st_mtim.tv_nsec > noted.st_mtim.tv_nsec));
}

/*
 * By what the post-update.d script noted when the image was finished, or else by the image itself:
 * but for Debian 13's, dracut runs no such scripts when it is called by itself.
 */
static enum kernel_state judge(const struct host *host, struct kernel *kernel, const char *rules)
{
	char image[PATH_MAX], path[PATH_MAX], digest[DIGEST_TEXT_MAX];
	int result = kernels_image(kernel, image);

	if (result == 0)
		result = digest_path(kernel->release, path);
	if (result == 0)
		result = digest_read(host, path, digest);
	if (result == 0 && is_outdated(host, path, image)) {
		/* One that cannot be read leaves the note. */
		if (read_image(host, image, digest, kernel->why) == -ENOENT)
			return KERNEL_UNKNOWN;
	} else if (result == -ENOENT) {
		result = read_image(host, image, digest, kernel->why);
		if (result == -ENOENT || result == -EBADMSG)
			return KERNEL_UNKNOWN;
	}
	if (result < 0)
		return KERNEL_UNREADABLE;
	if (strcmp(digest, rules) == 0)
		return kernel->why[0] ? KERNEL_IDLE : KERNEL_CURRENT;
	kernel->why[0] = '\0';
	return KERNEL_CHANGED;
}

int kernels_list(struct kernels *kernels, const struct host *host)
{
	struct finder finder = { host, kernels };
	char image[PATH_MAX];
	int result;

	*kernels = (struct kernels){ .builder = builder_find(host) };
	result = host_each(host, BOOT, take_file, kernels);
	if (result == 0 || result == -ENOENT)
		result = host_each(host, MODULES, take_modules, &finder);
	if (result == -ENOENT)
		result = 0;
	if (result == 0 && kernels->count > 1)
		qsort(kernels->list, kernels->count, sizeof(*kernels->list), compare);
	for (size_t i = 0; i < kernels->count; i++)
		kernels->list[i].state = kernels_image(&kernels->list[i], image) < 0 ||
							 host_has(host, "", host_below(image))
						 ? KERNEL_UNREADABLE
						 : KERNEL_NO_IMAGE;
	return result;
}

int kernels_find(struct kernels *kernels, const struct host *host)
{
	char rules[DIGEST_TEXT_MAX], running[NAME_MAX + 1] = "";
	int result = kernels_list(kernels, host);

	if (result == 0)
		result = digest_rules(host, rules);
	if (result < 0)
		return result;
	host_readf(host, running, sizeof(running), "/proc/sys/kernel/osrelease");
	for (size_t i = 0; i < kernels->count; i++) {
		if (kernels->list[i].state != KERNEL_NO_IMAGE)
			kernels->list[i].state = judge(host, &kernels->list[i], rules);
		kernels->list[i].running = strcmp(kernels->list[i].release, running) == 0;
	}
	return 0;
}

const struct kernel *kernels_find_imageless(const struct kernels *kernels)
{
	for (size_t i = 0; i < kernels->count; i++)
		if (kernels->list[i].state == KERNEL_NO_IMAGE)
			return &kernels->list[i];
	return NULL;
}

void kernels_free(struct kernels *kernels)
{
	free(kernels->list);
	kernels->list = NULL;
	kernels->count = 0;
}

bool kernels_have_current(const struct kernels *kernels)
{
	for (size_t i = 0; i < kernels->count; i++)
		if (kernels->list[i].state == KERNEL_CURRENT)
			return true;
	return false;
}

static const struct {
	const char *name, *problem;
} states[] = {
	[KERNEL_CURRENT] = { "current", NULL },
	[KERNEL_IDLE] = { "binds nothing", "The image binds nothing" },
	[KERNEL_CHANGED] = { "changed", "The rules have changed since the image was built" },
	[KERNEL_UNKNOWN] = { "not noted", "The image was built without vfio-early" },
	[KERNEL_UNREADABLE] = { "not readable",
				"Whether the image has the current rules can't be seen" },
	[KERNEL_NO_IMAGE] = { "no image", "This kernel has no image" },
};

const char *kernels_state_name(enum kernel_state state)
{
	return states[state].name;
}

const char *kernels_problem(enum kernel_state state)
{
	return states[state].problem;
}

const char *kernels_remedy(const struct kernels *kernels, enum kernel_state state)
{
	if (state == KERNEL_UNREADABLE)
		return "vfio-earlyctl image";
	return state == KERNEL_NO_IMAGE ? kernels->builder->first : kernels->builder->one;
}

bool kernels_is_stale(const struct kernel *kernel, bool has_rules)
{
	return kernel->state == KERNEL_CHANGED || kernel->state == KERNEL_IDLE ||
	       (has_rules && kernel->state != KERNEL_CURRENT);
}
