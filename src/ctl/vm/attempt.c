/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uses a device once as the start of a VM does. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/vfio.h"
#include "host/deadline.h"
#include "host/joined.h"
#include "look/device.h"
#include "protect/busy.h"
#include "vm/attempt.h"
#include "vm/vm.h"

/* Where a VM has memory in any case: the first page above the BIOS. */
#define MAPPED_ADDRESS 0x100000

#define BARS (VFIO_PCI_ROM_REGION_INDEX + 1)
#define IRQS (VFIO_PCI_MSIX_IRQ_INDEX + 1)

enum step { CONTAINER, GROUP, VIABLE, JOIN, IOMMU, MAP, DEVICE, CONFIG, REGIONS, RESET, STEPS };

struct region {
	unsigned long long size, offset; /* in bytes; 0 if there is none */
	bool ones;                       /* the first word was read, as ones only */
	int error;                       /* of reading that, -errno */
};

/* What goes into the process that uses the device, and what comes back. */
struct attempt {
	const struct host *host;
	const struct pci_device *device;
	unsigned int what;
	int container, group, file;

	enum step failed; /* STEPS: none */
	bool can_reset;
	struct region regions[BARS];
	unsigned int vectors[IRQS];
};

static int open_node(const struct attempt *attempt, const char *path)
{
	int fd = openat(attempt->host->directory, path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_container(struct attempt *attempt)
{
	attempt->container = open_node(attempt, "dev/vfio/vfio");
	if (attempt->container < 0)
		return attempt->container;
	return ioctl(attempt->container, VFIO_GET_API_VERSION) == VFIO_API_VERSION ? 0 : -EPROTO;
}

static int open_group(struct attempt *attempt)
{
	char path[32];

	snprintf(path, sizeof(path), "dev/vfio/%d", attempt->device->group);
	attempt->group = open_node(attempt, path);
	return attempt->group < 0 ? attempt->group : 0;
}

static int check_viable(struct attempt *attempt)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(attempt->group, VFIO_GROUP_GET_STATUS, &status) < 0)
		return -errno;
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -EPERM;
}

static int join_container(struct attempt *attempt)
{
	return ioctl(attempt->group, VFIO_GROUP_SET_CONTAINER, &attempt->container) < 0 ? -errno
											: 0;
}

static int set_iommu(struct attempt *attempt)
{
	return ioctl(attempt->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0 ? -errno : 0;
}

static int map_memory(struct attempt *attempt)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = MAPPED_ADDRESS,
		.size = (unsigned long)sysconf(_SC_PAGESIZE),
	};
	void *memory =
		mmap(NULL, map.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	map.vaddr = (unsigned long)memory;
	return ioctl(attempt->container, VFIO_IOMMU_MAP_DMA, &map) < 0 ? -errno : 0;
}

static int open_device(struct attempt *attempt)
{
	char address[PCI_ADDRESS_TEXT_MAX];

	pci_address_format(&attempt->device->address, address);
	attempt->file = ioctl(attempt->group, VFIO_GROUP_GET_DEVICE_FD, address);
	return attempt->file < 0 ? -errno : 0;
}

static int find_region(const struct attempt *attempt, unsigned int index, struct region *region)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(attempt->file, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
		return -errno;
	*region = (struct region){ .size = info.size, .offset = info.offset };
	return 0;
}

static int read_word(const struct attempt *attempt, unsigned long long offset, uint32_t *word)
{
	ssize_t got = pread(attempt->file, word, sizeof(*word), (off_t)offset);

	return got == sizeof(*word) ? 0 : got < 0 ? -errno : -EIO;
}

/* A device that does not answer reads as ones; a virtual function's IDs come from the kernel. */
static int check_config(struct attempt *attempt)
{
	const struct pci_device *device = attempt->device;
	struct region config = { .size = 0 };
	uint32_t ids = 0;
	int result = find_region(attempt, VFIO_PCI_CONFIG_REGION_INDEX, &config);

	result = result ?: read_word(attempt, config.offset + PCI_VENDOR_ID, &ids);
	if (result < 0)
		return result;
	return ids == (device->vendor | (uint32_t)device->device << 16) ? 0 : -ENODEV;
}

