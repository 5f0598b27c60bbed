#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Binds PCI devices to vfio-pci. A pre-udev hook ends before udev starts.

# The result is in the kernel log; the boot continues in any case.
/usr/sbin/vfio-early || :
