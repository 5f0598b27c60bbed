/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor: the fewest system calls that bind these devices to vfio-pci. It measures nothing
 * that anybody uses. Addresses and modules are compiled in, so that nothing is read, looked up,
 * verified or told; whatever fails is passed over.
 *
 * For each device one open and one write of its driver_override, for each module one open and one
 * finit_module; what is open is closed by the exit. Loading vfio-pci binds what has the override,
 * so no device is probed. There are two: with the compressed modules that modprobe loads, and with
 * those that vfio-early loads. With the modules loaded before (`floor probe`) there is a write to
 * drivers_probe for each device in their place.
 *
 * Fewer calls would take io_uring, whose setup costs more time than it saves here.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/module.h>

#ifndef __x86_64__
#error "call() and _start() are written for x86-64 only"
#endif

/* FLOOR_DEVICES and FLOOR_MODULES: strings with commas between them. FLOOR_FLAGS: of
 * finit_module(2). */
static const char *const devices[] = { FLOOR_DEVICES };
static const char *const modules[] = { FLOOR_MODULES };

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define ADDRESS_LENGTH 12

static long call(long number, long a, const void *b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static long open_file(const char *path, long flags)
{
	return call(__NR_openat, AT_FDCWD, path, flags);
}

static void override(const char *address)
{
	char path[] = "/sys/bus/pci/devices/0000:00:00.0/driver_override";
	char *to = path + sizeof("/sys/bus/pci/devices/") - 1;

	for (int i = 0; i < ADDRESS_LENGTH; i++)
		to[i] = address[i];
	call(__NR_write, open_file(path, O_WRONLY), "vfio-pci", sizeof("vfio-pci") - 1);
}

static void load(void)
{
	for (unsigned int i = 0; i < COUNT(modules); i++)
		call(__NR_finit_module, open_file(modules[i], O_RDONLY), "", FLOOR_FLAGS);
}

static void probe(void)
{
	long fd = open_file("/sys/bus/pci/drivers_probe", O_WRONLY);

	for (unsigned int i = 0; i < COUNT(devices); i++)
		call(__NR_write, fd, devices[i], ADDRESS_LENGTH);
}

/* Without a C library, whose start alone makes four calls. The stack begins with argc. */
__attribute__((used)) static void run(const long *stack)
{
	for (unsigned int i = 0; i < COUNT(devices); i++)
		override(devices[i]);
	if (stack[0] > 1)
		probe();
	else
		load();
	call(__NR_exit, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall run\n");
