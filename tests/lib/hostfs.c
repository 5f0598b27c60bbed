/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A FUSE file system that shows a simulated host. */
#define FUSE_USE_VERSION 312

#include "hostfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRIVERS      "sys/bus/pci/drivers/"
#define MESSAGES_MAX 512
#define LOADED_MAX   512

/* Each blocked write takes one. */
#define THREADS_MAX 256

/* Attributes have one page of room. */
#define ATTRIBUTE_SIZE 4096

enum kind {
	KIND_PLAIN, /* as it is in the tree */
	KIND_LINK,  /* a device's driver */
	KIND_UEVENT,
	KIND_OVERRIDE,
	KIND_SETTING, /* reset_method or d3cold_allowed, which keep what is written */
	KIND_UNBIND,
	KIND_PROBE,
	KIND_OTHER, /* any other file of sysfs */
	KIND_KMSG,
	KIND_MODULE,
};

struct node {
	struct node *next; /* of the directories */
	uint64_t lookups;
	enum kind kind;
	char subject[DRIVERCORE_NAME_MAX]; /* device or driver */
	char path[];
};

struct hostfs {
	struct fuse_session *session;
	pthread_t thread;
	struct drivercore *core;
	int tree;
	pthread_mutex_t mutex; /* of all below */
	struct node *directories;
	struct node *root;
	const char *denied;
	int denial;
	struct hostfs_message *messages;
	size_t n_messages;
	unsigned int n_opens;
	char loaded[LOADED_MAX];
	void (*loading)(void *context, const char *name);
	void *loading_context;
};

/* An open file: one of the tree, one of the driver core, or a directory. */
struct handle {
	int fd;
	DIR *directory;
	unsigned int open;
};

static struct hostfs *get_fs(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

static struct node *get_node(fuse_req_t request, fuse_ino_t number)
{
	return number == FUSE_ROOT_ID ? get_fs(request)->root : (struct node *)(uintptr_t)number;
}

static struct handle *get_handle(const struct fuse_file_info *info)
{
	return (struct handle *)(uintptr_t)info->fh;
}

/* What a path is. */

static bool split(const char *path, char directory[DRIVERCORE_NAME_MAX], const char **file)
{
	const char *slash = strrchr(path, '/'), *start = slash;

	if (!slash)
		return false;
	while (start > path && start[-1] != '/')
		start--;
	*file = slash + 1;
	return snprintf(directory, DRIVERCORE_NAME_MAX, "%.*s", (int)(slash - start), start) <
	       DRIVERCORE_NAME_MAX;
}

/* Whether the path goes through a device that is gone. */
static bool is_gone(struct hostfs *fs, const char *path)
{
	struct device_state state;
	const char *name;
	size_t i;

	for (i = 0; (name = drivercore_name(fs->core, i)); i++)
		if (strstr(path, name) && drivercore_get(fs->core, name, &state) && state.gone)
			return true;
	return false;
}

static enum kind classify_device(const char *file)
{
	static const struct {
		const char *name;
		enum kind kind;
	} files[] = {
		{ "driver", KIND_LINK },
		{ "uevent", KIND_UEVENT },
		{ "driver_override", KIND_OVERRIDE },
		{ "reset_method", KIND_SETTING },
		{ "d3cold_allowed", KIND_SETTING },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(file, files[i].name))
			return files[i].kind;
	return KIND_OTHER;
}

static bool is_module(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot && !strcmp(dot, ".ko");
}

static enum kind classify(struct hostfs *fs, const char *path, char subject[DRIVERCORE_NAME_MAX])
{
	struct device_state state;
	const char *file;

	if (!strcmp(path, "dev/kmsg"))
		return KIND_KMSG;
	if (!strcmp(path, "sys/bus/pci/drivers_probe"))
		return KIND_PROBE;
	if (!strncmp(path, "lib/modules/", 12) && split(path, subject, &file) && is_module(file)) {
		snprintf(subject, DRIVERCORE_NAME_MAX, "%.*s", (int)strlen(file) - 3, file);
		return KIND_MODULE;
	}
	if (strncmp(path, "sys/", 4) || !split(path, subject, &file))
		return KIND_PLAIN;
	if (!strncmp(path, DRIVERS, strlen(DRIVERS)))
		return strcmp(file, "unbind") ? KIND_OTHER : KIND_UNBIND;
	return drivercore_get(fs->core, subject, &state) ? classify_device(file) : KIND_OTHER;
}

static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return !strncmp(path, above, length) && (path[length] == '/' || !path[length]);
}

