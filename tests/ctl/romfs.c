/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The `rom` attribute of a PCI device, as a FUSE file system of one file. */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "romfs.h"

#define PAGE       4096
#define EVENTS_MAX 256

struct romfs {
	struct fuse *fuse;
	pthread_t thread;
	const uint8_t *data;
	size_t size;
	struct romfs_behaviour behaviour;
	bool on;
	char events[EVENTS_MAX];
};

static struct romfs *get(void)
{
	return fuse_get_context()->private_data;
}

/* Reads in a row are one. */
static void note(struct romfs *fs, const char *event)
{
	size_t used = strlen(fs->events), length = strlen(event);

	if (used >= length && strcmp(fs->events + used - length, event) == 0)
		return;
	snprintf(fs->events + used, EVENTS_MAX - used, "%s%s", used ? " " : "", event);
}

static void note_read(struct romfs *fs)
{
	char *text = fs->behaviour.watch ? files_read(fs->behaviour.watch) : NULL,
	     event[64] = "read";

	if (text)
		snprintf(event, sizeof(event), "read(%.*s)", (int)strcspn(text, "\n"), text);
	free(text);
	note(fs, event);
}

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *file)
{
	(void)path;
	(void)file;
	memset(status, 0, sizeof(*status));
	status->st_mode = S_IFREG | 0600;
	status->st_nlink = 1;
	status->st_size = (off_t)get()->size;
	return 0;
}

static int open_rom(const char *path, struct fuse_file_info *file)
{
	(void)path;
	file->direct_io = 1;
	return 0;
}

static int read_rom(const char *path, char *buffer, size_t size, off_t offset,
		    struct fuse_file_info *file)
{
	struct romfs *fs = get();
	size_t from = (size_t)offset, length = size < PAGE ? size : PAGE;

	(void)path;
	(void)file;
	if (!fs->on)
		return -EINVAL;
	note_read(fs);
	if (fs->behaviour.signal && offset == 0)
		kill(fuse_get_context()->pid, fs->behaviour.signal);
	if (fs->behaviour.fails_at && from / PAGE + 1 >= fs->behaviour.fails_at)
		return -fs->behaviour.error;
	if (from >= fs->size)
		return 0;
	if (length > fs->size - from)
		length = fs->size - from;
	memcpy(buffer, fs->data + from, length);
	return (int)length;
}

static int write_rom(const char *path, const char *buffer, size_t size, off_t offset,
		     struct fuse_file_info *file)
{
	struct romfs *fs = get();
	bool off = offset == 0 && size == 2 && buffer[0] == '0';

	(void)path;
	(void)file;
	note(fs, off ? "off" : "on");
	if (off && fs->behaviour.off_error)
		return -fs->behaviour.off_error;
	fs->on = !off;
	return (int)size;
}

static const struct fuse_operations operations = {
	.getattr = get_attributes,
	.open = open_rom,
	.read = read_rom,
	.write = write_rom,
};

static void *serve(void *context)
{
	struct romfs *fs = context;

	fuse_loop(fs->fuse);
	return NULL;
}

struct romfs *romfs_mount(const char *path, const uint8_t *data, size_t size,
			  const struct romfs_behaviour *behaviour)
{
	struct romfs *fs = calloc(1, sizeof(*fs));
	char *argv[] = { "romfs", NULL };
	struct fuse_args arguments = FUSE_ARGS_INIT(1, argv);

	if (!fs)
		return NULL;
	*fs = (struct romfs){
		.data = data, .size = size, .behaviour = *behaviour, .on = behaviour->on
	};
	fs->fuse = fuse_new(&arguments, &operations, sizeof(operations), fs);
	if (fs->fuse && fuse_mount(fs->fuse, path) == 0 &&
	    pthread_create(&fs->thread, NULL, serve, fs) == 0)
		return fs;
	free(fs);
	return NULL;
}

void romfs_unmount(struct romfs *fs, char *events, size_t size, bool *on)
{
	fuse_exit(fs->fuse);
	fuse_unmount(fs->fuse);
	pthread_join(fs->thread, NULL);
	fuse_destroy(fs->fuse);
	snprintf(events, size, "%s", fs->events);
	*on = fs->on;
	free(fs);
}
