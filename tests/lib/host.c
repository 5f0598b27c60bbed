/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated host to run vfio-early on. */
#include "host.h"

#include "files.h"
#include "hosttree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int host_prepare_process(void)
{
	if (unshare(CLONE_NEWNS))
		return -errno;
	/* In a chroot, / is no mount: then the host may see ours while a test runs. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && errno != EINVAL)
		return -errno;
	return prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : 0;
}

/* Setting up. */

static int find_paths(struct host *host, const char *name)
{
	char path[PATH_MAX], base[PATH_MAX];

	if (!realpath(files_build(), base) ||
	    !realpath(files_path(path, "%s/vfio-early", base), host->program))
		return -errno;
	files_path(host->work, "%s/tests/fault/%s.work", base, name);
	return 0;
}

static int make_tree(const char *tree, const char *description, const char *rules,
		     const char *cmdline)
{
	char path[PATH_MAX], message[256];
	int result = files_make_parents(files_path(path, "%s/", tree));

	if (result < 0)
		return result;
	result = hosttree_write(description, tree, message, sizeof(message));
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", tree, message);
		return result;
	}
	result = files_make_parents(files_path(path, "%s/sys/module/vfio_iommu_type1/", tree));
	if (result == 0)
		result = files_write(files_path(path, "%s/etc/vfio-early.conf", tree), rules);
	if (result == 0)
		result = files_write(files_path(path, "%s/etc/vfio-early.protected", tree),
				     "# entries: 0\n");
	if (result == 0)
		result = files_write(files_path(path, "%s/proc/cmdline", tree), cmdline);
	return result;
}

static int mount_tree(struct host *host, const char *tree)
{
	char mountpoint[PATH_MAX];
	int result = files_make_parents(files_path(mountpoint, "%s/mount/", host->work));

	if (result < 0)
		return result;
	host->core = drivercore_new(tree);
	if (!host->core)
		return -errno;
	host->fs = hostfs_mount(tree, mountpoint, host->core);
	if (host->fs)
		return 0;
	result = -errno;
	drivercore_free(host->core);
	host->core = NULL;
	return result;
}

int host_set_up(struct host *host, const char *name, const char *description, const char *rules,
		const char *cmdline)
{
	char tree[PATH_MAX];
	int result;

	memset(host, 0, sizeof(*host));
	result = find_paths(host, name);
	if (result == 0)
		result = files_remove_tree(host->work);
	if (result == 0)
		result = make_tree(files_path(tree, "%s/tree", host->work), description, rules,
				   cmdline);
	if (result == 0)
		result = mount_tree(host, tree);
	if (result < 0)
		fprintf(stderr, "# %s: %s\n", host->work, strerror(-result));
	return result;
}

void host_tear_down(struct host *host)
{
	if (host->core)
		drivercore_release(host->core);
	host_wait_children(5);
	hostfs_unmount(host->fs);
	drivercore_free(host->core);
	host->fs = NULL;
	host->core = NULL;
}

void host_reset(struct host *host)
{
	char path[PATH_MAX], loaded[PATH_MAX], unloaded[PATH_MAX];

	snprintf(loaded, sizeof(loaded), "%s", hostfs_loaded(host->fs));
	drivercore_reset(host->core);
	hostfs_reset(host->fs);
	files_remove_tree(files_path(path, "%s/tree/run/vfio-early", host->work));
	/* What was loaded; one that is loaded from the start has no state here. */
	for (char *name = strtok(loaded, " "); name; name = strtok(NULL, " ")) {
		files_remove_tree(files_path(path, "%s/tree/sys/module/%s", host->work, name));
		if (strcmp(name, "vfio_pci") == 0)
			rename(files_path(path, "%s/tree/sys/bus/pci/drivers/vfio-pci", host->work),
			       files_path(unloaded, "%s/tree/" HOSTFS_UNLOADED, host->work));
	}
}

/* Running. */

/* A system call that a filter has fail with error 0 does nothing and succeeds. */
static int keep_modules_out(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_finit_module, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void host_exec(const struct host *host)
{
	char *const argv[] = { "vfio-early", "--root", "mount", (char *)host->added, NULL };
	static char *const envp[] = { NULL };
	const int flags = O_WRONLY | O_CREAT | O_TRUNC;
	sigset_t none;
	int in, out, err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir(host->work))
		_exit(127);
	in = open("/dev/null", O_RDONLY);
	out = open("stdout", flags, 0644);
	err = open("stderr", flags, 0644);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	close(in);
	close(out);
	close(err);
	if (keep_modules_out())
		_exit(127);
	execve(host->program, argv, envp);
	_exit(127);
}

double host_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void doze(void)
{
	const struct timespec moment = { .tv_nsec = 2000000 };

	nanosleep(&moment, NULL);
}