/* 0 or the error of hostfs_deny(). */
static int get_denial(struct hostfs *fs, const char *path)
{
	int error = 0;

	pthread_mutex_lock(&fs->mutex);
	if (fs->denied && is_below(path, fs->denied))
		error = fs->denial;
	pthread_mutex_unlock(&fs->mutex);
	return error;
}

static int join(char path[PATH_MAX], const struct node *parent, const char *name)
{
	int length =
		snprintf(path, PATH_MAX, "%s%s%s", parent->path, *parent->path ? "/" : "", name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Attributes of files. */

static int stat_link(struct hostfs *fs, const char *device, struct stat *st)
{
	struct device_state state;

	if (!drivercore_get(fs->core, device, &state) || !*state.link)
		return -ENOENT;
	st->st_mode = S_IFLNK | 0777;
	st->st_nlink = 1;
	return 0;
}

static int stat_path(struct hostfs *fs, enum kind kind, const char *subject, const char *path,
		     struct stat *st)
{
	memset(st, 0, sizeof(*st));
	if (is_gone(fs, path) || get_denial(fs, path) == ENOENT)
		return -ENOENT;
	if (kind == KIND_LINK)
		return stat_link(fs, subject, st);
	if (kind == KIND_KMSG) {
		st->st_mode = S_IFREG | 0644;
		st->st_nlink = 1;
		return 0;
	}
	if (fstatat(fs->tree, *path ? path : ".", st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (S_ISREG(st->st_mode) && kind != KIND_PLAIN && st->st_size < ATTRIBUTE_SIZE)
		st->st_size = ATTRIBUTE_SIZE;
	return 0;
}

/* Nodes. */

static struct node *new_node(enum kind kind, const char *subject, const char *path)
{
	struct node *node = calloc(1, sizeof(*node) + strlen(path) + 1);

	if (!node)
		abort();
	node->kind = kind;
	strcpy(node->subject, subject);
	strcpy(node->path, path);
	return node;
}

/* Directories keep their node: open ones must not be cut off from what is below them. */
static struct node *get_directory(struct hostfs *fs, enum kind kind, const char *subject,
				  const char *path)
{
	struct node *node = fs->directories;

	while (node && strcmp(node->path, path))
		node = node->next;
	if (node)
		return node;
	node = new_node(kind, subject, path);
	node->next = fs->directories;
	fs->directories = node;
	return node;
}

static int fill_entry(struct hostfs *fs, const char *path, struct fuse_entry_param *entry)
{
	char subject[DRIVERCORE_NAME_MAX] = "";
	enum kind kind = classify(fs, path, subject);
	struct node *node;
	int result;

	memset(entry, 0, sizeof(*entry));
	result = stat_path(fs, kind, subject, path, &entry->attr);
	if (result < 0)
		return result;
	pthread_mutex_lock(&fs->mutex);
	node = S_ISDIR(entry->attr.st_mode) ? get_directory(fs, kind, subject, path)
					    : new_node(kind, subject, path);
	node->lookups++;
	pthread_mutex_unlock(&fs->mutex);
	entry->ino = (uintptr_t)node;
	return 0;
}

static void reply_entry(fuse_req_t request, const char *path)
{
	struct fuse_entry_param entry;
	int result = fill_entry(get_fs(request), path, &entry);

	if (result < 0)
		fuse_reply_err(request, -result);
	else
		fuse_reply_entry(request, &entry);
}

static void do_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	char path[PATH_MAX];
	int result = join(path, get_node(request, parent), name);

	if (result < 0)
		fuse_reply_err(request, -result);
	else
		reply_entry(request, path);
}

static void do_forget(fuse_req_t request, fuse_ino_t number, uint64_t lookups)
{
	struct hostfs *fs = get_fs(request);
	struct node *node = get_node(request, number), *directory;

	pthread_mutex_lock(&fs->mutex);
	node->lookups -= lookups;
	for (directory = fs->directories; directory && directory != node;)
		directory = directory->next;
	if (!directory && node->lookups == 0)
		free(node);
	pthread_mutex_unlock(&fs->mutex);
	fuse_reply_none(request);
}

static void do_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	struct node *node = get_node(request, number);
	struct stat st;
	int result;

	/* An open file may have another name by now. */
	if (info && get_handle(info)->fd >= 0)
		result = fstat(get_handle(info)->fd, &st) ? -errno : 0;
	else
		result = stat_path(get_fs(request), node->kind, node->subject, node->path, &st);
	if (result < 0)
		fuse_reply_err(request, -result);
	else
		fuse_reply_attr(request, &st, 0);
}

/* Only an open that truncates comes here. */
static void do_setattr(fuse_req_t request, fuse_ino_t number, struct stat *attr, int set,
		       struct fuse_file_info *info)
{
	struct hostfs *fs = get_fs(request);
	struct node *node = get_node(request, number);
	int fd, error = 0;

	if (set & FUSE_SET_ATTR_SIZE && node->kind == KIND_PLAIN) {
		error = get_denial(fs, node->path);
		fd = openat(fs->tree, node->path, O_WRONLY | O_CLOEXEC);
		if (!error && (fd < 0 || ftruncate(fd, attr->st_size)))
			error = errno;
		if (fd >= 0)
			close(fd);
	}
	if (error)
		fuse_reply_err(request, error);
	else
		do_getattr(request, number, info);
}

/* From sys/devices/pci0000:00/0000:00:01.0 it is three up to sys. */
static void reply_driver(fuse_req_t request, const struct node *node)
{
	char target[PATH_MAX] = "";
	struct device_state state;

	if (!drivercore_get(get_fs(request)->core, node->subject, &state) || !*state.link) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	for (const char *p = strchr(node->path, '/') + 1; (p = strchr(p, '/')); p++)
		strcat(target, "../");
	strcat(target, "bus/pci/drivers/");
	strcat(target, state.link);
	fuse_reply_readlink(request, target);
}

static void do_readlink(fuse_req_t request, fuse_ino_t number)
{
	struct node *node = get_node(request, number);
	char target[PATH_MAX];
	ssize_t length;

	if (node->kind == KIND_LINK) {
		reply_driver(request, node);
		return;
	}
	length = readlinkat(get_fs(request)->tree, node->path, target, sizeof(target) - 1);
	if (length < 0) {
		fuse_reply_err(request, errno);
		return;
	}
	target[length] = '\0';
	fuse_reply_readlink(request, target);
}

static void do_access(fuse_req_t request, fuse_ino_t number, int mask)
{
	(void)number;
	(void)mask;
	fuse_reply_err(request, 0);
}

/* Open files. */

static struct handle *new_handle(struct fuse_file_info *info)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		abort();
	handle->fd = -1;
	info->fh = (uintptr_t)handle;
	return handle;
}

static void close_handle(struct handle *handle)
{
	if (handle->directory)
		closedir(handle->directory);
	if (handle->fd >= 0)
		close(handle->fd);
	free(handle);
}

/* A module's file is opened only to load it. */
static void load_module(struct hostfs *fs, const char *name)
{
	char path[sizeof("sys/module//initstate") + DRIVERCORE_NAME_MAX];
	void (*loading)(void *context, const char *name);
	size_t used;
	int fd;

	pthread_mutex_lock(&fs->mutex);
	used = strlen(fs->loaded);
	snprintf(fs->loaded + used, LOADED_MAX - used, "%s ", name);
	loading = fs->loading;
	pthread_mutex_unlock(&fs->mutex);
	if (strcmp(name, "vfio_pci") == 0)
		renameat(fs->tree, HOSTFS_UNLOADED, fs->tree, DRIVERS "vfio-pci");
	if (loading)
		loading(fs->loading_context, name);
	snprintf(path, sizeof(path), "sys/module/%s", name);
	mkdirat(fs->tree, path, 0755);
	strcat(path, "/initstate");
	fd = openat(fs->tree, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "live\n", 5) != 5)
		abort();
	close(fd);
}

