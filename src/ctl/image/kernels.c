/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The installed kernels. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/rules.h"
#include "core/text.h"
#include "host/array.h"
#include "host/joined.h"
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

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (text_ends_with(release, ends[i]))
			return true;
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

struct kernel *kernels_named(const struct kernels *kernels, const char *release)
{
	for (size_t i = 0; i < kernels->count; i++)
		if (strcmp(kernels->list[i].release, release) == 0)
			return &kernels->list[i];
	return NULL;
}

static int add(struct kernels *kernels, const char *release)
{
	struct kernel *kernel;

	if (!release[0] || release[strspn(release, RELEASE_CHARACTERS)] ||
	    kernels_is_leftover(release) || kernels_named(kernels, release))
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

int kernels_read_image(const struct host *host, const struct kernel *kernel,
		       struct contents *contents, char message[INITRAMFS_MESSAGE_MAX])
{
	char image[PATH_MAX], path[PATH_MAX];
	int result = kernels_image(kernel, image);

	*contents = (struct contents){ .count = 0 };
	if (result == 0)
		result = host_outside(host, image, path);
	if (result == 0)
		return contents_read(contents, path, message);
	snprintf(message, INITRAMFS_MESSAGE_MAX, "%s", strerror(-result));
	return result;
}

/* What is known of an image: the digest of its rules, and its list, which is NULL if it has none.
 */
struct note {
	char digest[DIGEST_TEXT_MAX], *list;
};

/*
 * This takes as long as it takes to unpack it. 0, 1 if it binds nothing, -ENOENT where the program
 * is not in it, or another -errno.
 */
static int read_image(const struct host *host, struct kernel *kernel, struct note *note)
{
	char message[INITRAMFS_MESSAGE_MAX];
	struct contents contents;
	int result = kernels_read_image(host, kernel, &contents, message);

	if (result == 0)
		result = contents_find(&contents, CONTENTS_PROGRAM) ? 0 : -ENOENT;
	if (result == 0) {
		contents_digest(&contents, note->digest);
		note->list = verify_copy_list(&contents);
		result = verify_binds_nothing(&contents, kernel->why);
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
 * but for Debian 13's, dracut runs no such scripts when it is called by itself. 0, 1 if the image
 * binds nothing, -ENOENT where it knows of no rules, or another -errno.
 */
static int read_note(const struct host *host, struct kernel *kernel, struct note *note)
{
	char image[PATH_MAX], path[PATH_MAX];
	int result = kernels_image(kernel, image);

	if (result == 0)
		result = digest_path(kernel->release, path);
	if (result != 0)
		return result;
	result = digest_read(host, path, note->digest);
	if (result == -ENOENT) {
		result = read_image(host, kernel, note);
		return result == -EBADMSG ? -ENOENT : result;
	}
	if (result < 0)
		return result;
	if (is_outdated(host, path, image))
		return read_image(host, kernel, note);
	result = digest_read_list(host, kernel->release, &note->list);
	return result == -ENOENT ? 0 : result;
}

/* What the kernels' images are compared with. */
struct now {
	const struct host *host;
	struct rules rules;
	char digest[DIGEST_TEXT_MAX]; /* of the rules */
	struct protect *protect;
};

/* Whether a boot with the list keeps what the host needs now; what it does not keep is added. */
static enum kernel_state compare_list(const struct now *now, const char *text,
				      struct kernel *kernel)
{
	struct rules list = { .count = 0 };
	char address[PCI_ADDRESS_TEXT_MAX], device[PCI_ADDRESS_TEXT_MAX + PROTECT_REASON_MAX + 4];
	char why[PROTECTIONS_WHY_MAX];
	struct protect *protect = now->protect;
	enum kernel_state state = KERNEL_UNLISTED;
	bool *lacking = NULL;

	if (protections_parse(&list, kernel->release, text, strlen(text), why) == 0)
		lacking = verify_lacking(&list, protect);
	if (lacking)
		state = KERNEL_CURRENT;
	for (size_t i = 0; lacking && i < protect->pci.count; i++) {
		if (!lacking[i])
			continue;
		state = KERNEL_LACKING;
		snprintf(device, sizeof(device), "%s (%s)",
			 pci_address_format(&protect->pci.devices[i].address, address),
			 protect->reasons[i]);
		joined_add(kernel->why, sizeof(kernel->why), device);
	}
	free(lacking);
	rules_free(&list);
	return state;
}

static enum kernel_state judge(const struct now *now, struct kernel *kernel)
{
	struct note note = { .list = NULL };
	int result = read_note(now->host, kernel, &note);
	enum kernel_state state = KERNEL_CURRENT;

	if (result == -ENOENT)
		state = KERNEL_UNKNOWN;
	else if (result < 0)
		state = KERNEL_UNREADABLE;
	else if (strcmp(note.digest, now->digest) != 0)
		state = KERNEL_CHANGED;
	else if (kernel->why[0])
		state = KERNEL_IDLE;
	else if (rules_want_drivers(&now->rules) && !now->rules.bad && !note.list)
		state = KERNEL_UNLISTED;
	else if (note.list && now->protect->pci.directory >= 0 && !now->protect->hidden)
		state = compare_list(now, note.list, kernel);
	if (state != KERNEL_IDLE && state != KERNEL_LACKING)
		kernel->why[0] = '\0';
	free(note.list);
	return state;
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

int kernels_find(struct kernels *kernels, const struct host *host, struct protect *protect)
{
	struct protect own = { .pci = { .directory = -1 } };
	struct now now = { .host = host, .protect = protect ?: &own };
	char release[NAME_MAX + 1] = "";
	struct kernel *running;
	int result = kernels_list(kernels, host);

	if (result == 0)
		result = digest_rules(host, now.digest);
	if (result == 0)
		result = rules_read(&now.rules, host->directory);
	if (!protect && protect_find(&own, host->root[0] ? host->root : "/") < 0)
		own.hidden = true;
	host_readf(host, release, sizeof(release), "/proc/sys/kernel/osrelease");
	running = kernels_named(kernels, release);
	if (running)
		running->running = true;
	for (size_t i = 0; i < kernels->count && result == 0; i++)
		if (kernels->list[i].state != KERNEL_NO_IMAGE)
			kernels->list[i].state = judge(&now, &kernels->list[i]);
	rules_free(&now.rules);
	protect_free(&own);
	return result;
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
	[KERNEL_LACKING] = { "lacks devices",
			     "The image's list lacks devices that the host needs now" },
	[KERNEL_CHANGED] = { "changed", "The rules have changed since the image was built" },
	[KERNEL_UNKNOWN] = { "not noted", "The image was built without vfio-early" },
	[KERNEL_UNLISTED] = { "unknown",
			      "Whether the image's list has all that the host needs is not noted" },
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
	return kernel->state == KERNEL_CHANGED ||
	       kernel->state == KERNEL_IDLE || kernel->state == KERNEL_LACKING ||
	       (has_rules && kernel->state != KERNEL_CURRENT);
}