/* Since 5.8 a BAR can only be read while the device decodes its memory. */
static int decode_memory(const struct attempt *attempt)
{
	struct region config = { .size = 0 };
	uint16_t command;
	off_t offset;
	int result = find_region(attempt, VFIO_PCI_CONFIG_REGION_INDEX, &config);

	if (result < 0)
		return result;
	offset = (off_t)config.offset + PCI_COMMAND;
	errno = EIO;
	if (pread(attempt->file, &command, sizeof(command), offset) != sizeof(command))
		return -errno;
	command |= PCI_COMMAND_MEMORY;
	if (pwrite(attempt->file, &command, sizeof(command), offset) != sizeof(command))
		return -errno;
	return 0;
}

/* A BAR of I/O ports has bit 0 set; a port's read can do more than show something. */
static bool is_memory(const struct attempt *attempt, unsigned int index)
{
	struct region config = { .size = 0 };
	uint32_t bar;

	return index < VFIO_PCI_ROM_REGION_INDEX &&
	       find_region(attempt, VFIO_PCI_CONFIG_REGION_INDEX, &config) == 0 &&
	       read_word(attempt, config.offset + PCI_BASE_ADDRESS_0 + 4ull * index, &bar) == 0 &&
	       !(bar & PCI_BASE_ADDRESS_SPACE_IO);
}

static int look_at_regions(struct attempt *attempt)
{
	bool reads = attempt->what & ATTEMPT_READ;
	int result = reads ? decode_memory(attempt) : 0;

	for (unsigned int i = 0; i < BARS && result == 0; i++) {
		struct region *region = &attempt->regions[i];
		uint32_t word;

		result = find_region(attempt, i, region);
		if (result < 0 || !reads || region->size == 0 || !is_memory(attempt, i))
			continue;
		region->error = read_word(attempt, region->offset, &word);
		region->ones = region->error == 0 && word == UINT32_MAX;
	}
	for (unsigned int i = 0; i < IRQS && result == 0; i++) {
		struct vfio_irq_info info = { .argsz = sizeof(info), .index = i };

		if (ioctl(attempt->file, VFIO_DEVICE_GET_IRQ_INFO, &info) < 0)
			result = -errno;
		attempt->vectors[i] = info.count;
	}
	return result;
}

static int reset(struct attempt *attempt)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (ioctl(attempt->file, VFIO_DEVICE_GET_INFO, &info) < 0)
		return -errno;
	attempt->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	if (!attempt->can_reset || !(attempt->what & ATTEMPT_RESET))
		return 0;
	if (ioctl(attempt->file, VFIO_DEVICE_RESET) < 0)
		return -errno;
	return check_config(attempt);
}

static int (*const steps[STEPS])(struct attempt *attempt) = {
	[CONTAINER] = open_container, [GROUP] = open_group,
	[VIABLE] = check_viable,      [JOIN] = join_container,
	[IOMMU] = set_iommu,          [MAP] = map_memory,
	[DEVICE] = open_device,       [CONFIG] = check_config,
	[REGIONS] = look_at_regions,  [RESET] = reset,
};

/* In a process of its own, whose end closes everything. The directory of the host is closed there.
 */
static int run_steps(const void *context, void *answer)
{
	struct attempt *attempt = answer;
	struct host host;
	int result = host_open(&host, context);

	attempt->host = &host;
	attempt->failed = CONTAINER;
	while (result == 0 && attempt->failed < STEPS) {
		result = steps[attempt->failed](attempt);
		attempt->failed += result == 0;
	}
	return result;
}

/* --- what that means ------------------------------------------------------------------------- */