static int open_node(struct hostfs *fs, const struct node *node, struct handle *handle, int flags)
{
	int error = (flags & O_ACCMODE) == O_RDONLY ? 0 : get_denial(fs, node->path);

	if (!error && is_gone(fs, node->path))
		error = ENOENT;
	if (error)
		return -error;
	pthread_mutex_lock(&fs->mutex);
	handle->open = fs->n_opens++;
	pthread_mutex_unlock(&fs->mutex);
	if (node->kind == KIND_KMSG)
		return 0;
	if (node->kind == KIND_MODULE)
		load_module(fs, node->subject);
	if (node->kind != KIND_PLAIN)
		flags = O_RDONLY;
	handle->fd = openat(fs->tree, node->path, (flags & O_ACCMODE) | O_CLOEXEC);
	return handle->fd < 0 ? -errno : 0;
}

static void do_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	struct handle *handle = new_handle(info);
	int result = open_node(get_fs(request), get_node(request, number), handle, info->flags);

	info->direct_io = 1;
	if (result < 0) {
		close_handle(handle);
		fuse_reply_err(request, -result);
	} else {
		fuse_reply_open(request, info);
	}
}

static void do_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *info)
{
	struct hostfs *fs = get_fs(request);
	struct handle *handle = new_handle(info);
	struct fuse_entry_param entry;
	char path[PATH_MAX];
	int result = join(path, get_node(request, parent), name);

	if (result == 0)
		result = -get_denial(fs, path);
	if (result == 0) {
		handle->fd = openat(fs->tree, path, info->flags | O_CREAT | O_CLOEXEC, mode);
		result = handle->fd < 0 ? -errno : fill_entry(fs, path, &entry);
	}
	info->direct_io = 1;
	if (result < 0) {
		close_handle(handle);
		fuse_reply_err(request, -result);
	} else {
		fuse_reply_create(request, &entry, info);
	}
}