struct host_result host_run(const struct host *host, unsigned int seconds)
{
	double start = host_now();
	pid_t pid = fork(), got;
	int status = 0;

	if (pid == 0)
		host_exec(host);
	while (pid > 0 && (got = waitpid(pid, &status, WNOHANG)) == 0 &&
	       host_now() - start < seconds)
		doze();
	if (pid < 0 || got < 0)
		return (struct host_result){ .status = 127 };
	if (got == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return (struct host_result){
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		host_now() - start,
	};
}

bool host_wait_children(unsigned int seconds)
{
	double start = host_now();
	pid_t got;

	while ((got = waitpid(-1, NULL, WNOHANG)) >= 0 && host_now() - start < seconds)
		if (got == 0)
			doze();
	return got < 0 && errno == ECHILD;
}

char *host_read(const struct host *host, const char *file)
{
	char path[PATH_MAX];

	return files_read(files_path(path, "%s/%s", host->work, file));
}

/* address id code driver previous rule detail, with tabs between them */
static bool parse_row(char *line, const char *device, struct host_row *row)
{
	char *fields[7] = { NULL };

	for (size_t i = 0; i < 7; i++)
		fields[i] = strsep(&line, "\t");
	if (!fields[6] || strcmp(fields[0], device))
		return false;
	snprintf(row->code, sizeof(row->code), "%s", fields[2]);
	snprintf(row->driver, sizeof(row->driver), "%s", fields[3]);
	snprintf(row->detail, sizeof(row->detail), "%s", fields[6]);
	return true;
}

bool host_read_row(const struct host *host, const char *device, struct host_row *row)
{
	char *text = host_read(host, "tree/run/vfio-early/status"), *rest = text, *line;
	bool found = false;

	memset(row, 0, sizeof(*row));
	while (!found && (line = strsep(&rest, "\n")))
		found = parse_row(line, device, row);
	free(text);
	return found;
}

/* Judging. */

/* Whether anything of this kind came for the device among the first so many events. */
static bool has_event(const struct write_event *events, size_t count, const char *device,
		      enum store store)
{
	for (size_t i = 0; i < count; i++)
		if (events[i].store == store && !strcmp(events[i].device, device))
			return true;
	return false;
}

static const char *judge_event(const struct write_event *events, size_t at)
{
	const struct write_event *event = &events[at];
	bool first = !has_event(events, at, event->device, event->store);

	if (event->store == STORE_OTHER)
		return "was written to";
	if (event->store == STORE_SETTING)
		return has_event(events, at, event->device, STORE_PROBE) ? "set after a probe"
									 : NULL;
	if (event->store == STORE_OVERRIDE || !first)
		return NULL;
	if (!has_event(events, at, event->device, STORE_OVERRIDE))
		return "unbound or probed before its override";
	if (event->store == STORE_UNBIND && has_event(events, at, event->device, STORE_PROBE))
		return "probed before it was unbound";
	return NULL;
}

static const char *judge_device(const struct device_state *state)
{
	if (state->gone)
		return NULL;
	if (*state->override && !*state->driver)
		return "has an override and no driver";
	if (*state->override && strcmp(state->override, state->driver))
		return "has an override that is not its driver";
	if (*state->natural && !*state->driver)
		return "lost its driver";
	return NULL;
}

static bool are_devices_sane(const struct host *host, char *problem, size_t size)
{
	struct device_state state;
	const char *name, *fault;

	for (size_t i = 0; (name = drivercore_name(host->core, i)); i++) {
		drivercore_get(host->core, name, &state);
		fault = judge_device(&state);
		if (!fault)
			continue;
		snprintf(problem, size, "%s %s (driver \"%s\", override \"%s\")", name, fault,
			 state.driver, state.override);
		return false;
	}
	return true;
}

bool host_is_sane(const struct host *host, char *problem, size_t size)
{
	static struct write_event events[HOST_EVENTS_MAX];
	size_t count = drivercore_events(host->core, events, HOST_EVENTS_MAX);

	for (size_t i = 0; i < count && i < HOST_EVENTS_MAX; i++) {
		const char *fault = judge_event(events, i);

		if (!fault)
			continue;
		snprintf(problem, size, "%s %s",
			 *events[i].device ? events[i].device : events[i].value, fault);
		return false;
	}
	return are_devices_sane(host, problem, size);
}

bool host_is_untouched(const struct host *host, const char *device)
{
	static struct write_event events[HOST_EVENTS_MAX];
	size_t count = drivercore_events(host->core, events, HOST_EVENTS_MAX);
	struct device_state state;

	if (!drivercore_get(host->core, device, &state) || strcmp(state.driver, state.natural))
		return false;
	for (size_t i = 0; i < count && i < HOST_EVENTS_MAX; i++)
		if (!strcmp(events[i].device, device))
			return false;
	return true;
}