/* What the kernel's error means in a step; an error of 0 is any other. */
static const struct meaning {
	enum step step;
	int error;
	const char *fact, *fix;
} meanings[] = {
	{ CONTAINER, 0, "/dev/vfio/vfio can't be opened", "Run 'modprobe " VFIO_IOMMU_MODULE "'" },
	{ GROUP, EBUSY, "Its IOMMU group is open in another process", "Stop the VM that has it" },
	{ GROUP, 0, "Its IOMMU group can't be opened",
	  "Run 'dmesg | grep -i vfio', which may tell why" },
	{ JOIN, 0, "Its IOMMU group can't join a container", NULL },
	{ IOMMU, ENODEV, "The kernel has no IOMMU backend loaded, so no VM can start",
	  "Run 'modprobe " VFIO_IOMMU_MODULE "'" },
	{ IOMMU, EPERM,
	  "The IOMMU refuses its group: interrupts are not remapped, or the firmware reserves memory "
	  "for a device of it (RMRR)",
	  "Run 'vfio-earlyctl doctor' and 'dmesg | grep -i -e vfio -e rmrr', which tell which" },
	{ IOMMU, 0, "The IOMMU refuses its group", "Run 'dmesg', which may tell why" },
	{ MAP, ENOMEM,
	  "Memory can't be mapped for the device: the limit of locked memory is too low",
	  "Raise 'ulimit -l' to the size of the VM's memory" },
	{ MAP, 0, "Memory can't be mapped for the device", NULL },
	{ DEVICE, 0, "The device can't be opened", "Run 'dmesg', which may tell why" },
	{ CONFIG, 0, "The device doesn't answer: its configuration space can't be read",
	  "Switch the host off and on again; a device that was not reset can stay like this" },
	{ REGIONS, 0, "Its BARs and interrupts can't be read", NULL },
	{ RESET, ENODEV, "The device doesn't answer after a reset",
	  "Switch the host off and on again; see 'vfio-earlyctl doctor' for its reset methods" },
	{ RESET, 0, "The device can't be reset", NULL },
};

/* Those that a host driver has keep the whole group from VMs; ports of PCI Express don't. */
static void explain_group(struct findings *findings, const struct inventory *inventory,
			  const struct pci_device *device, const char *where)
{
	const struct pci *pci = &inventory->forecast.pci;
	char address[PCI_ADDRESS_TEXT_MAX], others[256] = "", text[64];

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *other = &pci->devices[i];

		if (other->group != device->group || !other->driver ||
		    vfio_is_reserving(other->driver) || strcmp(other->driver, "pcieport") == 0)
			continue;
		snprintf(text, sizeof(text), "%s is bound to %.32s",
			 device_address(inventory, other, address), other->driver);
		joined_add(others, sizeof(others), text);
	}
	findings_add(findings, FINDING_ERROR, where, "IOMMU group %d is not viable: %s",
		     device->group, others[0] ? others : "a host driver has another device of it");
	findings_fix(findings, "Bind the whole group to vfio-pci: 'vfio-earlyctl add --group %s'",
		     where);
}

static void explain(struct findings *findings, const struct inventory *inventory,
		    const struct attempt *attempt, const char *where, int result)
{
	const struct meaning *meaning = meanings;

	if (result == -ETIMEDOUT && attempt->failed == STEPS) {
		findings_add(findings, FINDING_ERROR, where,
			     "The kernel did not open the device in time");
		findings_fix(findings, "Run 'dmesg', which may tell why");
		return;
	}
	if (attempt->failed == VIABLE) {
		explain_group(findings, inventory, attempt->device, where);
		return;
	}
	while (meaning->step != attempt->failed || (meaning->error && meaning->error != -result))
		meaning++;
	findings_add(findings, FINDING_ERROR, where, "%s: %s", meaning->fact, strerror(-result));
	if (meaning->fix)
		findings_fix(findings, "%s", meaning->fix);
}

static const char *format_size(unsigned long long size, char text[24])
{
	static const char units[] = "\0KMGT";
	size_t unit = 0;

	for (; size >= 1024 && size % 1024 == 0 && unit < sizeof(units) - 2; unit++)
		size /= 1024;
	snprintf(text, 24, "%llu%.1s", size, &units[unit]);
	return text;
}