static void do_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	(void)number;
	close_handle(get_handle(info));
	fuse_reply_err(request, 0);
}

static void reply_part(fuse_req_t request, const char *text, size_t size, off_t offset)
{
	size_t length = strlen(text), from = (size_t)offset < length ? (size_t)offset : length;

	fuse_reply_buf(request, text + from, length - from < size ? length - from : size);
}

static void read_override(fuse_req_t request, const struct node *node, size_t size, off_t offset)
{
	char text[DRIVERCORE_NAME_MAX + 2];
	struct device_state state = { .override = "" };

	drivercore_get(get_fs(request)->core, node->subject, &state);
	snprintf(text, sizeof(text), "%s\n", *state.override ? state.override : "(null)");
	reply_part(request, text, size, offset);
}

/* The tree's text, with another driver or none. */
static void read_uevent(fuse_req_t request, const struct node *node, int fd, size_t size,
			off_t offset)
{
	char whole[ATTRIBUTE_SIZE / 2], text[ATTRIBUTE_SIZE];
	struct device_state state = { .driver = "" };
	ssize_t length = pread(fd, whole, sizeof(whole) - 1, 0);
	const char *rest = whole;

	if (length < 0) {
		fuse_reply_err(request, errno);
		return;
	}
	whole[length] = '\0';
	if (!strncmp(rest, "DRIVER=", 7))
		rest = strchr(rest, '\n') + 1;
	drivercore_get(get_fs(request)->core, node->subject, &state);
	snprintf(text, sizeof(text), "%s%s%s%s", *state.driver ? "DRIVER=" : "", state.driver,
		 *state.driver ? "\n" : "", rest);
	reply_part(request, text, size, offset);
}

static void read_plain(fuse_req_t request, int fd, size_t size, off_t offset)
{
	char *text = malloc(size);
	ssize_t length = text ? pread(fd, text, size, offset) : -1;

	if (length < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_buf(request, text, length);
	free(text);
}

static void do_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
		    struct fuse_file_info *info)
{
	struct node *node = get_node(request, number);
	int fd = get_handle(info)->fd;

	if (node->kind == KIND_OVERRIDE)
		read_override(request, node, size, offset);
	else if (node->kind == KIND_UEVENT)
		read_uevent(request, node, fd, size, offset);
	else
		read_plain(request, fd, size, offset);
}

static void add_message(struct hostfs *fs, unsigned int open, const char *text, size_t size)
{
	struct hostfs_message *message;

	pthread_mutex_lock(&fs->mutex);
	if (fs->n_messages == MESSAGES_MAX)
		abort(); /* no test says as much */
	message = &fs->messages[fs->n_messages++];
	message->open = open;
	message->size = size;
	snprintf(message->text, sizeof(message->text), "%.*s", (int)size, text);
	pthread_mutex_unlock(&fs->mutex);
}

/* The kernel of this host has no reset by ACPI, and what it shows first is its default. */
static int write_setting(const struct hostfs *fs, const char *path, const char *text, size_t size)
{
	int fd, result = 0;

	if (memmem(text, size, "acpi", 4))
		return -EINVAL;
	if (memmem(text, size, "default", 7))
		return 0;
	fd = openat(fs->tree, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, text, size) < 0 || write(fd, "\n", 1) < 0)
		result = -errno;
	if (fd >= 0)
		close(fd);
	return result;
}

