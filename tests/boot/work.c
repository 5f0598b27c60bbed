/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest that is a whole Debian system does before it reports. */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The virtio disk that the system came on, and the one that takes the new initrd. */
#define SOURCE "/dev/disk/by-label/guest"
#define RESULT "/dev/disk/by-id/virtio-result"

/* What goes into an image. */
#define FILLED "/run/image"

/* NVMe disks by the serial numbers that tests give them. */
#define DISK_A "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_a"
#define DISK_B "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_b"
#define DISK_C "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_c"

#define KEY       "/etc/keys/host.key"
#define LUKS_UUID "5e1f0000-0000-4000-8000-000000000001"
#define MD_UUID   "5e1f0000:00004000:80000000:00000002"

#define ARGS_MAX 24

/* Runs a line of words, without quoting. */
static int run(const char *line)
{
	char *words = strdup(line);
	char *argv[ARGS_MAX] = { NULL };
	char *rest = words;
	int count = 0, status;
	struct timespec now;
	pid_t pid;

	while (rest && count < ARGS_MAX - 1)
		argv[count++] = strsep(&rest, " ");
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("[%5ld.%06ld] work: %s\n", now.tv_sec, now.tv_nsec / 1000, line);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	free(words);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* A line as it reads on a terminal, where a line editor goes back and writes again; without '\n'.
 */
static void settle(char *line)
{
	static const char back[] = "\033[D", erase[] = "\033[K";
	char *cursor = line, *end = line;

	for (const char *from = line; *from && *from != '\n';) {
		if (strncmp(from, back, strlen(back)) == 0) {
			cursor -= cursor > line;
			from += strlen(back);
		} else if (strncmp(from, erase, strlen(erase)) == 0) {
			end = cursor;
			from += strlen(erase);
		} else if (*from == '\r') {
			cursor = line;
			from++;
		} else {
			*cursor++ = *from++;
			end = cursor > end ? cursor : end;
		}
	}
	*end = '\0';
}

/*
 * The same for one whose output is to be looked at: it goes to the report, a line after "out",
 * between the line itself after "run" and its exit status after "exit".
 */
static int run_reported(const char *line, FILE *report)
{
	char command[PATH_MAX];
	char *text = NULL;
	size_t size = 0;
	FILE *output;
	int status;

	if (snprintf(command, sizeof(command), "%s 2>&1", line) >= (int)sizeof(command))
		return -ENAMETOOLONG;
	fprintf(report, "run %s\n", line);
	output = popen(command, "re");
	if (!output)
		return -errno;
	while (getline(&text, &size, output) > 0) {
		settle(text);
		fprintf(report, "out %s\n", text);
	}
	free(text);
	status = pclose(output);
	fprintf(report, "exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return WIFEXITED(status) ? 0 : -EIO;
}

static int run_all(const char *const *lines)
{
	int ret = 0;

	for (; ret == 0 && *lines; lines++)
		ret = run(*lines);
	return ret;
}

static int run_all_reported(const char *const *lines, FILE *report)
{
	int ret = 0;

	for (; ret == 0 && *lines; lines++)
		ret = run_reported(*lines, report);
	return ret;
}

static int write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fputs(text, file);
	return fclose(file) == 0 ? 0 : -errno;
}

/* The system that runs becomes that on @device, as at the end of an initramfs. */
static int move_root(const char *device)
{
	static const char *const mounts[] = { "/dev", "/proc", "/run", "/sys" };
	char target[PATH_MAX];

	if (mount(device, "/mnt", "ext4", 0, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(target, sizeof(target), "/mnt%s", mounts[i]);
		if (mount(mounts[i], target, NULL, MS_MOVE, NULL) < 0)
			return -errno;
	}
	if (chdir("/mnt") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

#define UDEVD "/usr/lib/systemd/systemd-udevd --daemon"

/* As on any host: udev loads the drivers that the initramfs had not, and names what comes. */
static const char *const start_udev[] = {
	UDEVD,
	"udevadm trigger --action=add --subsystem-match=pci --subsystem-match=block",
	"udevadm settle",
	NULL,
};

/* The tools wait for udev. */
static const char *const make_lvm_on_md[] = {
	UDEVD,
	"mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --assume-clean --bitmap=none "
	"--metadata=1.2 --uuid=" MD_UUID " " DISK_A " " DISK_B,
	"pvcreate /dev/md0",
	"vgcreate --autobackup n host /dev/md0",
	"lvcreate --autobackup n --yes --wipesignatures n --name root --extents 100%FREE host",
	"e2image -ra " SOURCE " /dev/mapper/host-root",
	NULL,
};

/* What make_lvm_on_md made grows by a disk. */
static const char *const grow_vg[] = {
	UDEVD,
	"pvcreate " DISK_C,
	"vgextend --autobackup n host " DISK_C,
	"lvextend --autobackup n --extents +100%PVS /dev/host/root " DISK_C,
	"udevadm settle",
	"sync",
	NULL,
};

/* The passphrase's costs are for attackers. */
static const char *const make_luks[] = {
	UDEVD,
	"cryptsetup luksFormat --batch-mode --uuid=" LUKS_UUID " --key-file=" KEY
	" --pbkdf=pbkdf2 --pbkdf-force-iterations=1000 " DISK_A,
	"cryptsetup open --key-file=" KEY " " DISK_A " host",
	"e2image -ra " SOURCE " /dev/mapper/host",
	NULL,
};

static const char *const make_bridge[] = {
	"ip link add br0 type bridge",
	"ip link set enp3s0 master br0 up",
	"ip link set br0 up",
	"ip address add 192.0.2.2/24 dev br0",
	"ip route add default via 192.0.2.1",
	"ip link set enp4s0 up",
	"ip address add 203.0.113.2/24 dev enp4s0",
	"ip link set enp5s0 up",
	"ip address add 198.51.100.2/24 dev enp5s0",
	NULL,
};

static const char *const make_default_route[] = {
	"ip link set enp2s0 up",
	"ip route add default dev enp2s0",
	NULL,
};

static int work_on_lvm_on_md(FILE *report)
{
	int ret;

	(void)report;
	ret = run_all(make_lvm_on_md);
	return ret ?: move_root("/dev/mapper/host-root");
}

static int work_on_luks(FILE *report)
{
	int ret;

	(void)report;
	ret = run_all(make_luks);
	return ret ?: move_root("/dev/mapper/host");
}

static int work_on_bridge(FILE *report)
{
	(void)report;
	return run_all(make_bridge);
}

static int work_on_uplink(FILE *report)
{
	(void)report;
	return run_all(make_default_route);
}

static int work_with_udev(FILE *report)
{
	(void)report;
	return run_all(start_udev);
}

#define MONITOR     "/dev/ttyS2"
#define PCI_DEVICES "/sys/bus/pci/devices/"

/* Devices that come one after the other, each by the time that the line after it is done. */
static const struct {
	const char *path, *text, *device;
} arrivals[] = {
	{ MONITOR,
	  "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"e1000e\",\"bus\":\"port4\"}}\n",
	  PCI_DEVICES "0000:04:00.0" },
	{ MONITOR,
	  "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"e1000e\",\"bus\":\"port5\"}}\n",
	  PCI_DEVICES "0000:05:00.0" },
	{ PCI_DEVICES "0000:03:00.0/sriov_numvfs", "2\n", PCI_DEVICES "0000:03:00.2" },
};

static int wait_for(const char *path)
{
	for (int tries = 0; tries < 1000; tries++) {
		if (access(path, F_OK) == 0)
			return 0;
		usleep(20000);
	}
	return -ETIMEDOUT;
}

/* An event is done when udev has run its programs; its driver may come a little later. */
static int work_on_arrivals(FILE *report)
{
	int ret = run(UDEVD);

	(void)report;
	for (size_t i = 0; ret == 0 && i < sizeof(arrivals) / sizeof(arrivals[0]); i++) {
		ret = write_text(arrivals[i].path, arrivals[i].text);
		ret = ret ?: wait_for(arrivals[i].device);
		ret = ret ?: run("udevadm settle");
	}
	return ret;
}

/* Puts a file on a disk at *@end, and moves that. */
static int copy(const char *from, const char *to, off_t *end)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CLOEXEC);
	struct stat status;
	off_t done = 0;
	int ret = 0;

	if (in < 0 || out < 0 || fstat(in, &status) < 0 || lseek(out, *end, SEEK_SET) < 0)
		return -errno;
	while (ret == 0 && done < status.st_size)
		if (sendfile(out, in, &done, status.st_size - done) <= 0)
			ret = -EIO;
	*end += done;
	if (fsync(out) < 0 || close(out) < 0)
		ret = -errno;
	close(in);
	return ret;
}

/* The initrd of the kernel that runs, and behind it an archive with what takes precedence, or NULL.
 */
static int hand_over_initrd(const char *archive, FILE *report)
{
	struct utsname kernel;
	char path[PATH_MAX];
	off_t end = 0;
	int ret;

	uname(&kernel);
	snprintf(path, sizeof(path), "/boot/initrd.img-%s", kernel.release);
	ret = copy(path, RESULT, &end);
	/* The kernel finds it after zeros, at a multiple of four. */
	end = (end + 3) & ~3;
	if (archive)
		ret = ret ?: copy(archive, RESULT, &end);
	if (ret == 0)
		fprintf(report, "initrd %lld\n", (long long)end);
	return ret;
}

/*
 * What the hook puts into an image on a host that can be seen, behind the image that was built
 * where it could not: to build it all here takes minutes. As for the hook, a list that was widened
 * is one.
 */
static int work_on_fill(FILE *report)
{
	static const char fill[] =
		"mkdir -p " FILLED "/etc && cp /etc/vfio-early.conf " FILLED "/etc && "
		"{ vfio-earlyctl fill-image " FILLED " $(uname -r) || [ $? = 2 ]; } && "
		"cd " FILLED " && find . | cpio -o -H newc >" FILLED ".cpio";

	return system(fill) == 0 ? hand_over_initrd(FILLED ".cpio", report) : -EIO;
}

/* What "fill" has put behind the image becomes part of the image of this system, and is noted. */
static int work_on_keep(FILE *report)
{
	static const char keep[] =
		"cd /boot && name=$(uname -r) && notes=/var/lib/vfio-early && "
		"truncate -s %4 initrd.img-$name && cat " FILLED ".cpio >>initrd.img-$name && "
		"mkdir -p $notes && cp " FILLED "/etc/vfio-early.digest $notes/$name.digest && "
		"cp " FILLED "/etc/vfio-early.protected $notes/$name.protected && sync";

	(void)report;
	return system(keep) == 0 ? 0 : -EIO;
}

static int work_on_growth(FILE *report)
{
	return run_all(grow_vg) ?: run_reported("vfio-earlyctl check", report);
}

/* The service of each boot, without the rest of a target, which takes minutes here. */
#define RESULT_SERVICE                                                                             \
	"systemctl --job-mode=ignore-dependencies start vfio-early-result.service"

/* What someone types who gives a card away. */
static int work_on_changes(FILE *report)
{
	static const char *const lines[] = {
		"vfio-earlyctl list -T -o DEVICE,ID,DRIVER,WANTED,RULE,FLAGS",
		"vfio-earlyctl check",
		"vfio-earlyctl status",
		"vfio-earlyctl bind 02:00.0",
		"vfio-earlyctl unbind 02:00.0",
		"vfio-earlyctl add --update 02:00.0",
		"vfio-earlyctl check",
		"vfio-earlyctl status",
		RESULT_SERVICE,
		"systemctl is-failed vfio-early-result.service",
		NULL,
	};

	return run_all_reported(lines, report) ?: hand_over_initrd(NULL, report);
}

/* ... and after the next boot. */
static int work_on_outcome(FILE *report)
{
	static const char *const lines[] = { "vfio-earlyctl status", RESULT_SERVICE,
					     "systemctl is-active vfio-early-result.service",
					     NULL };

	return run_all_reported(lines, report);
}

/* From a host with an idle card to that card in a virtual machine: up to the reboot ... */
static const char *const prepare_card[] = {
	"vfio-earlyctl doctor -no CHECK,RESULT,FOUND",
	"vfio-earlyctl enable-iommu",
	"vfio-earlyctl cmdline add iommu=pt",
	"vfio-earlyctl add --update 02:00.0",
	NULL,
};

/* ... and after it. The machine's firmware takes its time to give the card its addresses. */
static const char *const use_card[] = {
	"vfio-earlyctl status",
	"vfio-earlyctl doctor -no CHECK,RESULT,FOUND",
	"vfio-earlyctl vm --for qemu 02:00.0",
	"(sleep 30; echo info pci; echo quit) | "
	"qemu-system-x86_64 -machine q35,accel=kvm:tcg -m 64 -nodefaults -display none "
	"-monitor stdio $(vfio-earlyctl vm --for qemu 02:00.0)",
	NULL,
};

static int work_on_card(FILE *report)
{
	bool prepared = access("/run/vfio-early/status", F_OK) == 0;

	return run_all_reported(prepared ? use_card : prepare_card, report);
}

/* What a kernel that is locked down might refuse. */
static int work_under_lockdown(FILE *report)
{
	static const char *const lines[] = {
		"vfio-earlyctl bind 01:00.0",
		"vfio-earlyctl unbind 01:00.0",
		"vfio-earlyctl rom 01:00.0",
		NULL,
	};

	return run_all_reported(lines, report);
}

#define SECOND_ESP "/dev/disk/by-uuid/AAAA-0002"

/*
 * A host whose images boot from EFI system partitions: up to the reboot, and after it. To build the
 * image here takes minutes.
 */
static int work_on_pinned(FILE *report)
{
	static const char *const change[] = {
		"vfio-earlyctl check",
		"vfio-earlyctl cmdline add iommu=pt",
		"vfio-earlyctl add 02:00.0",
		NULL,
	};
	static const char *const finish[] = {
		"truncate -s +64K /boot/initrd.img-$(uname -r)",
		"mount " SECOND_ESP " /mnt && ! cat /dev/zero >/mnt/filler; umount /mnt",
		"proxmox-boot-tool refresh",
		"vfio-earlyctl check",
		"mount " SECOND_ESP " /mnt && rm /mnt/filler; umount /mnt",
		"proxmox-boot-tool refresh",
		"vfio-earlyctl check",
		"vfio-earlyctl image $(uname -r)",
		NULL,
	};
	static const char *const outcome[] = {
		"cat /proc/cmdline",
		"vfio-earlyctl status",
		"vfio-earlyctl check",
		NULL,
	};
	int ret;

	if (access("/var/lib/pinned", F_OK) == 0)
		return run_all_reported(outcome, report);
	ret = run_all_reported(change, report);
	ret = ret ?: work_on_fill(report);
	ret = ret ?: work_on_keep(report);
	ret = ret ?: run_all_reported(finish, report);
	return ret ?: write_text("/var/lib/pinned", "") ?: run("sync");
}

/* A card that no VM has yet, and what keeps one from it. */
static int work_on_try(FILE *report)
{
	static const char *const lines[] = {
		"cd /sys/bus/pci/devices; head -v 0000:0[24]:00.0/reset_method "
		"0000:0[24]:00.0/d3cold_allowed",
		"cut -f 1,3,7,8 /run/vfio-early/status",
		"cd /sys/bus/pci/devices/0000:03:00.0; cat reset_method; echo default >reset_method; "
		"cat reset_method",
		"vfio-earlyctl try 01:00.0",
		"modprobe -r vfio_iommu_type1; vfio-earlyctl try 02:00.0",
		"modprobe vfio_iommu_type1; vfio-earlyctl try 02:00.0",
		"vfio-earlyctl try --read --reset 02:00.0",
		"vfio-earlyctl try 04:00.0",
		"group=$(readlink /sys/bus/pci/devices/0000:02:00.0/iommu_group); "
		"exec 9<>/dev/vfio/${group##*/}; vfio-earlyctl try 02:00.0 2>&1 | sed 's/ [0-9]*)/ N)/'",
		NULL,
	};

	return run_all_reported(lines, report);
}

static int work_on_unsafe_try(FILE *report)
{
	static const char *const lines[] = {
		"vfio-earlyctl try 02:00.0",
		"echo Y >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts; "
		"vfio-earlyctl try 02:00.0",
		NULL,
	};

	return run_all_reported(lines, report);
}

static const struct {
	const char *name;
	int (*run)(FILE *report);
} works[] = {
	/* clang-format off */
	{ "card", work_on_card },
	{ "changes", work_on_changes },
	{ "bridge", work_on_bridge },
	{ "fill", work_on_fill },
	{ "locked-down", work_under_lockdown },
	{ "luks", work_on_luks },
	{ "keep", work_on_keep },
	{ "lvm-growth", work_on_growth },
	{ "lvm-on-md", work_on_lvm_on_md },
	{ "outcome", work_on_outcome },
	{ "pinned", work_on_pinned },
	{ "try", work_on_try },
	{ "try-unsafe", work_on_unsafe_try },
	{ "udev", work_with_udev },
	{ "uplink", work_on_uplink },
	{ "arrivals", work_on_arrivals },
	/* clang-format on */
};

int work_do(const char *name, FILE *report)
{
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(works[i].name, name) == 0)
			return works[i].run(report);
	return -EINVAL;
}