static void show_regions(struct findings *findings, const struct attempt *attempt,
			 const char *where)
{
	static const char *const kinds[IRQS] = { "INTx", "MSI", "MSI-X" };
	char bars[256] = "", interrupts[96] = "", text[64], size[24];

	for (unsigned int i = 0; i < BARS; i++) {
		const struct region *region = &attempt->regions[i];

		if (region->size == 0)
			continue;
		format_size(region->size, size);
		if (i == VFIO_PCI_ROM_REGION_INDEX)
			snprintf(text, sizeof(text), "ROM %s", size);
		else
			snprintf(text, sizeof(text), "BAR %u %s", i, size);
		joined_add(bars, sizeof(bars), text);
	}
	for (unsigned int i = 0; i < IRQS; i++) {
		snprintf(text, sizeof(text), "%u %s", attempt->vectors[i], kinds[i]);
		if (attempt->vectors[i] > 0)
			joined_add(interrupts, sizeof(interrupts), text);
	}
	findings_add(findings, FINDING_OK, where, "It answers: %s; interrupts: %s",
		     bars[0] ? bars : "no BARs", interrupts[0] ? interrupts : "none");
}

static void show_reads(struct findings *findings, const struct attempt *attempt, const char *where)
{
	for (unsigned int i = 0; i < BARS; i++) {
		const struct region *region = &attempt->regions[i];

		if (region->error < 0) {
			findings_add(findings, FINDING_ERROR, where, "BAR %u can't be read: %s", i,
				     strerror(-region->error));
			findings_fix(
				findings,
				region->error == -EBUSY
					? "See /proc/iomem for what has its memory; for a "
					  "framebuffer, 'vfio-earlyctl doctor' tells what frees it"
					: "Run 'dmesg', which may tell why");
		} else if (region->ones) {
			findings_add(findings, FINDING_NOTE, where,
				     "BAR %u begins with ones: it may be empty, or the device "
				     "doesn't answer there",
				     i);
		}
	}
}

static void show(struct findings *findings, const struct attempt *attempt, const char *where)
{
	findings_add(findings, FINDING_OK, where,
		     "IOMMU group %d is viable; the IOMMU takes it and maps memory",
		     attempt->device->group);
	show_regions(findings, attempt, where);
	show_reads(findings, attempt, where);
	if (!attempt->can_reset)
		findings_add(findings, FINDING_NOTE, where,
			     "The kernel can't reset it alone: it may work in a VM only once after "
			     "each boot of the host");
	else if (attempt->what & ATTEMPT_RESET)
		findings_add(findings, FINDING_OK, where, "It was reset and answers");
}

/* What would fail anyway, or do harm: nothing is opened then. */
static bool refuse(struct findings *findings, const struct inventory *inventory,
		   const struct pci_device *device, const char *where)
{
	const char *reason = inventory_reason(inventory, device);
	char text[BUSY_TEXT_MAX];

	if (reason) {
		findings_add(findings, FINDING_ERROR, where,
			     "It is in use by the host, so it was not opened: %s", reason);
	} else if (!vm_is_bound(device)) {
		findings_add(findings, FINDING_ERROR, where,
			     "Its driver is %s, not vfio-pci: it can't be passed through",
			     device->driver ?: "none");
		findings_fix(findings,
			     "Run 'vfio-earlyctl bind %s'; after a reboot, 'vfio-earlyctl status' "
			     "tells why it isn't bound",
			     where);
	} else if (device->group < 0) {
		findings_add(findings, FINDING_ERROR, where, "It has no IOMMU group");
		findings_fix(findings, "Run 'vfio-earlyctl doctor', which shows why");
	} else if (busy_find(&inventory->host, device, text)) {
		findings_add(findings, FINDING_ERROR, where, "It is open already: %s", text);
		findings_fix(findings, "Stop that VM first");
	} else {
		return false;
	}
	return true;
}

void attempt_use(struct findings *findings, const struct inventory *inventory,
		 const struct pci_device *device, unsigned int what)
{
	struct attempt attempt = { .device = device, .what = what, .failed = STEPS };
	char where[PCI_ADDRESS_TEXT_MAX];
	int result;

	device_address(inventory, device, where);
	if (refuse(findings, inventory, device, where))
		return;
	result = deadline_run(run_steps, inventory->host.root, &attempt, sizeof(attempt));
	if (result < 0)
		explain(findings, inventory, &attempt, where, result);
	else
		show(findings, &attempt, where);
}