static int write_node(struct hostfs *fs, const struct node *node, const struct handle *handle,
		      const char *text, size_t size, off_t offset)
{
	static const enum store stores[] = {
		[KIND_LINK] = STORE_OTHER,        [KIND_UEVENT] = STORE_OTHER,
		[KIND_SETTING] = STORE_SETTING,
		[KIND_OVERRIDE] = STORE_OVERRIDE, [KIND_UNBIND] = STORE_UNBIND,
		[KIND_PROBE] = STORE_PROBE,       [KIND_OTHER] = STORE_OTHER,
		[KIND_MODULE] = STORE_OTHER,
	};
	const char *subject = node->subject;
	int result;

	if (node->kind == KIND_PLAIN)
		return pwrite(handle->fd, text, size, offset) < 0 ? -errno : 0;
	if (node->kind == KIND_KMSG) {
		add_message(fs, handle->open, text, size);
		return 0;
	}
	if (stores[node->kind] == STORE_OTHER)
		subject = node->path;
	result = drivercore_write(fs->core, stores[node->kind], subject, text, size);
	if (result == 0 && node->kind == KIND_SETTING)
		result = write_setting(fs, node->path, text, size);
	return result;
}

static void do_write(fuse_req_t request, fuse_ino_t number, const char *text, size_t size,
		     off_t offset, struct fuse_file_info *info)
{
	int result = write_node(get_fs(request), get_node(request, number), get_handle(info), text,
				size, offset);

	if (result < 0)
		fuse_reply_err(request, -result);
	else
		fuse_reply_write(request, size);
}

static void do_fsync(fuse_req_t request, fuse_ino_t number, int data_only,
		     struct fuse_file_info *info)
{
	(void)number;
	(void)data_only;
	(void)info;
	fuse_reply_err(request, 0);
}

/* Directories. */

static void do_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct hostfs *fs = get_fs(request);
	char path[PATH_MAX];
	int result = join(path, get_node(request, parent), name);

	if (result == 0)
		result = -get_denial(fs, path);
	if (result == 0 && mkdirat(fs->tree, path, mode))
		result = -errno;
	if (result < 0)
		fuse_reply_err(request, -result);
	else
		reply_entry(request, path);
}

static void do_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct hostfs *fs = get_fs(request);
	char path[PATH_MAX];
	int result = join(path, get_node(request, parent), name);

	if (result == 0)
		result = -get_denial(fs, path);
	if (result == 0 && unlinkat(fs->tree, path, 0))
		result = -errno;
	fuse_reply_err(request, -result);
}

static void do_rename(fuse_req_t request, fuse_ino_t parent, const char *name,
		      fuse_ino_t new_parent, const char *new_name, unsigned int flags)
{
	struct hostfs *fs = get_fs(request);
	char from[PATH_MAX], to[PATH_MAX];
	int result = join(from, get_node(request, parent), name);

	if (result == 0)
		result = join(to, get_node(request, new_parent), new_name);
	if (result == 0)
		result = -get_denial(fs, to);
	if (result == 0 && (flags || renameat(fs->tree, from, fs->tree, to)))
		result = flags ? -EINVAL : -errno;
	fuse_reply_err(request, -result);
}

static void do_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	const struct node *node = get_node(request, number);
	struct handle *handle = new_handle(info);
	int fd = openat(get_fs(request)->tree, *node->path ? node->path : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	handle->directory = fd < 0 ? NULL : fdopendir(fd);
	if (handle->directory) {
		fuse_reply_open(request, info);
		return;
	}
	fuse_reply_err(request, errno);
	close_handle(handle);
}

static bool is_listed(struct hostfs *fs, const struct node *node, const char *name)
{
	char path[PATH_MAX];

	return join(path, node, name) == 0 && !is_gone(fs, path);
}

/* One entry a time: slow, and no offset to get wrong. */
static void do_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
		       struct fuse_file_info *info)
{
	DIR *directory = get_handle(info)->directory;
	struct dirent *entry;
	struct stat st = { 0 };
	char buffer[1024];

	if (offset == 0)
		rewinddir(directory);
	do {
		entry = readdir(directory);
	} while (entry && !is_listed(get_fs(request), get_node(request, number), entry->d_name));
	if (!entry) {
		fuse_reply_buf(request, NULL, 0);
		return;
	}
	st.st_ino = entry->d_ino;
	st.st_mode = DTTOIF(entry->d_type);
	size = fuse_add_direntry(request, buffer, size < sizeof(buffer) ? size : sizeof(buffer),
				 entry->d_name, &st, offset + 1);
	fuse_reply_buf(request, buffer, size);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = do_lookup,
	.forget = do_forget,
	.getattr = do_getattr,
	.setattr = do_setattr,
	.readlink = do_readlink,
	.access = do_access,
	.open = do_open,
	.create = do_create,
	.release = do_release,
	.read = do_read,
	.write = do_write,
	.fsync = do_fsync,
	.mkdir = do_mkdir,
	.unlink = do_unlink,
	.rename = do_rename,
	.opendir = do_opendir,
	.releasedir = do_release,
	.readdir = do_readdir,
};

/* Mounting. */

static void *serve(void *argument)
{
	struct hostfs *fs = argument;
	struct fuse_loop_config *config = fuse_loop_cfg_create();

	fuse_loop_cfg_set_max_threads(config, THREADS_MAX);
	fuse_loop_cfg_set_idle_threads(config, THREADS_MAX);
	fuse_session_loop_mt(fs->session, config);
	fuse_loop_cfg_destroy(config);
	return NULL;
}

static int start(struct hostfs *fs, const char *mountpoint)
{
	char *argv[] = { "hostfs", "-o", "fsname=hostfs", NULL };
	struct fuse_args arguments = FUSE_ARGS_INIT(3, argv);

	fs->session = fuse_session_new(&arguments, &operations, sizeof(operations), fs);
	fuse_opt_free_args(&arguments);
	if (!fs->session)
		return -ENOMEM;
	if (fuse_session_mount(fs->session, mountpoint))
		return -EIO; /* it has told why */
	if (!pthread_create(&fs->thread, NULL, serve, fs))
		return 0;
	fuse_session_unmount(fs->session);
	return -EAGAIN;
}

/* Files that the kernel had not forgotten at the unmount are lost; a test is short. */
static void free_fs(struct hostfs *fs)
{
	struct node *node;

	if (fs->session)
		fuse_session_destroy(fs->session);
	while ((node = fs->directories)) {
		fs->directories = node->next;
		free(node);
	}
	if (fs->tree >= 0)
		close(fs->tree);
	pthread_mutex_destroy(&fs->mutex);
	free(fs->root);
	free(fs->messages);
	free(fs);
}

struct hostfs *hostfs_mount(const char *tree, const char *mountpoint, struct drivercore *core)
{
	struct hostfs *fs = calloc(1, sizeof(*fs));
	int result = 0;

	if (!fs)
		return NULL;
	fs->core = core;
	fs->root = new_node(KIND_PLAIN, "", "");
	fs->messages = calloc(MESSAGES_MAX, sizeof(*fs->messages));
	pthread_mutex_init(&fs->mutex, NULL);
	fs->tree = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs->tree < 0)
		result = -errno;
	else if (!fs->messages)
		result = -ENOMEM;
	if (result == 0)
		result = start(fs, mountpoint);
	if (result == 0)
		return fs;
	free_fs(fs);
	errno = -result;
	return NULL;
}

void hostfs_unmount(struct hostfs *fs)
{
	if (!fs)
		return;
	fuse_session_exit(fs->session);
	fuse_session_unmount(fs->session);
	pthread_join(fs->thread, NULL);
	free_fs(fs);
}

void hostfs_deny(struct hostfs *fs, const char *path, int error)
{
	pthread_mutex_lock(&fs->mutex);
	fs->denied = path;
	fs->denial = error;
	pthread_mutex_unlock(&fs->mutex);
}

void hostfs_set_loading(struct hostfs *fs, void (*loading)(void *context, const char *name),
			void *context)
{
	pthread_mutex_lock(&fs->mutex);
	fs->loading = loading;
	fs->loading_context = context;
	pthread_mutex_unlock(&fs->mutex);
}

const char *hostfs_loaded(struct hostfs *fs)
{
	return fs->loaded;
}

void hostfs_reset(struct hostfs *fs)
{
	pthread_mutex_lock(&fs->mutex);
	fs->n_messages = 0;
	fs->loaded[0] = '\0';
	pthread_mutex_unlock(&fs->mutex);
	hostfs_deny(fs, NULL, 0);
}

size_t hostfs_messages(struct hostfs *fs, struct hostfs_message *messages, size_t max)
{
	size_t count;

	pthread_mutex_lock(&fs->mutex);
	count = fs->n_messages;
	memcpy(messages, fs->messages, (count < max ? count : max) * sizeof(*messages));
	pthread_mutex_unlock(&fs->mutex);
	return count;
}
